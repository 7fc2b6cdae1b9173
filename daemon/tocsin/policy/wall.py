"""Wall time: when a clock on a wall shows a time of the day, across the changes of its zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

_MINUTE = timedelta(minutes=1)


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
