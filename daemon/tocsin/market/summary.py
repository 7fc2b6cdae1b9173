"""Summaries of prices for messages, and the choice of the instruments that a message shows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice

from tocsin.market.series import Reference, Series, price_at
from tocsin.market.sigma import log_move
from tocsin.model.prices import Instrument, Labels, PriceSummary

#: Sessions that a message shows.
SHOWN = 60
#: Fewest sigmas of a session that is worth a line, and the greatest age of its price: a weekend with a holiday.
NOTABLE = 1.0
RECENT = timedelta(days=4)
#: Most instruments that a message shows of an alert.
MOST = 2


def beside(labels: Labels, instruments: Iterable[Instrument]) -> tuple[Instrument, ...]:
    """Return at most two instruments for an alert with *labels*, in their order.

    They are those that it is about, or else those that share a label value with it.
    """
    all_of = tuple(instruments)
    named = labels.get("instrument", ())
    own = [item for item in all_of if item.id in named]
    shared = (item for item in all_of if _shares(labels, item.labels))
    return tuple(own[:MOST] or islice(shared, MOST))


def summary(series: Series, now: datetime) -> PriceSummary | None:
    """Return the summary of *series* at *now*. None if it has no price yet."""
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


def move_since(series: Series, at: datetime, before: Reference | None = None) -> float | None:
    """Return the move since *at* as a share: from the price *before*, else from the one that *series* has for then.

    None if no price came since, or if the move cannot be measured.
    """
    before, newest = before or price_at(series, at), series.newest
    if before is None or newest is None or newest.at <= at or before.price <= 0 or newest.price <= 0:
        return None
    return float(newest.price / before.price) - 1


def move_after(series: Series, at: datetime, sessions: int) -> float | None:
    """Return the move from the price *at* that time to the close *sessions* later as a share. None if it is not known yet."""
    before = price_at(series, at)
    later = [close for close in series.closes if close.at > at]
    if before is None or len(later) < sessions or before.price <= 0 or later[sessions - 1].price <= 0:
        return None
    return float(later[sessions - 1].price / before.price) - 1


def movers(summaries: Iterable[PriceSummary]) -> tuple[PriceSummary, ...]:
    """Return the instruments with an unusual last session, the largest move in sigmas first. Old prices do not count."""
    moved = [(abs(one.sigmas), one) for one in summaries if one.sigmas is not None and one.age <= RECENT]
    return tuple(one for sigmas, one in sorted(moved, key=lambda pair: -pair[0]) if sigmas >= NOTABLE)


def _shares(labels: Labels, others: Labels) -> bool:
    return any(value in labels.get(name, ()) for name, values in others.items() for value in values)
