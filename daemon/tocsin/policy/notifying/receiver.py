"""A receiver as decisions see it: its recipients, and the local times at which they want messages.

Wall time is what local clocks show, also when the zone changes its offset.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from tocsin.model.rules import Severity

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


#: Days of the week as `datetime.weekday` counts them.
_DAY = timedelta(days=1)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """A daily interval of local wall time in which messages are held; it may pass midnight.

    Alerts of severity *breaks* and above are still sent. With *drop* the others are suppressed, not held.
    """

    start: time
    end: time
    breaks: Severity | None = None
    drop: bool = False

    def ends(self, zone: tzinfo, at: datetime) -> datetime | None:
        """Return the end, in UTC, of the quiet hours that *at* lies in; None outside of them.

        They begin when clocks first show their start, which is included, and end when clocks last show their end, which
        is not.
        """
        today = at.astimezone(zone).date()
        over = _DAY if self.end <= self.start else timedelta(0)
        for day in (today - _DAY, today):
            end = moment(day + over, self.end, zone, last=True)
            if moment(day, self.start, zone) <= at < end:
                return end
        return None

    def let_through(self, severity: Severity) -> bool:
        """Return whether an alert of *severity* is sent in quiet hours."""
        return self.breaks is not None and severity.rank >= self.breaks.rank


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestTimes:
    """The times of a digest: *at* local wall time on *days* (0 is Monday). Alerts *below* a severity wait for it.

    With *empty* a digest without news is sent, too.
    """

    at: time
    days: frozenset[int] = frozenset(range(7))
    below: Severity = Severity.HIGH
    empty: bool = False

    def leaves(self, zone: tzinfo, after: datetime) -> datetime:
        """Return the time in UTC of the first digest *after* that time: one a day, even if clocks show its time twice."""
        return next_occurrence(self.at, self.days, zone, after)

    def takes(self, severity: Severity) -> bool:
        """Return whether an alert of *severity* waits for the digest."""
        return severity.rank < self.below.rank


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """The receiver *to*, which is sent messages that were not delivered *after* that time."""

    to: str
    after: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverInfo:
    """A receiver as a decision sees it; an *operator* is notified of the daemon's own health.

    *zone* is its time zone; *group_wait* is how long a first message waits for more alerts. Messages over *max_per_hour*
    wait for the digest (None: no limit).
    """

    name: str
    recipients: tuple[str, ...]
    operator: bool = False
    zone: tzinfo = UTC
    quiet_hours: QuietHours | None = None
    digest: DigestTimes | None = None
    group_wait: timedelta = timedelta(0)
    max_per_hour: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietRule:
    """Quiet hours in progress: until *ends* only alerts of severity *breaks* and above are sent.

    With *drop* messages that are due before then are suppressed, if there was no attempt yet.
    """

    ends: datetime
    breaks: Severity | None
    drop: bool


def quiet_now(receivers: Iterable[ReceiverInfo], now: datetime) -> dict[str, QuietRule]:
    """Return the quiet hours that *now* lies in, by receiver."""
    found = {}
    for receiver in receivers:
        hours = receiver.quiet_hours
        end = hours.ends(receiver.zone, now) if hours else None
        if hours and end:
            found[receiver.name] = QuietRule(ends=end, breaks=hours.breaks, drop=hours.drop)
    return found
