"""The tables of sources, entries, alerts and what is kept beside them; others are in modules of their own.

Rows never leave the store; `tocsin.store.db.mapping` converts them to values. UNIQUE keys exclude
duplicates: an identity key of a source, a rule on an entry, the n-th message about an alert to one recipient, an attempt
of a delivery.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from tocsin.errors import Fault
from tocsin.model.alerts import AnswerKind, MatchOutcome, Report
from tocsin.model.articles import ArticleState
from tocsin.model.dates import DateKind, DateState, DateUnit
from tocsin.model.entries import EntryKey
from tocsin.model.prices import Labels
from tocsin.model.reasons import Reason
from tocsin.model.rules import Evidence, Severity
from tocsin.policy.polling.history import PollHistory
from tocsin.store.db import codec, columns
from tocsin.store.db.habits import read_habits, write_habits


class SourceRow(columns.Row, table=True):
    """A source of the configuration; one that was removed stays, disabled.

    *address* is a digest: an address may hold a secret, and only a change of it matters here.
    Leases end in real time; all other times are those of the Clock.
    """

    __tablename__ = "source"
    __table_args__ = (UniqueConstraint("name", name="uq_source_name"),)

    id: int | None = columns.number(None, primary_key=True)
    name: str = columns.text()
    kind: str = columns.text()
    address: str = columns.text()
    disabled: bool = False
    due_at: datetime = columns.time(index=True)
    lease_until: datetime | None = columns.time(None)
    worker: int | None = columns.number(None)  # that leased it, where several share the database
    fence: int = 0
    polls: int = 0
    errors: int = 0  # in a row
    unhealthy: bool = False
    gone: bool = False
    last_error: str = columns.text()
    last_fault: Fault | None = columns.choice(Fault, None)
    first_polled: datetime | None = columns.time(None)
    last_success: datetime | None = columns.time(None)  # since it has this address
    document_at: datetime | None = columns.time(None)  # when a changed document was last committed
    etag: str = columns.text()
    last_modified: str = columns.text()
    body_hash: str = columns.text()
    validated_at: datetime | None = columns.time(None)
    kept: str = columns.text()  # by the source, for its next poll
    dead: bool = False
    host_group: str = columns.text(index=True)  # the server that it shares with other sources; empty for a private one
    reasons: tuple[str, ...] = columns.written(
        "\n".join, lambda text: tuple(text.splitlines())
    )  # why it is due then, a line each
    habits: PollHistory = columns.written(write_habits, read_habits)
    fetches: str = columns.text()  # the last ones, the newest first
    dropped: int = columns.number(0)  # entries that its filter dropped


class HostRow(columns.Row, table=True):
    """The server of a host group, where several workers share the database: the last of them that asked it.

    Nobody else asks it before *busy_until*; None means that its polls have ended, the last of them at *freed_at*.
    """

    __tablename__ = "host"

    name: str = columns.text(primary_key=True)
    worker: int = columns.number()
    busy_until: datetime | None = columns.time(None)
    freed_at: datetime | None = columns.time(None)


class EntryRow(columns.Row, table=True):
    """One news item. A pruned one has lost summary, body, removed text and keys."""

    __tablename__ = "entry"
    __table_args__ = (Index("ix_entry_pruned_first_seen", "pruned", "first_seen"),)

    id: int | None = columns.number(None, primary_key=True)
    source_id: int = columns.number(foreign_key="source.id", index=True)
    ident: str = columns.text(index=True)  # a hash on PostgreSQL, as the index of links: see the migration
    keys: tuple[EntryKey, ...] = columns.written(codec.keys_to_json, codec.keys_from_json)
    title: str = columns.text()
    summary: str = columns.text()
    body: str = columns.text()
    removed: str = columns.text()
    link: str = columns.text(index=True)
    canonical_link: str = columns.text()
    publisher: str = columns.text()
    authors: tuple[str, ...] = columns.words(())
    categories: tuple[str, ...] = columns.words(())
    language: str = columns.text()
    published: datetime | None = columns.time(None)
    published_raw: str = columns.text()
    labels: Labels = columns.json(Labels)
    first_seen: datetime = columns.time()
    dropped: Reason = columns.reason()
    article_at: int | None = columns.number(None)
    pruned: bool = False


class ArticleRow(columns.Row, table=True):
    """An article that was promised to be fetched, with the facts that the decision about its entry needs then.

    A lease ends in real time; all other times are those of the Clock.
    """

    __tablename__ = "article"
    __table_args__ = (Index("ix_article_state_source_id", "state", "source_id"),)

    entry_id: int = columns.number(foreign_key="entry.id", primary_key=True)
    source_id: int = columns.number(foreign_key="source.id")
    state: ArticleState = columns.choice(ArticleState)
    promised_at: datetime = columns.time()
    due_at: datetime = columns.time()
    lease_until: datetime | None = columns.time(None)
    worker: int | None = columns.number(None)  # that leased it, where several share the database
    fence: int = 0
    tries: int = 0
    last_success: datetime | None = columns.time(None)  # of its source, before the entry was new
    error: str = columns.text()
    address: str = columns.text()
    ended_at: datetime | None = columns.time(None)


class EntryKeyRow(columns.Row, table=True):
    """A key that identifies an entry of a source; it outlives the entry.

    *title* is a digest of the normalised title for kinds that need the title as well, else empty.
    """

    __tablename__ = "entry_key"
    __table_args__ = (
        UniqueConstraint("source_id", "value", "kind", "title", name="uq_entry_key"),
        Index("ix_entry_key_source_id_last_seen", "source_id", "last_seen"),
    )

    id: int | None = columns.number(None, primary_key=True)
    source_id: int = columns.number(foreign_key="source.id")
    value: str = columns.text()
    kind: str = columns.text()
    title: str = columns.text()
    last_seen: datetime = columns.time()


class RevisionRow(columns.Row, table=True):
    """The wording of an entry since *at*, if it differs from the first.

    *met* are the labels by rule. *body* is kept if it is evidence or the only text. *after* is the number of the last
    transition of a delivery before it.
    """

    __tablename__ = "revision"

    id: int | None = columns.number(None, primary_key=True)
    entry_id: int = columns.number(foreign_key="entry.id", index=True)
    at: datetime = columns.time()
    title: str = columns.text()
    summary: str = columns.text()
    body: str = columns.text()
    met: dict[str, Labels] = columns.json(dict[str, Labels])
    after: int = columns.number(0)
    withdrawn: bool = False


class StoryRow(columns.Row, table=True):
    """The entries that report the same incident, compared within one event."""

    __tablename__ = "story"
    __table_args__ = (Index("ix_story_event_last_at", "event", "last_at"),)

    id: int = columns.number(primary_key=True)
    event: str = columns.text()
    opened_at: datetime = columns.time()
    last_at: datetime = columns.time()


class StoryEntryRow(columns.Row, table=True):
    """A member of a story, as it was compared."""

    __tablename__ = "story_entry"

    story_id: int = columns.number(foreign_key="story.id", primary_key=True)
    entry_id: int = columns.number(foreign_key="entry.id", primary_key=True, index=True)
    title: str = columns.text()
    canonical_link: str = columns.text()
    publisher: str = columns.text()
    origin: str = columns.text()
    event_time: datetime = columns.time()
    language: str = columns.text()
    reports: tuple[Report, ...] = columns.json(tuple[Report, ...], ())


class AlertRow(columns.Row, table=True):
    """One rule met by one story."""

    __tablename__ = "alert"

    id: int = columns.number(primary_key=True)
    rule: str = columns.text()
    rule_hash: str = columns.text()
    rule_position: str = columns.text()
    title: str = columns.text()
    event: str = columns.text()
    severity: Severity = columns.choice(Severity)
    labels: Labels = columns.json(Labels)
    key: tuple[str, ...] = columns.words()
    story_id: int = columns.number(foreign_key="story.id", index=True)
    opened_at: datetime = columns.time(index=True)
    updated_at: datetime = columns.time()
    event_time: datetime = columns.time()
    note: str = columns.text()
    detail: str = columns.text()
    origins: int = Field(default=1, sa_column_kwargs={"server_default": "1"})  # independent ones that report it
    over_at: datetime | None = columns.time(None)


class AnswerRow(columns.Row, table=True):
    """An answer of a person to an alert; the last one of each kind counts."""

    __tablename__ = "answer"

    id: int | None = columns.number(None, primary_key=True)
    alert_id: int = columns.number(foreign_key="alert.id", index=True)
    kind: AnswerKind = columns.choice(AnswerKind)
    at: datetime = columns.time()
    by: str = columns.text()
    until: datetime | None = columns.time(None)
    why: str = columns.text()


class DateRow(columns.Row, table=True):
    """A date that an entry of an alert announces, and what people said of it."""

    __tablename__ = "announced_date"
    __table_args__ = (UniqueConstraint("alert_id", "day", "kind", name="uq_announced_date_alert_day_kind"),)

    id: int | None = columns.number(None, primary_key=True)
    alert_id: int = columns.number(foreign_key="alert.id")
    entry_id: int = columns.number(foreign_key="entry.id")
    day: date = columns.written(date.isoformat, date.fromisoformat, index=True)
    kind: DateKind = columns.choice(DateKind)
    words: str = columns.text()
    at: int  # where the date begins in the words
    length: int
    counted: bool
    unit: DateUnit = columns.choice(DateUnit)
    found_at: datetime = columns.time()
    state: DateState = columns.choice(DateState)
    judged_at: datetime | None = columns.time(None)
    judged_by: str = columns.text()
    reminded: int | None = None  # days ahead of it of which a reminder was planned last


class SilenceRow(columns.Row, table=True):
    """A silence: no message about alerts that fit all *matchers*; *during* is its window, if it is of the configuration."""

    __tablename__ = "silence"

    id: int | None = columns.number(None, primary_key=True)
    matchers: tuple[str, ...] = columns.words()
    starts: datetime = columns.time()
    ends: datetime = columns.time(index=True)
    by: str = columns.text()
    why: str = columns.text()
    during: str = columns.text(sa_column_kwargs={"server_default": ""})


class MatchRow(columns.Row, table=True):
    """A rule met by an observation, and its outcome; retention removes *evidence*."""

    __tablename__ = "match"
    __table_args__ = (
        UniqueConstraint("entry_id", "rule", name="uq_match_entry_rule"),
        Index("ix_match_rule_event_time", "rule", "event_time"),
    )

    id: int | None = columns.number(None, primary_key=True)
    entry_id: int | None = columns.number(None, foreign_key="entry.id")
    rule: str = columns.text()
    rule_hash: str = columns.text()
    event: str = columns.text()
    severity: Severity = columns.choice(Severity)
    labels: Labels = columns.json(Labels)
    evidence: Evidence | None = columns.written(codec.evidence_to_json, codec.evidence_from_json, None)
    event_time: datetime = columns.time()
    detail: str = columns.text()
    fate: MatchOutcome = columns.choice(MatchOutcome)
    reason: Reason = columns.reason()
    story_id: int | None = columns.number(None, foreign_key="story.id")
    origin: str = columns.text()
    alert_id: int | None = columns.number(None, foreign_key="alert.id", index=True)
    decided_at: datetime = columns.time()


class StandingRow(columns.Row, table=True):
    """The times at which a correlation was true for a key value: pairs of first and last event time.

    *last* is the latest of them.
    """

    __tablename__ = "standing"

    rule: str = columns.text(primary_key=True)
    key: str = columns.text(primary_key=True)
    times: tuple[tuple[datetime, datetime], ...] = columns.json(tuple[tuple[datetime, datetime], ...])
    last: datetime = columns.time(index=True)


class UnevaluatedRow(columns.Row, table=True):
    """A rule that could not be evaluated on an entry, with the facts that its decision needs later."""

    __tablename__ = "unevaluated"
    __table_args__ = (Index("ix_unevaluated_rule_rule_hash", "rule", "rule_hash"),)

    entry_id: int = columns.number(foreign_key="entry.id", primary_key=True)
    rule: str = columns.text(primary_key=True)
    rule_hash: str = columns.text()
    program: str = columns.text()
    error: str = columns.text()
    at: datetime = columns.time()
    baseline: bool = False
    last_success: datetime | None = columns.time(None)


class LastNotifiedRow(columns.Row, table=True):
    """The time and severity of the last notification of a rule for a key value."""

    __tablename__ = "told"

    rule: str = columns.text(primary_key=True)
    key: str = columns.text(primary_key=True)
    at: datetime = columns.time()
    severity: Severity = columns.choice(Severity)
