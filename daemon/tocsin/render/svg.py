"""Charts of prices as SVG for pages: a sparkline, and a chart with an axis and lettered markers.

Colours are those of the page's style. The drawings have no text of strangers but titles, which are escaped.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from html import escape
from itertools import pairwise
from zoneinfo import ZoneInfo

from tocsin.model.rules import Severity

#: Size of a sparkline, and the room around its line.
_SPARK_WIDTH, _SPARK_HEIGHT, _SPARK_EDGE = 88, 24, 2
#: Size of a chart, and the room beside its prices, below them and above them.
_WIDTH, _HEIGHT = 720, 260
_RIGHT, _BOTTOM, _TOP = 62, 28, 16
#: Lines of the grid, and the most labels below it.
_LINES = 4
_LABELS = 7
_RADIUS = 8
#: Between the middles of two markers: on a narrow screen they are drawn larger.
_APART = 23.0
#: Columns of markers, the later ones to the left.
_COLUMNS = 3
_STEPS = (1, 2, 2.5, 5, 10)
Point = tuple[datetime, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """A *letter* on a chart *at* a time, in the colour of *severity*; it is filled for the subject of the page (*own*)."""

    at: datetime
    letter: str
    severity: Severity
    title: str
    own: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """The places of times and prices on a drawing: *low* to *high* lies between *bottom* and *top*."""

    first: datetime
    last: datetime
    low: float
    high: float
    left: float
    right: float
    top: float
    bottom: float

    def x(self, at: datetime) -> float:
        """Return the place of a time."""
        whole = (self.last - self.first).total_seconds() or 1.0
        return self.left + (at - self.first).total_seconds() / whole * (self.right - self.left)

    def y(self, price: Decimal | float) -> float:
        """Return the place of a price."""
        return self.bottom - (float(price) - self.low) / ((self.high - self.low) or 1.0) * (self.bottom - self.top)

    def line(self, points: Iterable[Point]) -> str:
        """Return the places of *points*."""
        return " ".join(f"{self.x(at):.1f},{self.y(price):.1f}" for at, price in points)


def sparkline(points: Sequence[Point]) -> str:
    """Return a line of *points*, oldest first, without words; the text beside it says what it shows.

    It is empty if there are fewer than two.
    """
    if len(points) < 2:
        return ""
    prices = [float(price) for _, price in points]
    scale = _Scale(
        first=points[0][0],
        last=points[-1][0],
        low=min(prices),
        high=max(prices),
        left=_SPARK_EDGE,
        right=_SPARK_WIDTH - _SPARK_EDGE,
        top=_SPARK_EDGE,
        bottom=_SPARK_HEIGHT - _SPARK_EDGE,
    )
    return (
        f'<svg class="spark" width="{_SPARK_WIDTH}" height="{_SPARK_HEIGHT}" '
        f'viewBox="0 0 {_SPARK_WIDTH} {_SPARK_HEIGHT}" aria-hidden="true">'
        f'<polyline points="{scale.line(points)}"/></svg>'
    )


def chart(points: Sequence[Point], markers: Sequence[Marker] = (), *, zone: ZoneInfo, title: str) -> str:
    """Return a chart of *points*, oldest first, with *markers* on its line and days as in *zone*.

    *title* says in words what it shows. Markers outside of its time are left out, and those close to each other are
    stacked. It is empty if there are fewer than two points.
    """
    if len(points) < 2:
        return ""
    prices = [float(price) for _, price in points]
    ticks = _ticks(min(prices), max(prices))
    scale = _Scale(
        first=points[0][0],
        last=points[-1][0],
        low=min(ticks[0], *prices),
        high=max(ticks[-1], *prices),
        left=2,
        right=_WIDTH - _RIGHT,
        top=_TOP,
        bottom=_HEIGHT - _BOTTOM,
    )
    floor = f"{scale.right:.1f},{scale.bottom:.1f} {scale.left:.1f},{scale.bottom:.1f}"
    drawn = (
        *_grid(scale, ticks),
        *_dates(scale, zone),
        f'<polygon class="area" points="{scale.line(points)} {floor}"/>',
        f'<polyline class="line" points="{scale.line(points)}"/>',
        *_markers(scale, points, [one for one in markers if scale.first <= one.at <= scale.last]),
    )
    return f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">{"".join(drawn)}</svg>'


def _ticks(low: float, high: float) -> list[float]:
    """Return round prices between *low* and *high*, about four; for ones that are equal or nearly so, the lower alone."""
    rough = (high - low) / _LINES
    if not sys.float_info.min <= rough < math.inf:
        return [low]
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * power for unit in _STEPS if unit * power >= rough * 0.999)
    first = math.ceil(low / step)
    return [number * step for number in range(first, math.floor(high / step) + 1)] or [low]


def _grid(scale: _Scale, ticks: Sequence[float]) -> Iterator[str]:
    step = ticks[1] - ticks[0] if len(ticks) > 1 else abs(ticks[0]) or 1.0
    digits = max(0, -math.floor(math.log10(step) + 1e-9) + (1 if f"{step:e}".startswith("2.5") else 0))
    for tick in ticks:
        y = scale.y(tick)
        yield f'<line class="grid" x1="{scale.left}" x2="{scale.right}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{scale.right + 8}" y="{y + 4:.1f}">{tick:,.{min(digits, 8)}f}</text>'


def _dates(scale: _Scale, zone: ZoneInfo) -> Iterator[str]:
    """Yield the labels below a chart: months, or days where it is shorter than that."""
    first, last = scale.first.astimezone(zone), scale.last.astimezone(zone)
    months = (last.year - first.year) * 12 + last.month - first.month
    if months > 1:
        every = math.ceil(months / _LABELS)
        starts = [
            datetime(first.year + (first.month - 1 + count) // 12, (first.month - 1 + count) % 12 + 1, 1, tzinfo=zone)
            for count in range(1, months + 1, every)
        ]
        labels = [(at, f"{at:%b}" if at.year == last.year else f"{at:%b %Y}") for at in starts]
    else:
        step = (last - first) / _LABELS
        labels = [(first + step * (count + 0.5), "") for count in range(_LABELS)]
        shape = "%d %b" if last - first > timedelta(days=2) else "%H:%M"
        labels = [(at, f"{at:{shape}}") for at, _ in labels]
        labels = [labels[0], *(after for before, after in pairwise(labels) if after[1] != before[1])]
    for at, words in labels:
        if scale.left + 16 < (x := scale.x(at)) < scale.right - 16:
            yield f'<text class="date" x="{x:.1f}" y="{_HEIGHT - 8}">{words}</text>'


def _markers(scale: _Scale, points: Sequence[Point], markers: Sequence[Marker]) -> Iterator[str]:
    taken: list[tuple[float, float]] = []
    for marker in sorted(markers, key=lambda one: (not one.own, one.at)):
        x = scale.x(marker.at)
        y = scale.y(next(price for at, price in reversed(points) if at <= marker.at))
        if marker.own:
            yield f'<line class="own" x1="{x:.1f}" x2="{x:.1f}" y1="{scale.top}" y2="{scale.bottom}"/>'
        x, y = next(
            (place for place in _places(scale, x, y) if all(_apart(place, other) for other in taken)),
            (x, y),
        )
        taken.append((x, y))
        yield (
            f'<g class="marker {marker.severity}{" own" if marker.own else ""}"><title>{escape(marker.title)}</title>'
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{_RADIUS}"/><text x="{x:.1f}" y="{y:.1f}">{escape(marker.letter)}</text></g>'
        )


def _places(scale: _Scale, x: float, y: float) -> Iterator[tuple[float, float]]:
    """Yield where a marker may lie on the drawing, the nearest to its own place first; then beside that."""
    rows = int((scale.bottom - scale.top) / _APART) + 1
    inward = -1 if y > (scale.top + scale.bottom) / 2 else 1
    for column in range(_COLUMNS):
        for row in (inward * number * sign for number in range(rows) for sign in (1, -1)):
            if scale.top <= y + row * _APART <= scale.bottom:
                yield x - column * _APART, y + row * _APART


def _apart(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return abs(one[0] - other[0]) >= _APART - 1 or abs(one[1] - other[1]) >= _APART - 1
