"""Times as feeds give them."""

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.sources.documents.dates import believe, order, parse_time

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
        ("2026/03/02 10:00", "2026-03-02T10:00:00"),
        ("2026.03.02", "2026-03-02T00:00:00"),
        ("2026年3月2日 10:00", "2026-03-02T10:00:00"),
        ("2026年03月02日 星期一下午3:07", "2026-03-02T15:07:00"),
        ("２０２６年３月２日（月）　10時07分", "2026-03-02T10:07:00"),
        ("2026년 3월 2일", "2026-03-02T00:00:00"),
        ("2026. 3. 2. 오후 3:07", "2026-03-02T15:07:00"),
        ("25-03-2026", "2026-03-25T00:00:00"),
        ("25.03.2026 10.00", "2026-03-25T10:00:00"),
        ("02.03.2026, 10:00", "2026-03-02T10:00:00"),
        ("25/03/2026 10:00:00", "2026-03-25T10:00:00"),
        ("3/25/2026 3:07:00 PM", "2026-03-25T15:07:00"),
        ("3/3/2026", "2026-03-03T00:00:00"),
        ("10:00, 25/3/2026 (GMT+7)", "2026-03-25T03:00:00"),
        ("Mon, 2026/03/02 10:00:00 EST", "2026-03-02T15:00:00"),
        ("Mon Mar 2 10:00:00 EST 2026", "2026-03-02T15:00:00"),
        ("Mon Mar 02 10:00:00 +0000 2026", "2026-03-02T10:00:00"),
        ("Mon Mar 02 2026 10:00:00 GMT+0100 (Central European Time)", "2026-03-02T09:00:00"),
        ("02/Mar/2026 10:00:00 +0000", "2026-03-02T10:00:00"),
        ("2 de marzo de 2026", "2026-03-02T00:00:00"),
        ("lun., 2 févr. 2026 10h07", "2026-02-02T10:07:00"),
        ("2 марта 2026 г., 10:00", "2026-03-02T10:00:00"),
        ("Δευ, 02 Μάρ 2026 10:00:00 EST", "2026-03-02T15:00:00"),
        ("2026. március 2. 10:00", "2026-03-02T10:00:00"),
        ("20260302", "2026-03-02T00:00:00"),
        ("20260302T100000Z", "2026-03-02T10:00:00"),
        ("202603021000", "2026-03-02T10:00:00"),
    ],
)
def test_a_time_is_read_in_every_usual_form(raw, iso):
    """An entry whose time is misread by hours is reported as older or newer than it is."""
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
        "2026/02/30",
        "13/13/2026",
        "2026-03",
        "March 2026",
        "2026",
        "2026-061",
        "02.03.26",
        "令和8年3月2日",
        "2026-03-02 and 5",
        "2 days ago",
    ],
)
def test_an_impossible_time_is_none(raw):
    """A wrong time is worse than none: without one, the moment of finding counts."""
    assert parse_time(raw) is None


@pytest.mark.parametrize(
    ("others", "read"),
    [
        ([], None),
        (["03/04/2026", "soon"], None),
        (["25/03/2026"], datetime(2026, 3, 2, tzinfo=UTC)),
        (["3/25/2026 10:00"], datetime(2026, 2, 3, tzinfo=UTC)),
        (["25/03/2026", "26-03-2026", "3/25/2026"], datetime(2026, 3, 2, tzinfo=UTC)),
        (["25/03/2026", "3/25/2026"], None),
        (["2025-03-25", "25.03.26"], None),
    ],
)
def test_the_order_of_day_and_month_is_that_of_most_others(others, read):
    """2/3/2026 is March or February by the other dates of its feed. Otherwise it is no date, never a wrong one."""
    assert parse_time("02/03/2026", day_first=order([*others, "02/03/2026"])) == read


@pytest.mark.parametrize(
    "form", ["%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y年%m月%d日", "%d %b %Y"]
)
def test_no_day_is_read_as_another(form):
    """On whatever day of the year a date is written, it is read as that day or not at all."""
    days = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=n) for n in range(365)]
    assert {
        parse_time(day.strftime(form)) for day in days if parse_time(day.strftime(form)) not in {day, None}
    } == set()


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
