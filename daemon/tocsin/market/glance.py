"""Summaries of prices for messages, and the instruments that a message shows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice

from tocsin.market.series import Series
from tocsin.market.sigma import log_move
from tocsin.model.prices import Instrument, Labels, PriceSummary

#: Sessions that a message shows.
SHOWN = 60
#: Sigmas from which on a session is worth a line, and how old its price may be: a weekend with a holiday.
NOTABLE = 1.0
RECENT = timedelta(days=4)
#: Instruments of an alert that a message shows.
MOST = 2


def beside(labels: Labels, instruments: Iterable[Instrument]) -> tuple[Instrument, ...]:
    """Return the instruments that an alert with *labels* is about, else those that share a label value with it; at most two.

    They keep their order.
    """
    everybody = tuple(instruments)
    named = labels.get("instrument", ())
    own = [item for item in everybody if item.id in named]
    shared = (item for item in everybody if _shares(labels, item.labels))
    return tuple(own[:MOST] or islice(shared, MOST))


def glance(series: Series, now: datetime) -> PriceSummary | None:
    """Return the prices of *series* as they are at *now*; None before the first."""
    newest = series.newest
    closes = series.closes[-SHOWN:]
    points = [(close.at, close.price) for close in closes]
    if newest and (not points or newest.at > points[-1][0]):
        points.append((newest.at, newest.price))
    if not points:
        return None
    before = closes[-1] if closes and points[-1][0] > closes[-1].at else closes[-2] if len(closes) > 1 else None
    at, price = points[-1]
    measurable = before is not None and before.price > 0 and price > 0
    return PriceSummary(
        instrument=series.instrument,
        points=tuple(points),
        reference=(before.at, before.price) if before else None,
        change=float(price / before.price) - 1 if before and measurable else None,
        sigmas=log_move(before.price, price) / before.sigma if before and measurable else None,
        age=max(now - at, now - now),
        stale=series.stale,
    )


def movers(glances: Iterable[PriceSummary]) -> tuple[PriceSummary, ...]:
    """Return those whose last session was out of the ordinary, by sigmas, the farthest first; old prices are no moves."""
    moved = [(abs(seen.sigmas), seen) for seen in glances if seen.sigmas is not None and seen.age <= RECENT]
    return tuple(seen for sigmas, seen in sorted(moved, key=lambda one: -one[0]) if sigmas >= NOTABLE)


def _shares(labels: Labels, others: Labels) -> bool:
    return any(value in labels.get(name, ()) for name, values in others.items() for value in values)
