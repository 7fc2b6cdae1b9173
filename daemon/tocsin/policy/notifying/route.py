"""Routes from an alert to its receivers. Every route that fits adds its receivers."""

from __future__ import annotations

import operator
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from tocsin.model.prices import Labels
from tocsin.model.rules import Severity
from tocsin.policy.notifying.receiver import ReceiverInfo

_COMPARE = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt, "=": operator.eq}
#: Built-in rules, of which only operators are notified.
OWN = "tocsin/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Receivers, and the tests that an alert must pass to go there; a test that is left out is passed.

    *severity* is an operator and a level; *labels* must all be among those of the alert; *event* fits itself and what
    stands below it (`trade` fits `trade.export.restrict`); *rule* is a full id, a bare one or a pack's. Its
    recipients are notified again when *origins* independent origins report the same.
    """

    to: tuple[str, ...]
    severity: tuple[str, Severity] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    event: str = ""
    rule: str = ""
    origins: int | None = None

    def fits(self, *, rule: str, event: str, severity: Severity, labels: Labels) -> bool:
        """Return whether an alert with these values passes."""
        if self.severity and not _COMPARE[self.severity[0]](severity.rank, self.severity[1].rank):
            return False
        if self.event and event != self.event and not event.startswith(f"{self.event}."):
            return False
        if self.rule and self.rule not in (rule, *rule.split("/")):
            return False
        return all(value in labels.get(name, ()) for name, value in self.labels.items())


def recipients(
    routes: Sequence[Route],
    receivers: Sequence[ReceiverInfo],
    *,
    rule: str,
    event: str,
    severity: Severity,
    labels: Labels,
    instead: Collection[str] = (),
) -> tuple[tuple[str, str], ...]:
    """Return all recipients, as (receiver, recipient), in the order of the configuration.

    Receivers that an override of the rule names are used *instead* of those of the routes.
    """
    if rule.startswith(OWN):
        chosen = {receiver.name for receiver in receivers if receiver.operator}
    elif instead:
        chosen = set(instead)
    else:
        fitting = (route for route in routes if route.fits(rule=rule, event=event, severity=severity, labels=labels))
        chosen = {name for route in fitting for name in route.to}
    return tuple((r.name, recipient) for r in receivers if r.name in chosen for recipient in r.recipients)
