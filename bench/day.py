"""A day of the market: 500 instruments, the real daemon, and everything that can go wrong with a price.

    python bench/day.py [--minutes 4]

Ten tables of fifty prices on loopback are asked every five minutes of an eight-hour day, which passes in *minutes* real
minutes: the Clock is scaled, sockets and leases are not. Ten instruments jump and stay there, and must be told once each;
one is quoted a hundredfold for one poll, one stands still all day, and one table answers 503 from noon on, so that its
instruments come from another one, half a percent higher. At noon the daemon is killed (-9) and started again. Nothing
else may be told. Thirty calm sessions before that day are in the database when it begins.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from aiohttp import web
from world import Daemon, FileClock

TABLES, EACH, HOURS, SESSIONS = 10, 50, 8, 30
EVERY = timedelta(minutes=5)
SHOCKED = [f"i{n * 50 + 7}" for n in range(TABLES)]
WRONG, FROZEN, DOWN = "i33", "i44", 9
#: A shock of this share, and how much a calm price moves in a poll.
SHOCK, CALM = 0.15, 0.0004
PACK = """\
tocsin: 1
pack: {id: day, version: 1.0.0}
rules:
  - id: spike
    title: "spike of {instrument}"
    severity: high
    event: price.spike
    price:
      instruments: {class: metal}
      when: abs(z(1td)) >= 4.25 and abs(change(1td)) >= 3%
      clear: abs(z(1td)) < 2
    key: [instrument]
"""
TABLE = """\
  t{n}:
    table: http://127.0.0.1:{port}/t/{n}
    rows: data
    symbol: s
    price: p
    every: 5m
    allow_private: true
