"""Column types that work the same way on every database."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from tocsin.model.reasons import NO_REASON
from tocsin.store.db import codec
from tocsin.store.db.codec import reading

#: Row numbers; they may exceed 32 bits.
_NUMBER: Any = BigInteger().with_variant(Integer, "sqlite")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class Row(SQLModel):
    """A row of a table. Its values are checked by the types of its columns, so pydantic need not prepare to check them."""

    model_config = {"defer_build": True}


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time, stored in UTC with a fixed width, so that order in the database is order in time.

    Binding a naive time is an error, because its zone is unknown.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 (the library calls it so)
        """Convert to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None] | None:
        """Read a time from the database; a value that is not a time is damage."""
        read = super().result_processor(dialect, coltype)
        return reading(read) if read else None

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 (the library calls it so)
        """Return the time in UTC; SQLite returns it without a zone."""
        if value is None:
            return None
        aware: datetime = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return aware


class SafeText(TypeDecorator[Any]):
    """Text that every database accepts: NUL and lone surrogates from outside become U+FFFD.

    One character replaces one character, so that offsets into the text stay correct.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any | None, dialect: Dialect) -> str | None:  # noqa: ARG002 (the library calls it so)
        """Replace characters that cannot be stored."""
        return None if value is None else _UNSTORABLE.sub("\ufffd", value)


class Written(SafeText):
    """A value stored as text: *write* makes the text and *read* the value; an unreadable text is damage."""

    cache_ok = True

    def __init__(self, write: Callable[[Any], str], read: Callable[[str], Any]) -> None:
        super().__init__()
        self.write = write
        self.read = reading(read)

    def process_bind_param(self, value: Any | None, dialect: Dialect) -> str | None:
        """Return the value as text."""
        return None if value is None else super().process_bind_param(self.write(value), dialect)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Any:  # noqa: ARG002 (the library calls it so)
        """Return the value from its text."""
        return None if value is None else self.read(value)


def number(default: Any = ..., **options: Any) -> Any:
    """Return a column of row numbers."""
    return Field(default=default, sa_type=_NUMBER, **options)


def text(default: Any = "", **options: Any) -> Any:
    """Return a column of text."""
    return Field(default=default, sa_type=SafeText, **options)


def time(default: Any = ..., **options: Any) -> Any:
    """Return a column of times."""
    return Field(default=default, sa_type=UtcDateTime, **options)


def written(write: Callable[[Any], str], read: Callable[[str], Any], default: Any = ..., **options: Any) -> Any:
    """Return a column of values stored as text: *write* makes the text and *read* the value."""
    return Field(default=default, sa_type=Written(write, read), **options)


def choice(kind: type[StrEnum], default: Any = ...) -> Any:
    """Return a column of members of *kind*."""
    return written(str, kind, default)


def json(kind: Any, default: Any = ..., **options: Any) -> Any:
    """Return a column of values of *kind*, stored as JSON."""
    codec_of = codec.Json[Any](kind)
    return written(codec_of.write, codec_of.read, default, **options)


def words(default: Any = ..., **options: Any) -> Any:
    """Return a column of tuples of texts."""
    return json(tuple[str, ...], default, **options)


def reason(**options: Any) -> Any:
    """Return a column of reasons."""
    return written(codec.reason_to_json, codec.reason_from_json, NO_REASON, **options)


def decimal(default: Any = ...) -> Any:
    """Return a column of decimal numbers."""
    return written(str, Decimal, default)
