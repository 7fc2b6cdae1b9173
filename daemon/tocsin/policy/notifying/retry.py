"""The state of a delivery after an attempt, and the rest of its receiver.

A delivery is delivered, to be tried again, or dead with a reason. A receiver that fails is tried with one message at a
time, and its other messages wait without an attempt; while it refuses us, the rests are longer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin.model.alerts import Alert
from tocsin.model.deliveries import AttemptResult, DeliveryKind, DeliveryState, ErrorClass, Settlement
from tocsin.model.reasons import Cause, Reason
from tocsin.model.rules import Match

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


#: Waits after the first, second ... failed attempt; then every two hours.
WAITS = tuple(timedelta(seconds=s) for s in (5, 30, 120, 300, 900, 1800, 3600))
LAST_WAIT = timedelta(hours=2)
#: A receiver that refuses us needs a person, so there is no hurry.
AUTH_WAIT = BLOCKED_REST
#: A delivery is given up this long after it was due: a price is worthless after an hour, a digest is useful tomorrow.
LIFE = timedelta(hours=24)
DIGEST_LIFE = timedelta(hours=48)
PRICE_LIFE = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """The state of a delivery and of its receiver after an attempt, and the events of the daemon."""

    settlement: Settlement
    status: ReceiverStatus = field(default_factory=ReceiverStatus)
    own: Sequence[Match] = ()


def life(alert: Alert, kind: DeliveryKind, entry_id: int | None) -> timedelta:
    """Return how long a message about *alert* is worth sending; without *entry_id* it is about a quote."""
    if kind is DeliveryKind.DIGEST:
        return DIGEST_LIFE
    return PRICE_LIFE if is_price(alert, kind, entry_id) else LIFE


def is_price(alert: Alert, kind: DeliveryKind, entry_id: int | None) -> bool:
    """Return whether the message is about a quote, not an entry."""
    return entry_id is None and kind is not DeliveryKind.OPERATOR and "instrument" in alert.labels


def settle(
    outcome: AttemptResult,
    *,
    attempt: int,
    now: datetime,
    expires_at: datetime,
    jitter: float,
    once: bool = False,
    receiver: ReceiverStatus | None = None,
) -> Settlement:
    """Return the next state after attempt number *attempt*; *jitter* in [0, 1) moves a wait by up to 20 % either way.

    *receiver* is its status after the attempt: nothing is sent while it rests, and if it refuses everything, a refused
    message waits. A message that is sent only *once* is not sent again.
    """
    if outcome.error_class is ErrorClass.OK:
        return Settlement(state=DeliveryState.DELIVERED, due_at=now)
    reason = Reason(cause=Cause.FAILED, words=_words(outcome))
    final = outcome.error_class is ErrorClass.CONTENT and attempt >= CONTENT_TRIES
    if once or ((final or outcome.error_class is ErrorClass.NOBODY) and not (receiver and receiver.blocked)):
        return Settlement(state=DeliveryState.DEAD, due_at=now, reason=reason)
    due_at = _due(outcome, attempt, now + _wait(outcome, attempt, jitter), receiver or ReceiverStatus())
    if due_at >= expires_at:
        return Settlement(state=DeliveryState.DEAD, due_at=now, reason=Reason(cause=Cause.NO_TIME, because=reason))
    return Settlement(state=DeliveryState.RETRY, due_at=due_at, reason=reason)


def _due(outcome: AttemptResult, attempt: int, planned: datetime, receiver: ReceiverStatus) -> datetime:
    """Return the time of the next attempt, which by the waits alone is *planned*.

    A message that failed no more often than its receiver did in a row is not the cause: it is sent as soon as the
    receiver is tried again. One that may have arrived keeps its own waits.
    """
    if receiver.rests is None:
        return planned
    if outcome.error_class is ErrorClass.TRANSIENT and attempt <= receiver.failures:
        return receiver.rests
    return max(planned, receiver.rests)


def _wait(outcome: AttemptResult, attempt: int, jitter: float) -> timedelta:
    spread = 0.8 + 0.4 * jitter
    planned = WAITS[attempt - 1] if attempt <= len(WAITS) else LAST_WAIT
    if outcome.error_class in (ErrorClass.AUTH, ErrorClass.GONE):
        return max(planned, AUTH_WAIT) * spread
    if outcome.retry_after is not None:
        return asked(outcome.retry_after)  # never sooner
    return planned * spread


def _words(outcome: AttemptResult) -> str:
    code = f" {outcome.code}" if outcome.code is not None else ""
    return f"{outcome.error_class}{code}: {outcome.words}".rstrip(": ")
