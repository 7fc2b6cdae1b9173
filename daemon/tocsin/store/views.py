"""Values of what people, messages and monitoring read from the store, and what they may ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self

from tocsin.errors import Fault
from tocsin.model.alerts import AlertContent, AlertState, MatchOutcome, Revised
from tocsin.model.articles import ArticleState
from tocsin.model.deliveries import DeliveryState, ErrorClass, Message
from tocsin.model.entries import PUSH, Entry
from tocsin.model.reasons import Reason
from tocsin.model.records import DeliveryView
from tocsin.model.rules import Severity
from tocsin.policy.polling.history import PollHistory
from tocsin.store.values import Fetch


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The number of polls, and of rows of each kind."""

    polled: int
    entries: int
    matches: Mapping[MatchOutcome, int]
    stories: int
    alerts: int
    deliveries: Mapping[DeliveryState, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The history for a backtest: the number of entries with text, and when the last of them was first seen.

    *baselines* are the times of the first fetch of each source, where still known.
    """

    entries: int
    last: datetime | None
    baselines: Mapping[str, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The number of matches and alerts of each rule in *length* of history; a rule without any is left out."""

    length: timedelta
    matches: Mapping[str, int]
    alerts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in a list whose newest come first: behind the row *id* of the time *at*, whether it is still there or not."""

    at: datetime
    id: str

    @classmethod
    def of(cls, text: str) -> Self:
        """Return the place that *text* names, which `str` wrote.

        Raises:
            ValueError: it names none.
        """
        found = _PLACE.fullmatch(text)
        if not found:
            raise ValueError("is no place in a list")
        try:
            return cls(at=_EPOCH + int(found["at"]) * timedelta.resolution, id=found["id"])
        except OverflowError:
            raise ValueError("is no place in a list") from None

    @property
    def number(self) -> int:
        """The id as a number; 0 if it is none."""
        return int(self.id) if self.id.isdecimal() else 0

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // timedelta.resolution}-{self.id}"


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLACE = re.compile(r"(?P<at>[0-9]{1,17})-(?P<id>[0-9a-f]{1,64})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceView:
    """A source as a listing shows it."""

    name: str
    kind: str
    disabled: bool
    due_at: datetime
    polls: int
    entries: int
    errors: int
    unhealthy: bool
    gone: bool
    last_error: str
    last_fault: Fault | None
    first_polled: datetime | None
    last_success: datetime | None
    dead: bool = False
    reasons: tuple[str, ...] = ()  # for the due time
    habits: PollHistory = PollHistory()  # noqa: RUF009 (frozen)
    dropped: int = 0  # of its entries, by its filter
    articles: Mapping[ArticleState, int] = field(default_factory=dict)  # of its entries, by state

    @property
    def polled(self) -> bool:
        """Return True if it is polled now; else programs hand in its entries, or it was removed."""
        return not self.disabled and self.kind != PUSH

    @property
    def state(self) -> str:
        """Return its state in a word."""
        troubles = (
            (self.disabled, "removed"),
            (self.gone, "gone"),
            (self.dead, "dead"),
            (self.unhealthy, "unhealthy"),
            (self.errors > 0, "failing"),
            (self.habits.hollow, "empty"),
            (self.habits.silent, "silent"),
            (self.last_success is None, "new"),
        )
        return next((word for there, word in troubles if there), "ok")

    @property
    def shown_state(self) -> str:
        """Return its state as people read it: a failing one with its number of errors in a row."""
        return f"{self.state} ({self.errors})" if self.state == "failing" else self.state


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDetail:
    """A source with its last fetches, the newest first."""

    source: SourceView
    fetches: tuple[Fetch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    """An entry as it was first seen, and its number; *revised* are its later wordings, the earliest first.

    The text of a *pruned* entry is removed.
    """

    id: int
    entry: Entry
    pruned: bool
    revised: tuple[Revised, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodStatistics:
    """The activity of the daemon in a period, and its status at the end; *size* is that of the database in bytes.

    *read* counts the *sources* that were read within a day, *dropped* the *entries* that filters dropped,
    *unfetched* the articles that were given up. Waiting messages are *overdue* an hour after their time;
    *doubtful* counts attempts with an unknown outcome. *ailing*, *blocked* and *unevaluated* name sources, receivers
    and rules.
    """

    sources: int
    read: int
    ailing: tuple[str, ...]
    entries: int
    dropped: int
    unfetched: int
    instruments: int
    matches: int
    alerts: int
    delivered: int
    suppressed: int
    dead: int
    waiting: int
    overdue: int
    doubtful: int
    blocked: tuple[str, ...]
    unevaluated: tuple[str, ...]
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceGauge:
    """A source for monitoring; it is *up* if its last poll succeeded."""

    name: str
    last_success: datetime | None
    up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauges:
    """The state of now for monitoring.

    *outbox* counts messages by state, *oldest* is how long the first of them is overdue, *unanswered* counts alerts of a
    week by severity. *receivers* are those that ever failed, true if blocked. *unevaluated* counts entries; *quotes* are
    the times of the newest ones by instrument; *size* is that of the database in bytes.
    """

    sources: tuple[SourceGauge, ...]
    outbox: Mapping[DeliveryState, int]
    oldest: timedelta
    unanswered: Mapping[Severity, int]
    receivers: Mapping[str, bool]
    unevaluated: int
    quotes: Mapping[str, datetime]
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """An alert that is not sent to *recipient* of *receiver* *until* then, or never (None), and the *reason*.

    An alert that is sent to nobody has an empty receiver; a match that opened no alert has no *alert_id*.
    """

    alert_id: int | None
    title: str
    rule: str
    severity: Severity
    receiver: str
    recipient: str
    state: str  # held, suppressed, dead; or the outcome of a match
    reason: Reason
    at: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptView:
    """One attempt; *outcome* is None while it is under way."""

    n: int
    fence: int
    started_at: datetime
    ended_at: datetime | None
    outcome: ErrorClass | None
    code: int | None
    words: str
    retry_after: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionView:
    """A change of state."""

    at: datetime
    state: DeliveryState
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """A filter of alerts: of *rule* (full id, bare id or pack), with all of *labels*, and only *unseen* ones.

    Each of *words* stands in the alert or in one of its entries, or is its number. It was opened *since* then and before
    *until*. Some message about it is *held*, or was *suppressed* or given up. Empty *severities* and *states* are all.
    """

    rule: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    unseen: bool = False
    words: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    held: bool = False
    suppressed: bool = False
    severities: frozenset[Severity] = frozenset()
    states: frozenset[AlertState] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleStats:
    """The results of a rule: its *alerts*, how many were *sent*, and how people judged them.

    *precision* is the share of useful alerts among those that were judged, None if none was.
    """

    rule: str
    alerts: int = 0
    sent: int = 0
    useful: int = 0
    noise: int = 0
    precision: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryDetail:
    """A delivery with its content, and its attempts and changes of state, the oldest first."""

    delivery: DeliveryView
    content: tuple[AlertContent, ...]
    message: Message | None
    attempts: tuple[AttemptView, ...]
    transitions: tuple[TransitionView, ...]
