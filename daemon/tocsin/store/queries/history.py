"""The entries of the past in the order in which they were first seen: what a backtest runs on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlmodel import Session, and_, col, func, or_, select

from tocsin.model.entries import Entry
from tocsin.store.db import mapping
from tocsin.store.db.sqlite import Database
from tocsin.store.db.tables import EntryRow, SourceRow
from tocsin.store.db.values import History

#: Entries that are in memory at once.
_PIECE = 1000
#: The first entries of a source that were seen later than this after its first poll were no baseline any more.
_BASELINE_WITHIN = timedelta(days=1)


def outline(session: Session, since: datetime | None = None) -> History:
    """What there is to run on from *since* on."""
    whole = select(func.count(), func.max(EntryRow.first_seen)).where(col(EntryRow.pruned).is_(False))
    wanted = whole if since is None else whole.where(col(EntryRow.first_seen) >= since)
    count, last = session.exec(wanted).one()
    fetches = session.exec(
        select(SourceRow.name, SourceRow.first_polled, func.min(EntryRow.first_seen))
        .join(EntryRow, col(EntryRow.source_id) == SourceRow.id)
        .where(col(EntryRow.first_seen) >= SourceRow.first_polled)
        .group_by(col(SourceRow.id))
    ).all()
    baselines = {name: seen for name, polled, seen in fetches if polled and seen - polled < _BASELINE_WITHIN}
    return History(entries=count, last=last, baselines=baselines)


def entries(database: Database, since: datetime | None) -> Iterator[Entry]:
    """The entries that were first seen from *since* on and still have their text, read a piece at a time."""
    query = (
        select(EntryRow, SourceRow.name)
        .join(SourceRow, col(SourceRow.id) == EntryRow.source_id)
        .where(col(EntryRow.pruned).is_(False))
        .order_by(col(EntryRow.first_seen), col(EntryRow.id))
        .limit(_PIECE)
    )
    piece = query if since is None else query.where(col(EntryRow.first_seen) >= since)
    while True:
        with database.read() as session:
            rows = session.exec(piece).all()
        if not rows:
            return
        yield from (mapping.entry(row, source) for row, source in rows)
        last = rows[-1][0]
        same = and_(col(EntryRow.first_seen) == last.first_seen, col(EntryRow.id) > mapping.identity(last.id))
        piece = query.where(or_(col(EntryRow.first_seen) > last.first_seen, same))
