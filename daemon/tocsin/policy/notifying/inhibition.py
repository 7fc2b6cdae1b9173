"""Inhibition: while an alert is open, lesser alerts about the same are suppressed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.model.alerts import Alert
from tocsin.model.reasons import Cause, Reason
from tocsin.model.rules import Severity
from tocsin.policy.notifying.route import OWN, Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class Inhibition:
    """Alerts that pass *silences* are suppressed by an open one that passes *by*; it is open until *lasts* after it opened.

    Of each label in *same* the suppressed alert has values, all of which the open one has too. An alert that passes *by*
    itself is not suppressed.
    """

    by: Selection
    silences: Selection
    same: tuple[str, ...] = ()
    lasts: timedelta = timedelta(hours=12)

    def __str__(self) -> str:
        same = f" with the same {', '.join(self.same)}" if self.same else ""
        return f"{self.by} silences {self.silences}{same}"

    def joins(self, greater: Alert, lesser: Alert) -> bool:
        """Return whether *greater* suppresses *lesser* while it is open."""
        return (
            not greater.rule.startswith(OWN)
            and not lesser.rule.startswith(OWN)
            and self.by.fits(greater)
            and self.silences.fits(lesser)
            and not self.by.fits(lesser)
            and all(self._shared(greater, lesser, name) for name in self.same)
        )

    def open(self, greater: Alert, now: datetime) -> bool:
        """Return whether *greater* is open *now*; what is over is not."""
        return greater.over_at is None and greater.opened_at <= now < greater.opened_at + self.lasts

    def _shared(self, greater: Alert, lesser: Alert, name: str) -> bool:
        values = set(lesser.labels.get(name, ()))
        return bool(values) and values.issubset(greater.labels.get(name, ()))


def severities(inhibitions: Iterable[Inhibition]) -> frozenset[Severity]:
    """Return the severities of alerts that may suppress others."""
    return frozenset(level for one in inhibitions for level in one.by.severities)


def first(
    inhibitions: Iterable[Inhibition], greater: Iterable[Alert], lesser: Alert, now: datetime | None = None
) -> Alert | None:
    """Return the first of *greater* alerts that suppresses *lesser*, and with *now* is open then."""
    inhibitions = tuple(inhibitions)
    return next(
        (
            alert
            for alert in greater
            if any(one.joins(alert, lesser) and (now is None or one.open(alert, now)) for one in inhibitions)
        ),
        None,
    )


def reason(greater: Alert) -> Reason:
    """Return the reason of a message that the alert *greater* suppresses."""
    return Reason(cause=Cause.INHIBITED, by=str(greater.id), words=f"({greater.title})")
