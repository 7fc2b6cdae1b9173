"""Silences: matching alerts are suppressed until a set time, with the silence as the reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from tocsin.model.alerts import Alert
from tocsin.model.reasons import Cause, Reason
from tocsin.model.rules import Severity
from tocsin.policy.notifying.route import COMPARE, is_event, is_of
from tocsin.policy.notifying.walltime import Window

_MATCHER = re.compile(r"\s*([A-Za-z][A-Za-z0-9_.-]{0,63})\s*(!=|>=|<=|>|<|=)\s*(.+?)\s*\Z", re.DOTALL)
#: By whom silences of the configuration are.
CONFIGURATION = "the configuration"
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
    """A silence of alerts that pass all *matchers*, from *starts* to before *ends*; *by* whom and *why*.

    *during* is the window of the configuration that it is an occurrence of, in words; empty for a silence that a person added.
    """

    id: int
    matchers: tuple[Matcher, ...]
    starts: datetime
    ends: datetime
    by: str = ""
    why: str = ""
    during: str = ""

    @property
    def occasion(self) -> tuple[tuple[Matcher, ...], str, datetime]:
        """What one occurrence of a recurring silence is known by."""
        return self.matchers, self.during, self.starts

    def hides(self, alert: Alert) -> bool:
        """Return whether *alert* passes all matchers."""
        return all(matcher.fits(alert) for matcher in self.matchers)

    @property
    def reason(self) -> Reason:
        """Return the reason of a message that it suppresses."""
        matchers = f"({', '.join(one.text for one in self.matchers)})"
        words = f"{matchers}: {self.why}" if self.why else matchers
        return Reason(cause=Cause.SILENCE, by=str(self.id), words=words)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurringSilence:
    """A silence of the configuration, of alerts that pass all *matchers*, in each of *windows* in *zone*."""

    matchers: tuple[Matcher, ...]
    windows: tuple[Window, ...]
    zone: tzinfo = UTC
    why: str = ""

    def __str__(self) -> str:
        windows = ", or ".join(map(str, self.windows))
        return f"{' '.join(matcher.text for matcher in self.matchers)} during {windows}"

    def current(self, now: datetime) -> Iterator[Silence]:
        """Yield the silences in progress *now*, which have no number yet."""
        for window in self.windows:
            if found := window.occurrence(self.zone, now):
                yield self._silence(window, *found)

    def following(self, now: datetime) -> Iterator[Silence]:
        """Yield the next silence of each window after *now*."""
        for window in self.windows:
            if found := window.following(self.zone, now):
                yield self._silence(window, *found)

    def _silence(self, window: Window, starts: datetime, ends: datetime) -> Silence:
        return Silence(
            id=0,
            matchers=self.matchers,
            starts=starts,
            ends=ends,
            by=CONFIGURATION,
            why=self.why,
            during=str(window),
        )


def upcoming(recurring: Iterable[RecurringSilence], known: Sequence[Silence], now: datetime) -> Iterator[Silence]:
    """Yield the next occurrence of each silence of the configuration of which none of *known* is in progress *now*."""
    active = {(one.matchers, one.during) for one in known if one.ends > now}
    occasions = {one.occasion for one in known}
    for silence in recurring:
        if not any((silence.matchers, str(window)) in active for window in silence.windows):
            found = [*silence.current(now), *silence.following(now)]
            left = [one for one in found if one.occasion not in occasions]
            yield from sorted(left, key=lambda one: one.starts)[:1]


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
