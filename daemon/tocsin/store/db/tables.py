"""The tables. Their rows never leave this room; `tocsin.store.db.mapping` makes them values.

Who may not be doubled is said by UNIQUE keys: an identity key of a source, a rule on an entry, an alert in its n-th
telling to one recipient, a try of a delivery.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, UniqueConstraint
from sqlmodel import Field, SQLModel

from tocsin.errors import Fault
from tocsin.model.alerts import AnswerKind, MatchOutcome
from tocsin.model.deliveries import DeliveryState, ErrorClass
from tocsin.model.entries import EntryKey
from tocsin.model.evidence import Evidence
from tocsin.model.prices import Labels
from tocsin.model.rules import Severity
from tocsin.policy.polling.history import PollHistory
from tocsin.store.db import codec
from tocsin.store.db.columns import SafeText, UtcDateTime, Written
from tocsin.store.db.habits import read_habits, write_habits

#: Numbers of rows, of which there may be more than four octets can count.
_NUMBER: Any = BigInteger().with_variant(Integer, "sqlite")


def _number(default: Any = ..., **options: Any) -> Any:
    return Field(default=default, sa_type=_NUMBER, **options)


def _written(write: Callable[[Any], str], read: Callable[[str], Any], default: Any = ..., **options: Any) -> Any:
    return Field(default=default, sa_type=Written(write, read), **options)


def _choice(kind: type[StrEnum], default: Any = ...) -> Any:
    return _written(str, kind, default)


def _labels() -> Any:
    return _written(codec.labels_to_json, codec.labels_from_json)


def _words(default: Any = ...) -> Any:
    return _written(codec.words_to_json, codec.words_from_json, default)


def _decimal(default: Any = ...) -> Any:
    return _written(str, Decimal, default)


def _text(default: Any = "", **options: Any) -> Any:
    return Field(default=default, sa_type=SafeText, **options)


def _time(default: Any = ..., **options: Any) -> Any:
    return Field(default=default, sa_type=UtcDateTime, **options)


class SourceRow(SQLModel, table=True):
    """A source of the configuration; one that was removed stays, disabled.

    *address* is a digest: an address may hold a secret, and only whether it changed matters here.
    Leases end in real time, everything else is told by the Clock.
    """

    __tablename__ = "source"
    __table_args__ = (UniqueConstraint("name", name="uq_source_name"),)

    id: int | None = _number(None, primary_key=True)
    name: str = _text()
    kind: str = _text()
    address: str = _text()
    disabled: bool = False
    due_at: datetime = _time(index=True)
    lease_until: datetime | None = _time(None)
    fence: int = 0
    polls: int = 0
    errors: int = 0  # in a row
    unhealthy: bool = False
    gone: bool = False
    last_error: str = _text()
    last_fault: Fault | None = _choice(Fault, None)
    first_polled: datetime | None = _time(None)
    last_success: datetime | None = _time(None)  # since it has this address
    document_at: datetime | None = _time(None)  # when a changed document was last taken in
    etag: str = _text()
    last_modified: str = _text()
    body_hash: str = _text()
    validated_at: datetime | None = _time(None)
    dead: bool = False
    host_group: str = _text(index=True)  # the server behind it, with all that share it; empty for a private one
    reasons: tuple[str, ...] = _written(
        "\n".join, lambda text: tuple(text.splitlines())
    )  # why it is due then, a line each
    habits: PollHistory = _written(write_habits, read_habits)
    fetches: str = _text()  # the last ones, the newest first


class EntryRow(SQLModel, table=True):
    """One news item. A pruned one has lost summary, body and keys."""

    __tablename__ = "entry"
    __table_args__ = (Index("ix_entry_pruned_first_seen", "pruned", "first_seen"),)

    id: int | None = _number(None, primary_key=True)
    source_id: int = _number(foreign_key="source.id", index=True)
    ident: str = _text(index=True)
    keys: tuple[EntryKey, ...] = _written(codec.keys_to_json, codec.keys_from_json)
    title: str = _text()
    summary: str = _text()
    body: str = _text()
    link: str = _text(index=True)
    canonical_link: str = _text()
    publisher: str = _text()
    authors: tuple[str, ...] = _words(())
    categories: tuple[str, ...] = _words(())
    language: str = _text()
    published: datetime | None = _time(None)
    published_raw: str = _text()
    labels: Labels = _labels()
    first_seen: datetime = _time()
    pruned: bool = False


class EntryKeyRow(SQLModel, table=True):
    """What an entry of a source is known by; outlives the entry.

    *title* is a digest of the normalised title for kinds that prove nothing alone, else empty.
    """

    __tablename__ = "entry_key"
    __table_args__ = (
        UniqueConstraint("source_id", "value", "kind", "title", name="uq_entry_key"),
        Index("ix_entry_key_source_id_last_seen", "source_id", "last_seen"),
    )

    id: int | None = _number(None, primary_key=True)
    source_id: int = _number(foreign_key="source.id")
    value: str = _text()
    kind: str = _text()
    title: str = _text()
    last_seen: datetime = _time()


class RevisionRow(SQLModel, table=True):
    """What an entry says since *at*, where that is not what it said when it was first seen.

    *met* are the labels by rule; *body* is kept where it proves something, or is all there is; *after* is the number of
    the last change of a delivery before it.
    """

    __tablename__ = "revision"

    id: int | None = _number(None, primary_key=True)
    entry_id: int = _number(foreign_key="entry.id", index=True)
    at: datetime = _time()
    title: str = _text()
    summary: str = _text()
    body: str = _text()
    met: str = _text()
    after: int = _number(0)
    withdrawn: bool = False


class StoryRow(SQLModel, table=True):
    """The entries that report the same happening, compared within one event."""

    __tablename__ = "story"
    __table_args__ = (Index("ix_story_event_last_at", "event", "last_at"),)

    id: int = _number(primary_key=True)
    event: str = _text()
    opened_at: datetime = _time()
    last_at: datetime = _time()


class StoryEntryRow(SQLModel, table=True):
    """A member of a story, as it was compared."""

    __tablename__ = "story_entry"

    story_id: int = _number(foreign_key="story.id", primary_key=True)
    entry_id: int = _number(foreign_key="entry.id", primary_key=True, index=True)
    title: str = _text()
    canonical_link: str = _text()
    publisher: str = _text()
    origin: str = _text()
    event_time: datetime = _time()


class AlertRow(SQLModel, table=True):
    """One rule met by one story."""

    __tablename__ = "alert"

    id: int = _number(primary_key=True)
    rule: str = _text()
    rule_hash: str = _text()
    rule_position: str = _text()
    title: str = _text()
    event: str = _text()
    severity: Severity = _choice(Severity)
    labels: Labels = _labels()
    key: tuple[str, ...] = _words()
    story_id: int = _number(foreign_key="story.id", index=True)
    opened_at: datetime = _time(index=True)
    updated_at: datetime = _time()
    event_time: datetime = _time()
    note: str = _text()
    detail: str = _text()
    origins: int = Field(default=1, sa_column_kwargs={"server_default": "1"})  # independent ones that report it


class AnswerRow(SQLModel, table=True):
    """What somebody said of an alert; the last word of each kind counts."""

    __tablename__ = "answer"

    id: int | None = _number(None, primary_key=True)
    alert_id: int = _number(foreign_key="alert.id", index=True)
    kind: AnswerKind = _choice(AnswerKind)
    at: datetime = _time()
    by: str = _text()
    until: datetime | None = _time(None)
    why: str = _text()


class SilenceRow(SQLModel, table=True):
    """No message about alerts that pass all *matchers*."""

    __tablename__ = "silence"

    id: int | None = _number(None, primary_key=True)
    matchers: tuple[str, ...] = _words()
    starts: datetime = _time()
    ends: datetime = _time(index=True)
    by: str = _text()
    why: str = _text()


class MatchRow(SQLModel, table=True):
    """A rule met by an observation and what became of it; *evidence* goes with retention."""

    __tablename__ = "match"
    __table_args__ = (
        UniqueConstraint("entry_id", "rule", name="uq_match_entry_rule"),
        Index("ix_match_rule_event_time", "rule", "event_time"),
    )

    id: int | None = _number(None, primary_key=True)
    entry_id: int | None = _number(None, foreign_key="entry.id")
    rule: str = _text()
    rule_hash: str = _text()
    event: str = _text()
    severity: Severity = _choice(Severity)
    labels: Labels = _labels()
    evidence: Evidence | None = _written(codec.evidence_to_json, codec.evidence_from_json, None)
    event_time: datetime = _time()
    detail: str = _text()
    fate: MatchOutcome = _choice(MatchOutcome)
    reason: str = _text()
    story_id: int | None = _number(None, foreign_key="story.id")
    origin: str = _text()
    alert_id: int | None = _number(None, foreign_key="alert.id", index=True)
    decided_at: datetime = _time()


class StandingRow(SQLModel, table=True):
    """When a correlation was true for a key value: *times* as JSON, the first and the last event time of each.

    *last* is the latest of them.
    """

    __tablename__ = "standing"

    rule: str = _text(primary_key=True)
    key: str = _text(primary_key=True)
    times: str = _text()
    last: datetime = _time(index=True)


class UnevaluatedRow(SQLModel, table=True):
    """A rule that could not be evaluated on an entry, and what the decision would have known of it."""

    __tablename__ = "unevaluated"
    __table_args__ = (Index("ix_unevaluated_rule_rule_hash", "rule", "rule_hash"),)

    entry_id: int = _number(foreign_key="entry.id", primary_key=True)
    rule: str = _text(primary_key=True)
    rule_hash: str = _text()
    program: str = _text()
    error: str = _text()
    at: datetime = _time()
    baseline: bool = False
    last_success: datetime | None = _time(None)


class ToldRow(SQLModel, table=True):
    """When a rule last told about a key value."""

    __tablename__ = "told"

    rule: str = _text(primary_key=True)
    key: str = _text(primary_key=True)
    at: datetime = _time()
    severity: Severity = _choice(Severity)


class DeliveryRow(SQLModel, table=True):
    """One message for one recipient. *resend* counts the copies that somebody asked for."""

    __tablename__ = "delivery"
    __table_args__ = (
        Index("ix_delivery_state_due_at", "state", "due_at"),
        Index("ix_delivery_due_at_id", "due_at", "id"),
    )

    id: str = _text(primary_key=True)
    receiver: str = _text()
    recipient: str = _text()
    kind: str = _text()
    rank: int  # of the highest severity of its alerts
    state: str = _text()
    reason: str = _text()
    created_at: datetime = _time(index=True)
    due_at: datetime = _time()
    expires_at: datetime = _time()
    delivered_at: datetime | None = _time(None)
    lease_until: datetime | None = _time(None)
    fence: int = 0
    attempts: int = 0
    message: str | None = _text(None)
    resend: int = 0
    resend_of: str | None = _text(None, foreign_key="delivery.id")
    wanted_at: datetime | None = _time(None)  # when it was due at first, once it was claimed
    stands_for: str | None = _text(None, index=True)  # the delivery to a receiver that could not be reached
    silence_id: int | None = _number(None, index=True)  # that suppressed it
    #: When a digest was first planned to leave: what will keep two processes from planning it twice.
    slot: datetime | None = _time(None)


class ReceiverRow(SQLModel, table=True):
    """How a receiver stands: its *failures* in a row, until when it *rests*, and the words with which it was reported.

    *since* is the first failure after the last success, *refusals* are messages in a row that it refused; *overflowed* is when something was last over its limit.
    """

    __tablename__ = "receiver"

    name: str = _text(primary_key=True)
    failures: int = 0
    rests: datetime | None = _time(None)
    refused: str = _text()
    since: datetime | None = _time(None)
    refusals: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    overflowed: datetime | None = _time(None)


class DeliveryAlertRow(SQLModel, table=True):
    """An alert in a message; *telling* is which telling of the alert it is, so that no telling goes out twice.

    *news* is what is new in it to its reader, as JSON; *overflow* names the limit that kept it from a message of its own.
    """

    __tablename__ = "delivery_alert"
    __table_args__ = (
        UniqueConstraint("alert_id", "receiver", "recipient", "telling", "resend", name="uq_delivery_alert_telling"),
    )

    delivery_id: str = _text(foreign_key="delivery.id", primary_key=True)
    alert_id: int = _number(foreign_key="alert.id", primary_key=True)
    receiver: str = _text()
    recipient: str = _text()
    telling: int
    resend: int = 0
    news: str = _text("[]", sa_column_kwargs={"server_default": "[]"})
    overflow: str = _text(sa_column_kwargs={"server_default": ""})


class AttemptRow(SQLModel, table=True):
    """One try of a delivery; written before a socket opens, closed when its outcome is known."""

    __tablename__ = "attempt"

    delivery_id: str = _text(foreign_key="delivery.id", primary_key=True)
    n: int = Field(primary_key=True)
    fence: int
    started_at: datetime = _time(index=True)
    ended_at: datetime | None = _time(None)
    outcome: ErrorClass | None = _choice(ErrorClass, None)
    code: int | None = None
    words: str = _text()
    retry_after: float | None = None  # seconds


class TransitionRow(SQLModel, table=True):
    """A change of state of a delivery, and why."""

    __tablename__ = "transition"

    id: int | None = _number(None, primary_key=True)
    delivery_id: str = _text(foreign_key="delivery.id", index=True)
    at: datetime = _time()
    state: DeliveryState = _choice(DeliveryState)
    reason: str = _text()


class KeptPackRow(SQLModel, table=True):
    """The last good version of a rule pack."""

    __tablename__ = "kept_pack"

    pack: str = _text(primary_key=True)
    hash: str = _text()
    files: tuple[tuple[str, str], ...] = _written(codec.files_to_json, codec.files_from_json)
    kept_at: datetime = _time()


class QuoteRow(SQLModel, table=True):
    """A price that was believed. A match about it has its time as event time and its instrument as label."""

    __tablename__ = "quote"
    __table_args__ = (Index("ix_quote_first_seen", "first_seen"),)

    instrument: str = _text(primary_key=True)
    at: datetime = _time(primary_key=True)
    price: Decimal = _decimal()
    volume: Decimal | None = _decimal(None)
    currency: str = _text()
    first_seen: datetime = _time()


class CloseRow(SQLModel, table=True):
    """The end of a session: what sigma was learned from; *sigma* is what it was then."""

    __tablename__ = "close"
    __table_args__ = (Index("ix_close_at", "at"),)

    instrument: str = _text(primary_key=True)
    day: date = _written(date.isoformat, date.fromisoformat, primary_key=True)
    at: datetime = _time()
    price: Decimal = _decimal()
    volume: Decimal | None = _decimal(None)
    sigma: float


class SeriesRow(SQLModel, table=True):
    """What else is known of an instrument: the state of sigma, and as JSON the session in progress."""

    __tablename__ = "series"

    instrument: str = _text(primary_key=True)
    variance: float
    moves: int
    progress: str = _text()


class PriceStateRow(SQLModel, table=True):
    """What a price rule remembers of one instrument."""

    __tablename__ = "price_state"

    rule: str = _text(primary_key=True)
    instrument: str = _text(primary_key=True)
    armed: bool | None = None
    met: int = 0
    alerted_price: str | None = _text(None)
    alerted_at: datetime | None = _time(None)
