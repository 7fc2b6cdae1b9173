"""Prices: quotes are cleaned, judged and committed, and the source of each instrument is chosen."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from tocsin.errors import Fault, OvertakenError, SourceError, StoreError
from tocsin.ingest.commits import follow_up
from tocsin.ingest.config import Answer, IngestConfig, Poll
from tocsin.log import line
from tocsin.market import series as market
from tocsin.market.hygiene import Finding
from tocsin.market.series import Series
from tocsin.model.entries import Batch
from tocsin.model.prices import Hours, Instrument, Labels, Listing, Quote
from tocsin.model.rules import Match, RuleInfo
from tocsin.policy.polling import standby
from tocsin.policy.polling.aftermath import after_success
from tocsin.policy.polling.findings import find
from tocsin.policy.polling.health import PROBE
from tocsin.policy.polling.schedule import UNKNOWN, hold, in_sessions
from tocsin.protocols import Runtime
from tocsin.rules import builtin
from tocsin.rules.prices.edge import PriceState
from tocsin.rules.prices.observation import Observed, beside, observe
from tocsin.store import Store
from tocsin.store.values import Committed, Deferral, Fetch
from tocsin.units import utc

log = logging.getLogger(__name__)

#: A symbol is missing after this many good answers in a row without a price of it.
_MISSING = 3
#: Times that quotes are judged, if other workers are quicker, before their poll is repeated.
_TRIES = 3


class PriceIntake:
    """Intake of quotes into the store. It remembers the state of prices and of their sources.

    *committed* is called after every commit that planned a delivery.
    """

    def __init__(self, store: Store, runtime: Runtime, *, committed: Callable[[], None]) -> None:
        self._store = store
        self._runtime = runtime
        self._committed = committed
        self._series: dict[str, Series] = {}
        self._versions: dict[str, int] = {}
        self._states: dict[tuple[str, str], PriceState] = {}
        self._failed: set[tuple[str, str]] = set()  # price rules, with their hashes, whose failure was reported
        self._silent: set[Listing] = set()  # listings without a price at the last poll
        self._missing: Counter[Listing] = Counter()  # good answers in a row without a price
        self._blocked: dict[str, _Block] = {}  # by host
        self._reported: set[str] = set()  # missing listings that the last run told of, in words
        self._observing = asyncio.Lock()

    async def resume(self) -> None:
        """Restore which hosts blocked the last run and which prices it missed, so that their end is told, and no second begin."""
        write, lasting, now = self._runtime.write, self._store.read.lasting, self._runtime.clock.now()
        hosts = await write(lasting, builtin.HOST_BLOCKED.id, builtin.HOST_OPEN.id)
        self._blocked = {host: _Block(1, now) for host in hosts}
        self._reported = set(await write(lasting, builtin.PRICE_MISSING.id, builtin.PRICE_FOUND.id))

    # ---- choice of sources ----------------------------------------------------------------------------------------

    def put_off(self, poll: Poll) -> Deferral | None:
        """Return a deferral if better sources give all prices of this one, or if its host limits our rate.

        After a rate limit, one request finds out whether it has ended, and the others wait for the result.
        """
        row, listed = poll.lease.name, _listed(poll.config, poll.lease.name)
        if listed and not standby.is_wanted(row, listed, self._silent):
            due_at = poll.now + (poll.terms.every or UNKNOWN)
            return Deferral(lease=poll.lease, due_at=due_at, reason="it stands by: a better source has its prices")
        block = self._blocked.get(poll.host)
        if block is None:
            return None
        if poll.now < block.until:
            self._silent |= _listings(poll.config, row)
            return Deferral(lease=poll.lease, due_at=block.until, reason="its host limits our rate")
        self._blocked[poll.host] = block._replace(until=poll.now + PROBE)
        return None

    def failed(self, poll: Poll, error: SourceError, now: datetime) -> tuple[int, list[Match]]:
        """Remember that a source gave no prices. Return the number of rate limits of its host in a row, and the events."""
        self._silent |= _listings(poll.config, poll.lease.name)
        if error.fault is not Fault.RATE_LIMITED:
            return 0, []
        host = poll.host
        before = self._blocked.get(host)
        times = before.times + 1 if before else 1
        span = hold(error.fault, error.retry_after, times) or PROBE
        self._blocked[host] = _Block(times, now + span)
        if before:
            return times, []
        detail = f"{error}. All that it has prices of is paused, for longer each time; other sources stand in."
        return times, [_about(builtin.HOST_BLOCKED, "host", host, detail, now)]

    # ---- quotes ----------------------------------------------------------------------------------------------

    async def take(self, poll: Poll, batch: Batch, fetch: Fetch) -> Answer:
        """Judge the prices of *batch*, and remember the symbols with a price. The source is due again when its market trades.

        Raises:
            StoreError: nothing was written.
        """
        config, now, host = poll.config, poll.now, poll.host
        habits, last_success = poll.lease.habits, poll.lease.last_success
        _, findings = find((), batch, last=habits.shown, unfinished=None, last_success=last_success, now=now)
        after = after_success(poll.before, batch.answer, findings, now=now, random=self._runtime.random())
        own = [] if host not in self._blocked else [_about(builtin.HOST_OPEN, "host", host, "It answers again.", now)]
        missing = {item.symbol: item.words for item in batch.missing}
        for listing in _listings(config, batch.source):
            own += self._note(listing, missing.get(listing.symbol), now)
        listed = _listed(config, batch.source)
        quotes = list(standby.quotes(batch.source, batch.prints, listed, self._silent, now))
        await self.observe(config, quotes, now, asked=[item.id for item in listed], own=own)
        self._blocked.pop(host, None)
        plan = in_sessions(after.plan, [self._session(item) for item in listed], name=poll.lease.name, now=now)
        return Answer(poll=poll, batch=batch, fetch=fetch, after=replace(after, plan=plan))

    def _session(self, instrument: Instrument) -> Hours | None:
        """Return the trading hours of *instrument*. None if unknown."""
        series = self._series.get(instrument.id)
        return instrument.session or (series.hours if series else None)

    def _note(self, listing: Listing, missing: str | None, now: datetime) -> list[Match]:
        """Remember whether an answer had a price of *listing*, or why it was *missing*. Return the events."""
        words = f"{listing.row} {listing.symbol}" if listing.row.partition(":")[2] != listing.symbol else listing.row
        if words in self._reported:
            self._reported.discard(words)
            self._missing[listing] = _MISSING
        before = self._missing[listing]
        if missing is None:
            self._silent.discard(listing)
            del self._missing[listing]
            reported = before >= _MISSING
            return [_about(builtin.PRICE_FOUND, "listing", words, "It is there again.", now)] if reported else []
        self._silent.add(listing)
        self._missing[listing] += 1
        log.warning(line("no price", source=listing.row, symbol=listing.symbol, reason=missing))
        return [_about(builtin.PRICE_MISSING, "listing", words, missing, now)] if before + 1 == _MISSING else []

    async def observe(
        self,
        config: IngestConfig,
        quotes: Sequence[Quote],
        now: datetime,
        *,
        asked: Collection[str] = (),
        own: Sequence[Match] = (),
    ) -> Committed | None:
        """Judge *quotes* of configured instruments and commit the result. Return None if nothing changed.

        If another worker has changed a series meanwhile, they are judged again on what it is now.

        Instruments that were *asked* for but have no quote may become stale. *own* are events of the daemon to commit with
        it. The state in memory changes only after the commit, and is read again after a failed one, so a call that raised may
        be repeated.

        Raises:
            OvertakenError: other workers changed the series each time; nothing was written.
            StoreError: nothing was written.
        """
        async with self._observing:
            for _ in range(_TRIES - 1):
                with suppress(OvertakenError):
                    return await self._observed(config, quotes, now, asked, own)
            return await self._observed(config, quotes, now, asked, own)

    async def _observed(
        self,
        config: IngestConfig,
        quotes: Sequence[Quote],
        now: datetime,
        asked: Collection[str],
        own: Sequence[Match],
    ) -> Committed | None:
        by_instrument: dict[str, list[Quote]] = defaultdict(list, {name: [] for name in asked})
        for quote in quotes:
            by_instrument[quote.instrument].append(quote)
        for name in sorted(by_instrument.keys() - config.instruments.keys()):
            log.warning(line("quote of an unknown instrument", instrument=name))
        await self._load(config.instruments.values())
        batches = {name: several for name, several in by_instrument.items() if name in config.instruments}
        rules = tuple(config.rules.prices.values())
        named = beside(rules, batches.keys(), config.instruments)
        series = {name: market.of(self._series[name], config.instruments[name]) for name in (*batches, *named)}
        found = await self._runtime.work(observe, rules, batches, series, self._states, now)
        observed = tuple(found.values())
        events, failed = _events(observed, self._failed, now)
        pairs = [(series[name], item) for name, item in found.items() if item.series != series[name] or item.states]
        self._log(observed)
        if not pairs and not events and not own:
            return None
        decide = config.policy.decide
        versions = {name: self._versions[name] for name in series}
        try:
            committed: Committed = await self._runtime.write(
                self._store.observe, pairs, versions, decide, now=now, own=[*own, *events]
            )
        except StoreError:
            # A server may have committed it before its answer was lost, and then the memory is behind.
            self._series.clear()
            self._states.clear()
            raise
        for _, item in pairs:
            self._versions[item.series.instrument.id] += 1
        for item in observed:
            self._series[item.series.instrument.id] = item.series
            self._states |= item.states
        self._failed |= failed
        follow_up(committed, self._runtime.counters, self._committed)
        return committed

    async def _load(self, instruments: Iterable[Instrument]) -> None:
        """Load the state that is not in memory yet: all at the first call, that of new instruments after a reload."""
        missing = [instrument for instrument in instruments if instrument.id not in self._series]
        if missing:
            series, states, versions = await self._runtime.work(self._store.read.market, missing)
            self._series |= series
            self._versions |= versions
            self._states = states | self._states

    def _log(self, observed: Sequence[Observed]) -> None:
        for item in observed:
            for refused in item.refused:
                level = logging.WARNING if refused.finding in (Finding.FAULT, Finding.HELD) else logging.DEBUG
                what = {"instrument": refused.quote.instrument, "finding": refused.finding, "reason": refused.reason}
                log.log(level, line("quote not taken", **what))
        taken = sum(len(item.quotes) for item in observed)
        matches = sum(len(item.matches) for item in observed)
        log.debug(line("quotes observed", quotes=taken, matches=matches))


class _Block(NamedTuple):
    """A host that limited our rate *times* times in a row, and is not polled *until* then."""

    times: int
    until: datetime


def _events(
    observed: Sequence[Observed], reported: Collection[tuple[str, str]], now: datetime
) -> tuple[list[Match], set[tuple[str, str]]]:
    """Return (events, failed): events about quotes and rules, and the rules that failed and were not *reported* before."""
    own = []
    failed: set[tuple[str, str]] = set()
    for item in observed:
        name = item.series.instrument.id
        for refused in item.refused:
            if refused.notice:
                detail = f"{refused.reason}; no rule saw it. If it is a split, its source has to say so."
                own.append(_about(builtin.PRICE_HELD, "instrument", name, detail, now))
        if item.turned:
            own.append(_turned(item.series, now))
        for failure in item.unevaluated:
            key = (failure.rule, failure.rule_hash)
            if key not in reported and key not in failed:
                failed.add(key)
                detail = f"on a quote of {name}: {failure.error}"
                own.append(_about(builtin.RULE_UNEVALUATED, "rule", failure.rule, detail, now))
    return own, failed


def _turned(series: Series, now: datetime) -> Match:
    newest = series.newest
    assert newest
    if series.stale:
        detail = f"Its source answers, but with nothing newer than the price of {utc(newest.at)}."
        return _about(builtin.PRICE_STALE, "instrument", series.instrument.id, detail, now)
    return _about(builtin.PRICE_FRESH, "instrument", series.instrument.id, "New prices arrive again.", now)


def _about(info: RuleInfo, label: str, value: str, detail: str, now: datetime) -> Match:
    labels: Labels = {label: (value,)}
    return builtin.own_match(info, labels, detail, now)


def _listed(config: IngestConfig, row: str) -> list[Instrument]:
    """Return the instruments that *row* has prices of."""
    return [item for item in config.instruments.values() if any(listing.row == row for listing in item.sources)]


def _listings(config: IngestConfig, row: str) -> set[Listing]:
    return {listing for item in config.instruments.values() for listing in item.sources if listing.row == row}
