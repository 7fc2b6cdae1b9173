"""The servers that sources share, where several workers share the database: one worker at a time asks a server."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TypeVar

from sqlmodel import Session, col, or_, select, update
from sqlmodel.sql.expression import SelectOfScalar

from tocsin.store.db.statements import pieces, save
from tocsin.store.db.tables import HostRow, SourceRow

T = TypeVar("T")


def free(sources: SelectOfScalar[T], real: datetime, worker: int) -> SelectOfScalar[T]:
    """Return *sources* without those whose server a worker other than *worker* asks at *real*."""
    unasked = or_(
        col(HostRow.name).is_(None),
        col(HostRow.worker) == worker,
        col(HostRow.busy_until).is_(None),
        col(HostRow.busy_until) < real,
    )
    return sources.join(HostRow, col(HostRow.name) == SourceRow.host_group, isouter=True).where(unasked)


def take(
    session: Session, names: Collection[str], real: datetime, lease: timedelta, worker: int
) -> dict[str, timedelta]:
    """Keep the servers *names* for *worker* until *real* + *lease*.

    Return how long ago another worker asked them last, for those where one did.
    """
    idle = {}
    for piece in pieces(sorted(names)):
        for row in session.exec(select(HostRow).where(col(HostRow.name).in_(piece), col(HostRow.worker) != worker)):
            # One whose lease ended may still have been asked at that moment.
            if at := row.freed_at or row.busy_until:
                idle[row.name] = real - at
    rows = [{"name": name, "worker": worker, "busy_until": real + lease, "freed_at": None} for name in sorted(names)]
    save(session, HostRow, ("name",), rows)
    return idle


def give_back(session: Session, names: Collection[str], real: datetime, worker: int) -> None:
    """Let others ask the servers *names* that *worker* has finished asking."""
    for piece in pieces(sorted(names)):
        mine = (col(HostRow.name).in_(piece), col(HostRow.worker) == worker)
        session.exec(update(HostRow).where(*mine).values(busy_until=None, freed_at=real))


def void(session: Session, alive: Collection[int], real: datetime) -> None:
    """Let others ask the servers of workers that are not *alive* any more."""
    gone = (col(HostRow.busy_until).is_not(None), col(HostRow.worker).not_in(alive))
    session.exec(update(HostRow).where(*gone).values(busy_until=None, freed_at=real))
