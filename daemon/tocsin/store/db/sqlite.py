"""All that is particular to SQLite: its files, pragmas and locks, and the explanation of its errors."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn, cast
from urllib.parse import quote

from sqlalchemy import Connection, QueuePool, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from tocsin.clock import SystemClock
from tocsin.errors import DamagedError, LostError, StoreError
from tocsin.store.db.codec import UNDECODABLE
from tocsin.store.db.database import transaction
from tocsin.store.db.lock import Lock, Running
from tocsin.store.db.place import Identity, claim, files_of, identity, is_there, make, path_of
from tocsin.store.db.statements import random_id
from tocsin.store.db.transactions import Serial

#: How long a statement waits for another process that writes, in seconds.
BUSY = 5.0

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    # Not NORMAL: the last commits must survive a power cut, because the messages they planned may have been sent.
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
)


class SqliteDatabase:
    """One database file, opened for one process; many threads may read, and one at a time may write.

    *new_id* gives new deliveries their ids, see `new_id`.
    """

    to_upgrade = "tocsin db upgrade, which makes a backup first"
    writers = 1
    worker = None
    clock = SystemClock()
    parameters = None

    def __init__(self, path: Path, new_id: Callable[[], str] = random_id) -> None:
        self.new_id = new_id
        # The names of the lock and of SQLite's files beside the database come from the file itself, not from a link to it.
        self.path = path.resolve()
        self.name = str(self.path)
        self._named = path
        self.lost: LostError | None = None
        self._writing = threading.Lock()
        self._counting = threading.Lock()
        self._counter: sqlite3.Connection | None = None
        self._held = Lock(self.path)
        self._files: dict[Path, Identity] = {}  # that a daemon works on
        self._folder: TemporaryDirectory[str] | None = None
        self._engine = create_engine("sqlite://", creator=self._connect, poolclass=QueuePool)
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)

    @classmethod
    def open(cls, url: str, new_id: Callable[[], str] = random_id) -> SqliteDatabase:
        """Open the database that *url* (`sqlite:///path`) names; file and folder are made, for the owner only.

        Raises:
            StoreError: the address is not understood, or the file cannot be opened.
        """
        named = path_of(url)
        make(named.resolve())
        return cls(named, new_id)

    @classmethod
    def copy(cls, url: str, new_id: Callable[[], str] = random_id) -> SqliteDatabase:
        """Open a copy, for this process alone, of the database that *url* names; closing it deletes it.

        Raises:
            StoreError: the address is not understood, or the file cannot be read.
        """
        path = path_of(url)
        database = cls.temporary(new_id)
        try:
            if is_there(path):
                claim(path)
                with closing(sqlite3.connect(path)) as original, closing(sqlite3.connect(database.path)) as fresh:
                    original.backup(fresh)
        except sqlite3.Error as error:
            database.close()
            raise StoreError(f"the database {path} cannot be copied: {error}") from error
        except StoreError:
            database.close()
            raise
        return database

    @classmethod
    def temporary(cls, new_id: Callable[[], str] = random_id) -> SqliteDatabase:
        """Open a new database, for this process alone; closing it deletes it.

        Raises:
            StoreError: it cannot be made.
        """
        folder = TemporaryDirectory(prefix="tocsin-")
        target = Path(folder.name) / "copy.db"
        make(target)
        database = cls(target, new_id)
        database._folder = folder
        return database

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a read transaction, which sees one state of the database."""
        with self._session(write=False) as session:
            yield session

    @contextmanager
    def write(self, serial: Serial | None = Serial.DECISIONS) -> Iterator[Session]:  # noqa: ARG002 (all are serial)
        """Open a write transaction, which excludes other writers; an exception inside undoes all of it."""
        with self._writing:
            self._look()
            with self._session(write=True) as session:
                yield session

    def probe(self) -> None:
        """Write the first page unchanged."""
        with self.write() as session:
            session.connection().exec_driver_sql("PRAGMA user_version = 0").close()

    def changes(self) -> int:
        """Return a number that every commit changes, of whichever program (https://sqlite.org/pragma.html#pragma_data_version)."""
        self._look()
        with self._counting:
            try:
                # A connection's own commits do not count, so this one makes none.
                if self._counter is None:
                    self._counter = self._connect()
                return int(self._counter.execute("PRAGMA data_version").fetchone()[0])
            except sqlite3.Error as error:
                raise explain(error, self.path) from error

    @contextmanager
    def _session(self, *, write: bool) -> Iterator[Session]:
        try:
            with transaction(self._engine, self.new_id, size, write=write) as session:
                yield session
        except DBAPIError as error:
            raise explain(error.orig, self.path) from error
        except DamagedError as error:
            raise DamagedError(f"{_damaged(self.path)} ({error})") from error

    def _connect(self) -> sqlite3.Connection:
        # A deleted file must not be made again while other connections still have it open.
        self._look()
        address = f"file:{quote(str(self.path))}?mode=rw"
        return sqlite3.connect(address, uri=True, timeout=BUSY, check_same_thread=False)

    # ---- a daemon's own --------------------------------------------------------------------------------------

    def lock(self) -> None:
        """Lock the database for this process until `close`; locking it again does nothing.

        Raises:
            LockedError: another process has it.
            StoreError: the lock file cannot be opened.
        """
        self._held.take()

    join = lock  # a file has one worker

    def others(self, session: Session) -> frozenset[int]:  # noqa: ARG002 (a server is asked)
        """Return no workers: there are no others."""
        return frozenset()

    def deliverers(self, session: Session) -> int:  # noqa: ARG002 (a server is asked)
        """Return 1: a file has one worker."""
        return 1

    def listen(self, heard: Callable[[], object]) -> None:
        """Do nothing: the one worker knows what it has planned."""

    def time(self, session: Session) -> datetime:  # noqa: ARG002 (a server is asked)
        """Return the time of the machine."""
        return self.clock.now()

    def guard(self) -> None:
        """Check before every later write transaction that the files have not been deleted or replaced."""
        with self.read() as session:  # the first transaction makes all of them
            session.connection().exec_driver_sql("SELECT 1 FROM sqlite_schema").close()
        self._files = {path: found for path in (*files_of(self.path), self._held.path) if (found := identity(path))}

    def note(self, running: Running) -> None:
        """Keep *running*, which describes this process, beside the lock for as long as it is locked."""
        self._held.note(running)

    def _look(self) -> None:
        """Check that the files are those with which the daemon started.

        Raises:
            LostError: one was deleted or replaced.
        """
        if not self._files:
            return
        for path, known in self._files.items():
            found = identity(path)
            if found != known:
                self._lose(f"{path} was {'deleted' if found is None else 'replaced by another file'}")
        if self._named.resolve() != self.path:
            self._lose(f"{self._named} was pointed to a file other than {self.path}")

    def _lose(self, words: str) -> NoReturn:
        self.lost = LostError(f"{words} while tocsin worked on it: stop tocsin before you touch its database")
        raise self.lost

    def rescue(self) -> Path:
        """Save the data of lost files in a new file, close the database and return the path of that file.

        It is the path of the database if no other file is there, so that the next start can continue.

        Raises:
            StoreError: it cannot be written, or nothing is left to read.
        """
        if all(identity(path) == self._files.get(path) for path in files_of(self.path)):
            self._disconnect()
            return self.path  # only the lock was lost, and another daemon may already use the database
        aside = self.path.with_name(f"{self.path.name}.rescued-{os.getpid()}")
        found = identity(self.path)
        vacant = found is None or found == self._files.get(self.path)
        self._files = {}
        make(aside)
        try:
            with closing(sqlite3.connect(aside)) as fresh, self._raw() as old:
                old.backup(fresh)
            self._disconnect()
            if not vacant:
                return aside
            for stale in files_of(self.path)[1:]:
                stale.unlink(missing_ok=True)
            return aside.replace(self.path)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"the data of {self.path} cannot be saved: {error}") from error

    def check(self, within: float) -> bool:
        """Check the pages of the database; False if *within* seconds were not enough for all of them.

        Raises:
            DamagedError: a page is damaged.
        """
        with self._raw() as connection:
            done = threading.Event()
            watch = threading.Thread(target=_interrupt, args=(connection, within, done), name="check")
            watch.start()
            try:
                found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            except sqlite3.Error as error:
                if error.sqlite_errorname == "SQLITE_INTERRUPT":
                    return False
                raise explain(error, self.path) from error
            finally:
                done.set()
                watch.join()
        if found != "ok":
            raise DamagedError(f"{_damaged(self.path)} ({found})")
        return True

    @contextmanager
    def _raw(self) -> Iterator[sqlite3.Connection]:
        connection = self._engine.raw_connection()
        try:
            yield cast(sqlite3.Connection, connection.driver_connection)
        finally:
            connection.close()

    def _disconnect(self) -> None:
        self._engine.dispose()
        with self._counting:
            if self._counter is not None:
                self._counter.close()
                self._counter = None

    def unlock(self) -> None:
        """Release the lock."""
        self._files = {}
        self._held.release()

    def close(self) -> None:
        """Close every connection and release the lock."""
        self._disconnect()
        self.unlock()
        if self._folder:
            self._folder.cleanup()


