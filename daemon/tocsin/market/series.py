"""Series of an instrument's prices, bounded and enough to judge the next quote, and the measure of its moves.

The close of a session is its last quote. It is learned when the first quote of a later session arrives, so every quote is
judged by what was known before its own session. Prices above zero are measured by their ratio, as log moves. Prices that
may be zero or below have no ratio, and are measured by their difference.
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
#: Digits of a price that count. A difference after them is a rounding, not a change.
_EXACT = Context(prec=12)


#: A price that a move is measured from.
Reference = Bar


@dataclass(frozen=True, slots=True, kw_only=True)
class Close(Bar):
    """The end of the session of *day*, and *sigma* after it was learned."""

    day: date
    sigma: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The prices of one instrument, oldest first.

    *closes* are the sessions that have ended (at most 300), and *quotes* those of the last 48 h. *opening* is the first
    and *last* the newest quote of the session in progress (*last* within trading hours, if there is one). *held* is a quote
    that looks wrong and waits for another one that confirms it. *split_day* is the session in which a split took effect.
    *hours* are the trading hours that the source gives. *stale* means that it was reported that no new quote came for too
    long.
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
        """The newest quote, of any session."""
        return self.quotes[-1] if self.quotes else self.last


def begin(instrument: Instrument) -> Series:
    """Return an empty series."""
    return Series(instrument=instrument, sigma=sigmas.begin(instrument.kind))


def of(series: Series, instrument: Instrument) -> Series:
    """Return *series* with its *instrument* as configured. Without configured hours, those of the source stay.

    Prices that have become impossible for the instrument are left out.
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
    """Return *series* with the trading *hours* that its source gives, unless hours are configured."""
    session = series.instrument.session
    if hours is None or hours == series.hours or (session is not None and session != series.hours):
        return series
    return replace(series, hours=hours, instrument=replace(series.instrument, session=hours))


def fill(series: Series, bars: Iterable[Bar]) -> Series:
    """Return *series* with the sessions of *bars*, oldest first. They have ended, and the series does not have them yet."""
    for bar in bars:
        series = close_before(series, bar.at)
        quote = Quote(instrument=series.instrument.id, price=bar.price, at=bar.at, first_seen=bar.at, volume=bar.volume)
        series = _learn(series, quote, day_of(series.instrument.session, bar.at))
    return series


def close_before(series: Series, at: datetime) -> Series:
    """Return *series* after learning the last session, if it ended before the session of *at*."""
    hours = series.instrument.session
    last = series.last
    if last is None or day_of(hours, at) <= day_of(hours, last.at):
        return series
    return replace(_learn(series, last, day_of(hours, last.at)), opening=None, last=None)


def append(series: Series, quote: Quote) -> Series:
    """Return *series* with *quote*. The session before that of the quote must have been learned (see `close_before`)."""
    hours = series.instrument.session
    first = bisect_left(series.quotes, quote.at - KEEP_QUOTES, key=lambda q: q.at)
    counts = series.last is None or in_session(hours, quote.at) or not in_session(hours, series.last.at)
    opening = series.opening or quote
    last = quote if counts else series.last
    return replace(series, quotes=(*series.quotes[first:], quote), opening=opening, last=last, held=None)


def in_terms(series: Series, ratio: Decimal, *, split_day: date | None = None) -> Series:
    """Return *series* with every price divided by *ratio*, after an event that changed the price but not the value.

    *split_day* is the session in which a split (*ratio* new shares for one old) took effect. Rules do not fire in it.
    """
    after = _each(series, lambda price: _EXACT.divide(price, ratio))
    return after if split_day is None else replace(after, held=None, split_day=split_day)


def shifted(series: Series, step: Decimal) -> Series:
    """Return *series* with *step* added to every price: as `in_terms`, for prices that have no ratio."""
    return _each(series, lambda price: _EXACT.add(price, step))


def price_at(series: Series, at: datetime) -> Reference | None:
    """Return the last price at or before *at*. None if the series does not reach back that far."""
    number = bisect_right(series.quotes, at, key=lambda q: q.at)
    if number:
        return Reference(price=series.quotes[number - 1].price, at=series.quotes[number - 1].at)
    number = bisect_right(series.closes, at, key=lambda c: c.at)
    return series.closes[number - 1] if number else None


