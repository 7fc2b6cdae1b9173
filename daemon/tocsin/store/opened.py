"""A database that is opened, described, rescued and closed: the life of a store around its transactions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from sqlmodel import Session

from tocsin import __version__
from tocsin.errors import LostError
from tocsin.protocols import Clock
from tocsin.store.access import OnDatabase
from tocsin.store.db import schema
from tocsin.store.db.database import CONNECTIONS, Database
from tocsin.store.db.lock import Running
from tocsin.store.db.opening import open_copy, open_database
from tocsin.store.db.statements import random_id


class OpenedDatabase(OnDatabase):
    """An open *database* with tables of this version.

    *real_now* is the time in which leases end, None for that of the database. *program* is the version that judges entries: another version tries a
    failed rule again.
    """

    def __init__(
        self, database: Database, *, real_now: Callable[[], datetime] | None = None, program: str = __version__
    ) -> None:
        super().__init__(database)
        self.database: Database = database
        self.program = program
        self._real_now = real_now

    @classmethod
    def open(
        cls,
        url: str,
        *,
        real_now: Callable[[], datetime] | None = None,
        new_id: Callable[[], str] = random_id,
        program: str = __version__,
        copy: bool = False,
        connections: int = CONNECTIONS,
    ) -> Self:
        """Open the store that *url* (`sqlite:///path`, `postgresql://user@host/name`) names; what is missing of it is made.

        *new_id* gives deliveries their ids. At most *connections* to a server are open at once. With *copy* the store works
        on a copy that `close` deletes, so the original does not change and may be of an older version.

        Raises:
            OutdatedError: its tables are of an older version.
            StoreError: it cannot be opened, or a newer program made it.
        """
        database = open_copy(url, new_id) if copy else open_database(url, new_id, connections)
        try:
            (schema.upgrade if copy else schema.prepare)(database)
        except BaseException:
            database.close()
            raise
        return cls(database, real_now=real_now, program=program)

    @classmethod
    def existing(cls, url: str) -> Self | None:
        """Open the store that *url* names, None if it has no tables yet; none are made.

        Raises:
            StoreError: it cannot be opened, or its tables are of another version.
        """
        database = open_database(url)
        try:
            if schema.version(database) is None:
                database.close()
                return None
            schema.prepare(database)
        except BaseException:
            database.close()
            raise
        return cls(database)

    @property
    def clock(self) -> Clock:
        """Return the clock of the database: that of the machine, or of the server that several share."""
        return self.database.clock

    @property
    def parameters(self) -> Mapping[str, Any] | None:
        """Return what a library needs to open connections of its own to a database that can be shared, else None."""
        return self.database.parameters

    def listen(self, heard: Callable[[], object]) -> None:
        """Call *heard*, in another thread, whenever another worker has planned a delivery."""
        self.database.listen(heard)

    @property
    def writers(self) -> int:
        """Return how many threads may write at once."""
        return self.database.writers

    @property
    def shared(self) -> bool:
        """Return whether several workers may share the database."""
        return self.database.worker is not None

    def _real(self, session: Session) -> datetime:
        """Return the time in which leases end."""
        return self._real_now() if self._real_now else self.database.time(session)

    def _real_by_now(self) -> datetime:
        """Return the same time without asking a server again: by its clock, as of the last look at it."""
        return self._real_now() if self._real_now else self.database.clock.now()

    def note(self, running: Running) -> None:
        """Keep *running*, which describes this daemon, beside the lock for as long as it is locked."""
        self.database.note(running)

    def probe(self) -> None:
        """Write to the database without changing it.

        Raises:
            StoreError: the database cannot be written.
        """
        self.database.probe()

    def changes(self) -> int | None:
        """Return a number that every commit changes, of whichever program; None where there is no such number."""
        return self.database.changes()

    @property
    def lost(self) -> LostError | None:
        """Return the error if the files of the locked database were deleted or replaced; nothing is written from then on."""
        return self.database.lost

    def rescue(self) -> Path | None:
        """Save the data of lost files in a new file, close the database and return the path of that file.

        It is the path of the database if no other file is there, so that the next start can continue; None if the data of a
        server needs no rescue.

        Raises:
            StoreError: it cannot be written, or nothing is left to read.
        """
        return self.database.rescue()

    def close(self) -> None:
        """Close the database and release the daemon's lock."""
        self.database.close()
