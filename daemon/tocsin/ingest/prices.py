"""IngestConfig, for prices: clean, judge, commit; and who is asked for which price."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from tocsin.errors import SourceError
from tocsin.ingest.config import IngestConfig
from tocsin.log import line
from tocsin.market import series as market
from tocsin.market.hygiene import Finding
from tocsin.market.series import Series
from tocsin.model.prices import Hours, Instrument, Labels, Listing, Quote
from tocsin.model.rules import Match, RuleInfo
from tocsin.model.sources import Batch
from tocsin.policy.polling import standby
from tocsin.policy.polling.network import PROBE
from tocsin.policy.polling.schedule import hold
from tocsin.protocols import Run
from tocsin.rules import builtin
from tocsin.rules.prices.edge import PriceState
from tocsin.rules.prices.observation import Observed, PriceStates, observe
from tocsin.rules.ruleset import RuleSet
from tocsin.store import Committed, Store
from tocsin.units import utc

log = logging.getLogger(__name__)

#: A symbol is missing when so many good answers in a row had no price of it.
_MISSING = 3


class MarketWatch:
    """What is remembered of prices and of their sources, and the way of quotes into the store.

    *write* and *work* run blocking calls in the writer thread and in worker threads; *committed* is called after every
    commit that planned a delivery.
    """

    def __init__(self, store: Store, *, write: Run, work: Run, committed: Callable[[], None]) -> None:
        self._store = store
        self._write = write
        self._work = work
        self._committed = committed
        self._series: dict[str, Series] = {}
        self._states: dict[tuple[str, str], PriceState] = {}
        self._failed: set[tuple[str, str]] = set()  # price rules, with their hashes, of which a failure was told
        self._silent: set[Listing] = set()  # what gave no price when it was last asked
        self._missing: Counter[Listing] = Counter()  # good answers in a row without a price
        self._blocked: dict[str, _Block] = {}  # by host
        self._observing = asyncio.Lock()

    # ---- who is asked ----------------------------------------------------------------------------------------

    def may_rest(self, inbound: IngestConfig, row: str) -> bool:
        """Whether the source *row* has nothing to do: better ones give every price that it could give."""
        listed = _listed(inbound, row)
        return bool(listed) and not standby.is_wanted(row, listed, self._silent)

    def sessions(self, inbound: IngestConfig, row: str) -> list[Hours | None]:
        """When the instruments trade of which *row* has prices, as far as that is known."""
        known = ((item, self._series.get(item.id)) for item in _listed(inbound, row))
        return [item.session or (series.hours if series else None) for item, series in known]

    def wait(self, host: str, now: datetime) -> timedelta | None:
        """How long to leave *host* alone because it limits our rate; None when it may be asked.

        After that time one request tries whether it still does, and the others wait for what comes of it.
        """
        block = self._blocked.get(host)
        if block is None:
            return None
        if now < block.until:
            return block.until - now
        self._blocked[host] = block._replace(until=now + PROBE)
        return None

    def refused(self, host: str, error: SourceError, now: datetime) -> tuple[int, list[Match]]:
        """How often in a row *host* limited our rate by now, and what of that is to be told."""
        before = self._blocked.get(host)
        times = before.times + 1 if before else 1
        span = hold(error.fault, error.retry_after, times) or PROBE
        self._blocked[host] = _Block(times, now + span)
        if before:
            return times, []
        detail = f"{error}. All that it has prices of is left alone, for longer each time; other sources stand in."
        return times, [_about(builtin.HOST_BLOCKED, "host", host, detail, now)]

    def failed(self, inbound: IngestConfig, row: str) -> None:
        """Remember that *row* gave no prices at all."""
        self._silent |= _listings(inbound, row)

    # ---- quotes ----------------------------------------------------------------------------------------------

    async def take(self, inbound: IngestConfig, batch: Batch, host: str, now: datetime) -> None:
        """Judge the prices of *batch*, which came from *host*, and remember which symbols had one.

        Raises:
            StoreError: nothing was written.
        """
        own = [] if host not in self._blocked else [_about(builtin.HOST_OPEN, "host", host, "It answers again.", now)]
        missing = {item.symbol: item.words for item in batch.missing}
        for listing in _listings(inbound, batch.source):
            own += self._note(listing, missing.get(listing.symbol), now)
        listed = _listed(inbound, batch.source)
        quotes = list(standby.quotes(batch.source, batch.prints, listed, self._silent, now))
        await self.observe(inbound, quotes, now, asked=[item.id for item in listed], own=own)
        self._blocked.pop(host, None)

    def _note(self, listing: Listing, missing: str | None, now: datetime) -> list[Match]:
        """Remember whether a good answer had a price of *listing* (*missing*: why not); what of that is to be told."""
        words = f"{listing.row} {listing.symbol}" if listing.row.partition(":")[2] != listing.symbol else listing.row
        before = self._missing[listing]
        if missing is None:
            self._silent.discard(listing)
            del self._missing[listing]
            told = before >= _MISSING
            return [_about(builtin.PRICE_FOUND, "listing", words, "It is there again.", now)] if told else []
        self._silent.add(listing)
        self._missing[listing] += 1
        log.warning(line("no price", source=listing.row, symbol=listing.symbol, reason=missing))
        return [_about(builtin.PRICE_MISSING, "listing", words, missing, now)] if before + 1 == _MISSING else []

    async def observe(
        self,
        inbound: IngestConfig,
        quotes: Sequence[Quote],
        now: datetime,
        *,
        asked: Collection[str] = (),
        own: Sequence[Match] = (),
    ) -> Committed | None:
        """Judge *quotes*, of any instruments of the configuration, and commit what came of them; None if nothing did.

        Those *asked* for without a quote may turn out stale. *own* are events of the daemon to be told with it. What is
        remembered of prices moves on only after the commit: a call that raised may be made again.

        Raises:
            StoreError: nothing was written.
        """
        async with self._observing:
            by_instrument: dict[str, list[Quote]] = defaultdict(list, {name: [] for name in asked})
            for quote in quotes:
                by_instrument[quote.instrument].append(quote)
            for name in sorted(by_instrument.keys() - inbound.instruments.keys()):
                log.warning(line("quote of an unknown instrument", instrument=name))
            await self._load(inbound.instruments.values())
            known = [name for name in by_instrument if name in inbound.instruments]
            series = [market.of(self._series[name], inbound.instruments[name]) for name in known]
            batches = [(one, by_instrument[name]) for one, name in zip(series, known, strict=True)]
            observed = await self._work(_observe, inbound.rules, batches, self._states, now)
            told, failed = _events(observed, self._failed, now)
            pairs = [
                (one, item) for one, item in zip(series, observed, strict=True) if item.series != one or item.states
            ]
            self._log(observed)
            if not pairs and not told and not own:
                return None
            decide = inbound.policy.decide
            committed: Committed = await self._write(self._store.observe, pairs, decide, now=now, own=[*own, *told])
            for item in observed:
                self._series[item.series.instrument.id] = item.series
                self._states |= item.states
            self._failed |= failed
            if committed.delivery_ids:
                self._committed()
            return committed

    async def _load(self, instruments: Iterable[Instrument]) -> None:
        """Take from the store what is not in memory yet: all at the first call, new instruments after a reload."""
        missing = [instrument for instrument in instruments if instrument.id not in self._series]
        if missing:
            series, states = await self._work(self._store.read.market, missing)
            self._series |= series
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
    """A host that limited our rate so many *times* in a row, and is left alone *until* then."""

    times: int
    until: datetime


class _Events(NamedTuple):
    own: list[Match]
    failed: set[tuple[str, str]]


def _observe(
    rules: RuleSet, batches: Sequence[tuple[Series, Sequence[Quote]]], states: PriceStates, now: datetime
) -> tuple[Observed, ...]:
    return tuple(observe(rules.prices.values(), series, states, quotes, now) for series, quotes in batches)


def _events(observed: Sequence[Observed], told: Collection[tuple[str, str]], now: datetime) -> _Events:
    """What the operator is told of quotes: held and stale ones, and rules that failed and are not among those *told*."""
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
            if key not in told and key not in failed:
                failed.add(key)
                detail = f"on a quote of {name}: {failure.error}"
                own.append(_about(builtin.RULE_UNEVALUATED, "rule", failure.rule, detail, now))
    return _Events(own, failed)


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


def _listed(inbound: IngestConfig, row: str) -> list[Instrument]:
    """The instruments of which *row* has prices."""
    return [item for item in inbound.instruments.values() if any(listing.row == row for listing in item.sources)]


def _listings(inbound: IngestConfig, row: str) -> set[Listing]:
    return {listing for item in inbound.instruments.values() for listing in item.sources if listing.row == row}
