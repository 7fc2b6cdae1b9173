"""A database as the store sees it: SQLite in a file, or PostgreSQL on a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Engine
from sqlmodel import Session

from tocsin.errors import LostError
from tocsin.protocols import Clock
from tocsin.store.db.lock import Running
from tocsin.store.db.transactions import Serial, Transactions

#: Connections to a server at most; a worker keeps five of them beside its transactions.
CONNECTIONS = 10


class Database(Transactions, Protocol):
    """A database, opened for one process; many threads may read, and one at a time may write.

    A read transaction sees one state of it, and an exception inside a write transaction undoes all of that. *name* is what
    people know it by, without a password, and *to_upgrade* says how its tables are upgraded. *lost* is the error if a daemon
    must not work on it any more. *writers* transactions may write at once, if they are not of one serial kind.
    """

    name: str
    to_upgrade: str
    lost: LostError | None
    writers: int

    @property
    def worker(self) -> int | None:
        """Return the number of this worker among those that share the database; None if nobody can share it."""
        ...

    def others(self, session: Session) -> frozenset[int]:
        """Return the numbers of the other workers that are alive, as *session* sees them."""
        ...

    def deliverers(self, session: Session) -> int:
        """Return how many workers send deliveries, as of a look some seconds ago at most; at least 1."""
        ...

    def time(self, session: Session) -> datetime:
        """Return the real time, which is the same for all that share the database."""
        ...

    @property
    def clock(self) -> Clock:
        """Return a clock of that time, as of the last look at it."""
        ...

    def probe(self) -> None:
        """Write without a change."""
        ...

    def changes(self) -> int | None:
        """Return a number that every commit changes, of whichever program; None where there is no such number."""
        ...

    def lock(self) -> None:
        """Lock the database for this process alone until `unlock` or `close`; locking it again does nothing.

        Raises:
            LockedError: another process works on it.
        """
        ...

    def join(self) -> None:
        """Lock the database for this worker and, where it can be shared, others; until `unlock` or `close`.

        Raises:
            LockedError: another process has locked it for itself.
        """
        ...

    def listen(self, heard: Callable[[], object]) -> None:
        """Call *heard*, in another thread, whenever a worker that shares the database has planned a delivery."""
        ...

    @property
    def parameters(self) -> Mapping[str, Any] | None:
        """Return what a library needs to open connections of its own; None where it cannot."""
        ...

    def guard(self) -> None:
        """Check before every later write transaction that the database is still the one that was locked."""
        ...

    def check(self, within: float) -> bool:
        """Check the content of the database; False if *within* seconds were not enough for all of it.

        Raises:
            DamagedError: it is damaged.
        """
        ...

    def note(self, running: Running) -> None:
        """Keep *running*, which describes this process, beside the lock for as long as it is locked."""
        ...

    def rescue(self) -> Path | None:
        """Save the data of a lost database, close it and return the file; None if nothing has to be saved.

        Raises:
            StoreError: it cannot be written, or nothing is left to read.
        """
        ...

    def unlock(self) -> None:
        """Release the lock."""
        ...

    def close(self) -> None:
        """Close every connection and release the lock."""
        ...


@contextmanager
def transaction(
    engine: Engine,
    new_id: Callable[[], str],
    size: Callable[[Session], int],
    *,
    write: bool,
    serial: Serial | None = None,
) -> Iterator[Session]:
    """Open a session with one transaction on *engine*; its connection knows whether it may *write*, and which *serial* it is."""
    # Writes are statements, which do not update the rows in memory; so the rows that a statement returns are read again.
    options = {"write": write, "serial": serial, "populate_existing": True, "synchronize_session": False}
    session = Session(
        engine,
        autoflush=False,
        expire_on_commit=False,
        execution_options=options,
        info={"new_id": new_id, "size": size},
    )
    with session, session.begin():
        yield session
