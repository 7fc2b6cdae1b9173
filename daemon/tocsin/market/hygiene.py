"""Hygiene of quotes: each quote is taken, held or refused before any rule sees it.

The checks, in order: it is a price; it is not older than the newest quote; it is not stale; it is in the currency of the
instrument; it is not a duplicate; it is not in another unit. Splits, dividends and a change of the source are not moves.
A quote that looks wrong waits for another one that confirms it. The sessions that a quote brings are checked likewise, and
a first quote is checked by them.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

from tocsin.market.series import Measure, Series, fill, in_other_terms, in_terms, measure, shifted
from tocsin.market.session import day_of, end_of, market_time
from tocsin.market.sigma import log_move
from tocsin.model.entries import MAX_AHEAD
from tocsin.model.prices import Action, Bar, Instrument, Quote
from tocsin.units import utc

#: Oldest quote that is taken: prices of an assessed market are days old when they are published.
STALE = timedelta(days=10)
#: A session this long without a new quote is a fault of the source.
_STALE_SESSION = timedelta(minutes=60)
_DAY = timedelta(days=1)
#: Fewest pauses between quotes that show the rhythm of a market without sessions, and closes that show its week.
_RHYTHM, _WEEK = 12, 14
_SATURDAY = 5
#: Units that are a hundredth of another.
_MINOR = {"GBp": "GBP", "GBX": "GBP", "ZAc": "ZAR", "ILA": "ILS", "USX": "USD", "USc": "USD"}
#: Greatest log move between a jump and a simple ratio if it looks like a split, and between it and 100 if like another unit.
_RATIO = 0.003
_UNIT = 0.02
#: Prices follow the event of a split at most this late.
_LATE = timedelta(days=10)
#: A dividend of less than this part of the price is part of its usual moves.
_DIVIDEND = Decimal("0.01")
#: Up to this log ratio, an action looks like a usual move of a day.
_SMALL_RATIO = math.log(1.1)
_RATIOS = tuple(map(math.log, (1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 15, 20, 25, 30, 40, 50)))


class Finding(StrEnum):
    """The decision about a quote."""

    TAKEN = "taken"
    DUPLICATE = "duplicate"  # the same time and price: no observation
    BACK = "back"  # older than the newest one: from a replica that lags
    STALE = "stale"
    FAULT = "fault"  # not a price of this instrument: the source is wrong
    HELD = "held"  # waits for a quote that confirms it


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """The result of hygiene: the *quotes* to judge, in order, and the *series* to judge them on.

    A quote that confirms a held one comes after it, so that the held one is judged as the first of its move.
    """

    finding: Finding
    series: Series
    quotes: tuple[Quote, ...] = ()
    reason: str = ""
    like_split: bool = False  # newly held, because it looks like a split without an event


def clean(series: Series, quote: Quote, now: datetime) -> Cleaned:
    """Take, hold or refuse *quote* on *series*."""
    finding, reason = _refusal(series, quote, now)
    if finding:
        return Cleaned(finding=finding, series=series, reason=reason)
    if not quote.price:
        quote = replace(quote, price=abs(quote.price))  # a source may say -0
    quote, reason = _in_currency(series, quote)
    if reason:
        return Cleaned(finding=Finding.FAULT, series=series, reason=reason)
    if any((known.at, known.price) == (quote.at, quote.price) for known in (series.newest, series.held) if known):
        return Cleaned(finding=Finding.DUPLICATE, series=series)
    acted = _after(series, quote)
    if acted is not series and acted.split_day == day_of(series.instrument.session, quote.at):
        return _take(acted, quote)
    return _confirm(acted, quote)


def _refusal(series: Series, quote: Quote, now: datetime) -> tuple[Finding | None, str]:
    if not quote.price.is_finite():
        return Finding.FAULT, f"{quote.price} is not a price"
    if not series.instrument.can_cost(quote.price):
        words = "if this can be its price, write negative: true under the instrument"
        return Finding.FAULT, f"{quote.price} is not a price above zero; {words}"
    if quote.at > now + MAX_AHEAD:
        return Finding.FAULT, f"its time, {utc(quote.at)}, lies ahead"
    newest = max((q.at for q in (series.newest, series.held) if q), default=None)
    if newest and quote.at < newest:
        return Finding.BACK, f"older than the one of {utc(newest)}"
    if market_time(series.instrument.session, quote.at, now) > STALE:
        return Finding.STALE, f"of {utc(quote.at)}, over {STALE.days} days old"
    return None, ""


def _in_currency(series: Series, quote: Quote) -> tuple[Quote, str]:
    """Return (quote, reason): *quote* in the currency of its instrument, or the reason why it cannot be converted."""
    wanted, given = series.instrument.currency, quote.currency
    if not wanted or not given or wanted == given:
        return quote, ""
    major_wanted, major_given = _MINOR.get(wanted, wanted), _MINOR.get(given, given)
    if major_wanted != major_given:
        return quote, f"in {given}, but {series.instrument.id} is in {wanted}"
    scale = Decimal(100) ** ((wanted in _MINOR) - (given in _MINOR))
    bars = tuple(replace(bar, price=bar.price * scale) for bar in quote.bars)
    actions = tuple(
        replace(action, dividend=action.dividend * scale) if action.dividend is not None else action
        for action in quote.actions
    )
    scaled = in_other_terms(quote, lambda price: price * scale)
    return replace(scaled, currency=wanted, bars=bars, actions=actions), ""


def _after(series: Series, quote: Quote) -> Series:
    """Return *series* adjusted for the actions that took effect between its newest quote and *quote*.

    An event may be announced before the prices follow it, or twice, so a split counts only when the quote shows it.
    """
    if series.newest is None or series.instrument.negative:
        return series  # a first history is already adjusted, and a price that may be negative is not of a share
    hours = series.instrument.session
    today, before = day_of(hours, quote.at), day_of(hours, series.newest.at)
    for action in sorted(set(quote.actions), key=lambda item: item.at):
        day = day_of(hours, action.at)
        if not max(before, today - _LATE) < day <= today and not _is_overdue(series, action, day, today):
            continue
        ratio = _ratio(action, series.newest.price)
        if ratio is None or not _shows(quote, series.newest, ratio):
            continue
        overdue = day <= before
        if overdue and abs(log_move(series.newest.price / ratio, quote.price)) > measure(series).jump:
            continue
        series = in_terms(series, ratio, split_day=(today if overdue else day) if action.split is not None else None)
    return series


def _is_overdue(series: Series, action: Action, day: date, today: date) -> bool:
    """Return whether *action* is a split of an earlier session that the prices have not followed yet."""
    applied = series.split_day
    return action.split is not None and today - _LATE <= day <= today and (applied is None or applied < day)


def _ratio(action: Action, price: Decimal) -> Decimal | None:
    """Return the number by which *action* divides *price*. None if it is invalid, or as small as a usual move."""
    if action.split is not None:
        return action.split if action.split.is_finite() and action.split > 0 else None
    dividend = action.dividend
    return price / (price - dividend) if dividend is not None and _DIVIDEND * price < dividend < price else None


def _shows(quote: Quote, before: Quote, ratio: Decimal) -> bool:
    """Return whether *quote* is nearer to the price *before* divided by *ratio* than to that price.

    True for a small ratio, because a price moves more than that in a day.
    """
    if abs(log_move(ratio, Decimal(1))) <= _SMALL_RATIO:
        return True
    return abs(log_move(before.price / ratio, quote.price)) < abs(log_move(before.price, quote.price))


def _confirm(series: Series, quote: Quote) -> Cleaned:
    """Take or hold *quote*. A held quote that it confirms is taken before it."""
    newest = series.newest or _of_history(series, quote)
    if newest is None:
        return _take(series, quote)
    by = measure(series, quote.bars)
    jump = by.apart(newest.price, quote.price)
    if jump <= by.jump:
        return _take(series, quote)
    if not by.differences and abs(jump - math.log(100)) <= _UNIT:
        words = f"{quote.price} is a hundred times, or a hundredth of, {newest.price}: another unit"
        return Cleaned(finding=Finding.FAULT, series=series, reason=words)
    held = series.held
    was_like_split = held is not None and _like_split(by, newest, held)
    if held and by.apart(held.price, quote.price) <= by.near:
        hours = series.instrument.session
        # A split looks the same in every quote of its session. Only a later session shows that there was no event.
        if not was_like_split or day_of(hours, quote.at) > day_of(hours, held.at):
            return _take(series, replace(held, bars=quote.bars), quote)
        return Cleaned(finding=Finding.HELD, series=series, reason="still looks like a split")
    like_split = _like_split(by, newest, quote)
    words = f"{quote.price} after {newest.price} {'looks like a split' if like_split else 'is not confirmed yet'}"
    waiting = replace(series, held=_lean(quote))
    return Cleaned(finding=Finding.HELD, series=waiting, reason=words, like_split=like_split and not was_like_split)


def _take(series: Series, *quotes: Quote) -> Cleaned:
    """Take *quotes*, in order, on a series with no held quote and no missing session, adjusted to their source."""
    quote = quotes[0]
    series = _as_given(replace(series, held=None), quote)
    quotes = tuple(_in_range(series, item) for item in quotes)
    hours = series.instrument.session
    known = [*(close.price for close in series.closes[-3:]), *([series.last.price] if series.last else [])]
    since = max((day_of(hours, item.at) for item in (*series.closes[-1:], series.last) if item), default=date.min)
    given = by_day(quote.bars, series.instrument)
    unseen = [bar for bar in given if since < day_of(hours, bar.at) < day_of(hours, quote.at)]
    series = fill(series, believed(unseen, known, quote.price, measure(series, given)))
    return Cleaned(finding=Finding.TAKEN, series=series, quotes=tuple(map(_lean, quotes)))


def _in_range(series: Series, quote: Quote) -> Quote:
    """Return *quote* with the high and low of its session that can be believed, of which its price is a part.

    Nothing confirms them, so they must be no further from the price than a move that needs no confirmation.
    """
    by = measure(series, quote.bars)

    def believed_end(price: Decimal | None) -> Decimal | None:
        possible = price is not None and series.instrument.can_cost(price)
        return price if price is not None and possible and by.apart(price, quote.price) <= by.jump else None

    high, low = believed_end(quote.high), believed_end(quote.low)
    return replace(
        quote,
        high=None if high is None else max(high, quote.price),
        low=None if low is None else min(low, quote.price),
    )


def _of_history(series: Series, quote: Quote) -> Quote | None:
    """Return a substitute for the newest quote of a new series: the middle price of the sessions before *quote*."""
    hours = series.instrument.session
    given = by_day(quote.bars, series.instrument)
    before = [bar for bar in given if day_of(hours, bar.at) < day_of(hours, quote.at)]
    price = middle(before)
    return None if price is None else replace(_lean(quote), price=price, at=before[-1].at)


def _lean(quote: Quote) -> Quote:
    """Return *quote* without the fields that only hygiene needs."""
    return replace(quote, actions=(), bars=(), session=None, period=None)


def _as_given(series: Series, quote: Quote) -> Series:
    """Return *series* adjusted to the source of *quote*, because a change of the source is not a move."""
    newest = series.newest
    if newest is None or not newest.source or not quote.source or newest.source == quote.source:
        return series
    if series.instrument.negative:
        return shifted(series, quote.price - newest.price)
    return in_terms(series, newest.price / quote.price)


def _like_split(by: Measure, before: Quote, after: Quote) -> bool:
    if by.differences:
        return False
    jump = by.apart(before.price, after.price)
    return any(abs(jump - ratio) <= _RATIO for ratio in _RATIOS)


def is_stale(series: Series, quote: Quote | None, now: datetime) -> bool:
    """Return whether the source has given no new quote for too long while the instrument traded. *quote* is its last answer.

    The limit is that of the instrument, or else three polls, but at least an hour. Without a known session it is the
    instrument's own rhythm. Holidays are not known, so one whole session may pass without a quote, unless the source says
    that a session is in progress.
    """
    newest, instrument = series.newest, series.instrument
    if newest is None:
        return False
    shortest = max(3 * instrument.every, _STALE_SESSION)
    usual = shortest if instrument.session else _rhythm(series, shortest)
    limit = instrument.stale_after or usual
    if quote and quote.period:
        opens, closes = quote.period
        return min(now, closes) - max(newest.at, opens) > limit
    if instrument.session and instrument.stale_after is None:
        day = day_of(instrument.session, newest.at)
        limit += market_time(
            instrument.session, end_of(instrument.session, day) - _DAY, end_of(instrument.session, day)
        )
    return market_time(instrument.session, newest.at, now) > limit


def _rhythm(series: Series, shortest: timedelta) -> timedelta:
    """Return three times the longest pause between recent quotes, at least *shortest*. Ten days if there are too few.

    Currencies trade around the clock, but not on Saturdays. If there was no close on one, the pause of a weekend is added.
    """
    pauses = [after.at - before.at for before, after in pairwise(series.quotes)]
    if len(pauses) < _RHYTHM:
        return STALE
    days = {close.day.weekday() for close in series.closes[-_WEEK:]}
    weekend = timedelta(0) if _SATURDAY in days else 2 * _DAY
    return min(max(shortest, 3 * max(pauses)) + weekend, STALE)


#: Sessions in a row that agree, so that their price is a level and not a mistake.
_RUN = 3
#: Sessions whose middle price a first quote is compared with. Two of them may be wrong.
_MIDDLE = 5


def believed(bars: Sequence[Bar], known: Sequence[Decimal], price: Decimal, by: Measure) -> list[Bar]:
    """Return those of *bars*, oldest first, whose price can be believed. All are possible prices of the instrument.

    *known* are judged prices before them, and *price* is the one after them. They are checked from the newest back. A
    session that is more than the jump of *by* from the one after it is believed only if the two before it agree with it: a
    real move lasts, and a price that came back at once would not have been confirmed as a quote either.
    """
    prices = [*known[-_RUN:], *(bar.price for bar in bars)]
    found: list[Bar] = []
    for number in range(len(bars) - 1, -1, -1):
        bar, place = bars[number], number + len(prices) - len(bars)
        move = by.apart(bar.price, price)
        before = prices[max(0, place - _RUN + 1) : place]
        lasts = len(before) == _RUN - 1 and all(by.apart(bar.price, other) <= by.jump for other in before)
        if move <= by.jump or (lasts and move < by.farthest):
            found.append(_volume_checked(bar))
            price = bar.price
    return found[::-1]


def middle(bars: Sequence[Bar]) -> Decimal | None:
    """Return the middle price of the newest of *bars*. None if there are too few."""
    prices = [bar.price for bar in bars[-_MIDDLE:]]
    return statistics.median_low(prices) if len(prices) >= _RUN else None


def by_day(bars: Sequence[Bar], instrument: Instrument) -> list[Bar]:
    """Return the last of *bars* of each session, oldest first, without prices that are impossible for *instrument*."""
    usable = [bar for bar in bars if instrument.can_cost(bar.price)]
    return list({day_of(instrument.session, bar.at): bar for bar in sorted(usable, key=lambda bar: bar.at)}.values())


def _volume_checked(bar: Bar) -> Bar:
    if bar.volume is None or (bar.volume.is_finite() and bar.volume >= 0):
        return bar
    return replace(bar, volume=None)
