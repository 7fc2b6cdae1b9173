"""Many feeds on one server of PostgreSQL: are they polled on time, how does the database grow, and what is used up first?

    python bench/simulate.py [--feeds 100000] [--minutes 2] [--workers 2] [--speed 1]

Servers and clock are simulated: an answer comes from memory after --answer seconds, with nothing new, or in a share of the polls
(--changed) with a body that changed. Each feed publishes --entries a day, of which the share --matches meets a rule. Real
are the store, the schedule, the rules, the pipeline with its claims, and each worker as a process of its own. Left out are
HTTP and parsing, which bench/poll.py measures, the entries that a document still shows from the days before, and sending.

The clock runs --speed times as fast as time. With 0.25 the same machine has four times the time for each poll, which shows
the growth a day of a load that the machine could not bear. A poll is late from its due time to its beginning, by the
clock; a second of that is the tick. Growth is that of --minutes, times the minutes of a day; rows that are rewritten leave room
that is used again after a vacuum, so `source` grows only for a while.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Self

from databases import POSTGRESQL, Databases, databases, machine, rows
from world import PACK, word

from tocsin.config.library import Library
from tocsin.hints import ResponseHints
from tocsin.ingest.config import IngestConfig
from tocsin.ingest.poller import Pipeline
from tocsin.model.entries import Batch, Cursor
from tocsin.policy.decide import Policy
from tocsin.policy.notifying.receiver import ReceiverInfo
from tocsin.policy.notifying.route import Route
from tocsin.policy.polling.schedule import Terms, fraction
from tocsin.protocols import Runtime, runner
from tocsin.rules.compile import compile_packs
from tocsin.rules.ruleset import RuleSet
from tocsin.service.service import TICK
from tocsin.sources.documents.items import Item, Parsed
from tocsin.sources.feeds.entries import entries
from tocsin.store import Store
from tocsin.store.values import PollRecord, Rest, SourceLease

DAY = timedelta(days=1)
#: Sources that share a server.
TOGETHER = 3
#: Most entries that a document shows.
SHOWN = 20
#: Real seconds between two lines of progress, and between two looks at what the sessions of the server wait for.
REPORT, LOOK = 10.0, 0.25
POLICY = Policy(routes=(Route(to=("desk",)),), receivers=(ReceiverInfo(name="desk", recipients=("",)),))


# ---- what is simulated ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scaled:
    """A clock of several processes, which was at *start* when the machine's was at *zero*, and runs *speed* times as fast."""

    start: float
    zero: float
    speed: float

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.start + (time.monotonic() - self.zero) * self.speed, UTC)


@dataclass(frozen=True)
class World:
    """What is assumed of the feeds, and the clock."""

    clock: Scaled
    feeds: int
    every: float  # minutes
    entries: float
    changed: float
    matches: float
    octets: int
    answer: float

    def address(self, name: str) -> str:
        return f"https://{self.server(name)}/{name}"

    def server(self, name: str) -> str:
        return f"s{int(name[1:]) // TOGETHER}.example"

    @property
    def names(self) -> list[str]:
        return [f"f{n}" for n in range(self.feeds)]


