"""News: the new entries of a document are judged and committed, those of a large document in several parts."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from tocsin.errors import SourceError
from tocsin.ingest.articles import wanted
from tocsin.ingest.commits import CommitQueue, follow_up
from tocsin.ingest.config import Answer, IngestConfig, Poll
from tocsin.ingest.judging import failures, judge
from tocsin.log import line
from tocsin.model.alerts import MatchOutcome
from tocsin.model.counters import Counted, Timed
from tocsin.model.entries import Batch
from tocsin.model.rules import Judged, Match
from tocsin.policy.chunks import Backlog, Chunk, Taken
from tocsin.policy.polling.aftermath import after_success
from tocsin.policy.polling.findings import Findings, find, is_late
from tocsin.policy.polling.history import PollHistory
from tocsin.protocols import P, Runtime
from tocsin.store import Store
from tocsin.store.inbound.identity import must_touch
from tocsin.store.inbound.results import PollResult
from tocsin.store.values import Committed, Deferral, Fetch, JudgedBatch, Reopened, Unseen

log = logging.getLogger(__name__)

#: Real time after which a poll counts as lost. It is far above the limit of a fetch.
LEASE = timedelta(minutes=5)
#: The longest wait of a message for the rest of its document, which may add to it. For the first part it begins with the
#: poll.
SETTLES = timedelta(seconds=1)


class NewsIntake:
    """Intake of entries into the store.

    *committed* is called after every commit that planned a delivery, and when a delivery is due that waited for the rest
    of its document. *progress* is called after every part of a long document.
    """

    def __init__(
        self, store: Store, runtime: Runtime, *, committed: Callable[[], None], progress: Callable[[], None]
    ) -> None:
        self._store = store
        self._runtime = runtime
        self._committed = committed
        self._progress = progress
        self._queue = CommitQueue(store, runtime.write)
        self._long = asyncio.Lock()  # one long commit at a time waits for the writer, to be fair to short ones

    def put_off(self, _: Poll) -> Deferral | None:
        """Return None, because a source of news is polled whenever it is due."""
        return None

    def failed(self, _: Poll, __: SourceError, ___: datetime) -> tuple[int, list[Match]]:
        """Return no rate limits and no events, because the row of the source has all that is known about its failures."""
        return 0, []

    async def take(self, poll: Poll, batch: Batch, fetch: Fetch) -> Answer | None:
        """Judge and commit the news in *batch*. Return the answer if there is nothing to commit.

        Raises:
            StoreError: some of it was not written.
        """
        look = partial(self._look, poll, batch, fetch, self._runtime.random())
        found = await self._runtime.work(look) if batch.entries else look()
        if batch.changed:
            for note in batch.notes:
                log.info(line("source repaired", source=poll.lease.name, note=note))
        if found.backlog is None:
            return found.answer
        earlier = None
        if found.backlog.several:
            kept = replace(poll.lease.habits, unfinished=found.findings)
            earlier = await self._take_in(found, found.backlog, habits=kept)
        last = found.last
        if last is None:
            last = await self._runtime.work(_judged, found, found.backlog.cut())
        await self._commit(found.answer, last, earlier)
        return None

    def _look(self, poll: Poll, batch: Batch, fetch: Fetch, random: float) -> _Found:
        """Return what is to be done about *batch*, judged if it has one chunk: one visit of a worker for all of it."""
        habits, last_success = poll.lease.habits, poll.lease.last_success
        # Kinds of key that identify no entry of the source, also if its last document is not yet complete.
        volatile = habits.volatile | habits.unfinished.volatile if habits.unfinished else habits.volatile
        unseen = self._store.unseen(batch, volatile) if batch.entries else Unseen(volatile=volatile)
        batch = replace(batch, volatile=unseen.volatile)
        fresh, findings = find(
            unseen.new,
            batch,
            last=habits.shown,
            unfinished=habits.unfinished,
            last_success=last_success,
            now=poll.now,
        )
        after = after_success(poll.before, batch.answer, findings, now=poll.now, random=random)
        answer = Answer(poll=poll, batch=batch, fetch=fetch, after=after)
        if not batch.changed or _says_nothing(poll, batch, unseen):
            return _Found(answer=answer, findings=findings)
        flood = [entry.id for entry in fresh if is_late(entry, last_success, poll.now)] if after.flood else ()
        people = sum(len(receiver.recipients) for receiver in poll.config.policy.receivers)
        backlog = Backlog(fresh, unseen.rewritten, batch.deleted, people=people)
        found = _Found(answer=answer, findings=findings, backlog=backlog, flood=flood)
        return found if backlog.several else replace(found, last=_judged(found, backlog.cut()))

    async def tell(self, answer: Answer) -> None:
        """Commit the events of *answer*, which has no news, and release the source."""
        await self._commit(answer, (JudgedBatch(batch=replace(answer.batch, deleted=())), 0.0))

    async def _commit(self, answer: Answer, judged: tuple[JudgedBatch, float], earlier: Taken | None = None) -> None:
        """Commit what was *judged*, the last of its document after the *earlier* chunks, and release the source."""
        poll = answer.poll
        found = replace(self._noted(judged), own=poll.events(answer.after.events, poll.now))
        started = time.perf_counter()
        committed = await self._queue.commit(
            PollResult(
                lease=poll.lease,
                found=found,
                decide=poll.config.policy.decide,
                now=poll.now,
                record=answer.record,
                earlier=earlier.entries if earlier else None,
            )
        )
        self._runtime.counters.observe(Timed.COMMIT, time.perf_counter() - started)
        taken = (earlier or Taken()).and_also(committed.entries, committed.decision, committed.dropped)
        self._runtime.counters.add(Counted.ENTRIES, poll.lease.name, by=taken.entries)
        self._runtime.counters.add(Counted.DROPPED, poll.lease.name, by=taken.dropped)
        level = logging.INFO if taken.entries or poll.lease.baseline else logging.DEBUG
        log.log(level, line("source polled", source=poll.lease.name, new=taken.entries, **taken.tally()))
        if history := taken.outcomes[MatchOutcome.BASELINE]:
            words, see = "what the first fetch held is history and was not sent", "tocsin alerts list --suppressed"
            log.info(line(words, source=poll.lease.name, matches=history, see=see))
        follow_up(committed, self._runtime.counters, self._committed)

    async def _take_in(self, found: _Found, backlog: Backlog, *, habits: PollHistory) -> Taken:
        """Commit all of *backlog* but its last chunk. Other work of the daemon runs between two chunks."""
        poll, taken, since = found.answer.poll, Taken(), found.answer.poll.now
        while backlog.more:
            part = self._noted(await self._runtime.work(_judged, found, backlog.cut()))
            async with self._long:
                committed, seconds = await self._runtime.write(
                    _timed,
                    self._store.take_in,
                    poll.lease,
                    part,
                    poll.config.policy.decide,
                    poll.now,
                    habits=habits,
                    lasts=LEASE,
                    settles=since + SETTLES,
                )
            backlog.took(seconds)
            taken = taken.and_also(committed.entries, committed.decision, committed.dropped)
            self._progress()
            follow_up(committed, self._runtime.counters, self._committed)
            since = self._runtime.clock.now()
            if committed.delivery_ids:
                asyncio.get_running_loop().call_later(SETTLES.total_seconds(), self._committed)
        return taken

    def _noted(self, judged: tuple[JudgedBatch, float]) -> JudgedBatch:
        """Return what was *judged*, and note how long that took, in the thread of the loop."""
        found, seconds = judged
        if found.judged or found.rewritten:
            self._runtime.counters.observe(Timed.EVALUATION, seconds)
        return found

    async def rejudge(self, config: IngestConfig) -> None:
        """Judge the entries again on which a rule could not be evaluated, if that rule or the program has changed."""
        hashes = {name: info.hash for name, info in config.rules.infos.items()}
        while again := await self._runtime.work(self._store.unevaluated, hashes, self._store.program):
            now = self._runtime.clock.now()
            judged = await self._runtime.work(judge, config.rules, [item.entry for item in again], now)
            pairs: list[tuple[Reopened, Judged]] = list(zip(again, judged, strict=True))
            committed = await self._runtime.write(
                self._store.rejudge, pairs, config.policy.decide, now=now, once=failures(judged, now)
            )
            taken = Taken().and_also(committed.entries, committed.decision)
            log.info(line("judged again", entries=len(again), **taken.tally()))
            follow_up(committed, self._runtime.counters, self._committed)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The *findings* of a document, and in *backlog* what is to be committed of it; None if only its source's row changes.

    *last* is its only chunk, judged, with the seconds that took. *flood* are ids of entries that cause no alerts.
    """

    answer: Answer
    findings: Findings
    backlog: Backlog | None = None
    flood: Collection[str] = ()
    last: tuple[JudgedBatch, float] | None = None


