"""Statements that every database understands, and what their sessions carry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from sqlalchemy import Executable, Insert
from sqlmodel import Session, SQLModel

from tocsin.store.db.columns import UtcDateTime

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

T = TypeVar("T")

#: What a session carries after a delivery was planned in it.
PLANNED = "planned"
#: Parameters of one statement; SQLite limits them.
_PIECE = 500


def random_id() -> str:
    """Return an id that no other delivery has."""
    return uuid4().hex


def new_id(session: Session) -> str:
    """Return an id for a new delivery."""
    number: str = session.info["new_id"]()
    return number


def size(session: Session) -> int:
    """Return the size of the database in octets."""
    octets: Callable[[Session], int] = session.info["size"]
    return octets(session)


def pieces(values: Iterable[T]) -> Iterator[list[T]]:
    """Return each of *values* once, in lists short enough for the parameters of one statement."""
    found = list(dict.fromkeys(values))
    return (found[start : start + _PIECE] for start in range(0, len(found), _PIECE))


def insert_on_conflict(table: Any) -> postgresql.Insert:
    """Return an INSERT into *table* that can say what is done ON CONFLICT.

    It is that of PostgreSQL, which SQLite understands too; PostgreSQL does not understand that of the dialect of SQLite.
    """
    # It comes with all drivers of PostgreSQL, for which a command that only reads need not wait.
    from sqlalchemy.dialects.postgresql import insert  # noqa: PLC0415

    return insert(table)


def put(session: Session, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> None:
    """Run *statement* for each of *rows*, if there are any."""
    if rows:
        session.connection().execute(statement, rows)


def put_plain(session: Session, statement: Insert, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> None:
    """Run *statement* for each of *rows*, the values of *columns* as the driver takes them, if there are any.

    It is three times as fast as `put`. Texts are not cleaned, and times come from `plain_time`.
    """
    if rows:
        connection = session.connection()
        kind: Any = type(connection.dialect)
        connection.exec_driver_sql(_text(statement, columns, kind), rows)


def plain_time(session: Session, time: datetime) -> Any:
    """Return *time* as the driver takes it."""
    dialect = session.connection().dialect
    process = UtcDateTime().dialect_impl(dialect).bind_processor(dialect)
    return process(time) if process else time


@cache
def _text(statement: Insert, columns: tuple[str, ...], kind: Any) -> str:
    """Return the SQL of *statement* for this *kind* of dialect, a class, with parameters that its driver takes in order."""
    style = "qmark" if kind().paramstyle == "qmark" else "format"
    return str(statement.compile(dialect=kind(paramstyle=style), column_keys=columns))


def save(
    session: Session,
    table: type[SQLModel],
    keys: tuple[str, ...],
    rows: Sequence[Mapping[str, Any]],
    *,
    change: Iterable[str] = (),
) -> None:
    """Write *rows* of the same columns; of an existing row with the same *keys* only *change* is written (default: all)."""
    if rows:
        put(session, _upsert(table, keys, tuple(change or (name for name in rows[0] if name not in keys))), rows)


@cache  # building a statement costs a hundred times as much as running it
def _upsert(table: type[SQLModel], keys: tuple[str, ...], change: tuple[str, ...]) -> Insert:
    statement = insert_on_conflict(table)
    return statement.on_conflict_do_update(
        index_elements=keys, set_={name: statement.excluded[name] for name in change}
    )
