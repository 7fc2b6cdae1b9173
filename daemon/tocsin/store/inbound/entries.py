"""The rows of the entries."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session, and_, col, func, or_, select

from tocsin.model.articles import fetched, with_article
from tocsin.model.entries import Entry
from tocsin.store.db import mapping
from tocsin.store.db.tables import EntryRow, SourceRow
from tocsin.store.db.transactions import Transactions
from tocsin.store.inbound import revisions
from tocsin.store.views import EntryView, History

#: Entries of the history in memory at once.
_PIECE = 1000
#: The first entries of a source are its baseline if they were seen within this time after its first poll.
_BASELINE_WITHIN = timedelta(days=1)

#: Entries with the names of their sources.
_NAMED = select(EntryRow, SourceRow.name).join(SourceRow, col(SourceRow.id) == EntryRow.source_id)
_TABLE = EntryRow.metadata.tables[str(EntryRow.__tablename__)]
_ADD = _TABLE.insert().returning(_TABLE.c.id, sort_by_parameter_order=True)


def add(session: Session, source_id: int, entries: Sequence[Entry]) -> list[int]:
    """Write new *entries* of a source; return their row numbers in order."""
    if not entries:
        return []
    rows = [mapping.entry_columns(entry, source_id) for entry in entries]
    return [mapping.identity(number) for (number,) in session.connection().execute(_ADD, rows)]


def with_articles(session: Session, source: str, rewritten: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return *rewritten* entries of *source* with the articles that were fetched for them."""
    if not rewritten:
        return ()
    same = or_(
        col(EntryRow.ident).in_([entry.id for entry in rewritten]),
        col(EntryRow.link).in_([entry.link for entry in rewritten if entry.link]),
    )
    number = select(SourceRow.id).where(SourceRow.name == source).scalar_subquery()
    rows = session.exec(
        select(EntryRow).where(EntryRow.source_id == number, col(EntryRow.article_at).is_not(None), same)
    ).all()
    texts = {key: fetched(row.body, row.article_at) for row in rows for key in (row.link, row.ident)}

    def whole(entry: Entry) -> Entry:
        text = texts.get(entry.id) or texts.get(entry.link)
        if not text:
            return entry
        body, start = with_article(entry.body, text)
        return replace(entry, body=body, article_at=start)

    return tuple(map(whole, rewritten))


def last(session: Session) -> int:
    """Return the highest number of an entry, 0 if there is none."""
    return session.exec(select(func.max(EntryRow.id))).one() or 0


def numbers(session: Session, source_id: int, entries: Sequence[Entry]) -> list[int | None]:
    """Return the row number of each of *entries* of a source, by its id or else by its link; None for those without a row."""
    named = or_(
        col(EntryRow.ident).in_([entry.id for entry in entries]),
        col(EntryRow.link).in_([entry.link for entry in entries if entry.link]),
    )
    found = select(EntryRow.id, EntryRow.ident, EntryRow.link).where(EntryRow.source_id == source_id, named)
    by_id: dict[str, int] = {}
    by_link: dict[str, int] = {}
    for number, ident, link in session.exec(found.order_by(col(EntryRow.id))):
        by_id[ident] = by_link[link] = mapping.identity(number)
    return [by_id.get(entry.id) or by_link.get(entry.link) for entry in entries]


def by_number(session: Session, numbers: Collection[int]) -> dict[int, tuple[EntryRow, str]]:
    """Return the rows with these *numbers*, and the names of their sources."""
    rows = session.exec(_NAMED.where(col(EntryRow.id).in_(numbers))).all()
    return {mapping.identity(row.id): (row, name) for row, name in rows}


def get(session: Session, number: int, at: datetime | None = None) -> Entry | None:
    """Return the entry with this number with its present wording, or with the one *at* that time."""
    found = by_number(session, [number]).get(number)
    return (
        revisions.current(mapping.entry(*found), revisions.of(session, [number]).get(number, ()), at) if found else None
    )


def find(session: Session, words: str, *, limit: int = 20) -> tuple[EntryView, ...]:
    """Return the entries with this number, id or link, the newest first."""
    same = [EntryRow.ident == words, EntryRow.link == words]
    if words.isascii() and words.isdecimal() and len(words) < 19:
        same.append(EntryRow.id == int(words))
    rows = session.exec(_NAMED.where(or_(*same)).order_by(col(EntryRow.id).desc()).limit(limit)).all()
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


def history(session: Session, since: datetime | None = None) -> History:
    """Return the extent of the history from *since* on."""
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


def recorded(database: Transactions, since: datetime | None) -> Iterator[Entry]:
    """Yield the entries first seen from *since* on that still have their text; they are read a piece at a time."""
    order = (col(EntryRow.first_seen), col(EntryRow.id))
    query = _NAMED.where(col(EntryRow.pruned).is_(False)).order_by(*order).limit(_PIECE)
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
