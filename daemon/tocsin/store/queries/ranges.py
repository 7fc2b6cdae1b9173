"""Ranges of a table that a search for words looks at one after the other, because nothing bounds the texts in it."""

from __future__ import annotations

import time
from collections.abc import Iterator

#: Seconds that a search for words may take.
WITHIN = 2.0
#: Numbers of the first range, of the smallest and of the largest one.
_FIRST, _LEAST, _MOST = 250, 25, 4000
#: Seconds of a range after which the next one may be larger.
_QUICK = 0.1


def ranges(low: int, top: int, within: float = WITHIN) -> Iterator[tuple[int, int]]:
    """Yield ranges of the numbers from *low* to below *top*, the highest first: (first, first that is above).

    The last one ends at *low*, or lies where *within* seconds were over. Each is as large as the time of the one before
    allows, so that one of them takes no second, whether an entry has a line or a book.
    """
    begins, size = time.monotonic(), _FIRST
    while top > low:
        began, bottom = time.monotonic(), max(low, top - size)
        yield bottom, top
        ended, top = time.monotonic(), bottom
        if ended - begins >= within:
            return
        size = min(2 * size, _MOST) if ended - began < _QUICK else max(size // 2, _LEAST)
