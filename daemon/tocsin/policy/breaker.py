"""When a receiver is left alone: after failures for a while, refused until a person looks (DESIGN 6).

A receiver that fails is tried with one message at a time, and its other messages wait without a try of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin.model import ErrorClass, Outcome

#: After the first failure in a row; twice as long after each further one.
FIRST_REST = timedelta(seconds=30)
LONGEST_REST = timedelta(minutes=15)
#: A receiver that refuses us needs a person: no hurry.
BLOCKED_REST = timedelta(hours=1)
#: What a server may ask for.
LEAST_ASKED, MOST_ASKED = timedelta(seconds=1), timedelta(hours=1)
#: A share by which a rest is longer or shorter, so that receivers of one server do not return together.
_SPREAD = 0.2
_FAILS = frozenset({ErrorClass.TRANSIENT, ErrorClass.AMBIGUOUS})
_REFUSES = frozenset({ErrorClass.AUTH, ErrorClass.GONE})


class Turn(StrEnum):
    """What became of a receiver that people should hear of."""

    BLOCKED = "blocked"
    DELIVERS = "delivers"  # again, after it was blocked


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A receiver: its *failures* in a row, until when it *rests*, and the words with which it *refused* us, if it did."""

    failures: int = 0
    rests: datetime | None = None
    refused: str = ""


def after(before: Standing, outcome: Outcome, *, now: datetime, jitter: float) -> tuple[Standing, Turn | None]:
    """The standing after a try, and what of that is to be told; *jitter* is in [0, 1).

    A refusal of one message for what it says is no failure of its receiver.
    """
    kind = outcome.error_class
    if kind is ErrorClass.OK:
        return Standing(), Turn.DELIVERS if before.refused else None
    if kind is ErrorClass.RATE_LIMITED:
        return replace(before, rests=now + asked(outcome.retry_after or FIRST_REST)), None
    if kind in _FAILS:
        failures = before.failures + 1
        rest = min(FIRST_REST * 2 ** min(failures - 1, 10), LONGEST_REST) * (1 + _SPREAD * (2 * jitter - 1))
        if outcome.retry_after is not None:
            rest = asked(outcome.retry_after)
        return replace(before, failures=failures, rests=now + rest), None
    if kind in _REFUSES:
        words = outcome.words or kind.value
        blocked = replace(before, refused=words, rests=now + BLOCKED_REST)
        return blocked, None if before.refused else Turn.BLOCKED
    return replace(before, failures=0, rests=None), None


def asked(span: timedelta) -> timedelta:
    """What a server asks for, never more than an hour and never nothing."""
    return min(max(span, LEAST_ASKED), MOST_ASKED)
