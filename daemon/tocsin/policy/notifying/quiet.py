"""Quiet hours: a daily interval of local wall time in which messages are held."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from tocsin.model.rules import Severity
from tocsin.policy.notifying.receiver import QuietHours, ReceiverInfo
from tocsin.policy.notifying.walltime import moment

_DAY = timedelta(days=1)


def ends(hours: QuietHours, zone: tzinfo, at: datetime) -> datetime | None:
    """When the quiet hours that *at* lies in end, in UTC; None outside of them.

    They begin when clocks first show their start, which belongs to them, and end when clocks last show their end, which
    does not.
    """
    today = at.astimezone(zone).date()
    over = _DAY if hours.end <= hours.start else timedelta(0)
    for day in (today - _DAY, today):
        end = moment(day + over, hours.end, zone, last=True)
        if moment(day, hours.start, zone) <= at < end:
            return end
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietRule:
    """Quiet hours in progress: until *ends* nothing leaves but alerts of severity *breaks* and above.

    With *drop* what is due before then is suppressed, where it was not tried yet.
    """

    ends: datetime
    breaks: Severity | None
    drop: bool


def hushed(receivers: Iterable[ReceiverInfo], now: datetime) -> dict[str, QuietRule]:
    """The receivers, by name, whose quiet hours last at *now*."""
    found = {}
    for receiver in receivers:
        hours = receiver.quiet_hours
        end = ends(hours, receiver.zone, now) if hours else None
        if hours and end:
            found[receiver.name] = QuietRule(ends=end, breaks=hours.breaks, drop=hours.drop)
    return found


def breaks(hours: QuietHours, severity: Severity) -> bool:
    """Whether an alert of *severity* is told in spite of quiet *hours*."""
    return hours.breaks is not None and severity.rank >= hours.breaks.rank
