"""Wall time: what local clocks show, also when the zone changes its offset."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

#: Days of the week as `datetime.weekday` counts them.
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY_DAY = frozenset(range(7))
#: A leap year, to which the dates of every year belong.
ANY_YEAR = 2000
_DAY = timedelta(days=1)
_MINUTES = 24 * 60
#: Days in which the next window is looked for: a 29 February may be eight years ahead.
_AHEAD = 8 * 366
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


@dataclass(frozen=True, slots=True, kw_only=True)
class DateRange:
    """The days from *first* to *last*, both included; *yearly* ones are dates of `ANY_YEAR`, and may pass its end."""

    first: date
    last: date
    yearly: bool = False

    def __contains__(self, day: date) -> bool:
        if not self.yearly:
            return self.first <= day <= self.last
        same = day.replace(year=ANY_YEAR)
        if self.first <= self.last:
            return self.first <= same <= self.last
        return same >= self.first or same <= self.last

    def __str__(self) -> str:
        written = "%m-%d" if self.yearly else "%Y-%m-%d"
        days = dict.fromkeys((self.first.strftime(written), self.last.strftime(written)))
        return " to ".join(days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A daily interval of local wall time from *start* to *end*, which is on the next day unless it is later.

    It begins on *days* (0 is Monday); with *dates*, only on those among them. Equal times are a whole day.
    """

    start: time = time(0)
    end: time = time(0)
    days: frozenset[int] = EVERY_DAY
    dates: tuple[DateRange, ...] = ()

    def occurrence(self, zone: tzinfo, at: datetime) -> tuple[datetime, datetime] | None:
        """Return the begin and the end, in UTC, of the interval that *at* lies in; None outside of them.

        It begins when clocks first show its start, which is included, and ends when clocks last show its end, which is not.
        """
        today = at.astimezone(zone).date()
        found = (self._on(day, zone) for day in (today - _DAY, today) if self._begins_on(day))
        return next(((begin, end) for begin, end in found if begin <= at < end), None)

    def following(self, zone: tzinfo, after: datetime) -> tuple[datetime, datetime] | None:
        """Return the begin and the end, in UTC, of the first interval that begins *after* that time; None if all are past."""
        today = after.astimezone(zone).date()
        days = (today + _DAY * number for number in range(min(_AHEAD, (date.max - today).days)))
        found = (self._on(day, zone) for day in days if self._begins_on(day))
        # An interval that clocks skip as a whole is none.
        return next(((begin, end) for begin, end in found if after < begin < end), None)

    def __str__(self) -> str:
        times = "all day" if self.start == self.end else f"{self.start:%H:%M} to {self.end:%H:%M}"
        days = "" if self.days == EVERY_DAY else f" on {', '.join(DAYS[day] for day in sorted(self.days))}"
        return f"{times}{days}{' in ' * bool(self.dates)}{', '.join(map(str, self.dates))}"

    def _on(self, day: date, zone: tzinfo) -> tuple[datetime, datetime]:
        over = _DAY if self.end <= self.start else timedelta(0)
        return moment(day, self.start, zone), moment(day + over, self.end, zone, last=True)

    def _begins_on(self, day: date) -> bool:
        return day.weekday() in self.days and (not self.dates or any(day in dates for dates in self.dates))


def always(windows: Iterable[Window]) -> bool:
    """Return True if *windows* together never end, as each week is full of them; those with dates do end."""
    minutes: set[int] = set()
    for window in windows:
        begin, end = (at.hour * 60 + at.minute for at in (window.start, window.end))
        for day in () if window.dates else window.days:
            first = day * _MINUTES
            minutes.update(range(first + begin, first + (end if begin < end else end + _MINUTES)))
    return len({minute % (7 * _MINUTES) for minute in minutes}) == 7 * _MINUTES