def _interrupt(connection: sqlite3.Connection, after: float, done: threading.Event) -> None:
    """Interrupt the statement of *connection* *after* seconds unless it is *done*; repeat, as an early interrupt is lost."""
    while not done.wait(after):
        connection.interrupt()
        after = 0.02


def size(session: Session) -> int:
    """Return the size of the database in octets."""
    pages, page = (
        session.connection().exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("page_count", "page_size")
    )
    return int(pages * page)


def explain(error: BaseException | None, path: Path) -> StoreError:
    """Return an error of the driver as a StoreError that names its meaning and the remedy."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if name in _DAMAGE or UNDECODABLE in str(error):
        return DamagedError(f"{_damaged(path)} ({error})")
    for prefix, words in _REMEDIES.items():
        if name.startswith(prefix):
            return StoreError(words.format(path=path, error=error))
    return StoreError(f"the database {path} failed: {error}")


def _damaged(path: Path) -> str:
    return f"the database {path} is damaged: put a backup in its place, or save what `sqlite3 {path} .recover` can"


_DAMAGE = ("SQLITE_CORRUPT", "SQLITE_CORRUPT_VTAB", "SQLITE_CORRUPT_SEQUENCE", "SQLITE_CORRUPT_INDEX")
_OWNER = "see that file and folder belong to the user that tocsin runs as"

_REMEDIES = {
    "SQLITE_FULL": "no space is left for the database {path}: free some on its disk; nothing was half written",
    "SQLITE_READONLY": f"the database {{path}} may not be written: {_OWNER}, and that its disk is not read-only",
    "SQLITE_CANTOPEN": f"the database {{path}} cannot be opened: {_OWNER}",
    "SQLITE_NOTADB": "{path} is not an SQLite database: move it away, or name another file in `database:`",
    "SQLITE_BUSY": "another program keeps the database {path} locked: end it, then try again",
    "SQLITE_IOERR": "the disk under the database {path} failed ({error}): look at its space, its quota and its health",
    "SQLITE_CONSTRAINT": "the database {path} refuses what would contradict it ({error}): please report this",
}


def _prepare(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None  # `_begin` issues BEGIN; the driver would issue it late, and never for reads
    for pragma in _PRAGMAS:
        connection.execute(pragma).close()


def _begin(connection: Connection) -> None:
    # A deferred transaction that reads before it writes fails if another has written meanwhile.
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
