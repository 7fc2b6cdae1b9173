"""What of the log only repeats, told from times that are passed in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tocsin.log import Repeats, line


def test_a_line_is_text_and_keeps_its_parts() -> None:
    """Another form of the log needs what the text was made of; no call says it twice."""
    made = line("source failed", source="wire", errors=2, status=None)
    assert made == "source failed source=wire errors=2"
    assert (made.event, made.pairs) == ("source failed", {"source": "wire", "errors": 2})


def test_lines_are_the_same_if_only_times_and_spans_differ() -> None:
    """The next try of a source that fails is a little later in each line."""
    first = line("source failed", source="wire", next=datetime(2026, 3, 2, tzinfo=UTC), wait=timedelta(seconds=1))
    again = line("source failed", source="wire", next=datetime(2026, 3, 3, tzinfo=UTC), wait=timedelta(seconds=9))
    assert first.identity == again.identity
    assert first.identity != line("source failed", source="desk").identity
    assert first.identity != line("source recovered", source="wire").identity


def test_what_is_said_again_within_a_minute_is_counted_and_told_once() -> None:
    """Nothing is lost: the count and the last of them come when the minute is over."""
    repeats: Repeats[str] = Repeats()
    assert [repeats.again("a", f"a{at}", at) for at in (0.0, 20.0, 59.9)] == [False, True, True]
    assert not repeats.again("b", "b0", 30.0)
    assert repeats.over(59.9) == []
    assert repeats.over(60.0) == [("a59.9", 2)]
    assert not repeats.again("a", "a60", 60.0)
    assert repeats.over(200.0) == []


def test_a_log_that_never_repeats_is_remembered_in_bounds() -> None:
    """A hundred thousand different lines in a minute must not fill the memory."""
    repeats: Repeats[int] = Repeats()
    for number in range(5000):
        assert not repeats.again(number, number, 1.0)
        repeats.over(1.0)
    assert repeats.again(4999, 4999, 2.0)
    assert not repeats.again(0, 0, 2.0)
