"""When a digest leaves, and what waits for it."""

from __future__ import annotations

from datetime import datetime, tzinfo

from tocsin.model.rules import Severity
from tocsin.policy.notifying.receiver import DigestTimes
from tocsin.policy.notifying.walltime import next_occurrence


def leaves(times: DigestTimes, zone: tzinfo, after: datetime) -> datetime:
    """When the first digest *after* that time leaves, in UTC: once on each of its days, however often clocks show it."""
    return next_occurrence(times.at, times.days, zone, after)


def waits(times: DigestTimes, severity: Severity) -> bool:
    """Whether an alert of *severity* waits for the digest."""
    return severity.rank < times.below.rank
