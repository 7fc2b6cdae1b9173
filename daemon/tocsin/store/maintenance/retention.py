"""Retention: old data is deleted, a bounded piece at a time.

Text and evidence are deleted after the retention time; entries that met no rule are deleted whole. Identity keys stay
while their source shows them and half a year longer, so that no entry is new twice. The times at which a correlation
was true stay half a year too. Quotes are deleted; session closes, alerts, deliveries and their outcomes stay.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, delete, exists, or_, select, update

from tocsin.model.deliveries import SETTLED
from tocsin.store.db.tables import (
    DeliveryRow,
    EntryKeyRow,
    EntryRow,
    MatchRow,
    RevisionRow,
    SourceRow,
    StandingRow,
    StoryEntryRow,
    ToldRow,
    UnevaluatedRow,
)
from tocsin.store.inbound import prices
from tocsin.store.inbound.identity import TOUCH_AFTER

#: How long an identity key is kept after its source last showed it.
KEEP_KEYS = timedelta(days=180)
#: How long the times of a true correlation are kept: no window is as long.
KEEP_STANDINGS = timedelta(days=180)

#: Rows of one table that one transaction changes: few enough that a waiting poll is not delayed.
_PIECE = 500


def sweep(session: Session, now: datetime, retention: timedelta) -> int:
    """Delete one piece of the data older than *retention*; return the number of rows, 0 when all is done.

    The last notification of a cooldown longer than *retention* is deleted too.
    """
    before = now - retention
    rows = _entries(session, before) + _messages(session, before) + _keys(session, now) + _told(session, before)
    rows += _by_key(session, StandingRow, col(StandingRow.last) < now - KEEP_STANDINGS)
    _fetches(session, before)
    return rows + prices.forget(session, before, _PIECE)


def _entries(session: Session, before: datetime) -> int:
    old = session.exec(
        select(EntryRow.id)
        .where(col(EntryRow.pruned).is_(False), col(EntryRow.first_seen) < before)
        .order_by(col(EntryRow.first_seen))
        .limit(_PIECE)
    ).all()
    # Entries without text cannot be evaluated again.
    session.exec(delete(UnevaluatedRow).where(col(UnevaluatedRow.entry_id).in_(old)))
    session.exec(delete(RevisionRow).where(col(RevisionRow.entry_id).in_(old)))
    session.exec(update(MatchRow).where(col(MatchRow.entry_id).in_(old)).values(evidence=None))
    wanted = or_(
        exists().where(col(MatchRow.entry_id) == EntryRow.id),
        exists().where(col(StoryEntryRow.entry_id) == EntryRow.id),
    )
    session.exec(delete(EntryRow).where(col(EntryRow.id).in_(old), ~wanted))
    blank = {"summary": "", "body": "", "keys": (), "pruned": True}
    session.exec(update(EntryRow).where(col(EntryRow.id).in_(old)).values(**blank))
    return len(old)


def _messages(session: Session, before: datetime) -> int:
    old = (
        select(DeliveryRow.id)
        .where(
            col(DeliveryRow.created_at) < before,
            col(DeliveryRow.state).in_(SETTLED),
            col(DeliveryRow.message).is_not(None),
        )
        .limit(_PIECE)
    )
    return session.exec(update(DeliveryRow).where(col(DeliveryRow.id).in_(old)).values(message=None)).rowcount


def _keys(session: Session, now: datetime) -> int:
    """Delete keys that were not in the last document of their source; a commit touches those that were."""
    before = now - KEEP_KEYS
    removed = 0
    for number, document_at in session.exec(select(SourceRow.id, SourceRow.document_at)).all():
        shown = document_at - 2 * TOUCH_AFTER if document_at else before
        old = (
            select(EntryKeyRow.id)
            .where(EntryKeyRow.source_id == number, col(EntryKeyRow.last_seen) < min(before, shown))
            .limit(_PIECE - removed)
        )
        removed += session.exec(delete(EntryKeyRow).where(col(EntryKeyRow.id).in_(old))).rowcount
    return removed


def _fetches(session: Session, before: datetime) -> None:
    """Delete the fetches of sources that were removed from the configuration; the others keep their last few."""
    left = (col(SourceRow.disabled).is_(True), col(SourceRow.due_at) < before, col(SourceRow.fetches) != "")
    session.exec(update(SourceRow).where(*left).values(fetches=""))


def _told(session: Session, before: datetime) -> int:
    return _by_key(session, ToldRow, col(ToldRow.at) < before)


def _by_key(session: Session, table: type[ToldRow | StandingRow], old: ColumnElement[bool]) -> int:
    """Delete rows that are *old*, by rule and key."""
    rows = session.exec(select(table.rule, table.key).where(old).limit(_PIECE)).all()
    if rows:
        session.exec(delete(table).where(or_(*(and_(table.rule == rule, table.key == key) for rule, key in rows))))
    return len(rows)
