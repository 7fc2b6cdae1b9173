"""Rests of a receiver: short ones after failures, longer ones while it refuses us.

A receiver that fails is tried with one message at a time, and its other messages wait without an attempt.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin.model.deliveries import AttemptResult, ErrorClass

#: The rest after the first failure in a row; it at most doubles with each further one.
FIRST_REST = timedelta(seconds=5)
LONGEST_REST = timedelta(minutes=15)
#: The rest after a message that may have arrived, and after a server limited our rate.
DOUBTFUL_REST = timedelta(seconds=30)
#: The end of an outage is noticed within one part in so many of its length.
_SHARE = 8
#: A receiver that refuses us needs a person, so there is no hurry.
BLOCKED_REST = timedelta(hours=1)
#: The range of waits that a server may ask for.
LEAST_ASKED, MOST_ASKED = timedelta(seconds=1), timedelta(hours=1)
#: Failures of any kind are reported after this time.
REPORTED_AFTER = timedelta(hours=1)
#: A rest is longer or shorter by up to this share, so that receivers of one server do not retry together.
_SPREAD = 0.2
_REFUSES = frozenset({ErrorClass.AUTH, ErrorClass.GONE})
_REFUSES_ONE = frozenset({ErrorClass.CONTENT, ErrorClass.NOBODY})
#: After so many different messages refused in a row for content or recipient, the receiver is the cause.
MOST_REFUSALS = 3
#: Attempts of a message that is refused for its content: as it is, and as a short plain text.
CONTENT_TRIES = 2


class Turn(StrEnum):
    """A change of a receiver that operators are notified of."""

    BLOCKED = "blocked"
    FAILING = "failing"  # for an hour
    DELIVERS = "delivers"  # again


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverStatus:
    """A receiver: its *failures* in a row, *since* when nothing was delivered, and until when it *rests*.

    *refused* are the words with which its failure was reported, empty if it was not; *refusals* is the number of
    different messages in a row that it refused.
    """

    failures: int = 0
    rests: datetime | None = None
    refused: str = ""
    since: datetime | None = None
    refusals: int = 0

    @property
    def blocked(self) -> bool:
        """Return whether it refuses every message."""
        return self.refusals >= MOST_REFUSALS


def after(
    before: ReceiverStatus, outcome: AttemptResult, *, now: datetime, jitter: float, attempt: int = 1
) -> tuple[ReceiverStatus, Turn | None]:
    """Return the status after attempt number *attempt* of a message, and the change to report.

    *jitter* is in [0, 1). Refusing one message for its content is no failure of the receiver; refusing several is.
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
    status = replace(before, failures=failures, since=since, rests=now + rest)
    refuses = kind in _REFUSES or kind in _REFUSES_ONE
    if before.refused or (not refuses and now - since < REPORTED_AFTER):
        return status, None
    reported = replace(status, refused=outcome.words or kind.value)
    return reported, Turn.BLOCKED if refuses else Turn.FAILING


def _rest(outcome: AttemptResult, failures: int, lasted: timedelta, jitter: float) -> timedelta:
    """Return the rest after the last failure, in an outage that has *lasted* so long."""
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
    """Return the wait that a server asks for, from one second to one hour."""
    return min(max(span, LEAST_ASKED), MOST_ASKED)
