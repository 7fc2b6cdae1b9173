"""Databases by their addresses: `sqlite:///path`, or `postgresql://user@host/name`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tocsin.errors import StoreError
from tocsin.store.db import lock
from tocsin.store.db.database import CONNECTIONS, Database
from tocsin.store.db.lock import Running
from tocsin.store.db.place import is_served, path_of, shown
from tocsin.store.db.sqlite import SqliteDatabase
from tocsin.store.db.statements import random_id

if TYPE_CHECKING:
    from tocsin.store.db.postgres import PostgresDatabase


def open_database(url: str, new_id: Callable[[], str] = random_id, connections: int = CONNECTIONS) -> Database:
    """Open the database that *url* names, with at most *connections* to its server; a file is made, for the owner only.

    Raises:
        StoreError: the address is not understood, the file cannot be opened, or the library for the server is missing.
    """
    return _served(url, new_id, connections) if is_served(url) else SqliteDatabase.open(url, new_id)


def open_copy(url: str, new_id: Callable[[], str] = random_id) -> Database:
    """Open a copy, for this process alone, of the database that *url* names; closing it deletes it.

    Raises:
        StoreError: it cannot be read.
    """
    if is_served(url):
        raise StoreError(f"{shown(url)} cannot be copied")
    return SqliteDatabase.copy(url, new_id)


def running(url: str) -> Running | None:
    """Return the process that has locked the database that *url* names, None if none has.

    Raises:
        StoreError: the server cannot be asked.
    """
    return _served(url).running() if is_served(url) else lock.running(path_of(url).resolve())


def _served(url: str, new_id: Callable[[], str] = random_id, connections: int = CONNECTIONS) -> PostgresDatabase:
    try:
        # The library is optional, and takes a twentieth of a second to import.
        from tocsin.store.db.postgres import PostgresDatabase  # noqa: PLC0415
    except ImportError as error:
        words = f"PostgreSQL needs a library that is missing here ({error}): pip install 'tocsin[postgres]'"
        raise StoreError(words) from error
    return PostgresDatabase(url, new_id, connections)
