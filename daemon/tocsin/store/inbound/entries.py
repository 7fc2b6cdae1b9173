"""The rows of the entries."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlmodel import Session, col, or_, select

from tocsin.model.entries import Entry
from tocsin.store.db import mapping
from tocsin.store.db.tables import EntryRow, SourceRow
from tocsin.store.db.values import EntryView
from tocsin.store.inbound import revisions

_TABLE = EntryRow.metadata.tables[str(EntryRow.__tablename__)]
_ADD = _TABLE.insert().returning(_TABLE.c.id, sort_by_parameter_order=True)


def add(session: Session, source_id: int, entries: Sequence[Entry]) -> list[int]:
    """Write new *entries* of a source; the numbers of their rows, in order."""
    if not entries:
        return []
    rows = [mapping.entry_columns(entry, source_id) for entry in entries]
    return [mapping.identity(number) for (number,) in session.connection().execute(_ADD, rows)]


def by_number(session: Session, numbers: Collection[int]) -> dict[int, tuple[EntryRow, str]]:
    """The rows with these *numbers*, and the names of their sources."""
    rows = session.exec(
        select(EntryRow, SourceRow.name)
        .join(SourceRow, col(SourceRow.id) == EntryRow.source_id)
        .where(col(EntryRow.id).in_(numbers))
    ).all()
    return {mapping.identity(row.id): (row, name) for row, name in rows}


def get(session: Session, number: int, at: datetime | None = None) -> Entry | None:
    """The entry with this number as it reads, or read *at* that time."""
    found = by_number(session, [number]).get(number)
    return (
        revisions.current(mapping.entry(*found), revisions.of(session, [number]).get(number, ()), at) if found else None
    )


def find(session: Session, words: str, *, limit: int = 20) -> tuple[EntryView, ...]:
    """Entries with this number, id or link, the newest first."""
    same = [EntryRow.ident == words, EntryRow.link == words]
    if words.isascii() and words.isdecimal() and len(words) < 19:
        same.append(EntryRow.id == int(words))
    rows = session.exec(
        select(EntryRow, SourceRow.name)
        .join(SourceRow, col(SourceRow.id) == EntryRow.source_id)
        .where(or_(*same))
        .order_by(col(EntryRow.id).desc())
        .limit(limit)
    ).all()
    reworded = revisions.of(session, [mapping.identity(row.id) for row, _ in rows])
    return tuple(
        mapping.read(
            EntryView,
            row,
            entry=mapping.entry(row, name),
            revised=revisions.views(reworded.get(mapping.identity(row.id), ())),
        )
        for row, name in rows
    )
