"""The store that a configuration names."""

from __future__ import annotations

from tocsin.config.config import Config
from tocsin.store import Store


def open_store(config: Config) -> Store:
    """Return the store that *config* names, with its tables migrated to this version."""
    return Store.open(config.database)


def open_copy(config: Config) -> Store:
    """Return a store on a copy of the database that *config* names, so that the original is never changed."""
    return Store.open(config.database, copy=True)
