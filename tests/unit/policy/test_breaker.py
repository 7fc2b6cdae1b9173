"""When a receiver is left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.model import ErrorClass, Outcome
from tocsin.policy.breaker import Standing, Turn, after

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def tried(
    before: Standing, error_class: ErrorClass, *, jitter: float = 0.5, **fields: object
) -> tuple[Standing, Turn | None]:
    """The standing after one more try at noon."""
    return after(before, Outcome(error_class=error_class, **fields), now=NOON, jitter=jitter)


def test_failures_in_a_row_put_a_receiver_back_for_longer_and_longer() -> None:
    """30 s, doubled up to a quarter of an hour; the first success ends it."""
    standing, rests = Standing(), []
    for _ in range(8):
        standing, turn = tried(standing, ErrorClass.TRANSIENT)
        assert turn is None
        rests.append((standing.rests - NOON).total_seconds())
    assert rests == [30, 60, 120, 240, 480, 900, 900, 900]
    assert tried(standing, ErrorClass.OK) == (Standing(), None)


@pytest.mark.parametrize(("jitter", "seconds"), [(0.0, 24), (0.5, 30), (0.999, 36)])
def test_receivers_of_one_server_do_not_return_together(jitter: float, seconds: float) -> None:
    """A rest is up to a fifth longer or shorter."""
    standing, _ = tried(Standing(), ErrorClass.AMBIGUOUS, jitter=jitter)
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
    standing, _ = tried(Standing(failures=3), ErrorClass.RATE_LIMITED, retry_after=asked)
    assert (standing.rests - NOON, standing.failures) == (rest, 3)
    if asked:
        busy, _ = tried(Standing(), ErrorClass.TRANSIENT, retry_after=asked)
        assert busy.rests - NOON == rest


@pytest.mark.parametrize("error_class", [ErrorClass.AUTH, ErrorClass.GONE])
def test_a_refusal_blocks_once_and_its_end_is_told(error_class: ErrorClass) -> None:
    """One message that it refuses, one that it delivers again, and in between a try an hour."""
    standing, turn = tried(Standing(), error_class, words="invalid_token")
    assert (standing.refused, standing.rests, turn) == ("invalid_token", NOON + HOUR, Turn.BLOCKED)
    again, turn = tried(standing, error_class, words="invalid_token")
    assert turn is None
    busy, turn = tried(again, ErrorClass.TRANSIENT)
    assert (busy.refused, turn) == ("invalid_token", None)
    assert tried(busy, ErrorClass.OK) == (Standing(), Turn.DELIVERS)


def test_a_message_that_is_refused_for_what_it_says_blocks_nobody() -> None:
    """A poison message must not hold up those behind it."""
    assert tried(Standing(failures=2), ErrorClass.CONTENT) == (Standing(), None)
    assert tried(Standing(), ErrorClass.NOBODY) == (Standing(), None)
