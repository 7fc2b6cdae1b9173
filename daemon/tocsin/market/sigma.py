"""Sigma, the usual move of a day: a Huberised, exponentially weighted standard deviation of log moves.

It is learned from session closes only. A move counts as at most `CLIP` sigma, so that one shock does not hide the next. An
unchanged close counts for nothing, because many prices are assessed less often than they are polled.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import Decimal

#: Sessions after which a move has half its weight.
HALF_LIFE = 40
#: Most sigma that a move counts as.
CLIP = 3.0
#: The least sigma. Smaller moves are the noise of rounding.
FLOOR = 0.002
#: Weight of the prior, in sessions.
_PRIOR_WEIGHT = 10
_DECAY = 1 - 0.5 ** (1 / HALF_LIFE)
#: Daily sigma at the beginning, by class of instrument.
_PRIORS = {"fx": 0.006, "index": 0.01, "metal": 0.015, "equity": 0.03, "smallcap": 0.05}
_PRIOR = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Sigma:
    """The variance of a day's log move, learned from this number of *moves*."""

    variance: float
    moves: int = 0

    @property
    def value(self) -> float:
        """Sigma of one session as a log move: 0.03 is about 3 %."""
        return max(math.sqrt(self.variance), FLOOR)


def begin(kind: str) -> Sigma:
    """Return sigma before the first move, by the class of the instrument."""
    return Sigma(variance=_PRIORS.get(kind, _PRIOR) ** 2)


def learn(sigma: Sigma, before: Decimal, close: Decimal) -> Sigma:
    """Return *sigma* after a session that closed at *close*, and the one before it at *before*.

    Prices that are not above zero change nothing.
    """
    if before <= 0 or close <= 0:
        return sigma
    move = abs(log_move(before, close))
    if move == 0:
        return sigma
    weight = max(_DECAY, 1 / (sigma.moves + _PRIOR_WEIGHT))
    counted = min(move, CLIP * sigma.value)
    return replace(sigma, variance=(1 - weight) * sigma.variance + weight * counted**2, moves=sigma.moves + 1)


def log_move(before: Decimal, after: Decimal) -> float:
    """Return ln(after / before). Both must be above zero."""
    return 0.0 if before == after else math.log(after / before)
