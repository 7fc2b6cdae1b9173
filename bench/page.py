"""How long pages take on a database with years of alerts, entries and sources.

    python bench/page.py [--alerts 5000] [--entries 1000000] [--sources 2000] [--folder DIR] [--stay] [PATH ...]

Makes a database in DIR (a temporary folder), or takes the one that is there, serves it on loopback and asks each PATH
several times. With --stay it prints a link to log in and serves until it is interrupted. Exits 1 over a budget: 150 ms
for the first page, 300 ms for any other. Beside the time that passed stands that of the processor, which a busy machine
does not change much.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import insert

from tocsin.clock import SystemClock
from tocsin.config.additions import propose
from tocsin.config.build import make_http, make_source
from tocsin.config.config import Config, load_config
from tocsin.config.feeds import FeedConfig
from tocsin.config.loading import LoadedRules, load_rules
from tocsin.errors import UsageError
from tocsin.ingest.pushes import Push
from tocsin.market.series import append as with_quote
from tocsin.market.series import begin, close_before
from tocsin.model.alerts import AnswerKind, MatchOutcome
from tocsin.model.counters import Counters
from tocsin.model.deliveries import DeliveryKind, DeliveryState, ErrorClass
from tocsin.model.entries import Batch, Cursor, Entry
from tocsin.model.prices import Quote
from tocsin.model.reasons import NO_REASON, Cause, Reason
from tocsin.model.rules import Match
from tocsin.protocols import runner
from tocsin.store import Store
from tocsin.store.db import mapping, tables
from tocsin.store.inbound import prices
from tocsin.store.programs import RequestAnswer
from tocsin.web.daemon import Daemon
from tocsin.web.health import Health
from tocsin.web.listener import Listener
from tocsin.web.wall.keys import derive, own_secret, secret_beside
from tocsin.web.wall.sessions import new_code
from tocsin.web.wall.site import LOGIN_KEY

ROOT = Path(__file__).resolve().parents[1]
FIRST, OTHERS = 0.150, 0.300
PATHS = (
    "/",
    "/alerts",
    "/alerts?q=gallium+licence",
    "/alerts?state=open&severity=high",
    "/alerts/{newest}",
    "/alerts.json?since=30d",
    "/entries",
    "/entries?q=smelter&met=no",
    "/rules",
    "/prices",
    "/sources",
    "/sources?state=failing",
    "/deliveries",
    "/deliveries?state=all",
    "/silences",
    "/more",
    "/metrics",
    "/api/v1/sources",
)
CONFIG = """\
timezone: Europe/London
database: sqlite:///tocsin.db
rules: [critical-minerals]
sources:
{sources}
instruments:
{instruments}
receivers:
  desk: {{console: true}}
  night: {{console: true, operator: true}}