def _judged(found: _Found, chunk: Chunk) -> tuple[JudgedBatch, float]:
    """Return the batch of *found* with the matches of the entries of *chunk*, and the seconds that it took to find them."""
    answer, started = found.answer, time.perf_counter()
    config, now = answer.poll.config, answer.poll.now
    new = judge(config.rules, chunk.new, now, config.filters)
    rewritten = judge(config.rules, chunk.rewritten, now, config.filters, known=True)
    seconds = time.perf_counter() - started
    batch, once = replace(answer.batch, deleted=chunk.deleted), failures([*new, *rewritten], now)
    articles: Collection[str] = ()
    if answer.poll.lease.name in config.articles and not answer.poll.lease.baseline and not answer.after.flood:
        articles = wanted(config.rules, new, now)
    judged = JudgedBatch(batch=batch, judged=new, rewritten=rewritten, flood=found.flood, articles=articles, once=once)
    return judged, seconds


def _says_nothing(poll: Poll, batch: Batch, unseen: Unseen) -> bool:
    """Check whether only the row of the source changes by a changed document: an advertisement, or the time of its making."""
    lease = poll.lease
    news = unseen.new or unseen.rewritten or batch.deleted or unseen.volatile != lease.habits.volatile
    return not news and not must_touch(lease.document_at, poll.now)


def _timed(call: Callable[P, Committed], /, *args: P.args, **kwargs: P.kwargs) -> tuple[Committed, float]:
    """Return the result of *call*, and the seconds of processor time that this thread spent on it."""
    began = time.thread_time()
    return call(*args, **kwargs), time.thread_time() - began
