"""Silences of the configuration: when they are in progress, and when they begin next."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from tocsin.policy.notifying.silence import RecurringSilence, parse, upcoming
from tocsin.policy.notifying.walltime import DateRange, Window

LONDON = ZoneInfo("Europe/London")
NIGHT = Window(start=time(22), end=time(6))
SUNDAY = Window(days=frozenset({6}))


def utc(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def silence(*windows: Window) -> RecurringSilence:
    """A silence in London."""
    return RecurringSilence(matchers=(parse("mineral=tin"),), windows=windows, zone=LONDON)


def test_a_silence_is_in_progress_in_each_of_its_windows() -> None:
    """By the clocks of the file, an hour earlier in summer."""
    found = list(silence(NIGHT, SUNDAY).current(utc("2026-06-07 21:30")))
    assert [(one.starts, one.ends) for one in found] == [
        (utc("2026-06-07 21:00"), utc("2026-06-08 05:00")),
        (utc("2026-06-06 23:00"), utc("2026-06-07 23:00")),
    ]
    assert list(silence(NIGHT).current(utc("2026-06-07 20:59"))) == []


def test_the_next_one_is_listed_while_none_is_in_progress() -> None:
    """Whoever wrote it sees that it will work, and when."""
    one, now = silence(NIGHT, SUNDAY), utc("2026-06-05 12:00")
    (coming,) = upcoming([one], [], now)
    assert (coming.starts, coming.during) == (utc("2026-06-05 21:00"), "22:00 to 06:00")
    tonight = next(one.current(utc("2026-06-05 22:00")))
    assert list(upcoming([one], [replace(tonight, id=1)], utc("2026-06-05 22:00"))) == []
    # Until the daemon has written it, it is listed as what it will be.
    assert [found.id for found in upcoming([one], [], utc("2026-06-05 22:00"))] == [0]


def test_one_that_a_person_ended_is_listed_with_its_next_time() -> None:
    """It comes back tomorrow."""
    one, now = silence(NIGHT), utc("2026-06-05 22:00")
    ended = replace(next(one.current(now)), id=1, ends=utc("2026-06-05 21:30"))
    (coming,) = upcoming([one], [ended], now)
    assert coming.starts == utc("2026-06-06 21:00")


def test_a_leap_day_is_found_years_ahead_and_a_past_date_never() -> None:
    """Nothing is looked for without a limit."""
    leap = Window(dates=(DateRange(first=date(2000, 2, 29), last=date(2000, 2, 29), yearly=True),))
    found = leap.following(UTC, utc("2026-06-05 12:00"))
    assert found is not None
    assert found[0] == utc("2028-02-29 00:00")
    past = Window(dates=(DateRange(first=date(2025, 1, 1), last=date(2025, 1, 2)),))
    assert list(upcoming([silence(past)], [], utc("2026-06-05 12:00"))) == []
