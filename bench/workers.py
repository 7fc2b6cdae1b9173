"""What several workers on one database do in a second, and what it costs, in one run on one machine.

    python bench/workers.py [--workers 1 2 4] [--parts commits decided claims deliveries line] [--scale 1]

`commits`      polls with one new entry that meets no rule
`decided`      polls with one new entry that meets a rule: a decision and a message for each
`claims`       polls without news, 50 claimed and given back at a time
`deliveries`   messages that are claimed, begun and settled, but not sent
`line`         the daemon: servers and receivers on loopback that answer after 50 ms. Each worker is a process of its own.
               A server is asked by one request of a worker at a time, and a receiver gets one message at a time, so both
               wait most of the time; one poll in ten brings an entry for which one of eight receivers gets a message

The first four are the store alone, each worker a process that does its share of a fixed amount, which --scale multiplies.
Shown are how many a second, the milliseconds at the median and at the 99th percentile (of a commit, of a claim, of a message; in
`line` from the commit of a message to the end of its attempt), and milliseconds of processor time for each, of the workers
and of the server. SQLite has one worker, and no server. Where workers, server and what stands around them want more than
the cores there are, the figures show the machine: such lines are marked, and what more workers would do is not measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from backlog import judged
from databases import POSTGRESQL, SQLITE, Databases, databases, machine, tree_cpu
from sqlmodel import col, select
from world import PACK, item, rss, word

from tocsin.model.deliveries import AttemptResult, DeliveryState, ErrorClass, Message, MessageKind, Settlement
from tocsin.model.entries import Batch, Cursor
from tocsin.policy.decide import Policy
from tocsin.policy.notifying.receiver import ReceiverInfo
from tocsin.policy.notifying.retry import Consequence, ReceiverStatus
from tocsin.policy.notifying.route import Route
from tocsin.store import Store
from tocsin.store.db.delivery_tables import AttemptRow, DeliveryRow
from tocsin.store.values import JudgedBatch, PollRecord, Rest, SourceLease

LEASE = timedelta(minutes=5)
HOUR = timedelta(hours=1)
#: The share of the cores from which on more workers would only share them.
FULL = 0.85
#: Sources that are claimed at a time.
AT_ONCE = 50
RECEIVERS = 32
POLICY = Policy(routes=(Route(to=("r0",)),), receivers=(ReceiverInfo(name="r0", recipients=("",)),))
EVERYBODY = Policy(
    routes=(Route(to=tuple(f"r{n}" for n in range(RECEIVERS))),),
    receivers=tuple(ReceiverInfo(name=f"r{n}", recipients=("",)) for n in range(RECEIVERS)),
)


class Figures(NamedTuple):
    """What one run came to: *count* in *wall* seconds, seconds of processor time, and how long single ones took, in order."""

    count: int
    wall: float
    worker: float
    server: float
    took: list[float]

    @property
    def rate(self) -> float:
        return self.count / self.wall


# ---- the store alone: what a worker does ---------------------------------------------------------------------------


def _now() -> datetime:
    return datetime.now(UTC)


def _sources(store: Store, count: int) -> None:
    """Make sources that were polled once, each on a server of its own, and are due."""
    names = [f"s{n}" for n in range(count)]
    found = [(name, f"https://{name}.example/feed", "feed") for name in names]
    store.sync_sources(found, _now() - HOUR, {name: f"{name}.example" for name in names})
    leases = store.claim_sources(_now(), LEASE, count)
    _rest(store, leases, _now())


def _rest(store: Store, leases: list[SourceLease], due_at: datetime) -> None:
    rests = [Rest(lease=lease, cursor=lease.cursor, record=PollRecord(due_at=due_at)) for lease in leases]
    left = [f"{lease.name}.example" for lease in leases] if store.shared else []
    store.complete_unchanged(rests, _now(), (), left)


def _commits(store: Store, worker: int, *, decided: bool) -> Iterator[list[float]]:
    number = worker * 1_000_000
    while True:
        took = []
        for lease in store.claim_sources(_now(), LEASE, AT_ONCE):
            number += 1
            now = _now()
            news = judged(number, now, f"key{number}")
            batch = Batch(source=lease.name, entries=(news.entry,), cursor=Cursor(), changed=True)
            found = JudgedBatch(batch=batch, judged=[news if decided else replace(news, matches=())])
            began = time.perf_counter()
            store.commit(lease, found, POLICY.decide, now, PollRecord(due_at=now))
            took.append(time.perf_counter() - began)
        yield took


def _claims(store: Store, _: int) -> Iterator[list[float]]:
    while True:
        began = time.perf_counter()
        leases = store.claim_sources(_now(), LEASE, AT_ONCE)
        _rest(store, leases, _now())
        yield [time.perf_counter() - began] * len(leases)


def _deliveries(store: Store, _: int) -> Iterator[list[float]]:
    text, sent = Message(kind=MessageKind.TEXT, subject="ban", text="a ban"), AttemptResult(error_class=ErrorClass.OK)
    done = Settlement(state=DeliveryState.DELIVERED, due_at=_now())

    def judge(before: ReceiverStatus) -> Consequence:
        return Consequence(settlement=done, status=before, own=())

    while True:
        took = []
        for delivery in store.claim_deliveries(_now(), LEASE):
            began = time.perf_counter()
            assert store.begin_attempt(delivery, text, _now())
            store.settle(delivery, sent, judge, _now())
            took.append(time.perf_counter() - began)
        yield took


@dataclass(frozen=True)
class Part:
    """A part of the bench: *count* of what a *work* does, after *prepare*."""

    count: int
    work: Callable[[Store, int], Iterator[list[float]]]
    prepare: Callable[[Store, int], None]


def _some_sources(store: Store, _: int) -> None:
    _sources(store, 12 * AT_ONCE)


def _messages(store: Store, count: int) -> None:
    """Make *count* messages, shared by all receivers."""
    _sources(store, 1)
    for start in range(0, count, RECEIVERS * 50):
        alerts = min(50, -(-(count - start) // RECEIVERS))
        now = _now()
        found = [judged(start + n, now, f"key{start + n}") for n in range(alerts)]
        [lease] = store.claim_sources(now, LEASE, 1)
        batch = Batch(source="s0", entries=tuple(one.entry for one in found), cursor=Cursor(), changed=True)
        store.commit(lease, JudgedBatch(batch=batch, judged=found), EVERYBODY.decide, now, PollRecord(due_at=now))


PARTS = {
    "commits": Part(1200, lambda *about: _commits(*about, decided=False), _some_sources),
    "decided": Part(400, lambda *about: _commits(*about, decided=True), _some_sources),
    "claims": Part(12_000, _claims, lambda store, _: _sources(store, 2000)),
    "deliveries": Part(1280, _deliveries, lambda store, count: _messages(store, count + 10 * RECEIVERS)),
}


def work(part: str, url: str, worker: int, count: int) -> None:
    """Do a share of a part: some to warm up, then *count* or a few more when told to."""
    store = Store.open(url)
    store.lock(_now())
    doing = PARTS[part].work(store, worker)
    print(len(next(doing)), flush=True)
    sys.stdin.readline()
    cpu, took = time.process_time(), list[float]()
    while len(took) < count:
        took += next(doing)
    print(json.dumps({"cpu": time.process_time() - cpu, "took": took}), flush=True)
    store.close()


def store_alone(part: str, kind: str, workers: int, scale: float, places: Databases) -> Figures:
    """Run a part of the bench on a fresh database."""
    count, url = int(PARTS[part].count * scale), places.fresh(kind)
    store = Store.open(url)
    PARTS[part].prepare(store, count)
    store.close()
    share = count // workers
    commands = [[sys.executable, __file__, "--child", part, url, str(n), str(share)] for n in range(workers)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    children = [subprocess.Popen(command, **pipes) for command in commands]
    for child in children:
        assert child.stdout.readline(), f"a worker of {part} failed"
    time.sleep(0.3)  # until sessions that have just ended are counted as such
    server, began = places.cpu(), time.perf_counter()
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    done = [json.loads(child.stdout.readline()) for child in children]
    wall, server = time.perf_counter() - began, places.cpu() - server
    for child in children:
        child.communicate()
    places.drop(url)
    took = sorted(seconds for one in done for seconds in one["took"])
    return Figures(len(took), wall, sum(one["cpu"] for one in done), server, took)


# ---- the daemon ----------------------------------------------------------------------------------------------------

#: Addresses of loopback, a server each, and the feeds on each of them.
SERVERS, FEEDS = 6, 80
HEARERS = 8
#: Seconds until an answer.
WAIT = 0.05
#: One answer in so many has news.
NEWS = 10
PROGRAM = "from tocsin.cli import main; main()"


def serve() -> None:
    """Serve feeds and receivers on a free port, which is printed; `/count` says how many polls and messages there were."""
    from aiohttp import web

    seen, editions = Counter[str](), Counter[str]()

    async def feed(request: web.Request) -> web.Response:
        await asyncio.sleep(WAIT)
        name = request.match_info["name"]
        seen["polls"] += 1
        editions[name] += seen["polls"] % NEWS == 0
        tag = f'"{editions[name]}"'
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers={"ETag": tag})
        body = rss("".join(item(_title(name, n), f"{name}/{n}") for n in range(editions[name], -1, -1)[:8]))
        return web.Response(body=body, content_type="application/rss+xml", headers={"ETag": tag})

    async def take(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(WAIT)
        seen["messages"] += 1
        return web.Response(text="ok")

    async def count(_: web.Request) -> web.Response:
        return web.json_response(seen)

    async def main() -> None:
        app = web.Application()
        app.add_routes([web.get("/feed/{name}", feed), web.post("/hook/{name}", take), web.get("/count", count)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "0.0.0.0", 0).start()
        print(runner.addresses[0][1], flush=True)
        await asyncio.Event().wait()

    asyncio.run(main())


def _title(name: str, number: int) -> str:
    """A headline that tells a story of its own."""
    chance = random.Random(f"{name}/{number}")
    return f"{word(chance).title()} {word(chance)} {word(chance)} bans {word(chance)} {word(chance)}"


def _configure(folder: Path, url: str, port: int) -> Path:
    (folder / "rules").mkdir()
    (folder / "rules" / "rules.yaml").write_text(PACK)
    lines = ["timezone: UTC", f'database: "{url}"', "rules: [./rules]", "sources:"]
    lines += [
        f'  f{n}: {{feed: "http://127.0.1.{n % SERVERS + 1}:{port}/feed/f{n}", every: 1s, allow_private: true, '
        f"labels: {{lane: n{n % HEARERS}}}}}"
        for n in range(SERVERS * FEEDS)
    ]
    lines += ["receivers:"]
    lines += [f'  r{n}: {{url: "json://127.0.0.1:{port}/hook/{n}", rate: 6000}}' for n in range(HEARERS)]
    lines += ["routes:", *(f"  - {{labels: {{lane: n{n}}}, to: [r{n}]}}" for n in range(HEARERS))]
    path = folder / "config.yaml"
    path.write_text("\n".join([*lines, ""]))
    return path


@contextmanager
def _served() -> Iterator[int]:
    """The port of the servers and receivers, which are a process of their own."""
    process = subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _running(config: Path, workers: int) -> Iterator[list[int]]:
    """The numbers of the processes of so many daemons."""
    command = [sys.executable, "-c", PROGRAM, "run", "--config", str(config), "--log-level", "warning"]
    with (config.parent / "log").open("w") as log:
        processes = [subprocess.Popen(command, cwd=config.parent, stdout=log, stderr=log) for _ in range(workers)]
        try:
            yield [process.pid for process in processes]
            if any(process.poll() is not None for process in processes):
                raise RuntimeError((config.parent / "log").read_text()[-3000:])
        finally:
            for process in processes:
                process.send_signal(signal.SIGTERM)
            for process in processes:
                process.wait(60)


def daemon(kind: str, workers: int, scale: float, places: Databases) -> tuple[Figures, Figures]:
    """Run so many daemons for a while; figures of the polls and of the messages."""
    url = places.fresh(kind)
    with tempfile.TemporaryDirectory() as folder, _served() as port:
        config = _configure(Path(folder), url, port)
        with _running(config, workers) as pids:
            end = time.monotonic() + 300
            while _counted(port)["polls"] < 3 * SERVERS * FEEDS and time.monotonic() < end:
                time.sleep(0.2)
            cpu, server, before = sum(map(tree_cpu, pids)), places.cpu(), _counted(port)
            since, began = _now(), time.perf_counter()
            time.sleep(20 * scale)
            wall, after = time.perf_counter() - began, _counted(port)
            cpu, server = sum(map(tree_cpu, pids)) - cpu, places.cpu() - server
        store = Store.open(url)
        waits = _waits(store, since)
        store.close()
    places.drop(url)
    polls, messages = after["polls"] - before["polls"], after["messages"] - before["messages"]
    return Figures(polls, wall, cpu, server, []), Figures(messages, wall, cpu, server, waits)


def _counted(port: int) -> dict[str, int]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/count", timeout=30) as answer:
        seen: dict[str, int] = json.loads(answer.read())
        return {"polls": 0, "messages": 0, **seen}


def _waits(store: Store, since: datetime) -> list[float]:
    """Seconds from the commit of a message to the end of its attempt, in order."""
    ended = (
        select(DeliveryRow.created_at, AttemptRow.ended_at)
        .join(AttemptRow, col(AttemptRow.delivery_id) == col(DeliveryRow.id))
        .where(DeliveryRow.created_at >= since, col(AttemptRow.ended_at).is_not(None))
    )
    with store.database.read() as session:
        return sorted((end - began).total_seconds() for began, end in session.exec(ended).all() if end)


# ---- the run -------------------------------------------------------------------------------------------------------


def show(part: str, kind: str, workers: int, run: Figures, one: Figures | None, *, server: bool) -> None:
    """Print a line; *one* are the figures of a single worker on the same kind of database."""
    cores = os.cpu_count() or 1
    spent = (run.worker + run.server) / run.wall / cores
    took = (
        [f"{run.took[int(len(run.took) * part)] * 1000:7.1f}" for part in (0.5, 0.99)] if run.took else ["      -"] * 2
    )
    each = 1000 / max(run.count, 1)
    costs = f"{run.server * each:7.2f}" if server and kind == POSTGRESQL else "      -"
    times = f"{run.rate / one.rate:6.2f}" if one else "     -"
    full = "  cores in use" if spent > FULL else ""
    print(
        f"{part:<11} {kind:<10} {workers:>7} {run.rate:>8.1f} {times} {' '.join(took)} {run.worker * each:7.2f} {costs} "
        f"{spent:6.0%} {os.getloadavg()[0]:5.1f}{full}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--parts", nargs="*", choices=[*PARTS, "line"], default=[*PARTS, "line"])
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--child", nargs=4, metavar=("PART", "URL", "WORKER", "COUNT"), help=argparse.SUPPRESS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve()
    elif given.child:
        part, url, number, count = given.child
        work(part, url, int(number), int(count))
    else:
        run(given.parts, given.workers, given.scale)


def run(parts: Sequence[str], workers: Sequence[int], scale: float) -> None:
    """Run each part with one worker on SQLite, and with each number of *workers* on a server."""
    with databases() as places:
        print(f"{places.words()}; {machine()}")
        print("part        database   workers  a second  times     p50     p99  worker  server  cores  load")
        for part in parts:
            single: Figures | None = None
            heard: Figures | None = None
            for kind, number in [(SQLITE, 1), *((POSTGRESQL, n) for n in workers if POSTGRESQL in places.kinds)]:
                if part == "line":
                    found, messages = daemon(kind, number, scale, places)
                else:
                    found = store_alone(part, kind, number, scale, places)
                single = found if (kind, number) == (POSTGRESQL, 1) else single
                show(part, kind, number, found, single, server=places.measured)
                if part == "line":
                    heard = messages if (kind, number) == (POSTGRESQL, 1) else heard
                    show("messages", kind, number, messages, heard, server=places.measured)


if __name__ == "__main__":
    main()
