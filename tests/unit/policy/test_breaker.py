"""When a receiver is left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.model.deliveries import AttemptResult, ErrorClass
from tocsin.policy.notifying.retry import ReceiverStatus, Turn, after

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def tried(
    before: ReceiverStatus, error_class: ErrorClass, *, jitter: float = 0.5, attempt: int = 1, **fields: object
) -> tuple[ReceiverStatus, Turn | None]:
    """The standing after one more try at noon."""
    return after(before, AttemptResult(error_class=error_class, **fields), now=NOON, jitter=jitter, attempt=attempt)


def outage(
    error_class: ErrorClass, lasts: timedelta
) -> tuple[list[tuple[timedelta, timedelta]], ReceiverStatus, list[Turn]]:
    """An outage in which every try comes as soon as the receiver no longer rests.

    The (age, rest) of each try, how the receiver stands at the end, and what was told.
    """
    standing, now, tries, told = ReceiverStatus(), NOON, [], []
    while now - NOON < lasts:
        outcome = AttemptResult(error_class=error_class, words="busy")
        standing, turn = after(standing, outcome, now=now, jitter=0.5)
        assert standing.rests
        tries.append((now - NOON, standing.rests - now))
        told += [turn] if turn else []
        now = standing.rests
    return tries, standing, told


def test_a_young_outage_is_probed_every_few_seconds() -> None:
    """A server that was away for three quarters of a minute is back within seconds, not a minute later."""
    tries, _, _ = outage(ErrorClass.TRANSIENT, timedelta(seconds=45))
    assert len(tries) == 9
    assert max(rest for _, rest in tries) < timedelta(seconds=6)


def test_an_old_outage_is_over_for_no_more_than_an_eighth_of_its_length_when_that_is_noticed() -> None:
    """A quarter of an hour at most; and a day of it is a hundred and some tries, not thousands."""
    tries, standing, _ = outage(ErrorClass.TRANSIENT, timedelta(days=1))
    for age, rest in tries:
        assert timedelta(seconds=5) <= rest <= max(timedelta(seconds=5), min(age / 8, timedelta(minutes=15)))
    assert tries[-1][1] == timedelta(minutes=15)
    assert len(tries) < 160
    assert tried(standing, ErrorClass.OK) == (ReceiverStatus(), Turn.DELIVERS)


def test_a_receiver_that_was_not_tried_for_long_is_probed_as_one_that_fails_anew() -> None:
    """A test that failed yesterday says nothing of an outage between that and today."""
    yesterday, _ = tried(ReceiverStatus(), ErrorClass.TRANSIENT)
    today, _ = after(
        yesterday, AttemptResult(error_class=ErrorClass.TRANSIENT), now=NOON + timedelta(days=1), jitter=0.5
    )
    assert today.rests
    assert today.rests - NOON - timedelta(days=1) == timedelta(seconds=10)


def test_doubtful_failures_put_a_receiver_back_for_longer_and_longer() -> None:
    """30 s, doubled up to a quarter of an hour: each try may be a copy too many."""
    tries, _, _ = outage(ErrorClass.AMBIGUOUS, HOUR)
    assert [rest.total_seconds() for _, rest in tries] == [30, 60, 120, 240, 480, 900, 900, 900]


@pytest.mark.parametrize(
    "error_class", [ErrorClass.TRANSIENT, ErrorClass.AMBIGUOUS, ErrorClass.RATE_LIMITED], ids=lambda kind: kind.value
)
def test_a_receiver_that_fails_for_an_hour_is_reported_once_and_so_is_its_recovery(error_class: ErrorClass) -> None:
    """Whatever the class: whoever is told about failures must not hear of them a day later."""
    _, early, told = outage(error_class, timedelta(minutes=50))
    assert (told, early.refused) == ([], "")
    _, late, told = outage(error_class, timedelta(hours=9))
    assert (told, late.refused, late.since) == ([Turn.FAILING], "busy", NOON)
    assert tried(late, ErrorClass.OK) == (ReceiverStatus(), Turn.DELIVERS)
    assert tried(early, ErrorClass.OK) == (ReceiverStatus(), None)


def test_failures_of_several_kinds_are_one_outage() -> None:
    """What is busy first and refuses us then is reported when it refuses, and not again."""
    busy, _ = tried(ReceiverStatus(), ErrorClass.TRANSIENT)
    blocked, turn = after(busy, AttemptResult(error_class=ErrorClass.AUTH), now=NOON + HOUR / 2, jitter=0.5)
    assert (turn, blocked.since) == (Turn.BLOCKED, NOON)
    later, turn = after(blocked, AttemptResult(error_class=ErrorClass.TRANSIENT), now=NOON + 2 * HOUR, jitter=0.5)
    assert (turn, later.refused) == (None, "auth")


@pytest.mark.parametrize(("jitter", "seconds"), [(0.0, 24), (0.5, 30), (0.999, 36)])
def test_receivers_of_one_server_do_not_return_together(jitter: float, seconds: float) -> None:
    """A rest is up to a fifth longer or shorter."""
    standing, _ = tried(ReceiverStatus(), ErrorClass.AMBIGUOUS, jitter=jitter)
    assert (standing.rests - NOON).total_seconds() == pytest.approx(seconds, abs=0.1)


@pytest.mark.parametrize(
    ("asked", "rest"),
    [
        (timedelta(minutes=7), timedelta(minutes=7)),
        (timedelta(days=400), HOUR),
        (timedelta(seconds=-9), timedelta(seconds=1)),
        (None, timedelta(seconds=30)),
    ],
)
def test_a_server_sets_its_own_rest_within_reason(asked: timedelta | None, rest: timedelta) -> None:
    """Retry-After is kept to, and can put nobody off for a year; being asked to slow down is no failure."""
    standing, _ = tried(ReceiverStatus(failures=3), ErrorClass.RATE_LIMITED, retry_after=asked)
    assert (standing.rests - NOON, standing.failures) == (rest, 3)
    if asked:
        busy, _ = tried(ReceiverStatus(), ErrorClass.TRANSIENT, retry_after=asked)
        assert busy.rests - NOON == rest


@pytest.mark.parametrize("error_class", [ErrorClass.AUTH, ErrorClass.GONE])
def test_a_refusal_blocks_once_and_its_end_is_told(error_class: ErrorClass) -> None:
    """One message that it refuses, one that it delivers again, and in between a try an hour."""
    standing, turn = tried(ReceiverStatus(), error_class, words="invalid_token")
    assert (standing.refused, standing.rests, turn) == ("invalid_token", NOON + HOUR, Turn.BLOCKED)
    again, turn = tried(standing, error_class, words="invalid_token")
    assert turn is None
    busy, turn = tried(again, ErrorClass.TRANSIENT)
    assert (busy.refused, turn) == ("invalid_token", None)
    assert tried(busy, ErrorClass.OK) == (ReceiverStatus(), Turn.DELIVERS)


def test_a_message_that_is_refused_for_what_it_says_blocks_nobody() -> None:
    """A poison message must not hold up those behind it, and its first try is no refusal yet: a short form follows."""
    assert tried(ReceiverStatus(failures=2), ErrorClass.CONTENT) == (ReceiverStatus(), None)
    assert tried(ReceiverStatus(failures=2), ErrorClass.CONTENT, attempt=2) == (ReceiverStatus(refusals=1), None)
    assert tried(ReceiverStatus(), ErrorClass.NOBODY) == (ReceiverStatus(refusals=1), None)
    assert tried(ReceiverStatus(refusals=2), ErrorClass.OK) == (ReceiverStatus(), None)


@pytest.mark.parametrize("error_class", [ErrorClass.CONTENT, ErrorClass.NOBODY])
def test_a_receiver_that_refuses_different_messages_in_a_row_is_blocked(error_class: ErrorClass) -> None:
    """It is not the messages: told once, tried with another one now and then, and its end is told once."""
    standing = ReceiverStatus()
    for _ in range(2):
        standing, turn = tried(standing, error_class, attempt=2, words="bad request")
        assert (standing.blocked, turn) == (False, None)
    standing, turn = tried(standing, error_class, attempt=2, words="bad request")
    assert (standing.blocked, standing.refused, turn) == (True, "bad request", Turn.BLOCKED)
    assert standing.rests is not None
    assert standing.rests > NOON
    again, turn = tried(standing, error_class, words="bad request")
    assert (again.blocked, turn) == (True, None)
    assert tried(again, ErrorClass.OK) == (ReceiverStatus(), Turn.DELIVERS)
