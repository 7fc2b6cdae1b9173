"""When things happen: polls, back-off, health, retries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.errors import Fault
from tocsin.model import DeliveryState, ErrorClass, Outcome
from tocsin.policy import health, retry, schedule

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def test_polls_spread_by_five_percent() -> None:
    """Sources with one interval drift apart instead of hitting a server together."""
    assert schedule.next_poll(100 * MINUTE, 0.0) == 95 * MINUTE
    assert schedule.next_poll(100 * MINUTE, 0.5) == 100 * MINUTE


@pytest.mark.parametrize(
    ("errors", "interval", "fault", "retry_after", "gone", "expected"),
    [
        (1, MINUTE, Fault.NETWORK, None, False, 5 * MINUTE),
        (2, 15 * MINUTE, Fault.STATUS, None, False, 30 * MINUTE),
        (50, 15 * MINUTE, Fault.STATUS, None, False, DAY),
        (1, 15 * MINUTE, Fault.RATE_LIMITED, 2 * HOUR, False, 2 * HOUR),
        (1, 15 * MINUTE, Fault.STATUS, MINUTE, False, 15 * MINUTE),
        (1, MINUTE, Fault.RATE_LIMITED, None, False, 15 * MINUTE),
        (1, 15 * MINUTE, Fault.RATE_LIMITED, 90 * DAY, False, DAY),
        (1, 15 * MINUTE, Fault.GONE, None, False, DAY),
        (2, 15 * MINUTE, Fault.GONE, None, True, 7 * DAY),
    ],
    ids=[
        "short interval",
        "doubles",
        "never more than a day",
        "what the server asks",
        "never sooner than ours",
        "429 without a time",
        "no server puts us off for a season",
        "410 once",
        "gone",
    ],
)
def test_a_failing_source_is_left_alone(
    errors: int, interval: timedelta, fault: Fault, retry_after: timedelta | None, gone: bool, expected: timedelta
) -> None:
    """Back-off doubles, is bounded, and honours the server."""
    delay = schedule.back_off(
        errors=errors, interval=interval, fault=fault, retry_after=retry_after, gone=gone, jitter=0.5
    )
    assert delay == expected


@pytest.mark.parametrize(
    ("errors", "silent", "told_before", "tells"),
    [(2, 7 * HOUR, False, False), (3, 5 * HOUR, False, False), (3, 6 * HOUR, False, True), (4, 9 * HOUR, True, False)],
    ids=["two failures", "not long enough", "unhealthy", "told once"],
)
def test_a_source_is_unhealthy_after_three_failures_and_six_hours(
    errors: int, silent: timedelta, told_before: bool, tells: bool
) -> None:
    """One message, not one a failure, and none for a hiccup."""
    verdict = health.after_failure(
        errors=errors,
        fault=Fault.NETWORK,
        last_fault=Fault.NETWORK,
        unhealthy=told_before,
        gone=False,
        since=NOON - silent,
        now=NOON,
    )
    assert verdict.tell_unhealthy is tells
    assert verdict.unhealthy is (tells or told_before)


@pytest.mark.parametrize(
    ("fault", "last", "gone", "is_gone", "tells"),
    [
        (Fault.GONE, None, False, False, False),
        (Fault.GONE, Fault.GONE, False, True, True),
        (Fault.GONE, Fault.GONE, True, True, False),
        (Fault.NETWORK, Fault.GONE, True, False, False),
    ],
    ids=["once may be a mistake", "twice in a row", "told once", "something else since"],
)
def test_a_source_is_gone_after_two_410_in_a_row(
    fault: Fault, last: Fault | None, gone: bool, is_gone: bool, tells: bool
) -> None:
    """The operator hears once that a feed is gone for good, and not also that it is unhealthy."""
    verdict = health.after_failure(
        errors=1, fault=fault, last_fault=last, unhealthy=gone, gone=gone, since=NOON, now=NOON
    )
    assert (verdict.gone, verdict.tell_gone, verdict.tell_unhealthy) == (is_gone, tells, False)


def test_recovery_is_told_only_after_trouble_was() -> None:
    """No "recovered" out of the blue."""
    assert health.recovered(unhealthy=True)
    assert not health.recovered(unhealthy=False)


def settled(error_class: ErrorClass, attempt: int = 1, **outcome: object) -> tuple[DeliveryState, timedelta]:
    """State and wait after a try, with a day of life left and no jitter."""
    result = retry.settle(
        Outcome(error_class=error_class, words="no", **outcome),  # type: ignore[arg-type]
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
        (ErrorClass.GONE, 1, {"code": 404}, DeliveryState.DEAD, timedelta(0)),
        (ErrorClass.CONTENT, 1, {}, DeliveryState.RETRY, timedelta(seconds=5)),
        (ErrorClass.CONTENT, 2, {}, DeliveryState.DEAD, timedelta(0)),
        (ErrorClass.RATE_LIMITED, 1, {"retry_after": 90 * MINUTE}, DeliveryState.RETRY, HOUR),
        (ErrorClass.RATE_LIMITED, 1, {"retry_after": timedelta(seconds=-5)}, DeliveryState.RETRY, timedelta(seconds=1)),
    ],
    ids=["ok", "doubtful", "refused", "gone", "content once", "content twice", "rate limited", "absurd wish"],
)
def test_every_class_of_answer_has_its_consequence(
    error_class: ErrorClass, attempt: int, outcome: dict[str, object], state: DeliveryState, wait: timedelta
) -> None:
    """Delivered, tried again, or dead with a reason; nothing in between."""
    assert settled(error_class, attempt, **outcome) == (state, wait)


def test_a_delivery_dies_with_a_reason_when_its_time_is_up() -> None:
    """An alert of yesterday is not sent tomorrow; the reason says what the server said."""
    outcome = Outcome(error_class=ErrorClass.TRANSIENT, code=503, words="busy")
    result = retry.settle(outcome, attempt=9, now=NOON, expires_at=NOON + HOUR, jitter=0.5)
    assert result.state is DeliveryState.DEAD
    assert result.reason == "no time left for another try: transient 503: busy"
