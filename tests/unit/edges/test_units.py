"""Numbers, times, spans and sizes as people read and write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.units import counted, duration, local, parse_duration, parse_time, size, utc, write_duration


@pytest.mark.parametrize(
    ("number", "noun", "words"),
    [
        (1, "problem", "1 problem"),
        (0, "problem", "0 problems"),
        (2000, "new entry", "2,000 new entries"),
        (2, "day", "2 days"),
        (3, "match", "3 matches"),
        (1, "try", "1 try"),
    ],
)
def test_what_is_counted_stands_in_the_right_number(number: int, noun: str, words: str) -> None:
    """One alert is no `1 alerts`."""
    assert counted(number, noun) == words


def test_a_time_is_shown_in_its_zone_or_in_utc() -> None:
    """Whatever zone it comes in."""
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert local(noon, ZoneInfo("Asia/Tokyo")) == "2026-03-02 21:00"
    assert utc(noon.astimezone(ZoneInfo("Asia/Tokyo"))) == "2026-03-02 12:00 UTC"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0s"),
        (-5, "0s"),
        (45.4, "45s"),
        (2 * 86_400 + 300, "2d"),
        (45, "45s"),
        (5400, "1h 30m"),
        (86_400, "1d"),
        (90_061, "1d 1h"),
        (3601, "1h"),
    ],
)
def test_a_duration_has_at_most_two_units(seconds: float, words: str) -> None:
    """It stands in a line of a table."""
    assert duration(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (12_345, "12.3 kB"),
        (5 * 10**6, "5.0 MB"),
        (2 * 10**12, "2,000.0 GB"),
    ],
)
def test_a_size_has_a_unit(octets: int, words: str) -> None:
    """Of powers of ten, as disks are sold."""
    assert size(octets) == words


@given(st.integers(min_value=0, max_value=999_999))
def test_a_duration_that_is_written_reads_as_the_same(seconds: int) -> None:
    """What `config show` prints can be pasted back."""
    assert parse_duration(write_duration(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        pytest.param("2026-03-02T08:00:00Z", "2026-03-02T08:00:00+00:00", id="in UTC"),
        pytest.param("2026-07-02T08:00", "2026-07-02T07:00:00+00:00", id="in the zone that is asked for"),
        pytest.param("2026-07-02", "2026-07-01T23:00:00+00:00", id="a day"),
        pytest.param("2026-02", "2026-02-01T00:00:00+00:00", id="a month"),
        pytest.param("2026", "2026-01-01T00:00:00+00:00", id="a year"),
    ],
)
def test_a_time_is_read_in_its_own_zone_or_in_that_of_the_reader(text: str, moment: str) -> None:
    """Silences, backtests and test files read times alike."""
    assert parse_time(text, ZoneInfo("Europe/London")).isoformat() == moment


@pytest.mark.parametrize("text", ["soon", "", "2026-13", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_time_is_an_error_with_an_example(text: str) -> None:
    """Also a time before the first year, which no clock can show."""
    with pytest.raises(ValueError, match=r"is not an ISO 8601 date or time, such as 2026-03-02T08:00:00Z"):
        parse_time(text)
