"""Which sessions of a source's history can be believed: some have a price in another unit, or in no unit at all."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from tocsin.market.measure import Measure
from tocsin.market.session import day_of
from tocsin.model.prices import Bar, Instrument

#: So many sessions in a row that agree are a level of the price and no slip.
_RUN = 3
#: Sessions whose middle price a first quote is compared with; two of them may be wrong.
_MIDDLE = 5


def believed(bars: Sequence[Bar], known: Sequence[Decimal], price: Decimal, by: Measure) -> list[Bar]:
    """Return those of *bars*, oldest first, whose price can be believed; each can be one of the instrument.

    *known* are prices before them that were judged already, *price* is the one after them. From the newest back, a
    session that lies more than the jump of *by* from the one after it is believed only where the two before it agree
    with it: a real move lasts, and what came back at once would not have been confirmed as a quote either.
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
    """Return the middle price of the newest of *bars*; None where there are too few to speak of one."""
    prices = [bar.price for bar in bars[-_MIDDLE:]]
    return statistics.median_low(prices) if len(prices) >= _RUN else None


def by_day(bars: Sequence[Bar], instrument: Instrument) -> list[Bar]:
    """Return those of *bars* whose price *instrument* can have, oldest first, of several of one session the last."""
    usable = [bar for bar in bars if instrument.can_cost(bar.price)]
    return list({day_of(instrument.session, bar.at): bar for bar in sorted(usable, key=lambda bar: bar.at)}.values())


def _volume_checked(bar: Bar) -> Bar:
    if bar.volume is None or (bar.volume.is_finite() and bar.volume >= 0):
        return bar
    return replace(bar, volume=None)
