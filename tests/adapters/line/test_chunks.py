"""A poll that brings much is taken in by several transactions; what is cut off between them comes with the next poll."""

from __future__ import annotations

import asyncio
import random
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tocsin.ingest.news import SETTLES
from tocsin.model.alerts import MatchOutcome
from tocsin.model.entries import Batch, Cursor, Entry, EntryKey, KeyKind
from tocsin.policy.chunks import LEAST
from tocsin.protocols import runner
from tocsin.store import Store
from tocsin.store.values import SourceLease

Line = Any
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
#: New entries of a document: three transactions and more.
MANY = 250


RULES = """\
tocsin: 1
pack: {id: p, version: 1.0.0}
rules:
  - id: ban
    news: {match: gallium}
    key: [story]
"""


def headline(number: int) -> str:
    """A headline that shares no word with another but those that the rule wants."""
    chance = random.Random(number)
    words = ["".join(chance.choices("bdfgklmnprst", k=2)) + str(number) for _ in range(6)]
    return " ".join([*words[:3], "bans gallium", *words[3:]])


def item(number: int, published: datetime, name: str = "") -> Entry:
    """An entry with that headline; *name* makes its id another one."""
    keys = (
        EntryKey(kind=KeyKind.ID, value=f"{name}{number:031x}"),
        EntryKey(kind=KeyKind.TITLE_DAY, value=f"d{number:030x}"),
    )
    # The newest stands first, as in most feeds.
    at = published - timedelta(seconds=number)
    return Entry(source="wire", id=f"{name}{number}", keys=keys, title=headline(number), first_seen=at, published=at)


@dataclass
class Feed:
    """A source that shows *document* with an ETag."""

    name: str = "wire"
    document: Sequence[Entry] = ()
    etag: str = ""

    async def poll(self, cursor: Cursor, now: datetime) -> Batch:
        """The document, whatever was shown before."""
        entries = tuple(replace(entry, first_seen=now) for entry in self.document)
        return Batch(source="wire", entries=entries, cursor=Cursor(etag=self.etag), changed=True)


@dataclass
class Cut:
    """A store whose process dies when so many *parts* of a document are written."""

    store: Store
    parts: int

    def __getattr__(self, name: str) -> Any:
        """All else as it is."""
        return getattr(self.store, name)

    def take_in(self, *args: Any, **options: Any) -> Any:
        """Write a part, or die."""
        self._live()
        return self.store.take_in(*args, **options)

    def commit(self, *args: Any, **options: Any) -> Any:
        """Write the last part, or die."""
        self._live()
        return self.store.commit(*args, **options)

    def _live(self) -> None:
        if not self.parts:
            raise asyncio.CancelledError
        self.parts -= 1


def baseline(now: datetime) -> tuple[Sequence[Entry] | None, Sequence[Entry]]:
    """The first fetch: nothing of it is told."""
    return None, [item(n, now) for n in range(MANY)]


def news(now: datetime) -> tuple[Sequence[Entry] | None, Sequence[Entry]]:
    """News of which each is an alert of its own."""
    return (), [item(n, now) for n in range(MANY)]


def flood(now: datetime) -> tuple[Sequence[Entry] | None, Sequence[Entry]]:
    """Some news before more old entries than news can be: those are kept, and not told."""
    old = [item(n, now - timedelta(hours=30)) for n in range(100, MANY)]
    return (), [*(item(n, now) for n in range(100)), *old]


def renewed(now: datetime) -> tuple[Sequence[Entry] | None, Sequence[Entry]]:
    """Known entries under other ids, and news among them: nothing is told again."""
    known = range(1000, 1700)
    return [item(n, now) for n in known], [*(item(n, now) for n in range(MANY)), *(item(n, now, "x") for n in known)]


def history(now: datetime) -> tuple[Sequence[Entry] | None, Sequence[Entry]]:
    """More old entries above a known one than can have been forgotten there: the last of them are as old as the first."""
    old = [item(n, now - timedelta(days=5)) for n in range(200, 302)]
    return [item(999, now)], [*(item(n, now) for n in range(200)), *old, item(999, now)]


def redated(now: datetime) -> tuple[Sequence[Entry] | None, Sequence[Entry]]:
    """Two entries with the date of a draft above a known one: they are news, and come last."""
    drafts = [item(n, now - timedelta(days=5)) for n in (300, 301)]
    return [item(999, now)], [*drafts, *(item(n, now) for n in range(MANY)), item(999, now)]


def outage(now: datetime) -> tuple[Sequence[Entry] | None, Sequence[Entry]]:
    """What came in days in which the source was out of reach: one message about all of it."""
    return (), [item(n, now + timedelta(hours=22)) for n in range(MANY)]


