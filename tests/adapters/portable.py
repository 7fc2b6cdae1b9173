"""What every engine of a test has: a guard that keeps statements portable, and what was compiled before."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Dialect, Select, UnaryExpression, event
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Engine
from sqlalchemy.exc import CompileError

_POSTGRESQL = postgresql.dialect()
_known: set[str] = set()


class NotPortableError(AssertionError):
    """A statement that one database alone understands."""


@contextmanager
def guarded() -> Iterator[None]:
    """Refuse statements that PostgreSQL could not compile, and SQL as text outside of the room of the databases."""
    event.listen(Engine, "before_cursor_execute", _look)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", _look)


def _look(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
    if statement in _known:
        return
    if context.compiled is not None:
        _compile(context.compiled.statement, statement)
        _order(context.compiled.statement, statement)
    elif (caller := _caller()) and not caller.startswith("tocsin.store.db."):
        raise NotPortableError(f"{caller} sends SQL as text: {statement}")
    _known.add(statement)


def _compile(element: Any, statement: str) -> None:
    try:
        element.compile(dialect=_POSTGRESQL)
    except (CompileError, AttributeError) as error:
        raise NotPortableError(f"PostgreSQL cannot compile it ({error}): {statement}") from error


def _order(element: Any, statement: str) -> None:
    """Refuse an order of distinct rows by what is not in them: PostgreSQL compiles it, and does not run it."""
    if not isinstance(element, Select) or not element._distinct:
        return
    chosen = tuple(element.selected_columns)
    for clause in element._order_by_clauses:
        by = clause.element if isinstance(clause, UnaryExpression) else clause
        if not any(by.compare(column) for column in chosen):
            raise NotPortableError(f"PostgreSQL does not order distinct rows by {by}: {statement}")


def _caller() -> str:
    """Return the module of the program that sends a statement, empty if a test does."""
    frame = sys._getframe()
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name.startswith("tocsin."):
            return name
        frame = frame.f_back
    return ""


@contextmanager
def compiled_once() -> Iterator[None]:
    """Compile a statement once for the files of all tests, as one daemon does for its one file.

    Each test opens a database of its own; to compile the same statements for it again took a quarter of the time of a test.
    """
    compiled: dict[Any, Any] = {}
    dialects: dict[str, Dialect] = {}

    def share(connection: Connection) -> None:
        if connection.dialect.name == "sqlite":
            # A statement is compiled for one dialect; that of every file is alike.
            connection.dialect = dialects.setdefault("sqlite", connection.dialect)
            connection.execution_options(compiled_cache=compiled)

    event.listen(Engine, "engine_connect", share)
    try:
        yield
    finally:
        event.remove(Engine, "engine_connect", share)
