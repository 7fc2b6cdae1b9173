"""`tocsin instruments`: the instruments, with their latest prices and the sources of these."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption
from tocsin.cli.opening import opened
from tocsin.cli.output import listing, local
from tocsin.market.series import Series
from tocsin.model.prices import Labels

app = typer.Typer(help="List the instruments and their prices.", no_args_is_help=True)


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


@app.command("list")
def list_instruments(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """List every instrument with its price, its last move and its usual move."""
    with opened(config) as (settings, store):
        failing = {view.name for view in store.read.sources() if view.errors}
        series, _ = store.read.market(settings.instruments)
        views = [_view(series[item.id], failing) for item in settings.instruments]
        zone = settings.zone
        listing(
            views,
            {
                "instrument": lambda v: v.id,
                "state": lambda v: v.state,
                "price": lambda v: f"{v.price:f} {v.unit}".strip() if v.price is not None else "-",
                "of": lambda v: local(v.at, zone),
                "change": lambda v: "-" if v.change is None else f"{v.change:+z.2%}",
                "sigma": lambda v: "-" if v.sigma is None else f"{v.sigma:.2%}",
                "closes": lambda v: v.closes,
                "source": lambda v: v.source or ", ".join(v.sources) or "-",
            },
            json=json,
            empty=f"There are no instruments in {settings.path.name}; the README shows how to write one.",
            zone=zone,
        )


def _view(series: Series, failing: Collection[str]) -> InstrumentView:
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
