"""The series of an instrument's prices: bounded, a value, and enough to judge the next quote; and the measure of its moves.

A session's close is its last quote. It is learned when the first quote of a later session arrives, so every quote is
judged with what was known before its own session.
"""

from __future__ import annotations

import math
import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Context, Decimal
from itertools import pairwise

from tocsin.market import sigma as sigmas
from tocsin.market.session import day_of, in_session
from tocsin.market.sigma import Sigma, log_move
from tocsin.model.prices import Bar, Hours, Instrument, Quote

KEEP_CLOSES = 300
KEEP_QUOTES = timedelta(hours=48)
#: So many digits of a price are believed, and a rounding that nobody sees is no change.
_EXACT = Context(prec=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """The end of a session: its last price and *at* when it was, and sigma after it was learned."""

    day: date
    at: datetime
    price: Decimal
    sigma: float
    volume: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A price that a move is measured from."""

    price: Decimal
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The prices of one instrument, oldest first.

    *closes* are the sessions that ended (at most 300), *quotes* those of the last 48 h, *opening* the first and *last*
    the newest quote of the session in progress (*last* in hours if there is one). *held* is a quote that looks wrong
    and waits for another that confirms it. *split_day* is the session in which a split took effect. *hours* are the
    session as its source says it. *stale* says that no new quote came for too long, which was told.
    """

    instrument: Instrument
    sigma: Sigma
    closes: tuple[Close, ...] = ()
    quotes: tuple[Quote, ...] = ()
    opening: Quote | None = None
    last: Quote | None = None
    held: Quote | None = None
    split_day: date | None = None
    hours: Hours | None = None
    stale: bool = False

    @property
    def newest(self) -> Quote | None:
        """The quote before the one that is judged, whatever session it is of."""
        return self.quotes[-1] if self.quotes else self.last


def begin(instrument: Instrument) -> Series:
    """Return a series of which nothing is known yet."""
    return Series(instrument=instrument, sigma=sigmas.begin(instrument.kind))


def of(series: Series, instrument: Instrument) -> Series:
    """Return *series* with its *instrument* as it is configured; the source's session stands where none is.

    Prices that the instrument cannot have, because it could when they came, are left out.
    """
    configured = replace(instrument, session=instrument.session or series.hours)
    prices = [*(close.price for close in series.closes), *(quote.price for quote in series.quotes)]
    if all(map(instrument.can_cost, prices)):
        return replace(series, instrument=configured)
    return replace(
        series,
        instrument=configured,
        closes=tuple(close for close in series.closes if instrument.can_cost(close.price)),
        quotes=tuple(quote for quote in series.quotes if instrument.can_cost(quote.price)),
        opening=None,
        last=None,
        held=None,
    )


def in_hours(series: Series, hours: Hours | None) -> Series:
    """Return *series* with the session that its source says, unless one is configured."""
    session = series.instrument.session
    if hours is None or hours == series.hours or (session is not None and session != series.hours):
        return series
    return replace(series, hours=hours, instrument=replace(series.instrument, session=hours))


def fill(series: Series, bars: Iterable[Bar]) -> Series:
    """Return *series* with the sessions of *bars*, oldest first, which it has not seen itself and which are over."""
    for bar in bars:
        series = close_before(series, bar.at)
        quote = Quote(instrument=series.instrument.id, price=bar.price, at=bar.at, first_seen=bar.at, volume=bar.volume)
        series = _learn(series, quote, day_of(series.instrument.session, bar.at))
    return series


def close_before(series: Series, at: datetime) -> Series:
    """Return *series* with the session that ended before that of *at* learned, if there is one."""
    hours = series.instrument.session
    last = series.last
    if last is None or day_of(hours, at) <= day_of(hours, last.at):
        return series
    return replace(_learn(series, last, day_of(hours, last.at)), opening=None, last=None)


def append(series: Series, quote: Quote) -> Series:
    """Return *series* with *quote*, whose session must be in progress in it (see `close_before`)."""
    hours = series.instrument.session
    first = bisect_left(series.quotes, quote.at - KEEP_QUOTES, key=lambda q: q.at)
    counts = series.last is None or in_session(hours, quote.at) or not in_session(hours, series.last.at)
    opening = series.opening or quote
    last = quote if counts else series.last
    return replace(series, quotes=(*series.quotes[first:], quote), opening=opening, last=last, held=None)


def in_terms(series: Series, ratio: Decimal, *, split_day: date | None = None) -> Series:
    """Return *series* with every price divided by *ratio*, because something moved the price but not the worth.

    *split_day* is the session in which a split (*ratio* new shares for one old) took effect: rules are silent about it.
    """
    after = _each(series, lambda price: _EXACT.divide(price, ratio))
    return after if split_day is None else replace(after, held=None, split_day=split_day)


def shifted(series: Series, step: Decimal) -> Series:
    """Return *series* with *step* added to every price: what `in_terms` is to prices that have no ratio."""
    return _each(series, lambda price: _EXACT.add(price, step))


def price_at(series: Series, at: datetime) -> Reference | None:
    """Return the last price at or before *at*; None when the series does not reach back so far."""
    number = bisect_right(series.quotes, at, key=lambda q: q.at)
    if number:
        return Reference(price=series.quotes[number - 1].price, at=series.quotes[number - 1].at)
    number = bisect_right(series.closes, at, key=lambda c: c.at)
    return Reference(price=series.closes[number - 1].price, at=series.closes[number - 1].at) if number else None


def sessions_back(series: Series, count: int) -> Close | None:
    """Return the close *count* sessions before the session in progress; None when there are fewer."""
    return series.closes[-count] if 0 < count <= len(series.closes) else None


def since(series: Series, start: datetime) -> Sequence[Reference]:
    """Return every price from *start* on, oldest first: of closes before the quotes begin, then of quotes."""
    begins = series.quotes[0].at if series.quotes else None
    closes = [
        Reference(price=c.price, at=c.at) for c in series.closes if c.at >= start and (not begins or c.at < begins)
    ]
    return closes + [Reference(price=q.price, at=q.at) for q in series.quotes if q.at >= start]


def _learn(series: Series, last: Quote, day: date) -> Series:
    """Return *series* with the session of *day* at its end, whose close is the price of *last*."""
    learned = sigmas.learn(series.sigma, series.closes[-1].price, last.price) if series.closes else series.sigma
    close = Close(day=day, at=last.at, price=last.price, sigma=learned.value, volume=last.volume)
    return replace(series, sigma=learned, closes=(*series.closes[-KEEP_CLOSES + 1 :], close))


def _each(series: Series, convert: Callable[[Decimal], Decimal]) -> Series:
    """Return *series* with every price converted."""

    def converted(quote: Quote | None) -> Quote | None:
        return None if quote is None else replace(quote, price=convert(quote.price))

    return replace(
        series,
        closes=tuple(replace(close, price=convert(close.price)) for close in series.closes),
        quotes=tuple(replace(quote, price=convert(quote.price)) for quote in series.quotes),
        opening=converted(series.opening),
        last=converted(series.last),
        held=converted(series.held),
    )


#: A jump larger than both is held until it is confirmed: a log move, and a number of usual moves.
_JUMP = math.log(1.25)
_USUAL = 8.0
#: A quote within so many sigma of the held one confirms it.
_CONFIRMS = 3.0
#: A log move that is none, however many follow: it is another unit.
_OTHER_UNIT = math.log(50)
#: So few moves do not say what is usual.
_FEW = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """The measure of moves: ratios, or *differences*.

    More than *jump* apart, a price needs another one *near* it that confirms it. *farthest* is no move at all.
    """

    differences: bool
    jump: float
    near: float
    farthest: float

    def apart(self, one: Decimal, other: Decimal) -> float:
        """Return how far *one* lies from *other*, zero or more; without *differences* both must be above zero."""
        return float(abs(other - one)) if self.differences else abs(log_move(one, other))


def measure(series: Series, bars: Sequence[Bar] = ()) -> Measure:
    """Return what moves of *series* are measured by; *bars* are sessions, oldest first, that it may not have seen."""
    if series.instrument.negative:
        # The confirming quote of a market that leaps may lie as far off as one that needs none.
        jump = _USUAL * _usual_difference(series, bars)
        return Measure(differences=True, jump=jump, near=jump, farthest=math.inf)
    sigma = series.sigma.value
    jump = max(_JUMP, _USUAL * sigma)
    return Measure(differences=False, jump=jump, near=_CONFIRMS * sigma, farthest=_OTHER_UNIT)


def _usual_difference(series: Series, bars: Sequence[Bar]) -> float:
    """Return the middle of what the price moved by from session to session or from quote to quote, whichever is more.

    Infinite where too little moved yet. The middle, because the history may have prices that are none.
    """
    sessions = [*(bar.price for bar in bars if bar.price.is_finite()), *(close.price for close in series.closes)]
    several = (sessions, [quote.price for quote in series.quotes])
    moves = [
        [float(abs(after - before)) for before, after in pairwise(prices) if after != before] for prices in several
    ]
    return max((statistics.median(found) for found in moves if len(found) >= _FEW), default=math.inf)
