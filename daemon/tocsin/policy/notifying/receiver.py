"""A receiver as decisions see it: its recipients, and the local times at which they want messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from tocsin.model.rules import Severity
from tocsin.policy.notifying.quiet import QuietHours
from tocsin.policy.notifying.walltime import EVERY_DAY, next_occurrence


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestTimes:
    """The times of a digest: *at* local wall times on *days* (0 is Monday). Alerts *below* a severity wait for the next.

    With *empty* a digest without news is sent, too.
    """

    at: tuple[time, ...]
    days: frozenset[int] = EVERY_DAY
    below: Severity = Severity.HIGH
    empty: bool = False

    def leaves(self, zone: tzinfo, after: datetime) -> datetime:
        """Return the time in UTC of the first digest *after* that time; clocks that show its time twice count once."""
        return min(next_occurrence(at, self.days, zone, after) for at in self.at)

    def takes(self, severity: Severity) -> bool:
        """Return whether an alert of *severity* waits for the digest."""
        return severity.rank < self.below.rank


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """The receiver *to*, which is sent messages that were not delivered *after* that time."""

    to: str
    after: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """A message that nobody answers is sent again after *every* such time, *at_most* so often."""

    every: timedelta
    at_most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverInfo:
    """A receiver as a decision sees it; an *operator* is notified of the daemon's own health.

    *zone* is its time zone; *group_wait* is how long a first message waits for more alerts. Messages over *max_per_hour*
    wait for the digest (None: no limit). Receivers of one *person* share the alerts: each is sent over one of them.
    *repeat* is how often it is reminded of what nobody answers.
    """

    name: str
    recipients: tuple[str, ...]
    operator: bool = False
    zone: tzinfo = UTC
    quiet_hours: tuple[QuietHours, ...] = ()
    digest: DigestTimes | None = None
    group_wait: timedelta = timedelta(0)
    max_per_hour: int | None = None
    person: str | None = None
    repeat: Repeat | None = None
