"""Wall time: when a clock on a wall shows a time of the day, across the changes of its zone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyTime:
    """When clocks in *zone* show *at* on *days* (0 is Monday); without days never."""

    at: time
    days: frozenset[int]
    zone: tzinfo


def moment(day: date, at: time, zone: tzinfo, *, last: bool = False) -> datetime:
    """When clocks in *zone* show *at* on *day*, in UTC.

    Of a time that they show twice it is the first, or with *last* the second; of one that they leap over it is the
    minute after the leap.
    """
    wanted = datetime.combine(day, at)
    first, second = (wanted.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= second:
        return second if last else first
    while second.astimezone(zone).replace(tzinfo=None) < wanted:  # leapt over: *second* lies before the leap
        second += _MINUTE
    return second


def next_occurrence(at: time, days: Collection[int], zone: tzinfo, after: datetime) -> datetime:
    """The first time *after* then at which clocks show *at* on one of *days* (0 is Monday), once a day, in UTC.

    *days* must not be empty.
    """
    today = after.astimezone(zone).date()
    dates = (today + timedelta(days=number) for number in range(8))
    return next(when for when in (moment(day, at, zone) for day in dates if day.weekday() in days) if when > after)
