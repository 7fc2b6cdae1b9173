"""Databases by their addresses: `sqlite:///path`, or `postgresql://user@host/name`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.errors import StoreError
from tocsin.store.db import backup, lock, schema, transfer
from tocsin.store.db.backup import Tick, unheard
from tocsin.store.db.database import CONNECTIONS, Database
from tocsin.store.db.lock import Running
from tocsin.store.db.place import is_served, path_of
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
    if not is_served(url):
        return SqliteDatabase.copy(url, new_id)
    copy = SqliteDatabase.temporary(new_id)
    try:
        with closing(_served(url)) as served:
            schema.upgrade(copy)
            if (found := schema.version(served)) == schema.newest():
                transfer.fill(served, copy, unheard)
            elif found is not None:
                raise StoreError(
                    f"the tables of {served.name} are of version {found}: {served.to_upgrade}, or the older tocsin"
                )
    except BaseException:
        copy.close()
        raise
    return copy


def running(url: str) -> tuple[Running, ...]:
    """Return the processes that have locked the database that *url* names: one on a file, workers on a server.

    Raises:
        StoreError: the server cannot be asked.
    """
    if is_served(url):
        return _served(url).running()
    found = lock.running(path_of(url).resolve())
    return (found,) if found else ()


def upgrade_tables(url: str, now: datetime, tick: Tick = unheard) -> tuple[str, Path | None] | None:
    """Bring the tables of the database that *url* names to this program's version.

    Return the version from before and the backup of a file, see `tocsin.store.db.backup.upgrade`; None if they are of this
    version. On a server all steps are one transaction, and its operator makes the backup.

    Raises:
        StoreError: a newer program wrote it, it has no tables, or a daemon works on it.
    """
    if not is_served(url):
        return backup.upgrade(path_of(url), now, tick)
    with closing(_served(url)) as database:
        found = schema.version(database)
        if found is None:
            raise StoreError(f"{database.name} has no tables of tocsin: name another one in `database:`")
        if found == schema.newest():
            return None
        schema.upgrade(database)
        return found, None


def _served(url: str, new_id: Callable[[], str] = random_id, connections: int = CONNECTIONS) -> PostgresDatabase:
    try:
        # The library is optional, and takes a twentieth of a second to import.
        from tocsin.store.db.postgres import PostgresDatabase  # noqa: PLC0415
    except ImportError as error:
        words = f"PostgreSQL needs a library that is missing here ({error}): pip install 'tocsin[postgres]'"
        raise StoreError(words) from error
    return PostgresDatabase(url, new_id, connections)
