"""The state of a delivery after an attempt: delivered, to be tried again, or dead with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tocsin.model.alerts import Alert
from tocsin.model.deliveries import AttemptResult, DeliveryKind, DeliveryState, ErrorClass, Settlement
from tocsin.model.reasons import Cause, Reason
from tocsin.model.rules import Match
from tocsin.policy.notifying.breaker import BLOCKED_REST, CONTENT_TRIES, ReceiverStatus, asked

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
