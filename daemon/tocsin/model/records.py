"""Records of matches, deliveries and alerts, as commands and pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tocsin.model.alerts import Alert, AlertContent, Answered, MatchOutcome, Revised
from tocsin.model.articles import ArticleRecord
from tocsin.model.dates import KeptDate
from tocsin.model.deliveries import DeliveryKind, DeliveryState
from tocsin.model.entries import Entry
from tocsin.model.prices import Labels, PriceSummary
from tocsin.model.reasons import Reason
from tocsin.model.rules import Evidence, Severity

#: Alerts of this severity and above need an answer.
LOUD = Severity.HIGH


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchView:
    """A match and its outcome; *source*, *title* and *link* are empty for the daemon's own events."""

    id: int
    rule: str
    rule_hash: str
    severity: Severity
    labels: Labels
    event_time: datetime
    decided_at: datetime
    fate: MatchOutcome
    reason: Reason
    detail: str
    origin: str
    entry_id: int | None
    story_id: int | None
    alert_id: int | None
    source: str
    title: str
    link: str
    evidence: Evidence | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryView:
    """A delivery as a listing shows it; *title* is that of its first alert; *resent* is true when a copy was sent later."""

    id: str
    receiver: str
    recipient: str
    kind: DeliveryKind
    state: DeliveryState
    reason: Reason
    severity: Severity
    title: str
    alert_ids: tuple[int, ...]
    created_at: datetime
    due_at: datetime
    expires_at: datetime
    delivered_at: datetime | None
    attempts: int
    resend_of: str | None
    resent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """An alert as a list shows it, with its evidence and its leading entry.

    *entries* are the numbers of all its entries.
    """

    content: AlertContent
    answered: Answered
    entries: frozenset[int] = frozenset()

    @property
    def alert(self) -> Alert:
        """The alert itself."""
        return self.content.alert


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertDetail:
    """An alert with its evidence, its matches, its deliveries, the answers of people, and the dates that it announces."""

    content: AlertContent
    members: tuple[MatchView, ...]
    deliveries: tuple[DeliveryView, ...]
    answered: Answered = Answered()  # noqa: RUF009 (frozen)
    dates: tuple[KeptDate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedEntry:
    """The stored facts about an entry under one rule. *failure* is the error of an evaluation that raised.

    *revised* is its last change since it was first seen.
    """

    number: int
    entry: Entry
    match: MatchView | None = None
    failure: str = ""
    alert: AlertDetail | None = None
    revised: tuple[Revised, ...] = ()
    article: ArticleRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """A number of alerts or matches (*count*, *what*) that the reader was not sent, and *why*."""

    what: str
    why: Reason
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ailing:
    """A source that cannot be polled: its last error in *words*, and its last success (None: never)."""

    source: str
    words: str
    last_success: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Roundup:
    """Events from *since* to *until* for the reader of one digest.

    *needs* are severe alerts that were sent to the reader earlier and not answered. *movers* are the instruments that
    moved most, largest move first. *sources* counts those that are polled or handed in to. The other figures count events in that time.
    """

    since: datetime
    until: datetime
    needs: tuple[AlertContent, ...] = ()
    movers: tuple[PriceSummary, ...] = ()
    held: tuple[HeldBack, ...] = ()
    ailing: tuple[Ailing, ...] = ()
    sources: int = 0
    entries: int = 0
    matches: int = 0
    alerts: int = 0
