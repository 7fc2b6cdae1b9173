"""News: the new entries of a document are judged and committed, those of a large document in several parts."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta

from tocsin.errors import SourceError
from tocsin.ingest.articles import wanted
from tocsin.ingest.commits import follow_up
from tocsin.ingest.config import Answer, IngestConfig, Poll
from tocsin.ingest.judging import failures, judge
from tocsin.log import line
from tocsin.model.alerts import MatchOutcome
from tocsin.model.counters import Counted, Timed
from tocsin.model.entries import Batch
from tocsin.model.rules import Judged, Match
from tocsin.policy.chunks import Backlog, Chunk, Taken
from tocsin.policy.polling.aftermath import after_success
from tocsin.policy.polling.findings import find, is_late
from tocsin.policy.polling.history import PollHistory
from tocsin.protocols import P, Runtime
from tocsin.store import Store
from tocsin.store.inbound.identity import must_touch
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
        habits, last_success = poll.lease.habits, poll.lease.last_success
        # Kinds of key that identify no entry of the source, also if its last document is not yet complete.
        volatile = habits.volatile | habits.unfinished.volatile if habits.unfinished else habits.volatile
        unseen = Unseen(volatile=volatile)
        if batch.entries:
            unseen = await self._runtime.work(self._store.unseen, batch, unseen.volatile)
        batch = replace(batch, volatile=unseen.volatile)
        fresh, findings = find(
            unseen.new,
            batch,
            last=habits.shown,
            unfinished=habits.unfinished,
            last_success=last_success,
            now=poll.now,
        )
        after = after_success(poll.before, batch.answer, findings, now=poll.now, random=self._runtime.random())
        answer = Answer(poll=poll, batch=batch, fetch=fetch, after=after)
        if not batch.changed:
            return answer
        for note in batch.notes:
            log.info(line("source repaired", source=poll.lease.name, note=note))
        if _says_nothing(poll, batch, unseen):
            return answer
        late = [entry.id for entry in fresh if is_late(entry, last_success, poll.now)] if after.flood else ()
        people = sum(len(receiver.recipients) for receiver in poll.config.policy.receivers)
        backlog = Backlog(fresh, unseen.rewritten, batch.deleted, people=people)
        earlier = None
        if backlog.several:
            kept = replace(habits, unfinished=findings)
            earlier = await self._take_in(answer, backlog, flood=late, habits=kept)
        await self.commit(answer, backlog.cut(), earlier=earlier, flood=late)
        return None

    async def commit(
        self, answer: Answer, chunk: Chunk, *, earlier: Taken | None = None, flood: Collection[str] = ()
    ) -> None:
        """Commit *chunk*, the last of its document after the *earlier* ones, and release the source."""
        poll, after = answer.poll, answer.after
        last = await self._judge(answer, chunk, flood)
        started = time.perf_counter()
        committed = await self._runtime.write(
            self._store.commit,
            poll.lease,
            replace(last, own=poll.events(after.events, poll.now)),
            poll.config.policy.decide,
            poll.now,
            answer.record,
            earlier=earlier.entries if earlier else None,
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

    async def _take_in(self, answer: Answer, backlog: Backlog, *, flood: Collection[str], habits: PollHistory) -> Taken:
        """Commit all of *backlog* but its last chunk. Other work of the daemon runs between two chunks."""
        poll, taken, since = answer.poll, Taken(), answer.poll.now
        while backlog.more:
            part = await self._judge(answer, backlog.cut(), flood)
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

    async def _judge(self, answer: Answer, chunk: Chunk, flood: Collection[str]) -> JudgedBatch:
        """Return the batch of *answer* with the matches of the new and rewritten entries of *chunk*."""
        work, config, now = self._runtime.work, answer.poll.config, answer.poll.now
        rules, filters = config.rules, config.filters
        started = time.perf_counter()
        new = await work(judge, rules, chunk.new, now, filters) if chunk.new else ()
        rewritten = await work(judge, rules, chunk.rewritten, now, filters, known=True) if chunk.rewritten else ()
        if new or rewritten:
            self._runtime.counters.observe(Timed.EVALUATION, time.perf_counter() - started)
        batch, once = replace(answer.batch, deleted=chunk.deleted), failures([*new, *rewritten], now)
        articles: Collection[str] = ()
        if answer.poll.lease.name in config.articles and not answer.poll.lease.baseline and not answer.after.flood:
            articles = await work(wanted, rules, new, now)
        return JudgedBatch(batch=batch, judged=new, rewritten=rewritten, flood=flood, articles=articles, once=once)

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


def _says_nothing(poll: Poll, batch: Batch, unseen: Unseen) -> bool:
    """Check whether only the row of the source changes by a changed document: an advertisement, or the time of its making."""
    lease = poll.lease
    news = unseen.new or unseen.rewritten or batch.deleted or unseen.volatile != lease.habits.volatile
    return not news and not must_touch(lease.document_at, poll.now)


def _timed(call: Callable[P, Committed], /, *args: P.args, **kwargs: P.kwargs) -> tuple[Committed, float]:
    """Return the result of *call*, and the seconds of processor time that this thread spent on it."""
    began = time.thread_time()
    return call(*args, **kwargs), time.thread_time() - began
