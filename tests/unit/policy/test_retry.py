"""When a message is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.model.deliveries import AttemptResult, DeliveryState, ErrorClass
from tocsin.policy.notifying import retry
from tocsin.policy.notifying.retry import MOST_REFUSALS, ReceiverStatus
from tocsin.render.reasons import in_words

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def settled(error_class: ErrorClass, attempt: int = 1, **outcome: object) -> tuple[DeliveryState, timedelta]:
    """State and wait after a try, with a day of life left and no jitter."""
    result = retry.settle(
        AttemptResult(error_class=error_class, words="no", **outcome),  # type: ignore[arg-type]
        attempt=attempt,
        now=NOON,
        expires_at=NOON + DAY,
        jitter=0.5,
    )
    return result.state, result.due_at - NOON


def test_transient_failures_are_tried_again_on_the_schedule() -> None:
    """5 s, 30 s, 2 m, 5 m, 15 m, 30 m, 1 h, then every two hours."""
    waits = [settled(ErrorClass.TRANSIENT, attempt)[1].total_seconds() for attempt in range(1, 10)]
    assert waits == pytest.approx([5, 30, 120, 300, 900, 1800, 3600, 7200, 7200])


@pytest.mark.parametrize(
    ("error_class", "attempt", "outcome", "state", "wait"),
    [
        (ErrorClass.OK, 1, {}, DeliveryState.DELIVERED, timedelta(0)),
        (ErrorClass.AMBIGUOUS, 1, {}, DeliveryState.RETRY, timedelta(seconds=5)),
        (ErrorClass.AUTH, 1, {"code": 403}, DeliveryState.RETRY, HOUR),
        (ErrorClass.GONE, 1, {"code": 404}, DeliveryState.RETRY, HOUR),
        (ErrorClass.NOBODY, 1, {}, DeliveryState.DEAD, timedelta(0)),
        (ErrorClass.CONTENT, 1, {}, DeliveryState.RETRY, timedelta(seconds=5)),
        (ErrorClass.CONTENT, 2, {}, DeliveryState.DEAD, timedelta(0)),
        (ErrorClass.RATE_LIMITED, 1, {"retry_after": 90 * MINUTE}, DeliveryState.RETRY, HOUR),
        (ErrorClass.RATE_LIMITED, 1, {"retry_after": timedelta(seconds=-5)}, DeliveryState.RETRY, timedelta(seconds=1)),
    ],
    ids=[
        "ok",
        "doubtful",
        "refused",
        "gone",
        "no such recipient",
        "content once",
        "content twice",
        "rate limited",
        "absurd wish",
    ],
)
def test_every_class_of_answer_has_its_consequence(
    error_class: ErrorClass, attempt: int, outcome: dict[str, object], state: DeliveryState, wait: timedelta
) -> None:
    """Delivered, tried again, or dead with a reason; nothing in between."""
    assert settled(error_class, attempt, **outcome) == (state, wait)


@pytest.mark.parametrize(
    ("error_class", "attempt", "failures", "wait"),
    [
        (ErrorClass.TRANSIENT, 1, 1, 5),
        (ErrorClass.TRANSIENT, 6, 6, 5),
        (ErrorClass.TRANSIENT, 1, 40, 5),
        (ErrorClass.TRANSIENT, 2, 1, 30),
        (ErrorClass.AMBIGUOUS, 2, 2, 30),
        (ErrorClass.AUTH, 1, 0, 3600),
    ],
    ids=["first", "its receiver fails as often", "its receiver fails longer", "only it fails", "doubtful", "refused"],
)
def test_a_message_waits_as_long_as_its_receiver_or_as_it_failed_more_often(
    error_class: ErrorClass, attempt: int, failures: int, wait: int
) -> None:
    """An outage is not the fault of a message, so that it does not outlast it."""
    result = retry.settle(
        AttemptResult(error_class=error_class),
        attempt=attempt,
        now=NOON,
        expires_at=NOON + DAY,
        jitter=0.5,
        receiver=ReceiverStatus(failures=failures, rests=NOON + timedelta(seconds=5)),
    )
    assert result.due_at - NOON == timedelta(seconds=wait)


def test_nothing_is_promised_before_its_receiver_is_tried_again() -> None:
    """What is logged as the time of the next try is true."""
    standing = ReceiverStatus(failures=1, rests=NOON + HOUR)
    for error_class in set(ErrorClass) - {ErrorClass.OK, ErrorClass.NOBODY}:
        result = retry.settle(
            AttemptResult(error_class=error_class),
            attempt=1,
            now=NOON,
            expires_at=NOON + DAY,
            jitter=0.0,
            receiver=standing,
        )
        assert result.due_at >= NOON + HOUR


def test_a_delivery_dies_with_a_reason_when_its_time_is_up() -> None:
    """An alert of yesterday is not sent tomorrow; the reason says what the server said."""
    outcome = AttemptResult(error_class=ErrorClass.TRANSIENT, code=503, words="busy")
    result = retry.settle(outcome, attempt=9, now=NOON, expires_at=NOON + HOUR, jitter=0.5)
    assert result.state is DeliveryState.DEAD
    assert in_words(result.reason) == "no time left for another attempt: transient 503: busy"


@pytest.mark.parametrize("error_class", [ErrorClass.CONTENT, ErrorClass.NOBODY])
def test_what_a_blocked_receiver_refuses_waits(error_class: ErrorClass) -> None:
    """Where everything is refused, no message is at fault, and none dies of it."""
    outcome = AttemptResult(error_class=error_class, code=400, words="no")
    blocked = ReceiverStatus(refusals=MOST_REFUSALS, rests=NOON + HOUR)
    result = retry.settle(outcome, attempt=2, now=NOON, expires_at=NOON + DAY, jitter=0.5, receiver=blocked)
    assert (result.state, result.due_at) == (DeliveryState.RETRY, NOON + HOUR)
