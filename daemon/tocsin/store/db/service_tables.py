"""The tables of the service itself: its packs and configurations, its logins, and the requests of programs."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field

from tocsin.store.db import columns


class KeptPackRow(columns.Row, table=True):
    """The last good version of a rule pack."""

    __tablename__ = "kept_pack"

    pack: str = columns.text(primary_key=True)
    hash: str = columns.text()
    files: tuple[tuple[str, str], ...] = columns.json(tuple[tuple[str, str], ...])
    kept_at: datetime = columns.time()


class GenerationRow(columns.Row, table=True):
    """A configuration that workers had, with its packs; the *active* one is that by which they work."""

    __tablename__ = "generation"

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    digest: str = columns.text(unique=True)
    made_at: datetime = columns.time()
    active: bool


class SessionEpochRow(columns.Row, table=True):
    """An end of all sessions of the page; those of lower numbers are void."""

    __tablename__ = "session_epoch"

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})


class UsedCodeRow(columns.Row, table=True):
    """A one-time code of a login that was used, kept until it expires."""

    __tablename__ = "used_code"

    nonce: str = columns.text(primary_key=True)
    expires_at: datetime = columns.time()


class AnsweredRequestRow(columns.Row, table=True):
    """A request of a program that was answered, by the program and the key that it chose; kept for a day.

    *digest* is that of the request, *text* and *status* are the answer.
    """

    __tablename__ = "answered_request"

    by: str = columns.text(primary_key=True)
    key: str = columns.text(primary_key=True)
    digest: str = columns.text()
    at: datetime = columns.time(index=True)
    status: int
    text: str = columns.text()