routes: [{{to: [desk]}}]
web: {{listen: "127.0.0.1:8787"}}
"""
SYMBOLS = {
    "MP": "rare-earths", "LYC": "rare-earths", "UUUU": "uranium", "LAC": "lithium", "ALB": "lithium", "UAMY": "antimony",
    "PPTA": "antimony", "TMQ": "copper", "FCX": "copper", "NB": "niobium", "CMOC": "cobalt", "AAL": "nickel",
}  # fmt: skip
MINERALS = (
    "gallium",
    "germanium",
    "antimony",
    "tungsten",
    "graphite",
    "lithium",
    "cobalt",
    "nickel",
    "copper",
    "rare earth",
)
COUNTRIES = ("China", "Indonesia", "Chile", "Zimbabwe", "Congo", "Myanmar", "Malaysia", "Namibia")
FORMS = (
    "{c} bans exports of {m} concentrate",
    "{c} to require a licence for {m} exports from June",
    "{c} eases export controls on {m}",
    "{c} raises the royalty on {m} mines",
    "Strike halts the largest {m} mine of {c}",
    "Pentagon lends {n} million dollars to a {m} refinery",
    "US government takes a {n}% stake in a {m} developer",
    "{c} and Japan sign a critical minerals agreement on {m}",
    "{c} sets {m} export quota at {n},000 tonnes",
    "Fire stops production at {m} smelter in {c}",
)
TAIL = ("The ministry published the order on Friday; it takes effect in thirty days. Two buyers said that their shipments "
        "had been held at the port since Monday. A spokesman declined to comment. ")  # fmt: skip


def headlines(chance: random.Random) -> Iterator[str]:
    while True:
        form = chance.choice(FORMS)
        yield form.format(c=chance.choice(COUNTRIES), m=chance.choice(MINERALS), n=chance.randint(5, 95))


# ---- the database --------------------------------------------------------------------------------------------------


def make(store: Store, config: Config, rules: LoadedRules, *, alerts: int, entries: int, sources: int) -> None:
    now, chance = datetime.now(UTC), random.Random(7)
    store.sync_sources([(f"s{n}", f"https://s{n}.example/feed", "feed") for n in range(sources)], now, {})
    with store.database.write() as session:
        session.connection().exec_driver_sql(
            "UPDATE source SET unhealthy = 1, last_error = 'not a feed but an HTML page' WHERE id % 500 = 7"
        )
    fill_entries(store, now, entries - alerts, sources)
    fill_alerts(store, found(rules, chance, now, alerts), chance, now, sources)
    fill_prices(store, config, chance, now)


def fill_entries(store: Store, now: datetime, count: int, sources: int) -> None:
    """Insert *count* entries of a year, as copies of a few: nothing else is quick enough."""
    chance = random.Random(3)
    table = tables.EntryRow.metadata.tables["entry"]
    start = now - timedelta(days=365)
    few = [mapping.entry_columns(entry(next(headlines(chance)), start, number), 1) for number in range(min(count, 997))]
    copied = [column.name for column in table.columns if column.name not in ("id", "ident", "source_id", "first_seen")]
    with store.database.write() as session:
        session.connection().execute(insert(table), few)
        session.connection().exec_driver_sql(
            "WITH RECURSIVE n(i) AS (SELECT 997 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?) "
            f"INSERT INTO entry (ident, source_id, first_seen, {', '.join(copied)}) SELECT 'x' || i, 1 + i % ?, "
            "strftime('%Y-%m-%d %H:%M:%f', ?, '+' || (i * ? / ?) || ' seconds') || '000', "
            f"{', '.join(copied)} FROM n JOIN entry ON entry.id = 1 + i % 997",
            (count, sources, f"{start:%Y-%m-%d %H:%M:%S}", 365 * 86_400, count),
        )


def entry(title: str, at: datetime, number: int) -> Entry:
    return Entry(
        source=f"s{number}",
        id=f"a{number}-{at.isoformat()}",
        keys=(),
        title=title,
        summary=f"{title}. {TAIL}",
        body=TAIL * 8,
        link=f"https://news.example/{number}",
        publisher=("Commodity Wire", "Metals Daily", "Trade Gazette", "港口商报")[number % 4],
        first_seen=at,
        published=at - timedelta(minutes=7),
    )


def found(
    rules: LoadedRules, chance: random.Random, now: datetime, count: int
) -> Iterator[tuple[Entry, Sequence[Match]]]:
    """Yield entries that meet a rule, the oldest first, with about *count* matches in all."""
    # Evaluation is what takes time, so that few headlines come again and again.
    titles = headlines(chance)
    few = [
        (title, rules.rules.evaluate(entry(title, now, 0), now).matches) for title in (next(titles) for _ in range(150))
    ]
    few = [(title, matches) for title, matches in few if matches]
    made, number = 0, 0
    while made < count:
        title, matches = chance.choice(few)
        at = now - timedelta(days=120) * (1 - made / count)
        number, made = number + 1, made + len(matches)
        yield entry(title, at, number), [replace(match, event_time=at) for match in matches]


def fill_alerts(
    store: Store, found: Iterator[tuple[Entry, Sequence[Match]]], chance: random.Random, now: datetime, sources: int
) -> None:
    with store.database.write() as session:
        number = 0
        put = session.connection().execute

        def write(table: str, **values: Any) -> None:
            put(insert(tables.AlertRow.metadata.tables[table]), values)

        for story, (one, matches) in enumerate(found, 1):
            row = put(
                insert(tables.EntryRow.metadata.tables["entry"]), mapping.entry_columns(one, 1 + story % sources)
            ).inserted_primary_key
            assert row
            at = one.first_seen
            write("story", id=story, event=matches[0].rule.event, opened_at=at, last_at=at)
            for match in matches:
                number += 1
                write("alert", **alert_columns(match, number, story, at))
                write(
                    "match",
                    **{
                        **mapping.columns(match, tables.MatchRow),
                        "rule": match.rule.id,
                        "rule_hash": match.rule.hash,
                        "event": match.rule.event,
                        "entry_id": row[0],
                        "fate": MatchOutcome.ALERTED,
                        "reason": Reason(cause=Cause.NOTIFIED, count=1),
                        "story_id": story,
                        "origin": one.publisher,
                        "alert_id": number,
                        "decided_at": at,
                    },
                )
                fill_delivery(write, number, match, at, held=number % 97 == 0 and now - at < timedelta(days=1))
                if chance.random() < (0.5 if now - at < timedelta(days=2) else 0.98):
                    kind = chance.choice(list(AnswerKind))
                    until = at + timedelta(hours=4) if kind is AnswerKind.SNOOZE else None
                    write(
                        "answer",
                        alert_id=number,
                        kind=kind,
                        at=at + timedelta(minutes=9),
                        by="ann",
                        until=until,
                        why="",
                    )


def alert_columns(match: Match, number: int, story: int, at: datetime) -> dict[str, Any]:
    rule, labels = match.rule, match.labels
    title = re.sub(r"\{(\w+)\}", lambda name: ", ".join(labels.get(name[1], ())), rule.title)
    return {
        "id": number,
        "rule": rule.id,
        "rule_hash": rule.hash,
        "rule_position": str(rule.position or ""),
        "title": title,
        "event": rule.event,
        "severity": match.severity,
        "labels": labels,
        "key": tuple(value for name in rule.key for value in labels.get(name, ())),
        "story_id": story,
        "opened_at": at,
        "updated_at": at,
        "event_time": match.event_time,
        "note": rule.note,
        "detail": match.detail,
        "origins": 1 + number % 3,
    }


def fill_delivery(write: Any, number: int, match: Match, at: datetime, *, held: bool) -> None:
    state = DeliveryState.HELD if held else DeliveryState.DELIVERED
    reason = Reason(cause=Cause.QUIET, until=at + timedelta(hours=9), by="desk") if held else NO_REASON
    name = f"{number:032x}"
    write(
        "delivery",
        id=name,
        receiver="desk",
        recipient="",
        kind=DeliveryKind.ALERT,
        rank=match.severity.rank,
        state=state,
        reason=reason,
        created_at=at,
        due_at=at + timedelta(hours=9) if held else at,
        expires_at=at + timedelta(days=1),
        delivered_at=None if held else at + timedelta(seconds=2),
        attempts=int(not held),
    )
    write("delivery_alert", delivery_id=name, alert_id=number, receiver="desk", recipient="", telling=0)
    if not held:
        write(
            "attempt",
            delivery_id=name,
            n=1,
            fence=1,
            started_at=at,
            ended_at=at + timedelta(seconds=2),
            outcome=ErrorClass.OK,
            words="",
        )


def fill_prices(store: Store, config: Config, chance: random.Random, now: datetime) -> None:
    with store.database.write() as session:
        for instrument in config.instruments:
            series, price = begin(instrument), 20.0
            for day in range(300, -1, -1):
                price *= 1 + chance.gauss(0.0005, 0.025)
                at = now - timedelta(days=day, hours=1)
                quote = Quote(instrument=instrument.id, price=Decimal(f"{price:.2f}"), at=at, first_seen=at)
                series = with_quote(close_before(series, at), quote)
            prices.write(session, begin(instrument), series, {})


# ---- the pages -----------------------------------------------------------------------------------------------------


async def serve(folder: Path, paths: Sequence[str], *, stay: bool) -> bool:
    """Serve the database, ask for *paths* several times each, and return True if all kept their budget."""
    config = load_config(folder / "config.yaml", {})
    store = Store.open(config.database, real_now=lambda: datetime.now(UTC))
    rules = load_rules(config.rules, instruments=config.instruments, tried=False)
    clock = SystemClock()
    health = Health(version="bench", started=clock.now(), loaded=clock.now(), alive=True, rules=1)

    async def failed(words: str) -> None:
        print(words, file=sys.stderr)

    async def poll(source: FeedConfig) -> Batch:
        async with make_http(config) as http:
            return await make_source(source, http, asyncio.to_thread).poll(Cursor(), clock.now())

    async def push(_: Push) -> RequestAnswer:
        raise UsageError("this takes nothing in")

    with ThreadPoolExecutor(1) as writer:
        daemon = Daemon(
            store=store, config=config, rules=rules, clock=clock, write=runner(writer), health=lambda: health,
            counters=Counters(), reload=lambda: None, wake=lambda: None, poll=poll,
            propose=partial(propose, folder / "config.yaml", {}),
            push=push,
        )  # fmt: skip
        listener = Listener(daemon, failed=failed)
        assert config.web
        web = config.web.model_copy(update={"listen": "127.0.0.1:0"})
        await listener.adopt(replace(config, web=web), rules)
        where = f"http://{listener.address}"
        key = derive(own_secret(secret_beside(folder / "tocsin.db")), LOGIN_KEY)
        try:
            good = await measure(where, new_code("ann", key, epoch=0, now=clock.now()), paths, store)
            if stay:
                print(f"{where}/login?code={new_code('ann', key, epoch=0, now=clock.now())}", flush=True)
                await asyncio.Event().wait()
        finally:
            await listener.close()
            store.close()
    return good


async def measure(where: str, code: str, paths: Sequence[str], store: Store) -> bool:
    newest = max((alert.id for alert in store.read.alerts(None, 1)), default=0)
    good = True
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        await session.post(f"{where}/login", data={"code": code}, headers={"Sec-Fetch-Site": "same-origin"})
        for path in (one.format(newest=newest) for one in paths):
            took, busy, size, status = [], [], 0, 0
            for _ in range(8):
                before, worked = time.perf_counter(), time.process_time()
                async with session.get(f"{where}{path}") as answer:
                    size, status = len(await answer.read()), answer.status
                took.append(time.perf_counter() - before)
                busy.append(time.process_time() - worked)
            # The first request also loads templates and rules.
            usual = statistics.median(took[1:])
            budget = FIRST if path == "/" else OTHERS
            good &= status == 200 and usual <= budget
            print(
                f"{status} {path:36} {usual * 1000:5.0f} ms of {budget * 1000:.0f} ({statistics.median(busy[1:]) * 1000:.0f} of the processor), "
                f"first {took[0] * 1000:.0f}, worst {max(took[1:]) * 1000:.0f}, {size / 1000:.0f} kB"
            )
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", metavar="PATH")
    parser.add_argument("--alerts", type=int, default=5_000)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--sources", type=int, default=2_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--stay", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as room:
        folder = given.folder or Path(room)
        folder.mkdir(exist_ok=True)
        if not (folder / "tocsin.db").exists():
            lines = "\n".join(
                f"  {name}: {{class: smallcap, currency: USD, sources: [yahoo:{name}], labels: {{mineral: {mineral}}}}}"
                for name, mineral in SYMBOLS.items()
            )
            feeds = "\n".join(f"  s{n}: {{feed: 'https://s{n}.example/feed'}}" for n in range(given.sources))
            (folder / "config.yaml").write_text(CONFIG.format(instruments=lines, sources=feeds), encoding="utf-8")
            config = load_config(folder / "config.yaml", {})
            store = Store.open(config.database, real_now=lambda: datetime.now(UTC))
            rules = load_rules(config.rules, instruments=config.instruments, tried=False)
            make(store, config, rules, alerts=given.alerts, entries=given.entries, sources=given.sources)
            store.close()
        return 0 if asyncio.run(serve(folder, given.paths or PATHS, stay=given.stay)) else 1


if __name__ == "__main__":
    sys.exit(main())
