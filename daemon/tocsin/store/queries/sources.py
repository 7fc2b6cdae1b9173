"""Sources as people see them: all, a part at a time, and one with its last fetches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, or_, select

from tocsin.redaction import masked
from tocsin.store.db import habits, mapping
from tocsin.store.db.tables import EntryRow, SourceRow
from tocsin.store.inbound import articles
from tocsin.store.views import SourceDetail, SourceView

#: Sources of one part of the list.
PAGE = 100
_FAILING = or_(col(SourceRow.errors) > 0, col(SourceRow.unhealthy), col(SourceRow.gone), col(SourceRow.dead))


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceList:
    """A part of the sources by name. Others follow the name *next*, None at the end.

    *total* counts all sources, *failing* those of them that are polled and cannot be read.
    """

    sources: tuple[SourceView, ...]
    next: str | None
    total: int
    failing: int


def every(session: Session) -> tuple[SourceView, ...]:
    """Return every source by name, disabled ones too."""
    held = dict(session.exec(select(EntryRow.source_id, func.count()).group_by(col(EntryRow.source_id))).all())
    rows = session.exec(select(SourceRow).order_by(col(SourceRow.name))).all()
    linked = articles.counts(session)
    return tuple(_view(row, held.get(mapping.identity(row.id), 0), linked) for row in rows)


def find(
    session: Session, *, words: Sequence[str] = (), failing: bool = False, after: str = "", limit: int = PAGE
) -> SourceList:
    """Return the first *limit* sources with all *words* in their names that follow the name *after*.

    Of *failing* ones only those that are polled and cannot be read.
    """
    which: list[ColumnElement[bool]] = [col(SourceRow.name).icontains(word, autoescape=True) for word in words]
    which += [_FAILING, ~col(SourceRow.disabled)] if failing else []
    rows = session.exec(
        select(SourceRow).where(col(SourceRow.name) > after, *which).order_by(col(SourceRow.name)).limit(limit + 1)
    ).all()
    shown = rows[:limit]
    # The entries of all sources are a million; those of a part are few.
    held = dict(
        session.exec(
            select(EntryRow.source_id, func.count())
            .where(col(EntryRow.source_id).in_([row.id for row in shown]))
            .group_by(col(EntryRow.source_id))
        ).all()
    )
    return SourceList(
        sources=tuple(_view(row, held.get(mapping.identity(row.id), 0), {}) for row in shown),
        next=shown[-1].name if len(rows) > limit else None,
        total=_count(session),
        failing=_count(session, _FAILING, ~col(SourceRow.disabled)),
    )


def one(session: Session, name: str) -> SourceDetail | None:
    """Return one source with its last fetches, or None."""
    row = session.exec(select(SourceRow).where(SourceRow.name == name)).one_or_none()
    if row is None:
        return None
    held = session.exec(select(func.count()).select_from(EntryRow).where(EntryRow.source_id == row.id)).one()
    return SourceDetail(source=_view(row, held, articles.counts(session)), fetches=habits.read_fetches(row.fetches))


def _view(row: SourceRow, entries: int, linked: articles.Counts) -> SourceView:
    """Return the source of *row* as it may be shown: a redirect may lead to an address with a secret in it."""
    found = linked.get(mapping.identity(row.id), {})
    moved = row.habits.moved
    shown = replace(row.habits, moved=replace(moved, url=masked(moved.url))) if moved else row.habits
    return mapping.read(SourceView, row, entries=entries, habits=shown, articles=found)


def _count(session: Session, *which: ColumnElement[bool]) -> int:
    return session.exec(select(func.count()).select_from(SourceRow).where(*which)).one()
