"""Prices in words and small charts, for every kind of message."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import resvg_py

from tocsin.model.prices import Often, PriceSummary
from tocsin.render.words import cut, local, one_line
from tocsin.units import counted, duration

#: Fewest sessions for a meaningful rate per year.
_ENOUGH = 60
_YEAR = timedelta(days=365.25)
_BLOCKS = "▁▂▃▄▅▆▇█"
#: Columns of a line of block characters.
COLUMNS = 30
#: Size of a picture in points. It is drawn at twice that for high-resolution screens.
WIDTH, HEIGHT = 280, 56
_EDGE = 4
#: Fewer points make no useful chart, and neither do points that are all the same.
_FEWEST = 5
#: Colours that are visible on white and on black.
_LINE, _MARK, _BASE = "#4b83ee", "#e2661a", "#9aa4b5"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticker:
    """The price of one instrument. *line* is the price and its move, *age* its time, *span* what the chart shows.

    *move* is the last session's move as a share of the session before. Empty if it is not known.

    *often* is a rate per year.

    *blocks* and *png* are empty if there are too few prices.
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
        """The picture in words, for readers who cannot see it."""
        return f"{self.name}: {self.span}"

    @property
    def content_id(self) -> str:
        """The Content-ID of the picture (RFC 2392). Equal pictures have the same one."""
        return f"{hashlib.sha256(self.png).hexdigest()[:32]}@tocsin"


def ticker(summary: PriceSummary, zone: ZoneInfo) -> Ticker:
    """Return *summary* in words, with times in *zone*."""
    prices = [price for _, price in summary.points]
    drawn = blocks(prices)
    return Ticker(
        name=cut(one_line(summary.instrument.id), 40),
        line=_line(summary, zone),
        move="" if summary.change is None else f"{summary.change:+z.1%}",
        age=_age(summary, zone),
        span=f"{counted(len(prices), 'session')} from {_number(min(prices))} to {_number(max(prices))}"
        if drawn
        else "",
        often=_often(summary.often) if summary.often else "",
        blocks=drawn,
        png=png(prices, summary.reference[1] if summary.reference else None),
    )


def pictures(prices: Iterable[Ticker]) -> tuple[tuple[str, bytes], ...]:
    """Return the distinct pictures of *prices* by their Content-ID."""
    return tuple({price.content_id: price.png for price in prices if price.png}.items())


def _line(summary: PriceSummary, zone: ZoneInfo) -> str:
    instrument, (_, price) = summary.instrument, summary.points[-1]
    unit = one_line("/".join(filter(None, (instrument.currency, instrument.unit))))
    said = f"{_number(price)} {unit}".rstrip()
    if summary.reference is None:
        return said
    at, before = summary.reference
    since = f"since {_number(before)} on {at.astimezone(zone):%Y-%m-%d}"
    if summary.change is None:
        return f"{said}, {_number(price - before, '+')} {since}"
    sigmas = f" ({summary.sigmas:+z.1f} sigma)" if summary.sigmas is not None else ""
    return f"{said}, {summary.change:+z.1%}{sigmas} {since}"


def _age(summary: PriceSummary, zone: ZoneInfo) -> str:
    said = f"as of {local(summary.points[-1][0], zone)}, {duration(summary.age)} old"
    return f"{said}; stale: no new quote came since" if summary.stale else said


def _number(price: Decimal, sign: str = "-") -> str:
    """Return *price* with thousands separators and without trailing zeros. *sign* `+` shows a plus sign too."""
    return f"{price.normalize():{sign}z,f}"


def _often(often: Often) -> str:
    if often.sessions < _ENOUGH:
        return f"Too little history to say how often this fires: {counted(often.sessions, 'session')} so far."
    rate = often.times / max((often.last - often.first) / _YEAR, often.sessions / 366)
    times = {0: "not once", 1: "once", 2: "twice"}.get(often.times, f"{often.times} times")
    return (
        f"At this setting it would have fired {times} in the {counted(often.sessions, 'session')} since {often.first:%Y-%m-%d}, "
        f"about {rate:.1f} times a year."
    )


def blocks(prices: Sequence[Decimal]) -> str:
    """Return *prices*, oldest first, as block characters. Empty if too few. With many, a column shows its last price."""
    if not _draws(prices):
        return ""
    count = min(len(prices), COLUMNS)
    shown = [prices[(number + 1) * len(prices) // count - 1] for number in range(count)]
    low, span = min(shown), max(shown) - min(shown)
    top = len(_BLOCKS) - 1
    return "".join(_BLOCKS[int((price - low) * top / span) if span else 0] for price in shown)


def png(prices: Sequence[Decimal], reference: Decimal | None) -> bytes:
    """Return *prices*, oldest first, as a picture with *reference* as a dashed line. Empty if there are too few."""
    if not _draws(prices):
        return b""
    drawn = svg(prices, reference)
    # It contains nothing from feeds, and no text that would need a font.
    return bytes(resvg_py.svg_to_bytes(svg_string=drawn, zoom=2, skip_system_fonts=True))


def svg(prices: Sequence[Decimal], reference: Decimal | None) -> str:
    """Return the drawing that `png` rasterises. The newest price is a dot."""
    levels = [*prices, *([] if reference is None else [reference])]
    low, high = min(levels), max(levels)
    span = high - low or Decimal(1)

    def height(price: Decimal) -> str:
        return f"{HEIGHT - _EDGE - float((price - low) / span) * (HEIGHT - 2 * _EDGE):.1f}"

    step = (WIDTH - 2 * _EDGE) / (len(prices) - 1)
    spots = [f"{_EDGE + number * step:.1f},{height(price)}" for number, price in enumerate(prices)]
    x, y = spots[-1].split(",")
    base = (
        ""
        if reference is None
        else f'<line x1="{_EDGE}" x2="{WIDTH - _EDGE}" y1="{height(reference)}" y2="{height(reference)}" '
        f'stroke="{_BASE}" stroke-width="1" stroke-dasharray="3 3"/>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f'{base}<polyline points="{" ".join(spots)}" fill="none" stroke="{_LINE}" stroke-width="2" '
        f'stroke-linejoin="round"/><circle cx="{x}" cy="{y}" r="3" fill="{_MARK}"/></svg>'
    )


def _draws(prices: Sequence[Decimal]) -> bool:
    return len(prices) >= _FEWEST and min(prices) < max(prices)
