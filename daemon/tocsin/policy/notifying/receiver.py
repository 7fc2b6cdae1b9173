"""A receiver as decisions see it: who hears, and what they asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, time, timedelta, tzinfo

from tocsin.model.rules import Severity

#: Days of the week as `datetime.weekday` counts them.
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """A daily interval of local wall time in which messages are held; it may pass midnight.

    Alerts of severity *breaks* and above are told all the same. With *drop* the others are suppressed, not held.
    """

    start: time
    end: time
    breaks: Severity | None = None
    drop: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestTimes:
    """When a digest leaves: *at* local wall time on *days* (0 is Monday). Alerts *below* a severity wait for it.

    With *empty* a digest without news is sent, too.
    """

    at: time
    days: frozenset[int] = frozenset(range(7))
    below: Severity = Severity.HIGH
    empty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """The receiver *to* is told what was not delivered *after* that time."""

    to: str
    after: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverInfo:
    """A receiver as a decision sees it; an *operator* is told about the daemon's own health.

    *zone* is where its people live; *group_wait* is how long a first message waits for others; over *max_per_hour*
    messages in an hour wait for the digest (None: as many as there are).
    """

    name: str
    recipients: tuple[str, ...]
    operator: bool = False
    zone: tzinfo = UTC
    quiet_hours: QuietHours | None = None
    digest: DigestTimes | None = None
    group_wait: timedelta = timedelta(0)
    max_per_hour: int | None = None
