"""Instruments as people see them: their newest price, its move, and where it comes from."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from tocsin.market.series import Series
from tocsin.model.prices import Labels


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentView:
    """One row of the list of instruments.

    *change* is relative to the previous close, as a fraction. *sigma* is the usual move of a session, estimated from that many *closes*. Both are None for a price at or below zero.
    """

    id: str
    kind: str
    state: str
    price: Decimal | None
    unit: str
    at: datetime | None
    change: float | None
    sigma: float | None
    closes: int
    source: str
    sources: tuple[str, ...]
    labels: Labels


def instrument_view(series: Series, failing: Collection[str]) -> InstrumentView:
    """Return the instrument of *series*; *failing* are the names of price sources whose last poll failed."""
    instrument, newest = series.instrument, series.newest
    close = series.closes[-1] if series.closes else None
    return InstrumentView(
        id=instrument.id,
        kind=instrument.kind,
        state=_state(series, failing),
        price=newest.price if newest else None,
        unit="/".join(filter(None, [instrument.currency, instrument.unit])),
        at=newest.at if newest else None,
        change=float(newest.price / close.price) - 1
        if close and newest and min(close.price, newest.price) > 0
        else None,
        sigma=None if instrument.negative and not series.sigma.moves else series.sigma.value,
        closes=len(series.closes),
        source=newest.source if newest else "",
        sources=tuple(listing.row for listing in instrument.sources),
        labels=instrument.labels,
    )


#: What each state of an instrument means, and what to do; good ones need no words.
_REMEDIES = {
    "no source": "Nothing gives its price: add a source to it in the configuration.",
    "failing": "None of its sources can be read.",
    "new": "No price of it has come yet.",
    "stale": "No new quote came for far longer than its trading hours explain.",
    "held": "A quote looks wrong, and waits for another one that confirms it.",
    "stand-in": "Its first source has no price, so that the next one is in use.",
}


def remedy(view: InstrumentView) -> str:
    """Return what the state of an instrument means, and what to do; empty if all is well."""
    return _REMEDIES.get(view.state, "")


def _state(series: Series, failing: Collection[str]) -> str:
    """Return the state of an instrument's price in a word or two."""
    rows = [listing.row for listing in series.instrument.sources]
    if not rows:
        return "no source"
    if all(row in failing for row in rows):
        return "failing"
    if series.newest is None:
        return "new"
    if series.stale:
        return "stale"
    if series.held:
        return "held"
    return "stand-in" if series.newest.source != rows[0] else "ok"
