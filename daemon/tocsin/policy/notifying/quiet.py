"""Quiet hours: windows of local time in which messages are held."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from tocsin.model.rules import Severity
from tocsin.policy.notifying.walltime import Window

#: Windows in a row that are looked at. What is held until the end of the last one is looked at again then.
_MOST = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """A *window* in which messages are held.

    Alerts of severity *breaks* and above are still sent. With *drop* the others are suppressed, not held.
    """

    window: Window
    breaks: Severity | None = None
    drop: bool = False

    def let_through(self, severity: Severity) -> bool:
        """Return whether an alert of *severity* is sent in quiet hours."""
        return self.breaks is not None and severity.rank >= self.breaks.rank


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """Quiet hours in progress, which end at *until*; with *drop* messages that are due in them are suppressed."""

    until: datetime
    drop: bool


def quiet(hours: Iterable[QuietHours], severity: Severity, zone: tzinfo, at: datetime) -> Quiet | None:
    """Return the quiet hours that an alert of *severity* is in if it is due *at* then; None if it is sent.

    They end where no other window goes on. A later one that drops only holds: the alert was due before it began.
    """
    binding = [one for one in hours if not one.let_through(severity)]
    until, drop = at, False
    for number in range(_MOST):
        now = [(one, found[1]) for one in binding if (found := one.window.occurrence(zone, until))]
        if not now:
            break
        drop = drop or (number == 0 and any(one.drop for one, _ in now))
        until = max(end for _, end in now)
    return Quiet(until=until, drop=drop) if until > at else None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietRule:
    """Quiet hours in progress for alerts of *severities*, which are not sent until *ends*.

    With *drop* messages that are due before then are suppressed, if there was no attempt yet.
    """

    ends: datetime
    severities: tuple[Severity, ...]
    drop: bool


def quiet_rules(hours: Iterable[QuietHours], zone: tzinfo, now: datetime) -> tuple[QuietRule, ...]:
    """Return the quiet hours in progress *now*; there may be several, each for other severities."""
    found: dict[Quiet, tuple[Severity, ...]] = {}
    hours = tuple(hours)
    for severity in Severity:
        if one := quiet(hours, severity, zone, now):
            found[one] = (*found.get(one, ()), severity)
    return tuple(QuietRule(ends=one.until, severities=severities, drop=one.drop) for one, severities in found.items())
