"""When a digest leaves, and what waits for it."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from tocsin.model import Severity
from tocsin.policy.receiver import DigestTimes
from tocsin.policy.wall import moment


def leaves(times: DigestTimes, zone: tzinfo, after: datetime) -> datetime:
    """When the first digest *after* that time leaves, in UTC: once on each of its days, however often clocks show it."""
    today = after.astimezone(zone).date()
    days = (today + timedelta(days=number) for number in range(8))
    return next(at for at in (moment(day, times.at, zone) for day in days if day.weekday() in times.days) if at > after)


def waits(times: DigestTimes, severity: Severity) -> bool:
    """Whether an alert of *severity* waits for the digest."""
    return severity.rank < times.below.rank