@dataclass(frozen=True)
class SimulatedFeed:
    """A feed whose entries follow from its name and the time."""

    name: str
    world: World

    async def poll(self, cursor: Cursor, now: datetime) -> Batch:
        await asyncio.sleep(self.world.answer)
        newest, known = self._published(now), int(cursor.etag or -1)
        hints = ResponseHints(status=304, validators=True)
        if newest == known and random.random() > self.world.changed:
            return Batch(source=self.name, entries=(), cursor=cursor, changed=False, answer=hints)
        items = tuple(self._item(n) for n in range(newest, -1, -1)[:SHOWN])
        found = entries(
            Parsed(title=self.name, link="", items=items),
            source=self.name,
            url=self.world.address(self.name),
            labels={},
            now=now,
        )
        following = Cursor(etag=str(newest), body_hash=str(random.getrandbits(60)), validated_at=now)
        hints = ResponseHints(status=200, validators=True)
        size = len(items) * self.world.octets
        return Batch(source=self.name, entries=found, cursor=following, changed=True, size=size, answer=hints)

    @property
    def _origin(self) -> float:
        """The time of the last poll before the start: what was published earlier is neither stored nor shown."""
        return self.world.clock.start - (1 - fraction(self.name)) * self.world.every * 60

    def _published(self, now: datetime) -> int:
        """The number of the newest entry, -1 if there is none."""
        days = (now.timestamp() - self._origin) / DAY.total_seconds()
        return int(days * self.world.entries + fraction(f"{self.name} publishes")) - 1

    def _item(self, number: int) -> Item:
        chance = random.Random(f"{self.name}/{number}")
        verb = "bans" if chance.random() < self.world.matches else "shows"
        title = f"{word(chance).title()} {word(chance)} {word(chance)} {verb} {word(chance)} {word(chance)}"
        text = " ".join(word(chance) for _ in range(self.world.octets // 10))
        link = f"https://news.example/{self.name}/{number}"
        days = (number + 1 - fraction(f"{self.name} publishes")) / self.world.entries
        published = datetime.fromtimestamp(self._origin + days * DAY.total_seconds(), UTC)
        return Item(id=link, link=link, title=title, summary=text[:200], body=text, language="en", published=published)


class Feeds(Mapping[str, SimulatedFeed]):
    """All feeds by name."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __getitem__(self, name: str) -> SimulatedFeed:
        return SimulatedFeed(name, self._world)

    def __iter__(self) -> Iterator[str]:
        return iter(self._world.names)

    def __len__(self) -> int:
        return self._world.feeds


# ---- a worker ------------------------------------------------------------------------------------------------------


class TimedStore(Store):
    """A store that notes how late sources are claimed, and how many were."""

    late: list[float]

    def claim_sources(self, now: datetime, lease: timedelta, limit: int) -> list[SourceLease]:
        leases = super().claim_sources(now, lease, limit)
        self.late += [(now - one.due_at).total_seconds() for one in leases]
        return leases


def _rules() -> RuleSet:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "rules.yaml").write_text(PACK)
        (pack,) = Library([Path(folder)]).packs()
        assert pack.spec
        return compile_packs([pack.spec], others=None)[0]


async def work(url: str, minutes: float) -> None:
    """Poll until the clock has gone on for *minutes*, and print figures meanwhile."""
    store = TimedStore.open(url)
    store.late = []
    rules = _rules()
    print("ready", flush=True)
    given = json.loads(await asyncio.to_thread(sys.stdin.readline))
    world = World(**{**given, "clock": Scaled(**given["clock"])})
    store.lock(world.clock.now())
    inbound = IngestConfig(
        rules=rules,
        policy=POLICY,
        sources=Feeds(world),
        terms={name: Terms(every=timedelta(minutes=world.every), group=world.server(name)) for name in world.names},
    )
    end = datetime.fromtimestamp(world.clock.start, UTC) + timedelta(minutes=minutes)
    with ThreadPoolExecutor(store.writers) as writers, ThreadPoolExecutor(2) as workers:
        runtime = Runtime(clock=world.clock, write=runner(writers), work=runner(workers), random=random.random)
        pipeline = Pipeline(store, inbound, runtime, committed=lambda: None)
        await asyncio.sleep(max(0.0, world.clock.zero - time.monotonic()))
        cpu, reported = time.process_time(), time.monotonic()
        while world.clock.now() < end:
            await pipeline.tick()
            if time.monotonic() - reported > REPORT:
                reported = time.monotonic()
                _say(store, cpu)
            await asyncio.sleep(TICK.total_seconds())
        _say(store, cpu)
        await pipeline.drain(5)
    store.close()


def _say(store: TimedStore, cpu: float) -> None:
    """Print how late each poll since the last time was, and the processor time since the start."""
    late, store.late = store.late, []
    print(json.dumps({"late": late, "cpu": time.process_time() - cpu}), flush=True)


# ---- the run -------------------------------------------------------------------------------------------------------


def prepare(url: str, world: World) -> None:
    """Make sources that were polled before, and are due one after the other."""
    began, start = time.monotonic(), datetime.fromtimestamp(world.clock.start, UTC)
    store = Store.open(url)
    before = start - timedelta(minutes=1)  # a clock that was set back would make all of them due
    store.lock(before)
    found = [(name, world.address(name), "feed") for name in world.names]
    store.sync_sources(found, start - DAY, {name: world.server(name) for name in world.names})
    print(f"{world.feeds} sources are there after {time.monotonic() - began:.0f} s", flush=True)
    while leases := store.claim_sources(before, timedelta(hours=1), 5000):
        spread = timedelta(minutes=world.every)
        rests = [
            Rest(lease=one, cursor=Cursor(), record=PollRecord(due_at=start + spread * fraction(one.name)))
            for one in leases
        ]
        store.complete_unchanged(rests, before, (), sorted({world.server(one.name) for one in leases}))
    store.close()
    _vacuum(url)
    print(f"each was polled once after {time.monotonic() - began:.0f} s", flush=True)


def _vacuum(url: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as session:
        session.execute("VACUUM ANALYZE")
        session.execute("CHECKPOINT")


class Watch:
    """Looks at the sessions of a database in a thread: what each is doing, or waits for."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.looks = 0
        self.seen = Counter[str]()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        import psycopg

        query = (
            "SELECT coalesce(wait_event_type || ': ' || wait_event, 'at work') FROM pg_stat_activity"
            " WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()"
        )
        with psycopg.connect(self._url, autocommit=True) as session:
            while not self._ended.wait(LOOK):
                self.looks += 1
                self.seen.update(row[0] for row in session.execute(query.encode()).fetchall())


def sizes(url: str) -> dict[str, int]:
    """Octets of each table with its indexes, and of the log that a standby would be sent."""
    found = rows(
        url,
        "SELECT relname, pg_total_relation_size(oid) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
    )
    [(log,)] = rows(url, "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')")
    return {**dict(found), _LOG: int(log)}


_LOG = "write-ahead log"


class Worker:
    """A worker in a process of its own, and what it has said so far."""

    def __init__(self, url: str, minutes: float) -> None:
        command = [sys.executable, __file__, "--child", url, str(minutes)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.late: list[float] = []
        self.cpu = 0.0

    def begin(self, world: World) -> None:
        """Let it begin, once it is ready."""
        assert self._process.stdin
        assert self._process.stdout
        assert self._process.stdout.readline(), "a worker failed"
        self._process.stdin.write(json.dumps(asdict(world)) + "\n")
        self._process.stdin.flush()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout
        for said in map(json.loads, self._process.stdout):
            self.late += said["late"]
            self.cpu = said["cpu"]

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def end(self) -> None:
        """Wait for its end."""
        self._process.wait(60)
        self._reader.join(10)


def simulate(world: World, minutes: float, count: int, places: Databases) -> None:
    """Run the workers and print what came of it."""
    url = places.fresh(POSTGRESQL)
    prepare(url, world)
    workers = [Worker(url, minutes) for _ in range(count)]
    began = replace(world, clock=replace(world.clock, zero=time.monotonic() + 3))
    for worker in workers:
        worker.begin(began)
    time.sleep(max(0.0, began.clock.zero - time.monotonic()))
    before, server, start = sizes(url), places.cpu(), time.monotonic()
    with Watch(url) as watch:
        while not any(worker.ended for worker in workers):
            time.sleep(REPORT)
            _progress(began, list(chain.from_iterable(worker.late for worker in workers)))
    wall, server = time.monotonic() - start, places.cpu() - server
    for worker in workers:
        worker.end()
    late = sorted(chain.from_iterable(worker.late for worker in workers))
    _report_polls(world, minutes, late)
    [(found, alerts)] = rows(url, "SELECT (SELECT count(*) FROM entry), (SELECT count(*) FROM alert)")
    print(f"{found} new entries and {alerts} alerts")
    _report_growth(before, sizes(url), minutes)
    each = ", ".join(f"{worker.cpu / wall:.0%}" for worker in workers)
    total = (sum(worker.cpu for worker in workers) + server) / wall / (os.cpu_count() or 1)
    print(f"\nof a core: workers {each}, server {server / wall:.0%}; of all cores {total:.0%}; {machine()}")
    for what, times in watch.seen.most_common(6):
        print(f"  sessions that were {'' if what == 'at work' else 'waiting for '}{what}: {times / watch.looks:.2f}")
    places.drop(url)


def _progress(world: World, late: Sequence[float]) -> None:
    minutes = (world.clock.now().timestamp() - world.clock.start) / 60
    due = int(world.feeds * minutes / world.every)
    print(f"  minute {minutes:5.1f}: {len(late)} polls, of about {due} that were due", file=sys.stderr, flush=True)


def _report_polls(world: World, minutes: float, late: Sequence[float]) -> None:
    due = world.feeds * minutes / world.every
    middle, most = (late[int(len(late) * part)] if late else 0.0 for part in (0.5, 0.99))
    print(
        f"\n{len(late)} polls in {minutes:g} minutes of the clock, {len(late) / minutes / 60:.0f} a second ({due / minutes / 60:.0f} due)"
    )
    print(f"late by {middle:.1f} s at the median, {most:.1f} s at the 99th percentile")


def _report_growth(before: Mapping[str, int], after: Mapping[str, int], minutes: float) -> None:
    a_day = DAY / timedelta(minutes=minutes) / 1e9
    grown = {name: (size - before.get(name, 0)) * a_day for name, size in after.items()}
    log = grown.pop(_LOG)
    print(
        f"\ngrowth a day: {sum(grown.values()):.1f} GB, {sum(grown.values()) - grown['source']:.1f} GB without source; {_LOG} {log:.0f} GB"
    )
    for name, size in sorted(grown.items(), key=lambda pair: -pair[1])[:6]:
        print(f"  {name:<14} {size:6.2f} GB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=100_000)
    parser.add_argument("--minutes", type=float, default=2, help="of the clock")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--every", type=float, default=5.0, help="minutes between two polls of a feed")
    parser.add_argument("--entries", type=float, default=10.0, help="a feed and day")
    parser.add_argument("--changed", type=float, default=0.2, help="share of polls with another body")
    parser.add_argument("--matches", type=float, default=0.01, help="share of the entries")
    parser.add_argument("--octets", type=int, default=1500, help="of the text of an entry")
    parser.add_argument("--answer", type=float, default=0.2, help="seconds until a server answers")
    parser.add_argument("--child", nargs=2, metavar=("URL", "MINUTES"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        asyncio.run(work(given.child[0], float(given.child[1])))
        return
    parts = {
        name: getattr(given, name) for name in ("feeds", "every", "entries", "changed", "matches", "octets", "answer")
    }
    with databases() as places:
        print(f"{places.words()}; {machine()}")
        if POSTGRESQL not in places.kinds:
            sys.exit("set TOCSIN_TEST_POSTGRES to the address of a server")
        world = World(clock=Scaled(start=time.time(), zero=time.monotonic(), speed=given.speed), **parts)
        simulate(world, given.minutes, given.workers, places)


if __name__ == "__main__":
    main()
