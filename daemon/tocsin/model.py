"""The frozen values that flow between the rooms.

Times are aware and in UTC. Text is plain: markup was removed where it came in, and an empty line
marks the border of a block. Offsets count characters of the field they speak of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin.errors import Position
from tocsin.evidence import Evidence, Span
from tocsin.hints import Answer
from tocsin.prices import Glance, Labels, Missing, Print, Quote

#: An entry older than this when first seen does not alert on its own (DESIGN 4, Time).
MAX_AGE = timedelta(hours=48)
#: How far in the future a published time may lie before it is not believed.
MAX_AHEAD = timedelta(minutes=5)


class Severity(StrEnum):
    """How much an alert matters; compare with `rank`."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for info up to 4 for critical."""
        return list(Severity).index(self)


class KeyKind(StrEnum):
    """What an identity key was made of; an entry has several."""

    ID = "id"
    ID_NOHOST = "id_nohost"
    LINK = "link"
    TITLE_DAY = "title_day"
    TEXT = "text"  # of the page of an entry with an id of its own: it proves nothing, and shows whether its text is another
    WORDING = "wording"  # of what is known by this id: it proves nothing, and shows that the entry was rewritten


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryKey:
    """One way to recognise an entry again; *value* is a 128-bit digest in hex."""

    kind: KeyKind
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One news item of one source."""

    source: str
    id: str  # as the source gives it, unescaped; else the link; else a digest. Never empty.
    keys: tuple[EntryKey, ...]
    title: str
    first_seen: datetime
    summary: str = ""
    body: str = ""
    link: str = ""  # as it was given: this is what people click
    canonical_link: str = ""  # for comparing only
    publisher: str = ""
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()  # as its source names them
    language: str = ""  # BCP 47, lower case, empty when unknown
    published: datetime | None = None  # None when the source gave none that can be believed
    published_raw: str = ""  # as the source wrote it, believed or not
    labels: Labels = field(default_factory=dict)  # of its source
    edition: bool = False  # its id is the address of its page with a counter or a time, which rises when it is edited

    @property
    def event_time(self) -> datetime:
        """The published time, clamped to [first seen - max_age, first seen + 5 min]; first seen if there is none."""
        if self.published is None:
            return self.first_seen
        return max(self.first_seen - MAX_AGE, min(self.published, self.first_seen + MAX_AHEAD))

    @property
    def stale(self) -> bool:
        """Whether it was published more than max_age before it was first seen."""
        return self.published is not None and self.published < self.first_seen - MAX_AGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """What a source needs to ask only for news, and where. Validators are verbatim; *body_hash* is SHA-256 in hex."""

    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""
    validated_at: datetime | None = None  # of the last 200: validators are dropped when it grows old
    moved_to: str = ""  # the address to ask in place of the configured one; a poll leaves it as it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The result of one poll. Nothing new is a value: *changed* is False and *entries* is empty."""

    source: str
    entries: tuple[Entry, ...]  # in the order of the document
    cursor: Cursor
    changed: bool
    size: int = 0  # decoded bytes of the body
    notes: tuple[str, ...] = ()  # what was repaired or left out, in words
    has_ids: bool = True  # False when the document gives its entries no ids: title and day then identify
    volatile: frozenset[KeyKind] = frozenset()  # what its source gives others of at every poll: it tells nothing
    deleted: tuple[str, ...] = ()  # ids of entries that the document says are withdrawn
    form: str = ""  # what the document is written in, in words
    prints: tuple[Print, ...] = ()  # what a source of prices says of its symbols
    missing: tuple[Missing, ...] = ()  # and of which it says nothing
    answer: Answer = Answer()  # noqa: RUF009 (frozen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A text from a file, and where each of its lines stands there.

    *lines* holds (offset in the text, line, column) ascending; the first offset is 0.
    *source_lines* are the file's own lines, shared, for showing an excerpt.
    """

    text: str
    file: str
    lines: tuple[tuple[int, int, int], ...]
    source_lines: Sequence[str] = field(default=(), repr=False, compare=False)

    def at(self, offset: int = 0) -> Position:
        """Where the character at *offset* stands in the file."""
        start, line, column = [row for row in self.lines if row[0] <= max(0, offset)][-1]
        return Position(file=self.file, line=line, column=column + max(0, offset) - start)

    def excerpt(self, offset: int = 0) -> str:
        """The line of the file in which the character at *offset* stands."""
        line = self.at(offset).line
        return self.source_lines[line - 1] if 0 < line <= len(self.source_lines) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleInfo:
    """What the rest of the program needs to know of a rule."""

    id: str  # pack/id
    hash: str  # changes whenever what the rule means changes
    title: str  # may hold {label}
    severity: Severity
    event: str
    key: tuple[str, ...]
    cooldown: timedelta
    note: str = ""
    references: tuple[str, ...] = ()
    position: Position | None = None
    override: str = ""  # what the configuration changes of it, in words
    to: tuple[str, ...] = ()  # receivers in place of those of the routes, by an override
    joins: tuple[Correlation, ...] = field(default=(), repr=False, compare=False)  # those that its matches count for


class CorrelationKind(StrEnum):
    """What a correlation asks of the matches in its window."""

    ALL_OF = "all_of"  # every member
    ANY_OF = "any_of"  # so many different members
    COUNT = "count"  # so many matches of one member that differ


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """A rule about matches of the rules *members* (full ids), which lie *within* this time of each other.

    *by* are labels of which all matches must share a value. *at_least* so many members (ANY_OF), or values of *distinct*
    (COUNT): origin, source, entry or a label. *ordered*: the matches must come in the order of the members.
    """

    info: RuleInfo
    kind: CorrelationKind
    members: tuple[str, ...]
    within: timedelta
    at_least: int = 1
    distinct: str = "entry"
    by: tuple[str, ...] = ()
    ordered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A rule met by an observation, an *entry* or a *quote*; the daemon's own events have neither.

    *detail* says in words what an entry would say itself: the numbers of a price, or what happened to the daemon.
    """

    rule: RuleInfo
    severity: Severity
    labels: Labels
    evidence: Evidence
    event_time: datetime
    entry: Entry | None = None
    quote: Quote | None = None
    detail: str = ""

    @property
    def spans(self) -> tuple[Span, ...]:
        """The characters that met the rule, ascending, each once."""
        return tuple(sorted({span for hit in self.evidence.hits for span in hit.spans}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unevaluated:
    """A rule whose evaluation raised on an entry: it is told once and tried again when the rule changes."""

    rule: str
    rule_hash: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An entry and everything the rules said of it."""

    entry: Entry
    matches: tuple[Match, ...] = ()
    unevaluated: tuple[Unevaluated, ...] = ()


class Fate(StrEnum):
    """What became of a match; kept with its reason."""

    ALERTED = "alerted"  # opened a new alert
    UPDATED = "updated"  # the alert of its story grew, and who knows it hears what is new
    JOINED = "joined"  # related coverage of an open alert
    HELD = "held"  # a new alert that waits for the cooldown's end
    CATCH_UP = "catch-up"  # old, but its source had been out of reach: one catch-up message
    BASELINE = "baseline"  # found at the first fetch of its source
    FLOOD = "flood"  # old news that its source shows all at once
    OLD = "old"  # older than max_age when first seen


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


class AnswerKind(StrEnum):
    """What somebody says of an alert."""

    ACK = "ack"  # I have seen it
    SNOOZE = "snooze"  # not now
    USEFUL = "useful"
    NOISE = "noise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What people have said of an alert, the last word of each kind: who saw it, until when it rests, what it was worth.

    *verdict* is USEFUL or NOISE, *why* the words given with it.
    """

    acked_at: datetime | None = None
    acked_by: str = ""
    snoozed_until: datetime | None = None
    verdict: AnswerKind | None = None
    why: str = ""

    @property
    def seen(self) -> bool:
        """Whether somebody has looked at it: who says what it is worth has."""
        return self.acked_at is not None or self.verdict is not None


class DeliveryState(StrEnum):
    """DESIGN 1: the life of a delivery."""

    HELD = "held"
    READY = "ready"
    SENDING = "sending"
    DELIVERED = "delivered"
    RETRY = "retry"
    DEAD = "dead"
    SUPPRESSED = "suppressed"


class DeliveryKind(StrEnum):
    """Why a message goes out."""

    ALERT = "alert"
    UPDATE = "update"
    CORRECTION = "correction"
    CATCH_UP = "catch-up"
    DIGEST = "digest"
    OPERATOR = "operator"
    TEST = "test"


class MessageKind(StrEnum):
    """What a receiver can show."""

    MAIL = "mail"
    SLACK = "slack"
    TEXT = "text"
    CONSOLE = "console"
    HOOK = "hook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A rendered message, kept for retries; *html* is for mail, *payload* the JSON of receivers that take one.

    *pictures* are PNG files by the Content-ID under which *html* shows them. *thread* is the id of the first delivery
    about the same to the same recipient, empty for a first one. *dated* is the time of its first try. *brief* are the
    parts of the shortest form: headline, link, number of the alert, and notes.
    """

    kind: MessageKind
    subject: str
    text: str
    html: str = ""
    payload: str = ""
    pictures: tuple[tuple[str, bytes], ...] = ()
    thread: str = ""
    brief: tuple[str, ...] = ()
    dated: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """An entry as a message shows it: the lead of an alert or related coverage.

    *stated* is what the source wrote of its time where that is not believed.
    """

    title: str
    link: str
    publisher: str
    source: str
    published: datetime | None
    first_seen: datetime
    summary: str = ""
    body: str = ""
    revised: Revised | None = None
    stated: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revised:
    """What an entry says since *at*: another *title* or *summary*, or nothing, when its source has *withdrawn* it.

    *between* are headlines that it had meanwhile.
    """

    at: datetime
    title: str
    summary: str = ""
    withdrawn: bool = False
    between: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tidings:
    """An alert with all that a message about it shows.

    To somebody who knows the alert, *news* is what is new about it, and *first* is what led it when it was opened.
    *overflow* names the limit that kept it from a message of its own.
    """

    alert: Alert
    evidence: Evidence | None = None
    lead: Coverage | None = None
    related: tuple[Coverage, ...] = ()
    prices: tuple[Glance, ...] = ()
    news: tuple[str, ...] = ()
    first: Coverage | None = None
    overflow: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message for one recipient, as claimed for sending.

    *message* is None until it is rendered; *attempt* is the number of the try that this claim is for.
    """

    id: str  # idempotency key and Message-ID
    receiver: str
    recipient: str
    kind: DeliveryKind
    fence: int
    attempt: int
    created_at: datetime
    due_at: datetime
    expires_at: datetime
    tidings: tuple[Tidings, ...] = ()
    message: Message | None = None
    thread: str = ""  # as in its message, as long as that is not rendered
    subjects: tuple[str, ...] = ()  # of the messages in that thread which are no digests, the oldest first
    stead: str = ""  # the receiver that it could not be delivered to
    refused: bool = False  # at the last try, for what it says


class ErrorClass(StrEnum):
    """What the answer of a receiver means."""

    OK = "ok"
    TRANSIENT = "transient"
    RATE_LIMITED = "rate_limited"
    AUTH = "auth"
    GONE = "gone"  # the service, or what it is asked for
    NOBODY = "nobody"  # the service, but not this recipient
    CONTENT = "content"
    AMBIGUOUS = "ambiguous"  # failed after the message was written: it may have arrived


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one attempt; *words* are the server's own, without secrets."""

    error_class: ErrorClass
    code: int | None = None
    words: str = ""
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What becomes of a delivery after an attempt."""

    state: DeliveryState
    due_at: datetime
    reason: str = ""
