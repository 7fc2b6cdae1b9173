"""Stories, alerts, the answers of people, and the content of a message about an alert."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tocsin.model.prices import Labels, PriceSummary
from tocsin.model.reasons import NO_REASON, Reason
from tocsin.model.rules import Evidence, Match, Severity


class MatchOutcome(StrEnum):
    """The outcome of a match; it is stored with its reason."""

    ALERTED = "alerted"  # opened a new alert
    UPDATED = "updated"  # the alert of its story grew, and those who know it are sent an update
    JOINED = "joined"  # related coverage of an open alert
    HELD = "held"  # a new alert that waits for the cooldown's end
    CATCH_UP = "catch-up"  # old, but its source could not be reached: one catch-up message
    BASELINE = "baseline"  # found at the first fetch of its source
    FLOOD = "flood"  # old news that its source published all at once
    OLD = "old"  # older than max_age when first seen


#: It opened an alert.
OPENING = (MatchOutcome.ALERTED, MatchOutcome.HELD, MatchOutcome.CATCH_UP)
#: People are notified of it, now or at the end of a cooldown.
NOTIFYING = (*OPENING, MatchOutcome.UPDATED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """The entries that report the same happening, compared within one event; the earliest first."""

    id: int
    event: str
    opened_at: datetime
    last_at: datetime
    entries: tuple[StoryEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryEntry:
    """A member of a story."""

    entry_id: int
    title: str
    canonical_link: str
    publisher: str
    origin: str
    event_time: datetime
    language: str = ""  # as `tocsin.text.language` finds it
    reports: tuple[Report, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A match of a rule with all its key values, by what reports in other languages may have in common with it.

    *actor* are its values of that label. *particulars* are companies, dates, numbers of documents and figures, each with
    its kind: `date 12-01`.
    """

    rule: str
    key: tuple[str, ...]
    actor: tuple[str, ...] = ()
    particulars: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One rule met by one story; its key labels may hold several values."""

    id: int
    rule: str
    rule_hash: str
    rule_position: str  # file:line, as it was when the alert was raised
    title: str  # with the labels filled in
    event: str
    severity: Severity
    labels: Labels
    key: tuple[str, ...]
    story_id: int
    opened_at: datetime  # by the Clock
    updated_at: datetime
    event_time: datetime
    note: str = ""
    detail: str = ""
    origins: int = 1  # independent ones that report it
    over_at: datetime | None = None  # when it was known to be over; None: not yet, or it is a happening without an end


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The end of what the last alert of one of *rules* with this *value* of *label* is about; *detail* tells of it."""

    rules: tuple[str, ...]
    label: str
    value: str
    detail: str

    def ends(self, alert: Alert) -> bool:
        """Return True if it is the end of *alert*."""
        return alert.rule in self.rules and self.value in alert.labels.get(self.label, ())

    def is_of(self, match: Match) -> bool:
        """Return True if the event *match* of the daemon brings it."""
        return match.rule.ends == self.rules and self.value in match.labels.get(self.label, ())


class AnswerKind(StrEnum):
    """The answers that people give to an alert."""

    ACK = "ack"  # I have seen it
    SNOOZE = "snooze"  # not now
    USEFUL = "useful"
    NOISE = "noise"


class AlertState(StrEnum):
    """What people have said of an alert, in one word; their verdict on it goes first."""

    OPEN = "open"
    SEEN = "seen"
    SNOOZED = "snoozed"
    USEFUL = "useful"
    NOISE = "noise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer of a person: *by* whom, a snooze *until* then, a verdict and *why*."""

    kind: AnswerKind
    at: datetime
    by: str = ""
    until: datetime | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The last answers of each kind to an alert: its reader, the end of its snooze, and its usefulness.

    *verdict* is USEFUL or NOISE, given *judged_at* that time by *judged_by*; *why* is the explanation given with it.
    """

    acked_at: datetime | None = None
    acked_by: str = ""
    snoozed_until: datetime | None = None
    snoozed_by: str = ""
    verdict: AnswerKind | None = None
    judged_at: datetime | None = None
    judged_by: str = ""
    why: str = ""

    @property
    def seen(self) -> bool:
        """Return True if somebody has seen it; a verdict counts too."""
        return self.acked_at is not None or self.verdict is not None

    def state(self, now: datetime) -> AlertState:
        """Return the state of the alert at *now*."""
        if self.verdict:
            return AlertState(self.verdict)
        if self.acked_at:
            return AlertState.SEEN
        return AlertState.SNOOZED if self.snoozed_until and self.snoozed_until > now else AlertState.OPEN


#: Returns the links by which the reader of a message answers an alert, by answer. Empty where there are none.
AnswerLinks = Callable[[Alert], Mapping[AnswerKind, str]]


def no_links(_: Alert) -> Mapping[AnswerKind, str]:
    """Return the links of a message that has none."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """An entry as a message shows it: the first entry of an alert, or related coverage.

    *stated* is the published time as the source wrote it, where that is not believed. *language* is the one that its source
    states (BCP 47); *translated* is its headline in a language that the reader of a message reads, empty if it is in one.
    """

    title: str
    link: str
    publisher: str
    source: str
    published: datetime | None
    first_seen: datetime
    summary: str = ""
    body: str = ""
    removed: str = ""
    article_at: int | None = None  # where the text of its article begins in the body
    revised: Revised | None = None
    stated: str = ""
    language: str = ""
    translated: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revised:
    """The text of an entry since *at*: another *title* or *summary*, or none when its source has *withdrawn* it.

    *between* are the headlines that it had in the meantime.
    """

    at: datetime
    title: str
    summary: str = ""
    withdrawn: bool = False
    between: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertContent:
    """An alert with all that a message about it shows.

    For people who know the alert, *news* is what is new about it, and *first* is the entry that opened it.
    *overflow* is the limit for which it got no message of its own.
    """

    alert: Alert
    evidence: Evidence | None = None
    lead: Coverage | None = None
    related: tuple[Coverage, ...] = ()
    prices: tuple[PriceSummary, ...] = ()
    news: tuple[str, ...] = ()
    first: Coverage | None = None
    overflow: Reason = NO_REASON
