"""What several workers on one database do in a second, and what it costs, in one run on one machine.

    python bench/workers.py [--workers 1 2 4] [--parts commits decided claims ...] [--scale 1]

`commits`      polls with one new entry that meets no rule
`decided`      polls with one new entry that meets a rule: a decision and a message for each
`claims`       polls without news, 50 claimed and given back at a time
`deliveries`   messages that are claimed, begun and settled, but not sent
`polls`        `tocsin run`, with servers and receivers on loopback that answer after 50 ms: 1,200 feeds that are always due, and
               four stories a second with a message about each. A worker may open so few files that it has at most 16
               requests in flight and so waits most of the time; with more of them one core would be the limit
`messages`     the same with one document that brings 20 stories, each for 16 receivers
`mails`        the same with one document that brings 500 stories, all for one mailbox, which answers at once

The first four are the store alone, each worker a process that does its share of a fixed amount, which --scale multiplies.
Shown are how many a second, the milliseconds at the median and at the 99th percentile (of a commit, of a claim, of a message; with
`tocsin run` from the answer that has the story to the message about it: parsing, commit, claim and rendering), and milliseconds of processor time for each, of the
workers and of the server; on a server, also the milliseconds from the commit that planned a message until its first attempt was on
record, at the same two places. SQLite has one worker, and no server. Where workers and server alone use more than 85 % of the
cores, the figures show the machine: such lines are marked, and what more cores would give is not measured.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from backlog import judged
from databases import POSTGRESQL, SQLITE, Databases, databases, machine
from line import Figures, mails, messages, polls

from tocsin.model.deliveries import AttemptResult, DeliveryState, ErrorClass, Message, MessageKind, Settlement
from tocsin.model.entries import Batch, Cursor
from tocsin.policy.decide import Policy
from tocsin.policy.notifying.receiver import ReceiverInfo
from tocsin.policy.notifying.retry import Consequence, ReceiverStatus
from tocsin.policy.notifying.route import Route
from tocsin.store import Store
from tocsin.store.values import JudgedBatch, PollRecord, Rest, SourceLease

LEASE = timedelta(minutes=5)
HOUR = timedelta(hours=1)
#: The share of the cores from which on more workers would only share them.
FULL = 0.85
#: Sources that are claimed at a time.
AT_ONCE = 50
RECEIVERS = 8
POLICY = Policy(routes=(Route(to=("r0",)),), receivers=(ReceiverInfo(name="r0", recipients=("",)),))
EVERYBODY = Policy(
    routes=(Route(to=tuple(f"r{n}" for n in range(RECEIVERS))),),
    receivers=tuple(ReceiverInfo(name=f"r{n}", recipients=("",)) for n in range(RECEIVERS)),
)


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
        if not took:  # others are sending to every receiver
            time.sleep(0.005)
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
    "deliveries": Part(800, _deliveries, lambda store, count: _messages(store, count + 12 * RECEIVERS)),
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


#: Parts that run the daemon.
LINE = {"polls": polls, "messages": messages, "mails": mails}


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
    if run.begun:
        half, most = (run.begun[int(len(run.begun) * part)] * 1000 for part in (0.5, 0.99))
        full += f"  begun {half:.0f}, {most:.0f} ms after the commit"
    print(
        f"{part:<11} {kind:<10} {workers:>7} {run.rate:>8.1f} {times} {' '.join(took)} {run.worker * each:7.2f} {costs} "
        f"{spent:6.0%} {os.getloadavg()[0]:5.1f}{full}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--parts", nargs="*", choices=[*PARTS, *LINE], default=[*PARTS, *LINE])
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--child", nargs=4, metavar=("PART", "URL", "WORKER", "COUNT"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
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
            for kind, number in [(SQLITE, 1), *((POSTGRESQL, n) for n in workers if POSTGRESQL in places.kinds)]:
                if part in LINE:
                    found = LINE[part](kind, number, places)
                else:
                    found = store_alone(part, kind, number, scale, places)
                single = found if (kind, number) == (POSTGRESQL, 1) else single
                show(part, kind, number, found, single, server=places.measured)


if __name__ == "__main__":
    main()
