"""The configuration and its store, for commands that work on both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tocsin.cli.common import read_config
from tocsin.cli.output import say
from tocsin.config.config import Config
from tocsin.config.database import file_of
from tocsin.config.stores import open_store
from tocsin.store import Store
from tocsin.store.db.place import is_there


@contextmanager
def opened(path: Path) -> Iterator[tuple[Config, Store]]:
    """Open the configuration and its store, also while a daemon runs, and close the store at the end."""
    config = read_config(path)
    database = file_of(config.database)
    if database and not is_there(database):
        say(f"There is no database yet, so {database} is made; a service keeps its own where $STATE_DIRECTORY says.")
    store = open_store(config)
    try:
        yield config, store
    finally:
        store.close()
