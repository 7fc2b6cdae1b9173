"""The store that a configuration names."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from tocsin.config.config import Config
from tocsin.config.database import file_of
from tocsin.errors import OutdatedError
from tocsin.log import line
from tocsin.store import Store
from tocsin.store.db.backup import upgrade
from tocsin.store.db.place import is_there, path_of
from tocsin.store.db.schema import newest

log = logging.getLogger(__name__)


def open_store(config: Config) -> Store:
    """Return the store that *config* names; it is made if there is none.

    Raises:
        OutdatedError: its tables are of an older version.
    """
    return Store.open(config.database, connections=config.connections)


def open_existing(config: Config) -> Store | None:
    """Return the store that *config* names, None if there is none yet; nothing is made.

    Raises:
        StoreError: it cannot be used, or its tables are of another version.
    """
    path = file_of(config.database)
    if path is not None and not is_there(path):
        return None
    return Store.existing(config.database)


def open_upgraded(config: Config) -> Store:
    """Return the store that *config* names. Tables of an older version are upgraded, after a backup beside the database.

    Raises:
        StoreError: it cannot be opened, or another daemon works on it.
        OutdatedError: its tables on a server are of an older version; its operator backs it up.
    """
    try:
        return open_store(config)
    except OutdatedError:
        if file_of(config.database) is None:
            raise
        log.info(line("upgrading the database", path=path_of(config.database)))
        if done := upgrade(path_of(config.database), datetime.now(UTC)):
            log.warning(line("database upgraded", before=done[0], now=newest(), backup=done[1]))
    return open_store(config)


def open_copy(config: Config) -> Store:
    """Return a store on a copy of the database that *config* names, so that the original is never changed."""
    return Store.open(config.database, copy=True)