def sessions_back(series: Series, count: int) -> Close | None:
    """Return the close *count* sessions before the session in progress. None if there are fewer."""
    return series.closes[-count] if 0 < count <= len(series.closes) else None


def since(series: Series, start: datetime) -> Sequence[Reference]:
    """Return every price from *start* on, oldest first: closes from before the first quote, then quotes."""
    begins = series.quotes[0].at if series.quotes else None
    closes = (c for c in series.closes if c.at >= start and (not begins or c.at < begins))
    return [*closes, *(Reference(price=q.price, at=q.at) for q in series.quotes if q.at >= start)]


def _learn(series: Series, last: Quote, day: date) -> Series:
    """Return *series* with the session of *day* at its end. Its close is the price of *last*."""
    learned = sigmas.learn(series.sigma, series.closes[-1].price, last.price) if series.closes else series.sigma
    close = Close(day=day, at=last.at, price=last.price, sigma=learned.value, volume=last.volume)
    return replace(series, sigma=learned, closes=(*series.closes[-KEEP_CLOSES + 1 :], close))


def _each(series: Series, convert: Callable[[Decimal], Decimal]) -> Series:
    """Return *series* with every price converted."""

    def converted(quote: Quote | None) -> Quote | None:
        return None if quote is None else in_other_terms(quote, convert)

    return replace(
        series,
        closes=tuple(replace(close, price=convert(close.price)) for close in series.closes),
        quotes=tuple(in_other_terms(quote, convert) for quote in series.quotes),
        opening=converted(series.opening),
        last=converted(series.last),
        held=converted(series.held),
    )


def in_other_terms(quote: Quote, convert: Callable[[Decimal], Decimal]) -> Quote:
    """Return *quote* with every price in it converted."""
    high, low = (None if price is None else convert(price) for price in (quote.high, quote.low))
    return replace(quote, price=convert(quote.price), high=high, low=low)


#: A jump larger than both is held until it is confirmed: a log move, and a multiple of the usual move.
_JUMP = math.log(1.25)
_USUAL = 8.0
#: A quote within this many sigma of the held one confirms it.
_CONFIRMS = 3.0
#: A log move from here on is another unit, however many quotes confirm it.
_OTHER_UNIT = math.log(50)
#: Fewest moves that show what is usual.
_FEW = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """The measure of moves: ratios, or *differences*.

    A price more than *jump* away needs another one within *near* of it that confirms it. From *farthest* on it is never a
    move.
    """

    differences: bool
    jump: float
    near: float
    farthest: float

    def apart(self, one: Decimal, other: Decimal) -> float:
        """Return the distance of *one* from *other*, zero or more. Without *differences* both must be above zero."""
        return float(abs(other - one)) if self.differences else abs(log_move(one, other))


def measure(series: Series, bars: Sequence[Bar] = ()) -> Measure:
    """Return the measure of moves of *series*. *bars* are sessions, oldest first, that it may not have yet."""
    if series.instrument.negative:
        # In a market that leaps, the quote that confirms another may be as far from it as an ordinary move.
        jump = _USUAL * _usual_difference(series, bars)
        return Measure(differences=True, jump=jump, near=jump, farthest=math.inf)
    sigma = series.sigma.value
    jump = max(_JUMP, _USUAL * sigma)
    return Measure(differences=False, jump=jump, near=_CONFIRMS * sigma, farthest=_OTHER_UNIT)


def _usual_difference(series: Series, bars: Sequence[Bar]) -> float:
    """Return the median move between sessions or between quotes, whichever is larger. Infinite if there are too few moves.

    It is the median, because the history may contain wrong prices.
    """
    sessions = [*(bar.price for bar in bars if bar.price.is_finite()), *(close.price for close in series.closes)]
    several = (sessions, [quote.price for quote in series.quotes])
    moves = [
        [float(abs(after - before)) for before, after in pairwise(prices) if after != before] for prices in several
    ]
    return max((statistics.median(found) for found in moves if len(found) >= _FEW), default=math.inf)
