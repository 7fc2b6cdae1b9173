"""Pushes: entries that programs hand in are judged and committed as those of a poll are."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tocsin.ingest.commits import follow_up
from tocsin.ingest.config import IngestConfig
from tocsin.ingest.judging import failures, judge
from tocsin.log import line
from tocsin.model.counters import Counted, Timed
from tocsin.model.entries import PUSH, Batch, Cursor, Entry
from tocsin.model.prices import Labels
from tocsin.policy.chunks import Taken
from tocsin.policy.polling.aftermath import HealthEvent, after_push, without_push
from tocsin.policy.polling.history import PollHistory
from tocsin.protocols import Runtime
from tocsin.rules import builtin
from tocsin.sources.documents.items import Item, Parsed
from tocsin.sources.feeds.entries import entries
from tocsin.store import Store
from tocsin.store.programs import HandedIn, Pushed, RequestAnswer, RequestKey
from tocsin.store.values import Fetch, JudgedBatch

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """Items that a program hands in to *source*, each with its labels, in a body of *size* octets.

    *answer* makes the answer of what became of them; *request* is known if the program may send it again.
    """

    source: str
    items: Sequence[tuple[Item, Labels]]
    size: int
    answer: Callable[[Sequence[HandedIn]], RequestAnswer]
    request: RequestKey | None = None


class PushIntake:
    """Intake of pushes into the store. *committed* is called after every commit that planned a delivery."""

    def __init__(self, store: Store, runtime: Runtime, *, committed: Callable[[], None]) -> None:
        self._store = store
        self._runtime = runtime
        self._committed = committed
        self._turn = asyncio.Lock()  # one push is judged at a time, so that polls always have a worker

    async def take(self, push: Push, config: IngestConfig) -> RequestAnswer:
        """Judge the entries of *push*, commit them, and return its answer.

        Raises:
            ConflictError: the source takes no entries now.
            StoreError: nothing was written.
        """
        async with self._turn:
            pushed, now = await self._judge(push, config)
            started = time.perf_counter()
            committed, answer = await self._runtime.write(self._store.push, pushed, config.policy.decide, now)
        counters = self._runtime.counters
        counters.observe(Timed.COMMIT, time.perf_counter() - started)
        counters.add(Counted.ENTRIES, push.source, by=committed.entries)
        counters.add(Counted.DROPPED, push.source, by=committed.dropped)
        tally = Taken().and_also(committed.entries, committed.decision, committed.dropped).tally()
        log.info(line("entries handed in", source=push.source, items=len(push.items), new=committed.entries, **tally))
        follow_up(committed, self._runtime.counters, self._committed)
        return answer

    async def look(self, config: IngestConfig) -> None:
        """Report the sources to which nothing was handed in for far longer than ever before."""
        async with self._turn:
            now = self._runtime.clock.now()
            for view in await self._runtime.work(self._store.read.sources):
                if view.disabled or view.kind != PUSH or view.first_polled is None:
                    continue
                if found := without_push(view.habits, view.first_polled, now):
                    habits, event = found
                    own = [builtin.about_source(event.news, view.name, event.detail, now)]
                    committed = await self._runtime.write(
                        self._store.fall_silent, view.name, habits, own, config.policy.decide, now
                    )
                    follow_up(committed, self._runtime.counters, self._committed)

    async def _judge(self, push: Push, config: IngestConfig) -> tuple[Pushed, datetime]:
        work, now, started = self._runtime.work, self._runtime.clock.now(), time.perf_counter()
        batch = await work(_batch, push, now)
        unseen = await work(self._store.unseen, batch, steady=True)
        oldest_first = sorted(unseen.new, key=lambda entry: entry.event_time)
        new = await work(judge, config.rules, oldest_first, now, config.filters)
        rewritten = await work(judge, config.rules, unseen.rewritten, now, config.filters, known=True)
        took = time.perf_counter() - started
        self._runtime.counters.observe(Timed.EVALUATION, took)
        detail = await work(self._store.read.source, push.source)
        habits = detail.source.habits if detail else PollHistory()
        events: tuple[HealthEvent, ...] = ()
        if new:
            habits, events = after_push(habits, now)
        own = [builtin.about_source(event.news, push.source, event.detail, now) for event in events]
        once = failures([*new, *rewritten], now)
        found = JudgedBatch(batch=batch, judged=new, rewritten=rewritten, own=own, once=once)
        fetch = Fetch(at=now, size=push.size, took=timedelta(seconds=took))
        return Pushed(found=found, fetch=fetch, habits=habits, answer=push.answer, request=push.request), now


def _batch(push: Push, now: datetime) -> Batch:
    """Return the entries of *push*, recognised as those of a document are; without a date they are published *now*."""
    items = tuple(replace(item, published=item.published or now) for item, _ in push.items)
    made = entries(Parsed(title="", link="", items=items), source=push.source, url="", labels={}, now=now)
    complete = tuple(
        replace(entry, labels=labels, published=_published(entry, item, now))
        for entry, item, (_, labels) in zip(made, items, push.items, strict=True)
    )
    return Batch(source=push.source, entries=complete, cursor=Cursor(), changed=True, size=push.size)


def _published(entry: Entry, item: Item, now: datetime) -> datetime | None:
    """Return when *entry* was published. However old it is, a program means it: an archive that is handed in is no news."""
    stated = item.published if item.published and item.published < now else None
    return entry.published or stated
