"""IngestConfig: poll, evaluate, commit.

    claim due sources → source.poll → store.unseen → rules.evaluate → store.commit

A tick claims rows and starts tasks; it never waits for them. Everything that can fail is caught here, one source at a
time, so that no source and no rule can stop the others.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tocsin.errors import DamagedError, Fault, LeaseLostError, SourceError, StoreError
from tocsin.ingest.config import IngestConfig
from tocsin.ingest.network import Outage
from tocsin.ingest.prices import MarketWatch
from tocsin.log import line
from tocsin.model.entries import Entry
from tocsin.model.rules import Judged, Match
from tocsin.model.sources import Batch
from tocsin.policy.chunks import Chunk, Chunks, Taken
from tocsin.policy.polling.aftermath import HealthEvent, SourceStatus, after_failure, after_success
from tocsin.policy.polling.found import find
from tocsin.policy.polling.history import PollHistory
from tocsin.policy.polling.lateness import is_late
from tocsin.policy.polling.network import PROBE
from tocsin.policy.polling.schedule import UNKNOWN, in_sessions
from tocsin.protocols import Clock, P, Run
from tocsin.rules import builtin
from tocsin.rules.ruleset import RuleSet
from tocsin.store import (
    Committed,
    Deferral,
    Fetch,
    Findings,
    GroupHold,
    PollFailure,
    PollRecord,
    Reopened,
    Rest,
    SourceLease,
    Store,
    Unseen,
)
from tocsin.trouble import Trouble

log = logging.getLogger(__name__)

#: Real time after which a poll counts as dead; far above what the client allows a fetch.
LEASE = timedelta(minutes=5)
#: How long a message waits at most for the rest of its document, which may have more to say in it. The first part has
#: waited since the poll began.
SETTLES = timedelta(seconds=1)
#: Polls under way at once: most of them wait for a server or for their turn, and none may wait for those.
IN_FLIGHT = 512


class Pipeline:
    """Moves what the sources say into the store.

    *write* and *work* run blocking calls in the writer thread and in worker threads; *random* gives [0, 1);
    *committed* is called after every commit that planned a delivery, and when one is due that waited for the rest of its
    document; *progress* after every part of a long one.
    """

    def __init__(
        self,
        store: Store,
        inbound: IngestConfig,
        *,
        clock: Clock,
        write: Run,
        work: Run,
        random: Callable[[], float],
        committed: Callable[[], None],
        trouble: Trouble | None = None,
        progress: Callable[[], None] = lambda: None,
    ) -> None:
        self.inbound = inbound
        self._store = store
        self._clock = clock
        self._write = write
        self._work = work
        self._random = random
        self._committed = committed
        self._progress = progress
        self._trouble = trouble or Trouble(time.monotonic)
        self._long = asyncio.Lock()  # of long commits one at a time waits for the writer: it is fair to all others
        self._tasks: set[asyncio.Task[None]] = set()
        self._resting: list[Rest] = []
        self._deferred: list[Deferral] = []
        self._outage = Outage()
        self._latest = datetime.min.replace(tzinfo=UTC)  # that a tick saw on the clock
        self.market = MarketWatch(store, write=write, work=work, committed=committed)

    async def resume(self) -> None:
        """Take up what an earlier life told of the network: that it is down holds until a server is reached."""
        self._outage = Outage(await self._write(self._store.read.lasts_since, builtin.OFFLINE.id, builtin.ONLINE.id))

    async def tick(self) -> None:
        """Claim what is due and start polling it."""
        await self._start_due()

    async def run_due(self) -> int:
        """Poll all that is due now and wait for it; how many sources that were."""
        polled = 0
        while started := await self._start_due():
            polled += started
            await self.drain(None)
        return polled

    async def drain(self, within: float | None) -> None:
        """Wait for the polls under way, at most *within* seconds; what is cut off is polled again after its lease."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=within)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=1)
        await self._give_back()

    async def _give_back(self) -> None:
        """Write what came of the polls that brought nothing or were put off: many in one transaction, for there is no hurry."""
        now = self._clock.now()
        resting, self._resting = [_asked_again(rest, now) for rest in self._resting], []
        deferred, self._deferred = self._deferred, []
        if resting or deferred:
            lost = await self._write(self._store.complete_unchanged, resting, now, deferred)
            if lost:
                log.warning(line("polls outlived their leases", polls=lost))

    async def _start_due(self) -> int:
        await self._give_back()
        now = self._clock.now()
        # Until the clock is where it was: a poll that began before it was set back may end at any time.
        if now < self._latest and (rows := await self._write(self._store.rewind, now)):
            log.warning(line("the clock was set back", by=self._latest - now, due=rows))
        self._latest = max(now, self._latest)
        room = IN_FLIGHT - len(self._tasks)
        if room <= 0:
            return 0
        leases = await self._write(self._store.claim_sources, now, LEASE, room)
        for lease in leases:
            task = asyncio.create_task(self._poll(lease), name=f"poll {lease.name}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return len(leases)

    async def _poll(self, lease: SourceLease) -> None:
        """Poll one source and commit what came of it; the job's border, where every exception ends."""
        inbound = self.inbound
        source = inbound.sources.get(lease.name)
        if source is None:  # removed while it was due; the next synchronisation disables its row
            return
        now = self._clock.now()
        before = inbound.standing(lease)
        if not self._outage.may_ask(before.terms, now):
            self._defer(lease, now + PROBE, "the network is down")
            return
        if self.market.may_rest(inbound, lease.name):
            self._defer(lease, now + (before.terms.every or UNKNOWN), "it stands by: a better source has its prices")
            return
        if before.terms.prices and (wait := self.market.wait(before.terms.group or lease.name, now)):
            self.market.failed(inbound, lease.name)
            self._defer(lease, now + wait, "its host limits our rate")
            return
        started = time.perf_counter()
        try:
            try:
                batch = await source.poll(lease.cursor, now)
            except SourceError as error:
                await self._fail(inbound, lease, before, error, _took(started))
                return
            await self._note(inbound, before, reached=True)
            fetch = Fetch(at=now, status=batch.answer.status, size=batch.size, took=_took(started))
            await self._succeed(inbound, lease, before, batch, fetch)
        except LeaseLostError:
            log.warning(line("poll outlived its lease", source=lease.name))
        except DamagedError as error:
            fault = SourceError(str(error), fault=Fault.INTERNAL)
            await self._fail(inbound, lease, before, fault, _took(started))
        except StoreError as error:
            self._trouble.failed(error, source=lease.name)
        except Exception as error:
            log.exception(line("poll failed unexpectedly", source=lease.name))
            fault = SourceError(f"{type(error).__name__}: {error}", fault=Fault.INTERNAL)
            await self._fail(inbound, lease, before, fault, _took(started))

    async def _succeed(
        self, inbound: IngestConfig, lease: SourceLease, before: SourceStatus, batch: Batch, fetch: Fetch
    ) -> None:
        """Commit a batch; one that brought nothing, and of which nothing is to be told, rests until the next tick."""
        now, begun = fetch.at, before.habits.begun
        drifting = before.habits.volatile | (begun.volatile if begun else frozenset())
        batch = replace(batch, volatile=drifting) if drifting else batch
        unseen = await self._work(self._store.unseen, batch, now) if batch.entries else Unseen()
        batch = replace(batch, volatile=unseen.volatile) if unseen.volatile else batch
        fresh, found = find(
            unseen.new, batch, last=before.habits.shown, begun=begun, last_success=lease.last_success, now=now
        )
        after = after_success(before, batch.answer, found, now=now, random=self._random())
        learned = after.habits if after.habits != lease.habits else None
        due = after.plan
        if before.terms.prices:
            await self.market.take(inbound, batch, before.terms.group or lease.name, now)
            due = in_sessions(due, self.market.sessions(inbound, lease.name), name=lease.name, now=now)
        record = PollRecord(due_at=due.due_at, reasons=due.reasons, habits=learned, fetch=fetch)
        if not after.told and (before.terms.prices or not batch.changed):
            self._resting.append(Rest(lease=lease, cursor=batch.cursor, record=record))
            log.debug(line("source rests", source=lease.name, prices=len(batch.prints), next=due.due_at))
            return
        late = {entry.id for entry in fresh if is_late(entry, lease.last_success, now)} if after.flood else set()
        people = sum(len(receiver.recipients) for receiver in inbound.policy.receivers)
        chunks = Chunks(fresh, unseen.rewritten, batch.deleted, people=people)
        earlier = Taken()
        if chunks.several:
            kept = replace(before.habits, begun=found)
            earlier = await self._take_in(inbound, lease, batch, chunks, flood=late, kept=kept, now=now)
        last = await self._judge(inbound, batch, chunks.cut(), late, now)
        committed = await self._write(
            self._store.commit,
            lease,
            replace(last, own=_own(lease.name, after.told, now)),
            inbound.policy.decide,
            now,
            record,
            earlier=earlier.entries if chunks.several else None,
        )
        taken = earlier.and_also(committed.entries, committed.decision)
        level = logging.INFO if taken.entries or lease.baseline else logging.DEBUG
        log.log(level, line("source polled", source=lease.name, new=taken.entries, **taken.tally()))
        for note in batch.notes:
            log.info(line("source repaired", source=lease.name, note=note))
        self._wake_if_told(committed)

    async def _take_in(
        self,
        inbound: IngestConfig,
        lease: SourceLease,
        batch: Batch,
        chunks: Chunks,
        *,
        flood: Collection[str],
        kept: PollHistory,
        now: datetime,
    ) -> Taken:
        """Commit all *chunks* but the last. Between two of them every other step of the daemon has its turn."""
        taken, since = Taken(), now
        while chunks.more:
            part = await self._judge(inbound, batch, chunks.cut(), flood, now)
            async with self._long:
                committed, seconds = await self._write(
                    _timed,
                    self._store.take_in,
                    lease,
                    part,
                    inbound.policy.decide,
                    now,
                    habits=kept,
                    lasts=LEASE,
                    settles=since + SETTLES,
                )
            chunks.took(seconds)
            taken = taken.and_also(committed.entries, committed.decision)
            self._progress()
            self._wake_if_told(committed)
            since = self._clock.now()
            if committed.delivery_ids:
                asyncio.get_running_loop().call_later(SETTLES.total_seconds(), self._committed)
        return taken

    async def _judge(
        self, inbound: IngestConfig, batch: Batch, chunk: Chunk, flood: Collection[str], now: datetime
    ) -> Findings:
        """Return what the rules say of the new entries of *chunk*, a part of *batch*, and of those rewritten."""
        new = await self._work(_judge, inbound.rules, chunk.new, now) if chunk.new else ()
        rewritten = await self._work(_judge, inbound.rules, chunk.rewritten, now) if chunk.rewritten else ()
        once = _failures([*new, *rewritten], now)
        part = replace(batch, deleted=chunk.deleted)
        return Findings(batch=part, judged=new, rewritten=rewritten, flood=flood, once=once)

    async def _fail(
        self, inbound: IngestConfig, lease: SourceLease, before: SourceStatus, error: SourceError, took: timedelta
    ) -> None:
        """Put the source back and, when that is due, say that it is unwell; offline, it is not to blame."""
        now = self._clock.now()
        if error.fault is Fault.BUSY:
            self._defer(lease, now + max(error.retry_after or timedelta(0), PROBE), str(error))
            return
        unreachable = error.fault is Fault.UNREACHABLE
        if unreachable or error.status:
            await self._note(inbound, before, reached=not unreachable)
        if unreachable and before.terms.group and self._outage.lasts:
            self._defer(lease, now + PROBE, "the network is down")
            return
        refusals, own = 0, list[Match]()
        if before.terms.prices:
            self.market.failed(inbound, lease.name)
            if error.fault is Fault.RATE_LIMITED:
                refusals, own = self.market.refused(before.terms.group or lease.name, error, now)
        after = after_failure(before, error, now=now, random=self._random(), refusals=refusals)
        what = {"source": lease.name, "fault": error.fault, "reason": error, "errors": lease.errors + 1}
        log.warning(line("source failed", **what, next=after.plan.due_at))
        fetch = Fetch(at=now, status=error.status or 0, took=took, fault=error.fault, error=str(error))
        learned = after.habits if after.habits != lease.habits else None
        reason = f"another source of that server: {error}"
        until = after.others_until
        committed = await self._write(
            self._store.fail,
            lease,
            PollFailure(
                error=str(error),
                fault=error.fault,
                # Unchanged habits stay as they are: a part of a document may have been taken in since they were read.
                record=PollRecord(due_at=after.plan.due_at, reasons=after.plan.reasons, habits=learned, fetch=fetch),
                unhealthy=after.unhealthy,
                gone=after.gone,
                dead=after.dead,
                hold=GroupHold(group=before.terms.group, until=until, reason=reason) if until else None,
                own=[*own, *_own(lease.name, after.told, now)],
            ),
            inbound.policy.decide,
            now,
        )
        self._wake_if_told(committed)

    def _defer(self, lease: SourceLease, until: datetime, reason: str) -> None:
        self._deferred.append(Deferral(lease=lease, due_at=until, reason=reason))
        log.debug(line("poll put off", source=lease.name, reason=reason, next=until))

    async def _note(self, inbound: IngestConfig, before: SourceStatus, *, reached: bool) -> None:
        """Remember whether a server was reached, and tell when the network went down or came back."""
        now = self._clock.now()
        event = self._outage.note(before.terms, inbound.terms.values(), reached=reached, now=now)
        if event is None:
            return
        log.warning(line("offline" if self._outage.lasts else "online", detail=event.detail))
        if self._outage.lasts:
            await self._write(self._store.clear_outage_failures, now)
        await self.tell([event])

    async def tell(self, own: Sequence[Match]) -> None:
        """Commit events of the daemon's own."""
        decide = self.inbound.policy.decide
        self._wake_if_told(await self._write(self._store.tell, own, decide, self._clock.now()))

    async def rejudge(self) -> None:
        """Judge again what a rule could not be evaluated on, where that rule or the program is another now."""
        inbound = self.inbound
        hashes = {name: info.hash for name, info in inbound.rules.infos.items()}
        while again := await self._work(self._store.unevaluated, hashes, self._store.program):
            now = self._clock.now()
            judged = await self._work(_judge, inbound.rules, [item.entry for item in again], now)
            pairs: list[tuple[Reopened, Judged]] = list(zip(again, judged, strict=True))
            committed = await self._write(
                self._store.rejudge, pairs, inbound.policy.decide, now=now, once=_failures(judged, now)
            )
            log.info(
                line(
                    "judged again",
                    entries=len(again),
                    **Taken().and_also(committed.entries, committed.decision).tally(),
                )
            )
            self._wake_if_told(committed)

    def _wake_if_told(self, committed: Committed) -> None:
        if committed.delivery_ids:
            self._committed()


def _asked_again(rest: Rest, now: datetime) -> Rest:
    """*rest*, but due at once where its poll lies ahead: the clock by which it was put off has been set back."""
    fetch = rest.record.fetch
    return replace(rest, record=replace(rest.record, due_at=now)) if fetch is not None and fetch.at > now else rest


def _judge(rules: RuleSet, entries: Sequence[Entry], now: datetime) -> tuple[Judged, ...]:
    return tuple(rules.evaluate(entry, now) for entry in entries)


def _own(source: str, told: Iterable[HealthEvent], now: datetime) -> list[Match]:
    """What is told of *source*, as events of the daemon."""
    return [builtin.about_source(item.news, source, item.detail, now) for item in told]


def _took(started: float) -> timedelta:
    return timedelta(seconds=time.perf_counter() - started)


def _failures(judged: Sequence[Judged], now: datetime) -> dict[tuple[str, str], Match]:
    """What to tell, by rule and hash, if that rule fails for the first time."""
    found: dict[tuple[str, str], Match] = {}
    for item in judged:
        for failed in item.unevaluated:
            detail = f"on “{item.entry.title[:200]}” of {item.entry.source}: {failed.error}"
            match = builtin.own_match(builtin.RULE_UNEVALUATED, {"rule": (failed.rule,)}, detail, now)
            found.setdefault((failed.rule, failed.rule_hash), match)
    return found


def _timed(call: Callable[P, Committed], /, *args: P.args, **kwargs: P.kwargs) -> tuple[Committed, float]:
    """What *call* returns, and the seconds that this thread worked on it."""
    began = time.thread_time()
    return call(*args, **kwargs), time.thread_time() - began
