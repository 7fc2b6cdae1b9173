"""The rows of the sources: what is polled, when next, and who polls it now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam
from sqlmodel import Session, col, func, insert, or_, select, update

from tocsin.errors import Fault, LeaseLostError
from tocsin.model import Batch, Cursor
from tocsin.store import mapping
from tocsin.store.tables import SourceRow
from tocsin.store.values import Rest, SourceLease

#: An error is kept for people to read; the whole of it is in the log.
_LONGEST_ERROR = 1000


def sync(session: Session, sources: Sequence[tuple[str, str, str]], now: datetime) -> None:
    """Make the rows those of the configuration: (name, address, kind) of each source.

    A new source, and one that comes back, is due at once. A changed address begins a new baseline. A row that the
    configuration does not name is disabled. A poll under way of a row that changed loses its lease.
    """
    rows = {row.name: row for row in session.exec(select(SourceRow)).all()}
    for name, address, kind in sources:
        row = rows.pop(name, None)
        wanted = mapping.digest(kind, address)
        if row is None:
            session.exec(insert(SourceRow).values(name=name, kind=kind, address=wanted, due_at=now, **_NEW))
        elif row.address != wanted:
            fields = {"kind": kind, "address": wanted, "disabled": False, "due_at": now, "fence": row.fence + 1}
            session.exec(update(SourceRow).where(col(SourceRow.id) == row.id).values(**fields, **_FRESH))
        elif row.disabled:
            session.exec(update(SourceRow).where(col(SourceRow.id) == row.id).values(disabled=False, due_at=now))
    gone = [row.id for row in rows.values() if not row.disabled]
    voided = {"disabled": True, "lease_until": None, "fence": SourceRow.fence + 1}
    session.exec(update(SourceRow).where(col(SourceRow.id).in_(gone)).values(**voided))


def claim(session: Session, now: datetime, real: datetime, lease: timedelta, limit: int) -> list[SourceLease]:
    """Lease the *limit* sources that have been due longest, until *real* + *lease*."""
    free = or_(col(SourceRow.lease_until).is_(None), col(SourceRow.lease_until) < real)
    rows = session.exec(
        select(SourceRow)
        .where(col(SourceRow.disabled).is_(False), col(SourceRow.due_at) <= now, free)
        .order_by(col(SourceRow.due_at), col(SourceRow.id))
        .limit(limit)
    ).all()
    taken = {
        "fence": SourceRow.fence + 1,
        "lease_until": real + lease,
        "first_polled": func.coalesce(SourceRow.first_polled, now),
    }
    if rows:
        session.exec(update(SourceRow).where(col(SourceRow.id).in_([row.id for row in rows])).values(**taken))
    return [mapping.lease(row, now) for row in rows]


def void(session: Session) -> int:
    """Take every lease away; how many there were."""
    return session.exec(
        update(SourceRow)
        .where(col(SourceRow.lease_until).is_not(None))
        .values(lease_until=None, fence=SourceRow.fence + 1)
    ).rowcount


def held(session: Session, lease: SourceLease) -> SourceRow:
    """The row of a source, if *lease* still holds it.

    Raises:
        LeaseLostError: somebody else was given it, or it changed.
    """
    row = session.exec(select(SourceRow).where(col(SourceRow.name) == lease.name)).one_or_none()
    if row is None or row.fence != lease.fence or row.lease_until is None:
        raise LeaseLostError(f"the poll of {lease.name} took longer than its lease; what it found is left to the next")
    return row


def succeed(session: Session, row: SourceRow, batch: Batch, *, now: datetime, due_at: datetime) -> None:
    """Give the lease back after a good poll, with the cursor it brought."""
    document_at = now if batch.changed else row.document_at
    _give_back(session, row, due_at, {**_good(batch.cursor, now), "document_at": document_at})


def rest(session: Session, rests: Sequence[Rest], now: datetime) -> int:
    """Give back the leases of polls that brought nothing; how many of them had been lost before."""
    values = [
        {"named": item.lease.name, "held": item.lease.fence, "due_at": item.due_at, **_good(item.cursor, now)}
        for item in rests
    ]
    return len(rests) - session.connection().execute(_BY_LEASE, values).rowcount


def _good(cursor: Cursor, now: datetime) -> dict[str, object]:
    return {
        "etag": cursor.etag,
        "last_modified": cursor.last_modified,
        "body_hash": cursor.body_hash,
        "validated_at": cursor.validated_at,
        "last_success": now,
        "errors": 0,
        "unhealthy": False,
        "gone": False,
        "last_error": "",
        "last_fault": None,
    }


def fail(
    session: Session, row: SourceRow, error: str, fault: Fault, *, due_at: datetime, unhealthy: bool, gone: bool
) -> None:
    """Give the lease back after a failed poll; the cursor stays where it was."""
    fields = {
        "errors": row.errors + 1,
        "unhealthy": unhealthy,
        "gone": gone,
        "last_error": error[:_LONGEST_ERROR],
        "last_fault": fault.value,
    }
    _give_back(session, row, due_at, fields)


# Every poll ends with it: built once, because building it costs more than running it.
_TABLE = SourceRow.metadata.tables[str(SourceRow.__tablename__)]
_BY_NUMBER = _TABLE.update().where(_TABLE.c.id == bindparam("number"))
_BY_LEASE = (
    _TABLE.update()
    .where(_TABLE.c.name == bindparam("named"), _TABLE.c.fence == bindparam("held"), _TABLE.c.lease_until.is_not(None))
    .values(lease_until=None, polls=_TABLE.c.polls + 1)
)


def _give_back(session: Session, row: SourceRow, due_at: datetime, fields: Mapping[str, object]) -> None:
    values = {"number": row.id, "due_at": due_at, "lease_until": None, "polls": row.polls + 1, **fields}
    session.connection().execute(_BY_NUMBER, values)


_FRESH = {
    "lease_until": None,
    "errors": 0,
    "unhealthy": False,
    "gone": False,
    "last_error": "",
    "last_fault": None,
    "first_polled": None,
    "last_success": None,
    "etag": "",
    "last_modified": "",
    "body_hash": "",
    "validated_at": None,
}
_NEW = {"fence": 0, "disabled": False, "polls": 0} | _FRESH
