"""Measures of how far apart prices of one instrument lie, and how far is too far to be believed of a single one.

Prices above zero are measured by their ratio, as log moves. Prices that may be zero or below have no ratio, and are
measured by their difference.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from tocsin.market.series import Series
from tocsin.market.sigma import log_move
from tocsin.model.prices import Bar

#: A jump larger than both is held until it is confirmed: a log move, and a number of usual moves.
_JUMP = math.log(1.25)
_USUAL = 8.0
#: A quote within so many sigma of the held one confirms it.
_CONFIRMS = 3.0
#: A log move that is none, however many follow: it is another unit.
_OTHER_UNIT = math.log(50)
#: So few moves do not say what is usual.
_FEW = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """The measure of moves: ratios, or *differences*.

    More than *jump* apart, a price needs another one *near* it that confirms it. *farthest* is no move at all.
    """

    differences: bool
    jump: float
    near: float
    farthest: float

    def apart(self, one: Decimal, other: Decimal) -> float:
        """Return how far *one* lies from *other*, zero or more; without *differences* both must be above zero."""
        return float(abs(other - one)) if self.differences else abs(log_move(one, other))


def measure(series: Series, bars: Sequence[Bar] = ()) -> Measure:
    """Return what moves of *series* are measured by; *bars* are sessions, oldest first, that it may not have seen."""
    if series.instrument.negative:
        # The confirming quote of a market that leaps may lie as far off as one that needs none.
        jump = _USUAL * _usual_difference(series, bars)
        return Measure(differences=True, jump=jump, near=jump, farthest=math.inf)
    sigma = series.sigma.value
    jump = max(_JUMP, _USUAL * sigma)
    return Measure(differences=False, jump=jump, near=_CONFIRMS * sigma, farthest=_OTHER_UNIT)


def _usual_difference(series: Series, bars: Sequence[Bar]) -> float:
    """Return the middle of what the price moved by from session to session or from quote to quote, whichever is more.

    Infinite where too little moved yet. The middle, because the history may have prices that are none.
    """
    sessions = [*(bar.price for bar in bars if bar.price.is_finite()), *(close.price for close in series.closes)]
    several = (sessions, [quote.price for quote in series.quotes])
    moves = [
        [float(abs(after - before)) for before, after in pairwise(prices) if after != before] for prices in several
    ]
    return max((statistics.median(found) for found in moves if len(found) >= _FEW), default=math.inf)
