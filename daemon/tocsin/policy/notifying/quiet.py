"""Quiet hours: intervals of local time in which messages are held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from tocsin.model.rules import Severity
from tocsin.policy.notifying.walltime import moment

_DAY = timedelta(days=1)


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
class QuietRule:
    """Quiet hours in progress: until *ends* only alerts of severity *breaks* and above are sent.

    With *drop* messages that are due before then are suppressed, if there was no attempt yet.
    """

    ends: datetime
    breaks: Severity | None
    drop: bool
