"""Rests of a receiver: for a while after failures, and until a person looks where it refuses us.

A receiver that fails is tried with one message at a time, and its other messages wait without a try of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin.model.deliveries import AttemptResult, ErrorClass

#: After the first failure in a row; at most twice as long after each further one.
FIRST_REST = timedelta(seconds=5)
LONGEST_REST = timedelta(minutes=15)
#: A message that may have arrived is not sent again in a hurry, nor where a server limits our rate.
DOUBTFUL_REST = timedelta(seconds=30)
#: An outage is over for no more than this share of its length when that is noticed.
_SHARE = 8
#: A receiver that refuses us needs a person: no hurry.
BLOCKED_REST = timedelta(hours=1)
#: What a server may ask for.
LEAST_ASKED, MOST_ASKED = timedelta(seconds=1), timedelta(hours=1)
#: A failure of any kind that lasts so long is reported.
REPORTED_AFTER = timedelta(hours=1)
#: A share by which a rest is longer or shorter, so that receivers of one server do not return together.
_SPREAD = 0.2
_REFUSES = frozenset({ErrorClass.AUTH, ErrorClass.GONE})
_REFUSES_ONE = frozenset({ErrorClass.CONTENT, ErrorClass.NOBODY})
#: Different messages in a row that a receiver refuses for what they say, or whom they are for: it is not the messages.
MOST_REFUSALS = 3
#: Tries of a message that a receiver refuses for what it says: as it is, and as a short plain text.
CONTENT_TRIES = 2


class Turn(StrEnum):
    """What became of a receiver that people should hear of."""

    BLOCKED = "blocked"
    FAILING = "failing"  # for an hour
    DELIVERS = "delivers"  # again, after one of the others


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverStatus:
    """A receiver: its *failures* in a row, *since* when nothing was delivered, and until when it *rests*.

    *refused* are the words with which its failure was reported, empty where it was not; *refusals* are the different
    messages in a row that it would not take.
    """

    failures: int = 0
    rests: datetime | None = None
    refused: str = ""
    since: datetime | None = None
    refusals: int = 0

    @property
    def blocked(self) -> bool:
        """Whether it refuses us, whatever we send."""
        return self.refusals >= MOST_REFUSALS


def after(
    before: ReceiverStatus, outcome: AttemptResult, *, now: datetime, jitter: float, attempt: int = 1
) -> tuple[ReceiverStatus, Turn | None]:
    """Return the standing after try number *attempt* of a message, and what of that is to be told.

    *jitter* is in [0, 1). A refusal of one message for what it says is no failure of its receiver; that of several is.
    """
    kind = outcome.error_class
    if kind is ErrorClass.OK:
        return ReceiverStatus(), Turn.DELIVERS if before.refused else None
    if kind in _REFUSES:
        before = replace(before, refusals=MOST_REFUSALS)
    elif kind in _REFUSES_ONE:
        final = kind is ErrorClass.NOBODY or attempt >= CONTENT_TRIES
        before = replace(before, refusals=min(before.refusals + final, MOST_REFUSALS))
        if not before.blocked:
            return replace(before, failures=0, rests=None), None
    since = before.since or now
    failures = before.failures + (kind not in (*_REFUSES, ErrorClass.RATE_LIMITED))
    rest = _rest(outcome, failures, now - since, jitter)
    standing = replace(before, failures=failures, since=since, rests=now + rest)
    refuses = kind in _REFUSES or kind in _REFUSES_ONE
    if before.refused or (not refuses and now - since < REPORTED_AFTER):
        return standing, None
    reported = replace(standing, refused=outcome.words or kind.value)
    return reported, Turn.BLOCKED if refuses else Turn.FAILING


def _rest(outcome: AttemptResult, failures: int, lasted: timedelta, jitter: float) -> timedelta:
    """How long to leave a receiver alone after its last failure, in an outage that has *lasted* so long."""
    if outcome.error_class in _REFUSES:
        return BLOCKED_REST
    if outcome.error_class in _REFUSES_ONE:
        return LONGEST_REST
    if outcome.retry_after is not None:
        return asked(outcome.retry_after)
    if outcome.error_class is ErrorClass.RATE_LIMITED:
        return DOUBTFUL_REST
    doubled: int = 2 ** min(failures - 1, 10)
    if outcome.error_class is ErrorClass.AMBIGUOUS:
        rest = DOUBTFUL_REST * doubled
    else:
        rest = min(FIRST_REST * doubled, max(FIRST_REST, lasted / _SHARE))
    return min(rest, LONGEST_REST) * (1 + _SPREAD * (2 * jitter - 1))


def asked(span: timedelta) -> timedelta:
    """What a server asks for, never more than an hour and never nothing."""
    return min(max(span, LEAST_ASKED), MOST_ASKED)
