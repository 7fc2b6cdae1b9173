"""Maintenance: old data is deleted a bounded piece at a time, and outside faults are repaired.

Text and evidence are deleted after the retention time; entries that met no rule are deleted whole. Identity keys stay
while their source shows them and half a year longer, so that no entry is new twice. The times at which a correlation
was true stay half a year too. Quotes are deleted; session closes, alerts, deliveries and their outcomes stay.

Faults are damaged rows, a clock that was set back, and a rule pack that no longer compiles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Text, cast
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, and_, col, delete, exists, or_, select, update

from tocsin.errors import DamagedError
from tocsin.model.deliveries import SETTLED, WAITING, DeliveryState
from tocsin.model.reasons import Cause, Reason
from tocsin.store import requests, sending
from tocsin.store.db import mapping
from tocsin.store.db.codec import UNDECODABLE
from tocsin.store.db.delivery_tables import AttemptRow, DeliveryRow
from tocsin.store.db.service_tables import KeptPackRow
from tocsin.store.db.statements import save
from tocsin.store.db.tables import (
    ArticleRow,
    EntryKeyRow,
    EntryRow,
    LastNotifiedRow,
    MatchRow,
    RevisionRow,
    SilenceRow,
    SourceRow,
    StandingRow,
    StoryEntryRow,
    UnevaluatedRow,
)
from tocsin.store.inbound import prices
from tocsin.store.inbound.identity import TOUCH_AFTER
from tocsin.store.outbox import silences
from tocsin.store.values import Damage, DamagedKind

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
    rows = _entries(session, before) + _messages(session, before) + _keys(session, now)
    rows += _by_key(session, LastNotifiedRow, col(LastNotifiedRow.at) < before)
    rows += _by_key(session, StandingRow, col(StandingRow.last) < now - KEEP_STANDINGS)
    # The other sources keep their last few fetches.
    removed = (col(SourceRow.disabled).is_(True), col(SourceRow.due_at) < before, col(SourceRow.fetches) != "")
    session.exec(update(SourceRow).where(*removed).values(fetches=""))
    return rows + requests.forget(session, now, _PIECE) + prices.forget(session, before, _PIECE)


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
    session.exec(delete(ArticleRow).where(col(ArticleRow.entry_id).in_(old)))
    session.exec(update(MatchRow).where(col(MatchRow.entry_id).in_(old)).values(evidence=None))
    wanted = or_(
        exists().where(col(MatchRow.entry_id) == EntryRow.id),
        exists().where(col(StoryEntryRow.entry_id) == EntryRow.id),
    )
    session.exec(delete(EntryRow).where(col(EntryRow.id).in_(old), ~wanted))
    blank = {"summary": "", "body": "", "removed": "", "keys": (), "article_at": None, "pruned": True}
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


def _by_key(session: Session, table: type[LastNotifiedRow | StandingRow], old: ColumnElement[bool]) -> int:
    """Delete rows that are *old*, by rule and key."""
    rows = session.exec(select(table.rule, table.key).where(old).limit(_PIECE)).all()
    if rows:
        session.exec(delete(table).where(or_(*(and_(table.rule == rule, table.key == key) for rule, key in rows))))
    return len(rows)


def set_aside(session: Session, now: datetime) -> tuple[Damage, ...]:
    """Take sources, deliveries and silences with unreadable rows out of use, so that they do not stop the others.

    A source is disabled, a delivery is dead, a silence has ended. A row that is used again is checked again.
    """
    found = []
    polled, waiting = col(SourceRow.disabled).is_(False), col(DeliveryRow.state).in_(WAITING)
    for number, name, words in _damaged(session, SourceRow, SourceRow.name, polled, partial(mapping.lease, now=now)):
        session.exec(update(SourceRow).where(col(SourceRow.id) == number).values(disabled=True, lease_until=None))
        found.append(Damage(kind=DamagedKind.SOURCE, name=name, words=words))
    for number, name, words in _damaged(
        session, DeliveryRow, DeliveryRow.receiver, waiting, partial(sending.delivery, session)
    ):
        dead = {"state": DeliveryState.DEAD, "reason": Reason(cause=Cause.DAMAGED, words=words), "lease_until": None}
        session.exec(update(DeliveryRow).where(col(DeliveryRow.id) == number).values(**dead))
        found.append(Damage(kind=DamagedKind.DELIVERY, name=f"{number} to {name}", words=words))
    ends = cast(SilenceRow.ends, Text) != ""
    for number, _, words in _damaged(session, SilenceRow, SilenceRow.id, ends, silences.read):
        session.exec(update(SilenceRow).where(col(SilenceRow.id) == number).values(starts=now, ends=now, matchers=()))
        found.append(Damage(kind=DamagedKind.SILENCE, name=str(number), words=words))
    return tuple(found)


def _damaged(
    session: Session, table: Any, name: Any, condition: Any, read: Callable[[Any], object]
) -> Iterator[tuple[Any, str, str]]:
    """Yield the number, name and error of each row of *table* that *read* cannot read."""
    rows = session.connection().execute(select(table.id, cast(name, Text)).where(condition)).all()
    for start in range(0, len(rows), _PIECE):
        some = rows[start : start + _PIECE]
        # Nearly always all can be read, which many together do at a fifth of the time.
        if _fault(session, table, [number for number, _ in some], read):
            for number, called in some:
                if words := _fault(session, table, [number], read):
                    yield number, str(called), words


def _fault(session: Session, table: Any, numbers: Sequence[Any], read: Callable[[Any], object]) -> str:
    """Return why *read* cannot read all rows of *table* with these *numbers*. Empty if it can."""
    try:
        for row in session.exec(select(table).where(table.id.in_(numbers))).all():
            read(row)
    except DamagedError as error:
        return str(error)
    except OperationalError as error:
        if UNDECODABLE not in str(error.orig):
            raise
        return str(error.orig)
    return ""


def rewind(session: Session, now: datetime) -> int:
    """Repair due times after the clock was set back to *now*; return the number of changed rows.

    Sources that were polled, and deliveries that were planned or tried, at a time that is in the future again are due
    now. A delivery held by a cooldown keeps its time.
    """
    polled = update(SourceRow).where(col(SourceRow.last_success) > now, col(SourceRow.due_at) > now)
    tried = exists().where(col(AttemptRow.delivery_id) == col(DeliveryRow.id), col(AttemptRow.ended_at) > now)
    ready = col(DeliveryRow.state) == DeliveryState.READY
    retried = and_(col(DeliveryRow.state) == DeliveryState.RETRY, tried)
    waiting = update(DeliveryRow).where(or_(ready, retried), col(DeliveryRow.due_at) > now)
    return session.exec(polled.values(due_at=now)).rowcount + session.exec(waiting.values(due_at=now)).rowcount


def keep_pack(session: Session, pack: str, pack_hash: str, files: Sequence[tuple[str, str]], now: datetime) -> None:
    """Keep *files*, (path, text) each, as the last good version of *pack*; the same version is not written again."""
    row = session.exec(select(KeptPackRow).where(KeptPackRow.pack == pack)).one_or_none()
    if row is None or row.hash != pack_hash:
        fields = {"pack": pack, "hash": pack_hash, "files": files, "kept_at": now}
        save(session, KeptPackRow, ("pack",), [fields])


def kept_pack(session: Session, pack: str) -> tuple[tuple[str, str], ...] | None:
    """Return the files of the last good version of *pack*, None if there is none."""
    row = session.exec(select(KeptPackRow).where(KeptPackRow.pack == pack)).one_or_none()
    return row.files if row else None


def kept_hash(session: Session, pack: str) -> str:
    """Return the hash of the last good version of *pack*, empty if there is none."""
    return session.exec(select(KeptPackRow.hash).where(KeptPackRow.pack == pack)).one_or_none() or ""
