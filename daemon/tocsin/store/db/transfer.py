"""The rows of a database, copied to another one with their numbers, also from SQLite to PostgreSQL or back.

A table is copied in one transaction, so that a copy which was interrupted goes on with the first table that is missing.
Until the last one is there, the version of the tables says so and nobody works on them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Row, Select, Table, Text, column, func, insert, select, table, type_coerce
from sqlmodel import Session, SQLModel

from tocsin.errors import StoreError
from tocsin.store.db import schema
from tocsin.store.db.columns import SafeText
from tocsin.store.db.database import Database

#: Rows in memory at once.
_PIECE = 500

#: Called with the rows that are left and the rows in all.
Tick = Callable[[int, int], None]


def transfer(source: Database, target: Database, tick: Tick) -> int:
    """Copy all rows of *source* to *target*, which has none or those of an interrupted copy; return their number.

    Both are locked meanwhile, and compared at the end.

    Raises:
        StoreError: a daemon works on one of them, the tables of *source* are of another version, or *target* has other rows.
    """
    if schema.version(source) != schema.newest():
        raise StoreError(f"the tables of {source.name} are not of this version: tocsin db upgrade")
    source.lock()
    if not schema.is_copy(target):
        schema.prepare(target)
        target.lock()
        with target.read() as session:
            if any(_size(session, one) for one in _tables()):
                raise StoreError(f"{target.name} has rows already: name an empty database")
        schema.mark(target, schema.COPYING)
    target.lock()
    fill(source, target, tick)
    count = _compare(source, target)
    schema.mark(target, schema.newest())
    return count


def fill(source: Database, target: Database, tick: Tick) -> None:
    """Copy the tables of *source* that are empty in *target*, all in one state."""
    with source.read() as old:
        sizes = {one: _size(old, one) for one in _tables()}
        total = left = sum(sizes.values())
        for one, size in sizes.items():
            with target.write() as new:
                if size and not _size(new, one):
                    for piece in _pieces(old, one):
                        new.connection().execute(_plain(one), [dict(row._mapping) for row in piece])
                        left -= len(piece)
                        tick(left, total)
                    _renumber(new, one)
                else:
                    left -= size


def _compare(source: Database, target: Database) -> int:
    """Return the number of rows, which are the same in both.

    Raises:
        StoreError: they are not.
    """
    count = 0
    with source.read() as old, target.read() as new:
        for one in _tables():
            (size, before), (_, after) = _digest(old, one), _digest(new, one)
            if before != after:
                words = f"{one.name} of {target.name} is not as in {source.name}"
                raise StoreError(f"{words}: drop what is in the copy, and begin again")
            count += size
    return count


def _digest(session: Session, one: Table) -> tuple[int, int]:
    """Return the number of rows of a table, and a digest of them that their order does not change."""
    count = total = 0
    for piece in _pieces(session, one):
        for row in piece:
            count += 1
            total += int.from_bytes(hashlib.blake2b(repr(tuple(row)).encode(), digest_size=16).digest(), "big")
    return count, total


def _tables() -> Sequence[Table]:
    """Return the tables, each after those that it refers to."""
    return SQLModel.metadata.sorted_tables


def _size(session: Session, one: Table) -> int:
    return session.connection().execute(select(func.count()).select_from(one)).scalar_one()


def _pieces(session: Session, one: Table) -> Iterator[Sequence[Row[Any]]]:
    rows = session.connection().execution_options(yield_per=_PIECE).execute(_rows(one))
    try:
        yield from rows.partitions()
    finally:
        rows.close()


def _rows(one: Table) -> Select[Any]:
    """Return a query of all rows as they are stored; a copy of a delivery comes after what it is a copy of."""
    order = [one.c.created_at, one.c.id] if "resend_of" in one.c else list(one.primary_key)
    return select(*(type_coerce(item, _stored(item.type)).label(item.name) for item in one.c)).order_by(*order)


def _plain(one: Table) -> Any:
    return insert(table(one.name, *(column(item.name, _stored(item.type)) for item in one.c)))


def _stored(kind: Any) -> Any:
    """Return the type of a column without what reads and writes its text."""
    return Text() if isinstance(kind, SafeText) else kind


def _renumber(session: Session, one: Table) -> None:
    """Let a server go on behind the numbers of the copied rows."""
    numbered = "id" in one.c and not isinstance(one.c.id.type, SafeText)
    if numbered and session.connection().dialect.name == "postgresql":
        sequence, last = func.pg_get_serial_sequence(one.name, "id"), select(func.max(one.c.id)).scalar_subquery()
        session.connection().execute(select(func.setval(sequence, last)).where(sequence.is_not(None)))
