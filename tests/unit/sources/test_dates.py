"""Times as feeds give them."""

from datetime import UTC, datetime, timedelta
from time import struct_time

import pytest

from tocsin.sources.dates import believe, parse_time

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("raw", "iso"),
    [
        ("Mon, 02 Mar 2026 10:00:00 GMT", "2026-03-02T10:00:00"),
        ("Mon, 02 Mar 2026 10:00:00", "2026-03-02T10:00:00"),
        ("2 Mar 26 10:00 EST", "2026-03-02T15:00:00"),
        ("Mon, 02 Mar 2026 10:00:00 CET", "2026-03-02T09:00:00"),
        ("Mon, 02 Mar 2026 10:00:00 IST", "2026-03-02T04:30:00"),
        ("Mon, 02 Mar 2026 10:00:00 AEDT", "2026-03-01T23:00:00"),
        ("Mon, 02 Mar 2026 10:00:00 GMT+8", "2026-03-02T02:00:00"),
        ("Mon, 02 Mar 2026 10:00:00 -0330 (NST)", "2026-03-02T13:30:00"),
        ("Mo, 02 Mrz 2026 10:00:00 +0100", "2026-03-02T09:00:00"),
        ("2nd March 2026", "2026-03-02T00:00:00"),
        ("02-Mar-99 10:00", "1999-03-02T10:00:00"),
        ("March 2, 2026 3:04 PM EST", "2026-03-02T20:04:00"),
        ("Mar 2, 2026 at 12:04 am", "2026-03-02T00:04:00"),
        ("2026-03-02T10:00:00Z", "2026-03-02T10:00:00"),
        ("2026-03-02t10:00:00.123-05:00", "2026-03-02T15:00:00"),
        ("2026-03-02 10:00", "2026-03-02T10:00:00"),
        ("2026-3-2", "2026-03-02T00:00:00"),
        ("2026-03-02T24:00:00Z", "2026-03-03T00:00:00"),
        ("2026-06-30T23:59:60Z", "2026-06-30T23:59:59"),
        ("1772445600", "2026-03-02T10:00:00"),
        ("1772445600000", "2026-03-02T10:00:00"),
    ],
)
def test_a_time_is_read_in_every_usual_form(raw, iso):
    """An entry whose time is misread by hours is told as older or newer than it is."""
    assert parse_time(raw) == datetime.fromisoformat(iso).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "soon",
        "25",
        "2026-02-30",
        "Mon, 30 Feb 2026 10:00:00 GMT",
        "2026-03-02T10:61:00Z",
        "2 Foo 2026",
        "March 32, 2026",
        "0001-01-01T00:00:00+14:00",
        "2026-03-02T10:00:00+99:00",
    ],
)
def test_an_impossible_time_is_none(raw):
    """A wrong time is worse than none: without one, the moment of finding counts."""
    assert parse_time(raw) is None


def test_another_reader_is_asked_only_for_unknown_forms():
    """The library would make 1 March of 30 February; in forms that only it knows it is right."""
    other = struct_time((2026, 3, 2, 10, 0, 0, 0, 61, 0))
    assert parse_time("2026년 3월 2일", other) == datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert parse_time("2026-02-30", other) is None
    assert parse_time("never", struct_time((2026, 13, 2, 10, 0, 0, 0, 61, 0))) is None


@pytest.mark.parametrize(
    ("offset", "believed"),
    [
        (timedelta(minutes=15), True),
        (timedelta(minutes=16), False),
        (timedelta(days=-1825), True),
        (timedelta(days=-1826), False),
    ],
)
def test_a_time_is_believed_within_reason(offset, believed):
    """A clock that runs ahead or a zero date does not decide about an alert."""
    assert believe(NOW + offset, NOW) == (NOW + offset if believed else None)


def test_no_time_stays_none():
    """A missing time is not an error."""
    assert believe(None, NOW) is None
