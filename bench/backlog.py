"""How much one decision costs beside a backlog: stories that are open, and messages that wait for a cooldown to end.

    python bench/backlog.py [--sizes 0:0:0 5000:0:0 2000:1000:0 2000:0:1000] [--decisions 20]

A size is the number of open stories of one event, of one entry each, and of messages held until the cooldowns of their
key values end, each at another time (two of the stories each): for the recipient of the decision, and for another one.
Shown are the processor time and the statements of a commit of one entry that meets a rule and joins nothing.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import event
from sqlalchemy.engine import Engine

from tocsin.model.entries import Batch, Cursor, Entry, EntryKey, KeyKind
from tocsin.model.rules import Evidence, Judged, Match, RuleInfo, Severity
from tocsin.policy.decide import Policy
from tocsin.policy.notifying.receiver import ReceiverInfo
from tocsin.policy.notifying.route import Route
from tocsin.store import Store
from tocsin.store.values import JudgedBatch, PollRecord

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
POLICY = Policy(
    routes=(Route(to=("desk",)),),
    receivers=(ReceiverInfo(name="desk", recipients=("",)), ReceiverInfo(name="home", recipients=("",))),
)
RULE = RuleInfo(
    id="p/ban",
    hash="h",
    title="ban",
    severity=Severity.MEDIUM,
    event="trade.ban",
    key=("mineral",),
    cooldown=timedelta(hours=12),
)
#: Words enough that no two headlines tell one story.
WORDS = [f"{first}{last}" for first in ("bar", "cor", "dal", "fen", "gor") for last in ("ak", "ed", "im", "on", "ul")]


def judged(number: int, now: datetime, key: str) -> Judged:
    """An entry of a story of its own, with the value *key* of the key label."""
    title = " ".join(f"{word}{number}" for word in WORDS[number % 20 : number % 20 + 5])
    keys = tuple(EntryKey(kind=kind, value=f"{kind}{number}") for kind in (KeyKind.ID, KeyKind.LINK, KeyKind.TITLE_DAY))
    entry = Entry(source="wire", id=str(number), keys=keys, title=title, first_seen=now, published=now)
    match = Match(
        rule=replace(RULE, to=("home",)) if key.startswith("other") else RULE,
        severity=RULE.severity,
        labels={"mineral": (key,)},
        proof=Evidence(op="term", text="ban", holds=True),
        event_time=now,
        entry=entry,
    )
    return Judged(entry=entry, matches=(match,))


def commit(store: Store, found: list[Judged], now: datetime) -> None:
    """Take *found* in, as a poll at *now* does."""
    [lease] = store.claim_sources(now, timedelta(minutes=5), 1)
    batch = Batch(source="wire", entries=tuple(item.entry for item in found), cursor=Cursor(), changed=True)
    store.commit(lease, JudgedBatch(batch=batch, judged=found), POLICY.decide, now, PollRecord(due_at=now))


def measure(stories: int, held: int, others: int, decisions: int) -> str:
    """Make the backlog, decide beside it, and return a line of figures."""
    sent = 0

    def count(*_: object) -> None:
        nonlocal sent
        sent += 1

    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(f"sqlite:///{folder}/t.db")
        store.sync_sources([("wire", "https://wire.example/", "feed")], START)
        commit(store, [], START)
        numbers, now = itertools.count(), START
        # The second alert of a key value waits for the end of its cooldown.
        waiting = [f"held{n}" for n in range(held)] + [f"other{n}" for n in range(others)]
        keys = [f"open{n}" for n in range(stories - 2 * len(waiting))] + waiting * 2
        at_once = 1 if waiting else 100
        for start in range(0, len(keys), at_once):
            now += timedelta(seconds=1)
            commit(store, [judged(next(numbers), now, key) for key in keys[start : start + at_once]], now)
        for number in range(decisions + 1):
            if number == 1:  # the first one reads what later ones remember
                event.listen(Engine, "before_cursor_execute", count)
                began = time.process_time()
            now += timedelta(seconds=1)
            commit(store, [judged(next(numbers), now, f"new{number}")], now)
        took = (time.process_time() - began) / decisions * 1000
        event.remove(Engine, "before_cursor_execute", count)
        store.close()
    return f"{stories:>8} {held:>8} {others:>8} {took:>12.1f} {sent / decisions:>12.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decisions", type=int, default=20)
    parser.add_argument("--sizes", nargs="*", default=["0:0:0", "5000:0:0", "2000:1000:0", "2000:0:1000"])
    given = parser.parse_args()
    print(f"{'stories':>8} {'held':>8} {'others':>8} {'ms a commit':>12} {'statements':>12}")
    for size in given.sizes:
        print(measure(*map(int, size.split(":")), given.decisions), flush=True)


if __name__ == "__main__":
    main()
