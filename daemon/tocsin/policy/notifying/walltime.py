"""Wall time: what local clocks show, also when the zone changes its offset."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

#: Days of the week as `datetime.weekday` counts them.
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyTime:
    """A local time *at* in *zone* on *days* (0 is Monday); never, if there are no days."""

    at: time
    days: frozenset[int]
    zone: tzinfo


def moment(day: date, at: time, zone: tzinfo, *, last: bool = False) -> datetime:
    """Return the moment in UTC at which clocks in *zone* show *at* on *day*.

    For a time that they show twice it is the first moment, or with *last* the second. For a time that they skip it is
    the minute after the gap.
    """
    wanted = datetime.combine(day, at)
    first, second = (wanted.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= second:
        return second if last else first
    while second.astimezone(zone).replace(tzinfo=None) < wanted:  # skipped: *second* lies before the gap
        second += _MINUTE
    return second


def next_occurrence(at: time, days: Collection[int], zone: tzinfo, after: datetime) -> datetime:
    """Return the first moment *after* that time, in UTC, at which clocks show *at* on *days* (0 is Monday), once a day.

    *days* must not be empty.
    """
    today = after.astimezone(zone).date()
    dates = (today + timedelta(days=number) for number in range(8))
    return next(when for when in (moment(day, at, zone) for day in dates if day.weekday() in days) if when > after)
