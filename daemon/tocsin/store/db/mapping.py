"""Rows to values and back: fields that have the name of a column are copied."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import datetime
from typing import Any, TypeVar

from tocsin.model.alerts import Alert, Coverage
from tocsin.model.deliveries import DeliveryState
from tocsin.model.entries import Cursor, Entry
from tocsin.model.reasons import Cause, Reason
from tocsin.model.records import MatchView
from tocsin.policy.alerting.correlation import Member
from tocsin.policy.alerting.facts import Decided
from tocsin.store.db.codec import reading
from tocsin.store.db.delivery_tables import DeliveryRow
from tocsin.store.db.tables import AlertRow, EntryRow, MatchRow, SourceRow
from tocsin.store.values import SourceLease

T = TypeVar("T")


def digest(*parts: str) -> str:
    """Return a digest of *parts*: 128 bits in hex."""
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def identity(row_id: int | None) -> int:
    """Return the number of a row that was read, which is never None."""
    assert row_id is not None
    return row_id


def _names(kind: Any, table: Any) -> tuple[str, ...]:
    """Return the names of the fields of *kind* that are columns of *table*; a row of a plain statement has all of them."""
    columns = getattr(table, "__table__", None)
    return tuple(field.name for field in fields(kind) if columns is None or field.name in columns.c)


_shared: Callable[[Any, Any], tuple[str, ...]] = functools.cache(_names)


@reading
def read(kind: type[T], row: Any, /, **more: Any) -> T:
    """Return a *kind* with the columns of *row* as its fields, and with *more* fields."""
    return kind(**{name: getattr(row, name) for name in _shared(kind, type(row)) if name not in more}, **more)


def columns(value: object, table: type) -> dict[str, Any]:
    """Return the fields of *value* that are columns of *table*."""
    return {name: getattr(value, name) for name in _shared(type(value), table)}


@reading
def lease(row: SourceRow, now: datetime) -> SourceLease:
    """Return a source as its poll needs it; *row* is its row before it was claimed at *now*."""
    moved = row.habits.moved
    return read(
        SourceLease,
        row,
        cursor=read(Cursor, row, moved_to=moved.url if moved and moved.used else ""),
        fence=int(row.fence) + 1,  # SQLite keeps any text in any column
        errors=int(row.errors),
        baseline=row.last_success is None,
        first_polled=row.first_polled or now,
    )


def entry_columns(entry: Entry, source_id: int) -> dict[str, Any]:
    """Return the columns of a new entry."""
    found = columns(entry, EntryRow)
    return {"ident": found.pop("id"), "source_id": source_id, "pruned": False, **found}


def entry(row: EntryRow, source: str) -> Entry:
    """Return the entry as its source gave it, without pruned text."""
    return read(Entry, row, id=row.ident, source=source)


def coverage(row: EntryRow, source: str) -> Coverage:
    """Return an entry as a message shows it."""
    return read(Coverage, row, source=source, stated="" if row.published else row.published_raw)


def match_columns(decided: Decided) -> dict[str, Any]:
    """Return the columns of a match and its outcome, without the time of the decision."""
    rule = {"rule": decided.match.rule.id, "rule_hash": decided.match.rule.hash, "event": decided.match.rule.event}
    proof = {"evidence": decided.match.evidence}
    return {**columns(decided.match, MatchRow), **columns(decided, MatchRow), **proof, **rule, "fate": decided.outcome}


def match_view(row: MatchRow, entry: EntryRow | None, source: str) -> MatchView:
    """Return a match as a listing shows it."""
    title, link = (entry.title, entry.link) if entry else ("", "")
    return read(MatchView, row, source=source, title=title, link=link)


def member(row: MatchRow, entry: EntryRow | None, source: str) -> Member:
    """Return a match as a correlation needs it."""
    return read(
        Member,
        row,
        outcome=row.fate,
        source=source or next(iter(row.labels.get("instrument", ())), ""),
        publisher=entry.publisher if entry else "",
        title=entry.title if entry else row.detail,
        link=entry.link if entry else "",
    )


def alert(row: AlertRow) -> Alert:
    """Return the alert in *row*."""
    return read(Alert, row)


def because(row: DeliveryRow, limit: Reason) -> Reason:
    """Return the reason for the state of a message; *limit* is the one that one of its alerts exceeded, if any."""
    if not limit:
        return row.reason
    if row.state is DeliveryState.HELD:
        return replace(limit, until=row.due_at)
    return replace(row.reason or Reason(cause=Cause.GATHERED, by=row.kind), because=limit)
