"""The allowance of programs that hand in items."""

from datetime import UTC, datetime, timedelta

from tocsin.web.allowance import MOST, Allowance

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NONE = timedelta(0)


def test_a_program_may_use_up_a_minute_at_once_and_then_goes_on_at_that_rate():
    """It is told how long to wait; a refused request costs nothing, and others have their own allowance."""
    allowance = Allowance()
    assert allowance.take("a", MOST, NOON) == NONE
    assert allowance.take("a", 10, NOON) == timedelta(seconds=1)
    assert allowance.take("a", 10, NOON + timedelta(seconds=1)) == NONE
    assert allowance.take("a", 1, NOON + timedelta(seconds=1)) == timedelta(seconds=0.1)
    assert allowance.take("b", MOST, NOON) == NONE
    assert allowance.take("a", MOST, NOON + timedelta(seconds=61)) == NONE


def test_a_clock_that_is_set_back_holds_nobody_up_for_long():
    """At most for the minute that anybody can have used."""
    allowance = Allowance()
    assert allowance.take("a", 1, NOON + timedelta(days=1)) == NONE
    assert allowance.take("a", 60, NOON) == timedelta(seconds=6)
