"""Prices in words, for every kind of message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from tocsin.log import counted
from tocsin.model.prices import Often, PriceSummary
from tocsin.render import spark
from tocsin.render.times import length, local
from tocsin.render.words import cut, one_line

#: Sessions from which on a rate a year says anything.
_ENOUGH = 60
_YEAR = timedelta(days=365.25)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticker:
    """The price of one instrument: *line* is what it is and how it moved, *age* of when that is, *span* what is drawn.

    *move* is the last session's as a share of the one before, empty where it is not known.

    *often* is a rate a year.

    *blocks* and *png* are empty where there is too little to draw.
    """

    name: str
    line: str
    move: str
    age: str
    span: str
    often: str
    blocks: str
    png: bytes

    @property
    def alt(self) -> str:
        """What the picture shows, for those who do not see it."""
        return f"{self.name}: {self.span}"


def ticker(glance: PriceSummary, zone: ZoneInfo) -> Ticker:
    """Return *glance* in words; times are in *zone*."""
    prices = [price for _, price in glance.points]
    blocks = spark.blocks(prices)
    return Ticker(
        name=cut(one_line(glance.instrument.id), 40),
        line=_line(glance, zone),
        move="" if glance.change is None else f"{glance.change:+z.1%}",
        age=_age(glance, zone),
        span=f"{counted(len(prices), 'session')} from {_number(min(prices))} to {_number(max(prices))}"
        if blocks
        else "",
        often=_often(glance.often) if glance.often else "",
        blocks=blocks,
        png=spark.png(prices, glance.reference[1] if glance.reference else None),
    )


def _line(glance: PriceSummary, zone: ZoneInfo) -> str:
    instrument, (_, price) = glance.instrument, glance.points[-1]
    unit = one_line("/".join(filter(None, (instrument.currency, instrument.unit))))
    said = f"{_number(price)} {unit}".rstrip()
    if glance.reference is None:
        return said
    at, before = glance.reference
    since = f"since {_number(before)} on {at.astimezone(zone):%Y-%m-%d}"
    if glance.change is None:
        return f"{said}, {_number(price - before, '+')} {since}"
    sigmas = f" ({glance.sigmas:+z.1f} sigma)" if glance.sigmas is not None else ""
    return f"{said}, {glance.change:+z.1%}{sigmas} {since}"


def _age(glance: PriceSummary, zone: ZoneInfo) -> str:
    said = f"as of {local(glance.points[-1][0], zone)}, {length(glance.age)} old"
    return f"{said}; stale: no new quote came since" if glance.stale else said


def _number(price: Decimal, sign: str = "-") -> str:
    """Return *price* with thousands apart and without needless zeros; *sign* is `+` for one that always stands there."""
    return f"{price.normalize():{sign}z,f}"


def _often(often: Often) -> str:
    if often.sessions < _ENOUGH:
        return (
            f"Too little history to say how often this fires: {counted(often.sessions, 'session')} that it could judge."
        )
    rate = often.times / max((often.last - often.first) / _YEAR, often.sessions / 366)
    times = {0: "not once", 1: "once", 2: "twice"}.get(often.times, f"{often.times} times")
    return (
        f"At this setting it would have fired {times} in the {counted(often.sessions, 'session')} since {often.first:%Y-%m-%d}, "
        f"about {rate:.1f} times a year."
    )
