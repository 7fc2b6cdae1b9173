"""Routes from an alert to its receivers. Every route that fits adds its receivers."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from tocsin.model.alerts import Alert
from tocsin.model.rules import Severity
from tocsin.policy.notifying.receiver import ReceiverInfo

#: Comparisons of severities.
COMPARE: dict[str, Callable[[int, int], bool]] = {
    "=": operator.eq, "!=": operator.ne, ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt,
}  # fmt: skip
#: Built-in rules, of which only operators are notified.
OWN = "tocsin/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Tests that an alert must pass; a test that is left out is passed.

    *severity* is an operator and a level; *labels* must all be among those of the alert; *event* fits itself and what
    stands below it (`trade` fits `trade.export.restrict`); *rule* is a full id, a bare one or a pack's.
    """

    severity: tuple[str, Severity] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    event: str = ""
    rule: str = ""

    def __str__(self) -> str:
        tests = [f"severity{self.severity[0]}{self.severity[1]}"] if self.severity else []
        tests += [f"{name}={value}" for name, value in self.labels.items()]
        tests += [f"{name}={value}" for name, value in (("event", self.event), ("rule", self.rule)) if value]
        return " ".join(tests)

    @property
    def severities(self) -> frozenset[Severity]:
        """The levels that pass."""
        if self.severity is None:
            return frozenset(Severity)
        compare, level = COMPARE[self.severity[0]], self.severity[1]
        return frozenset(one for one in Severity if compare(one.rank, level.rank))

    def covers(self, other: Selection) -> bool:
        """Return whether every alert that passes *other* surely passes these tests, too."""
        same = self.rule in ("", other.rule) and self.event in ("", other.event)
        return same and self.severities >= other.severities and self.labels.items() <= other.labels.items()

    def fits(self, alert: Alert) -> bool:
        """Return whether *alert* passes."""
        if self.severity and not COMPARE[self.severity[0]](alert.severity.rank, self.severity[1].rank):
            return False
        if (self.event and not is_event(alert, self.event)) or (self.rule and not is_of(alert, self.rule)):
            return False
        return all(value in alert.labels.get(name, ()) for name, value in self.labels.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Receivers, and *which* alerts go there; they are notified again when *origins* independent origins report the same."""

    to: tuple[str, ...]
    which: Selection = Selection()
    origins: int | None = None


def is_event(alert: Alert, event: str) -> bool:
    """Return whether *alert* is an *event*, or one below it."""
    return alert.event == event or alert.event.startswith(f"{event}.")


def is_of(alert: Alert, rule: str) -> bool:
    """Return whether *alert* is of a *rule*, given by its full id, its bare one or its pack."""
    return rule in (alert.rule, *alert.rule.split("/"))


def recipients(
    routes: Iterable[Route], receivers: Iterable[ReceiverInfo], alert: Alert, instead: Collection[str] = ()
) -> tuple[tuple[str, str], ...]:
    """Return all recipients of *alert*, as (receiver, recipient), in the order of the configuration.

    Receivers that an override of the rule names are used *instead* of those of the routes.
    """
    if alert.rule.startswith(OWN):
        chosen: Collection[str] = {receiver.name for receiver in receivers if receiver.operator}
    elif instead:
        chosen = instead
    else:
        chosen = {name for route in routes if route.which.fits(alert) for name in route.to}
    return tuple((r.name, recipient) for r in receivers if r.name in chosen for recipient in r.recipients)