def take(line: Line, make: Callable[[datetime], Any], parts: int | None) -> dict[str, Any]:
    """Poll a document that is cut off behind so many *parts*, and by the next life; what came of it."""
    before, document = make(line.clock.now())
    feed = Feed()
    if before is not None:
        feed.document, feed.etag = before, "before"
        asyncio.run(line.pipeline(feed, ruleset=line.rules(RULES)).run_due())
        line.clock.move(**({"hours": 72} if make is outage else {"minutes": 16}))
    feed.document, feed.etag = document, "after"
    whole = line.store
    if parts is not None:
        line.store = Cut(whole, parts)
        asyncio.run(line.pipeline(feed, ruleset=line.rules(RULES)).run_due())
        line.store = whole
        taken = whole.read.counts().entries - len(before or ())
        assert LEAST * parts <= taken <= MANY - LEAST
        assert whole.read.sources()[0].last_success == (None if before is None else NOON)
        whole.lock(line.clock.now())
        line.clock.move(minutes=1)
    asyncio.run(line.pipeline(feed, ruleset=line.rules(RULES)).run_due())
    told = whole.read.deliveries(limit=10_000)
    assert all(view.due_at <= line.clock.now() for view in told)
    return {
        "fates": Counter((match.title, match.fate) for match in whole.read.matches(limit=10_000)),
        "messages": Counter((view.receiver, view.kind, view.title, len(view.alert_ids)) for view in told),
        "cursor": whole.claim_sources(line.clock.now() + timedelta(days=1), timedelta(hours=1), 1)[0].cursor.etag,
        "habits": whole.read.sources()[0].habits.unfinished,
    }


@pytest.mark.parametrize(
    ("make", "fates"),
    [
        (baseline, {MatchOutcome.BASELINE: 250}),
        (news, {MatchOutcome.ALERTED: 250}),
        (flood, {MatchOutcome.ALERTED: 100, MatchOutcome.FLOOD: 150}),
        (renewed, {MatchOutcome.BASELINE: 700, MatchOutcome.ALERTED: 250}),
        (history, {MatchOutcome.BASELINE: 1, MatchOutcome.ALERTED: 200, MatchOutcome.OLD: 102}),
        (redated, {MatchOutcome.BASELINE: 1, MatchOutcome.ALERTED: 252}),
        (outage, {MatchOutcome.CATCH_UP: 250}),
    ],
)
@pytest.mark.no_cover
def test_a_document_that_is_cut_off_between_two_parts_is_judged_as_if_it_were_not(
    line: Line, tmp_path: Path, empty: Path, make: Callable[[datetime], Any], fates: dict[MatchOutcome, int]
) -> None:
    """The rest is taken in by the next poll, and nothing is lost, told twice, or judged as another document."""
    whole = take(line, make, None)
    assert whole["cursor"] == "after"
    assert whole["habits"] is None
    assert Counter(fate for title, fate in whole["fates"] if title) == fates
    assert set(whole["fates"].values()) == {1}
    first = line.store
    for parts in (1, 2):
        path = shutil.copy(empty, tmp_path / f"{parts}.db")
        other = Store.open(f"sqlite:///{path}", real_now=line.clock.now)
        with closing(other):
            line.store, line.clock.time = other, NOON
            assert take(line, make, parts) == whole, parts
    line.store = first


def test_a_message_waits_for_the_rest_of_its_document_a_second_at_most(line: Line) -> None:
    """One happening that is told at both ends of a document is one message, and who dies between them holds up nobody."""
    twice = replace(item(249, line.clock.now()), title=headline(0))
    feed = Feed(document=[], etag="before")
    asyncio.run(line.pipeline(feed, ruleset=line.rules(RULES)).run_due())
    line.clock.move(minutes=16)
    feed.document = [*(item(n, line.clock.now()) for n in range(249)), twice]
    whole = line.store
    line.store = Cut(whole, 1)
    asyncio.run(line.pipeline(feed, ruleset=line.rules(RULES)).run_due())
    first = [view for view in whole.read.deliveries(limit=500) if view.receiver == "desk"]
    assert {view.due_at for view in first} == {line.clock.now() + SETTLES}
    line.store = whole
    whole.lock(line.clock.now())
    asyncio.run(line.pipeline(feed, ruleset=line.rules(RULES)).run_due())
    told = [view for view in whole.read.deliveries(limit=500) if view.receiver == "desk"]
    assert len(told) == len(whole.read.alerts(limit=500)) == 249
    assert {view.due_at for view in told} - {line.clock.now()} <= {line.clock.now() + SETTLES}


@dataclass
class Watched(Cut):
    """A store that notes whose commit it makes, and says that the first one is begun."""

    order: list[str] = field(default_factory=list)
    begun: threading.Event = field(default_factory=threading.Event)

    def take_in(self, lease: SourceLease, *args: Any, **options: Any) -> Any:
        """Write a part."""
        self.order.append(lease.name)
        self.begun.set()
        return self.store.take_in(lease, *args, **options)

    def commit(self, lease: SourceLease, *args: Any, **options: Any) -> Any:
        """Write the last part, or all."""
        self.order.append(lease.name)
        return self.store.commit(lease, *args, **options)


def test_what_others_have_to_write_comes_between_the_parts_of_a_long_poll(line: Line) -> None:
    """The writer is one queue: news of another source waits for a part, and not for the document."""
    store = Watched(line.store, 0)

    @dataclass
    class Late(Feed):
        """A source that answers when the other one's document is begun."""

        async def poll(self, cursor: Cursor, now: datetime) -> Batch:
            await asyncio.to_thread(store.begun.wait, 10)
            return replace(await super().poll(cursor, now), source="late")

    async def run() -> None:
        with ThreadPoolExecutor(max_workers=1) as writer:
            line.store, line.at_once = store, runner(writer)
            pipeline = line.pipeline(
                Feed(document=[item(n, NOON) for n in range(400)]),
                Late(name="late", document=[item(999, NOON)]),
                ruleset=line.rules(RULES),
            )
            await pipeline.run_due()

    asyncio.run(run())
    assert store.order.count("late") == 1
    assert store.order[0] == store.order[-1] == "wire"
