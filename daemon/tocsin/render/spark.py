"""Prices as a line: an SVG of our own as PNG for mail, eight levels of blocks for text."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import resvg_py

_BLOCKS = "▁▂▃▄▅▆▇█"
#: Columns of a line of blocks.
COLUMNS = 30
#: A picture in points; it is drawn at twice that for screens that have them.
WIDTH, HEIGHT = 280, 56
_EDGE = 4
#: Fewer points, or points that are all the same, draw nothing that says anything.
_FEWEST = 5
#: Colours that stand out from white and from black.
_LINE, _MARK, _BASE = "#4b83ee", "#e2661a", "#9aa4b5"


def blocks(prices: Sequence[Decimal]) -> str:
    """Return *prices*, oldest first, as blocks; empty where they draw nothing. Of many, each column shows its last."""
    if not _draws(prices):
        return ""
    count = min(len(prices), COLUMNS)
    shown = [prices[(number + 1) * len(prices) // count - 1] for number in range(count)]
    low, span = min(shown), max(shown) - min(shown)
    top = len(_BLOCKS) - 1
    return "".join(_BLOCKS[int((price - low) * top / span) if span else 0] for price in shown)


def png(prices: Sequence[Decimal], reference: Decimal | None) -> bytes:
    """Return *prices*, oldest first, as a picture with *reference* as a dashed line; empty where they draw nothing."""
    if not _draws(prices):
        return b""
    drawn = svg(prices, reference)
    # Nothing in it comes from a stranger, and it has no text that would need a font.
    return bytes(resvg_py.svg_to_bytes(svg_string=drawn, zoom=2, skip_system_fonts=True))


def svg(prices: Sequence[Decimal], reference: Decimal | None) -> str:
    """Return the drawing that `png` rasterises; the newest price is a dot."""
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
