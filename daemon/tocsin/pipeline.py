"""Inbound: poll, evaluate, commit.

    claim due sources → source.poll → store.unseen → rules.evaluate → store.commit

A tick claims rows and starts tasks; it never waits for them. Everything that can fail is caught here, one source at a
time, so that no source and no rule can stop the others.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tocsin.errors import Fault, LeaseLostError, SourceError, StoreError
from tocsin.log import line
from tocsin.market.hygiene import Finding
from tocsin.market.series import Series
from tocsin.model import Batch, Entry, Judged, Match
from tocsin.outage import Outage
from tocsin.policy.aftermath import Found, Standing, Told, after_failure, after_success, is_late
from tocsin.policy.decide import Policy
from tocsin.policy.network import PROBE
from tocsin.policy.schedule import Terms
from tocsin.prices import Instrument, Quote
from tocsin.protocols import Clock, Run
from tocsin.rules import builtin
from tocsin.rules.edge import PriceState
from tocsin.rules.observation import Observed, PriceStates, observe
from tocsin.rules.ruleset import RuleSet
from tocsin.sources import Source
from tocsin.store import Committed, Deferral, Fetch, GroupHold, Reopened, Rest, SourceLease, Store, Trail

log = logging.getLogger(__name__)

#: Real time after which a poll counts as dead; far above what the client allows a fetch.
LEASE = timedelta(minutes=5)
#: Polls under way at once: most of them wait for a server or for their turn, and none may wait for those.
IN_FLIGHT = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """One good configuration as the pipeline sees it; a poll uses the one it began with.

    A source without *terms* is a private one without an interval of its own.
    """

    rules: RuleSet
    policy: Policy
    sources: Mapping[str, Source]
    terms: Mapping[str, Terms] = field(default_factory=dict)
    instruments: Mapping[str, Instrument] = field(default_factory=dict)

    def standing(self, lease: SourceLease) -> Standing:
        """How the source of *lease* stood when it was claimed."""
        return Standing(
            name=lease.name,
            terms=self.terms.get(lease.name, Terms()),
            habits=lease.habits,
            first_polled=lease.first_polled or lease.due_at,
            last_success=lease.last_success,
            errors=lease.errors,
            last_fault=lease.last_fault,
            unhealthy=lease.unhealthy,
            gone=lease.gone,
            dead=lease.dead,
        )


class Pipeline:
    """Moves what the sources say into the store.

    *write* and *work* run blocking calls in the writer thread and in worker threads; *random* gives [0, 1);
    *committed* is called after every commit that planned a delivery.
    """

    def __init__(
        self,
        store: Store,
        inbound: Inbound,
        *,
        clock: Clock,
        write: Run,
        work: Run,
        random: Callable[[], float],
        committed: Callable[[], None],
    ) -> None:
        self.inbound = inbound
        self._store = store
        self._clock = clock
        self._write = write
        self._work = work
        self._random = random
        self._committed = committed
        self._tasks: set[asyncio.Task[None]] = set()
        self._resting: list[Rest] = []
        self._deferred: list[Deferral] = []
        self._outage = Outage()
        self._series: dict[str, Series] = {}
        self._states: dict[tuple[str, str], PriceState] = {}
        self._failed: set[tuple[str, str]] = set()  # price rules, with their hashes, of which a failure was told
        self._observing = asyncio.Lock()

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
        resting, self._resting = self._resting, []
        deferred, self._deferred = self._deferred, []
        if resting or deferred:
            lost = await self._write(self._store.rest, resting, self._clock.now(), deferred)
            if lost:
                log.warning(line("polls outlived their leases", polls=lost))

    async def _start_due(self) -> int:
        await self._give_back()
        room = IN_FLIGHT - len(self._tasks)
        if room <= 0:
            return 0
        leases = await self._write(self._store.claim_sources, self._clock.now(), LEASE, room)
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
        except StoreError as error:
            log.error(line("store failed", source=lease.name, reason=error))
        except Exception as error:
            log.exception(line("poll failed unexpectedly", source=lease.name))
            fault = SourceError(f"{type(error).__name__}: {error}", fault=Fault.INTERNAL)
            await self._fail(inbound, lease, before, fault, _took(started))

    async def _succeed(
        self, inbound: Inbound, lease: SourceLease, before: Standing, batch: Batch, fetch: Fetch
    ) -> None:
        """Commit a batch; one that brought nothing, and of which nothing is to be told, rests until the next tick."""
        now = fetch.at
        fresh: tuple[Entry, ...] = ()
        if batch.entries:
            fresh = await self._work(self._store.unseen, batch, now)
        late = {entry.id for entry in fresh if is_late(entry, lease.last_success, now)}
        found = Found(held=len(batch.entries) if batch.changed else None, new=len(fresh), late=len(late))
        after = after_success(before, batch.answer, found, now=now, random=self._random())
        learned = after.habits if after.habits != lease.habits else None
        trail = Trail(reasons=after.plan.reasons, habits=learned, fetch=fetch)
        if not batch.changed and not after.told:
            self._resting.append(Rest(lease=lease, cursor=batch.cursor, due_at=after.plan.due_at, trail=trail))
            log.debug(line("source unchanged", source=lease.name, next=after.plan.due_at))
            return
        judged = await self._work(_judge, inbound.rules, fresh, now) if fresh else ()
        committed = await self._write(
            self._store.commit,
            lease,
            batch,
            judged,
            inbound.policy.decide,
            now=now,
            due_at=after.plan.due_at,
            own=_own(lease.name, after.told, now),
            once=_failures(judged, now),
            flood=late if after.flood else (),
            trail=trail,
        )
        level = logging.INFO if committed.entries or lease.baseline else logging.DEBUG
        log.log(level, line("source polled", source=lease.name, new=committed.entries, **_tally(committed)))
        for note in batch.notes:
            log.info(line("source repaired", source=lease.name, note=note))
        self._wake_if_told(committed)

    async def _fail(
        self, inbound: Inbound, lease: SourceLease, before: Standing, error: SourceError, took: timedelta
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
        after = after_failure(before, error, now=now, random=self._random())
        what = {"source": lease.name, "fault": error.fault, "reason": error, "errors": lease.errors + 1}
        log.warning(line("source failed", **what, next=after.plan.due_at))
        fetch = Fetch(at=now, status=error.status or 0, took=took, fault=error.fault, error=str(error))
        reason = f"another source of that server: {error}"
        until = after.others_until
        committed = await self._write(
            self._store.fail,
            lease,
            str(error),
            error.fault,
            now=now,
            due_at=after.plan.due_at,
            unhealthy=after.unhealthy,
            gone=after.gone,
            dead=after.dead,
            own=_own(lease.name, after.told, now),
            decide=inbound.policy.decide,
            trail=Trail(reasons=after.plan.reasons, habits=after.habits, fetch=fetch),
            hold=GroupHold(group=before.terms.group, until=until, reason=reason) if until else None,
        )
        self._wake_if_told(committed)

    def _defer(self, lease: SourceLease, until: datetime, reason: str) -> None:
        self._deferred.append(Deferral(lease=lease, due_at=until, reason=reason))
        log.debug(line("poll put off", source=lease.name, reason=reason, next=until))

    async def _note(self, inbound: Inbound, before: Standing, *, reached: bool) -> None:
        """Remember whether a server was reached, and tell when the network went down or came back."""
        now = self._clock.now()
        event = self._outage.note(before.terms, inbound.terms.values(), reached=reached, now=now)
        if event is None:
            return
        log.warning(line("offline" if self._outage.lasts else "online", detail=event.detail))
        if self._outage.lasts:
            await self._write(self._store.forgive, now)
        await self.tell([event])

    async def observe(self, quotes: Sequence[Quote], now: datetime) -> Committed:
        """Judge *quotes*, of any instruments of the configuration, and commit what came of them.

        What is remembered of prices moves on only after the commit: a call that raised may be made again.

        Raises:
            StoreError: nothing was written.
        """
        async with self._observing:
            inbound = self.inbound
            by_instrument: dict[str, list[Quote]] = defaultdict(list)
            for quote in quotes:
                by_instrument[quote.instrument].append(quote)
            for name in sorted(by_instrument.keys() - inbound.instruments.keys()):
                log.warning(line("quote of an unknown instrument", instrument=name))
            await self._load_series(inbound.instruments.values())
            known = [name for name in by_instrument if name in inbound.instruments]
            series = [replace(self._series[name], instrument=inbound.instruments[name]) for name in known]
            batches = [(one, by_instrument[name]) for one, name in zip(series, known, strict=True)]
            observed = await self._work(_observe, inbound.rules, batches, self._states, now)
            own, failed = _events(observed, self._failed, now)
            pairs = list(zip(series, observed, strict=True))
            committed: Committed = await self._write(
                self._store.observe, pairs, inbound.policy.decide, now=now, own=own
            )
            for item in observed:
                self._series[item.series.instrument.id] = item.series
                self._states |= item.states
            self._failed |= failed
            self._log_quotes(observed, committed)
            self._wake_if_told(committed)
            return committed

    async def _load_series(self, instruments: Iterable[Instrument]) -> None:
        """Take from the store what is not in memory yet: all at the first call, new instruments after a reload."""
        missing = [instrument for instrument in instruments if instrument.id not in self._series]
        if missing:
            series, states = await self._work(self._store.market, missing)
            self._series |= series
            self._states = states | self._states

    def _log_quotes(self, observed: Sequence[Observed], committed: Committed) -> None:
        for item in observed:
            for refused in item.refused:
                level = logging.WARNING if refused.finding in (Finding.FAULT, Finding.HELD) else logging.DEBUG
                what = {"instrument": refused.quote.instrument, "finding": refused.finding, "reason": refused.reason}
                log.log(level, line("quote not taken", **what))
        log.debug(line("quotes observed", quotes=sum(len(item.quotes) for item in observed), **_tally(committed)))

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
            log.info(line("judged again", entries=len(again), **_tally(committed)))
            self._wake_if_told(committed)

    def _wake_if_told(self, committed: Committed) -> None:
        if committed.delivery_ids:
            self._committed()


def _judge(rules: RuleSet, entries: Sequence[Entry], now: datetime) -> tuple[Judged, ...]:
    return tuple(rules.evaluate(entry, now) for entry in entries)


def _observe(
    rules: RuleSet, batches: Sequence[tuple[Series, Sequence[Quote]]], states: PriceStates, now: datetime
) -> tuple[Observed, ...]:
    return tuple(observe(rules.prices.values(), series, states, quotes, now) for series, quotes in batches)


def _events(
    observed: Sequence[Observed], told: Collection[tuple[str, str]], now: datetime
) -> tuple[list[Match], set[tuple[str, str]]]:
    """What the operator is told of quotes: held ones, and rules that failed and are not among those *told*."""
    own = []
    failed: set[tuple[str, str]] = set()
    for item in observed:
        name = item.series.instrument.id
        for refused in item.refused:
            if refused.notice:
                detail = f"{refused.reason}; no rule saw it. If it is a split, its source has to say so."
                own.append(builtin.own_match(builtin.PRICE_HELD, {"instrument": (name,)}, detail, now))
        for failure in item.unevaluated:
            key = (failure.rule, failure.rule_hash)
            if key not in told and key not in failed:
                failed.add(key)
                labels = {"rule": (failure.rule,)}
                detail = f"on a quote of {name}: {failure.error}"
                own.append(builtin.own_match(builtin.RULE_UNEVALUATED, labels, detail, now))
    return own, failed


def _own(source: str, told: Iterable[Told], now: datetime) -> list[Match]:
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


def _tally(committed: Committed) -> dict[str, int]:
    """How many matches met which fate."""
    fates = Counter(item.fate for item in committed.decision.decided)
    return {fate.value.replace("-", "_"): count for fate, count in sorted(fates.items())}