"""


# ---- prices, on loopback ------------------------------------------------------------------------------------------


def serve(factor: float) -> None:
    """Serve the tables on a free port, which is printed; `/hook` takes messages, `/report` says what came."""
    began = time.monotonic()
    posts: list[dict[str, object]] = []
    served = {"quotes": 0, "polls": 0, "refused": 0}
    walk = random.Random(11)
    prices = {f"i{n}": 100.0 for n in range(TABLES * EACH)}
    wrong_left = [1]

    def hour() -> float:
        return (time.monotonic() - began) * factor / 3600

    def quoted(name: str, number: int) -> float:
        if name != FROZEN:
            prices[name] *= 1 + walk.uniform(-CALM, CALM)
        price = prices[name]
        if name in SHOCKED and hour() > 1 + 0.6 * SHOCKED.index(name):
            price *= 1 + SHOCK
        if name == WRONG and hour() > 3 and wrong_left[0]:
            wrong_left[0] = 0
            price *= 100
        return price * (1.005 if number == TABLES else 1)

    async def table(request: web.Request) -> web.Response:
        number = int(request.match_info["n"])
        served["polls"] += 1
        if number == DOWN and hour() > HOURS / 2:
            served["refused"] += 1
            return web.Response(status=503)
        first = (DOWN if number == TABLES else number) * EACH
        rows = [{"s": f"i{n}", "p": f"{quoted(f'i{n}', number):.4f}"} for n in range(first, first + EACH)]
        served["quotes"] += len(rows)
        return web.json_response({"data": rows})

    async def hook(request: web.Request) -> web.Response:
        posts.append(await request.json())
        return web.Response(text="ok")

    async def report(_: web.Request) -> web.Response:
        return web.json_response({"posts": [json.dumps(post) for post in posts], **served})

    async def main() -> None:
        app = web.Application()
        app.add_routes([web.get("/t/{n}", table), web.post("/hook", hook), web.get("/report", report)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        print(runner.addresses[0][1], flush=True)
        await asyncio.Event().wait()

    asyncio.run(main())


# ---- the daemon ---------------------------------------------------------------------------------------------------


def remember(config: Path, morning: datetime) -> None:
    """Put calm sessions before the day into the database, by the way that quotes take."""
    from tocsin.config.config import load_config
    from tocsin.market.series import begin
    from tocsin.model.prices import Quote
    from tocsin.policy.alerting.facts import Decision
    from tocsin.rules.prices.observation import observe
    from tocsin.store import Store

    loaded = load_config(config, {})
    store = Store.open(loaded.database)
    for number, instrument in enumerate(loaded.instruments):
        quotes = [
            Quote(
                instrument=instrument.id,
                price=Decimal(f"{100 * (1 + 0.008 * math.sin(2.4 * day + number)):.4f}"),
                at=morning - timedelta(days=SESSIONS - day),
                first_seen=morning,
            )
            for day in range(SESSIONS)
        ]
        seen = observe([], begin(instrument), {}, quotes, morning)
        store.observe([(begin(instrument), seen)], lambda _: Decision(), now=morning)
    store.close()


def written(folder: Path, port: int) -> Path:
    (folder / "rules").mkdir()
    (folder / "rules" / "day.yaml").write_text(PACK)
    lines = ["rules: [rules]", "sources:", *(TABLE.format(n=n, port=port) for n in range(TABLES + 1)), "instruments:"]
    for n in range(TABLES * EACH):
        sources = f"t{n // EACH}:i{n}" + (f", t{TABLES}:i{n}" if n // EACH == DOWN else "")
        lines.append(f"  i{n}: {{class: metal, currency: USD, sources: [{sources}]}}")
    lines += ["receivers:", f'  desk: {{url: "slack+http://127.0.0.1:{port}/hook", rate: 6000}}']
    path = folder / "config.yaml"
    path.write_text("\n".join(lines) + "\n")
    return path


# ---- the day ------------------------------------------------------------------------------------------------------


def play(minutes: float) -> None:
    import urllib.request

    factor = HOURS * 60 / minutes
    morning = datetime(2026, 3, 2, 8, tzinfo=UTC)
    server = subprocess.Popen([sys.executable, __file__, "--serve", str(factor)], stdout=subprocess.PIPE, text=True)
    assert server.stdout
    port = int(server.stdout.readline())
    with tempfile.TemporaryDirectory() as folder:
        config = written(Path(folder), port)
        remember(config, morning - timedelta(hours=16))
        FileClock(Path(folder) / "clock").begin(morning, factor)
        daemon = Daemon(Path(folder), 0.25, frugal=True)
        for how in (signal.SIGKILL, signal.SIGTERM):
            daemon.begin()
            daemon.sleep(minutes * 60 / 2)
            daemon.end(how)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/report", timeout=30) as answer:
            report = json.load(answer)
        server.terminate()
        server.wait()
        with sqlite3.connect(Path(folder) / "tocsin.db") as database:
            alerts = [row[0] for row in database.execute("select title from alert where rule = 'day/spike'")]
            (stored,) = database.execute("select count(*) from quote").fetchone()
            states = dict(database.execute("select state, count(*) from delivery group by state").fetchall())
            doubtful = database.execute("select count(*) from attempt where outcome = 'ambiguous'").fetchone()[0]
    wanted = {f"spike of {name}" for name in SHOCKED}
    told = [title for title in wanted for post in report["posts"] if f"{title} " in f"{post} ".replace('"', " ")]
    print(
        f"{HOURS} h in {minutes:g} min (factor {factor:.0f}), {TABLES * EACH} instruments every {EVERY}, kill -9 at noon"
    )
    print(f"{report['polls']} polls, {report['refused']} refused, {report['quotes']} quotes served, {stored} kept")
    print(
        f"CPU {daemon.cpu:.1f} s for the day; {daemon.cpu / max(1, report['quotes']) * 1e6:.0f} µs a quote; peak {daemon.peak:.0f} MB"
    )
    print(
        f"shocks {len(wanted)}, alerts {len(alerts)}, of them wanted {len(wanted & set(alerts))}, "
        f"false {len(set(alerts) - wanted)}, doubled {len(alerts) - len(set(alerts))}; told {len(set(told))}; "
        f"deliveries {states}, doubtful tries {doubtful}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=4, help="real minutes")
    parser.add_argument("--serve", type=float, metavar="FACTOR")
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
    else:
        play(options.minutes)


if __name__ == "__main__":
    main()
