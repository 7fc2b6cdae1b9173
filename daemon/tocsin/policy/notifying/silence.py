"""Silences: matching alerts are suppressed until a set time, with the silence as the reason."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tocsin.model.alerts import Alert
from tocsin.model.reasons import Cause, Reason
from tocsin.model.rules import Severity
from tocsin.policy.notifying.route import COMPARE, is_event, is_of

_MATCHER = re.compile(r"\s*([A-Za-z][A-Za-z0-9_.-]{0,63})\s*(!=|>=|<=|>|<|=)\s*(.+?)\s*\Z", re.DOTALL)
_ORDERED = (">=", "<=", ">", "<")


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """A test of an alert: *name* is `rule`, `event`, `severity` or a label, *op* one of `=` `!=` `>=` `<=` `>` `<`."""

    name: str
    op: str
    value: str

    @property
    def text(self) -> str:
        """Return the matcher as people write it."""
        return f"{self.name}{self.op}{self.value}"

    def fits(self, alert: Alert) -> bool:
        """Return whether *alert* passes."""
        if self.name == "severity":
            return COMPARE[self.op](alert.severity.rank, Severity(self.value).rank)
        if self.name == "rule":
            found = is_of(alert, self.value)
        elif self.name == "event":
            found = is_event(alert, self.value)
        else:
            found = self.value in alert.labels.get(self.name, ())
        return found is (self.op == "=")


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A silence of alerts that pass all *matchers*, from *starts* to before *ends*; *by* whom and *why*."""

    id: int
    matchers: tuple[Matcher, ...]
    starts: datetime
    ends: datetime
    by: str = ""
    why: str = ""

    def hides(self, alert: Alert) -> bool:
        """Return whether *alert* passes all matchers."""
        return all(matcher.fits(alert) for matcher in self.matchers)

    @property
    def reason(self) -> Reason:
        """Return the reason of a message that it suppresses."""
        matchers = f"({', '.join(one.text for one in self.matchers)})"
        words = f"{matchers}: {self.why}" if self.why else matchers
        return Reason(cause=Cause.SILENCE, by=str(self.id), words=words)


def parse(text: str) -> Matcher:
    """Return the matcher written as *text*: mineral=lithium, rule=critical-minerals, event=price, severity<=low.

    Raises:
        ValueError: it is not a matcher; the message names the remedy.
    """
    found = _MATCHER.match(text)
    if not found:
        raise ValueError(f"{text!r} is no matcher; write a name and a value, such as mineral=lithium or severity<=low")
    name, op, value = found[1], found[2], found[3]
    if name == "severity" and value not in list(Severity):
        raise ValueError(f"there is no severity {value!r}; the levels are {', '.join(Severity)}")
    if name != "severity" and op in _ORDERED:
        raise ValueError(f"{text!r}: only severity has an order; write {name}={value}, or {name}!={value}")
    return Matcher(name=name, op=op, value=value)


def first(silences: Sequence[Silence], alert: Alert) -> Silence | None:
    """Return the first of *silences* that hides *alert*."""
    return next((silence for silence in silences if silence.hides(alert)), None)
