"""Everything that only SQLite knows: its files, its pragmas, its locks, and its errors in words."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlmodel import Session, SQLModel

from tocsin.errors import LockedError, StoreError

T = TypeVar("T")

#: A database limits the parameters of a statement.
_PIECE = 500

#: How long a statement waits for another process that writes, in seconds.
BUSY = 5.0

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    # Not NORMAL: the last commits must survive a power cut, for what they planned may have been sent.
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
)


class Database:
    """One database file, opened for one process; many threads may read, one at a time writes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writing = threading.Lock()
        self._lock_file: int | None = None
        self._folder: TemporaryDirectory[str] | None = None
        self._engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": BUSY})
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)

    @classmethod
    def open(cls, url: str) -> Database:
        """The database that *url* (`sqlite:///path`) names; file and folder are made, for the owner only.

        Raises:
            StoreError: the address is none that is understood, or the file cannot be opened.
        """
        path = _path(url)
        try:
            _create(path)
        except OSError as error:
            raise StoreError(
                f"the database {path} cannot be made ({error.strerror}): "
                "see that its folder exists and belongs to the user that tocsin runs as"
            ) from error
        return cls(path)

    @classmethod
    def copy(cls, url: str) -> Database:
        """A copy, for this process alone, of the database that *url* names; it is gone when it is closed.

        Raises:
            StoreError: the address is none that is understood, or the file cannot be read.
        """
        path = _path(url)
        folder = TemporaryDirectory(prefix="tocsin-")
        target = Path(folder.name) / "copy.db"
        _create(target)
        try:
            if path.exists():
                with closing(sqlite3.connect(path)) as original, closing(sqlite3.connect(target)) as fresh:
                    original.backup(fresh)
        except sqlite3.Error as error:
            folder.cleanup()
            raise StoreError(f"the database {path} cannot be copied: {error}") from error
        database = cls(target)
        database._folder = folder
        return database

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction that sees one state of the database and changes nothing."""
        with self._session(write=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that no other writer can come between; whatever is raised inside undoes all of it."""
        with self._writing, self._session(write=True) as session:
            yield session

    @contextmanager
    def _session(self, *, write: bool) -> Iterator[Session]:
        # Writes are statements, of which the rows in memory know nothing: what a statement returns is read afresh.
        options = {"write": write, "populate_existing": True, "synchronize_session": False}
        try:
            with (
                Session(self._engine, autoflush=False, expire_on_commit=False, execution_options=options) as session,
                session.begin(),
            ):
                yield session
        except DBAPIError as error:
            raise explain(error.orig, self.path) from error

    def lock(self) -> None:
        """Take the database for this process alone, until `close`; taking it again does nothing.

        The lock is on a file beside the database: the system gives it back however the process ends.

        Raises:
            LockedError: another process has it.
            StoreError: there can be no lock.
        """
        if self._lock_file is not None:
            return
        path = Path(f"{self.path}.lock")
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"the lock {path} cannot be opened: {error.strerror}") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(handle, 32).decode("ascii", "replace").strip()
            os.close(handle)
            raise LockedError(
                f"another tocsin (process {holder or 'unknown'}) works on {self.path}: "
                "stop it first, or give this one a database of its own"
            ) from error
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode("ascii"))
        self._lock_file = handle

    def unlock(self) -> None:
        """Give the database back to others."""
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    def close(self) -> None:
        """Close every connection and give the lock back."""
        self._engine.dispose()
        self.unlock()
        if self._folder:
            self._folder.cleanup()


def pieces(values: Iterable[T]) -> Iterator[list[T]]:
    """Each of *values* once, so many at a time as a statement takes parameters."""
    found = list(dict.fromkeys(values))
    return (found[start : start + _PIECE] for start in range(0, len(found), _PIECE))


@cache  # building one costs a hundred times what running it does
def upsert(table: type[SQLModel], keys: tuple[str, ...], *, change: tuple[str, ...] = ()) -> Insert:
    """An insert that, where a row with the same *keys* stands, changes the columns *change* of it (or nothing)."""
    statement = insert(table)
    if not change:
        return statement.on_conflict_do_nothing(index_elements=keys)
    changed = {name: statement.excluded[name] for name in change}
    return statement.on_conflict_do_update(index_elements=keys, set_=changed)


def explain(error: BaseException | None, path: Path) -> StoreError:
    """What an error of the driver means for the operator, and what to do about it."""
    name = getattr(error, "sqlite_errorname", "") or ""
    for prefix, words in _REMEDIES.items():
        if name.startswith(prefix):
            return StoreError(words.format(path=path, error=error))
    return StoreError(f"the database {path} failed: {error}")


_OWNER = "see that file and folder belong to the user that tocsin runs as"

_REMEDIES = {
    "SQLITE_FULL": "no space is left for the database {path}: free some on its disk; nothing was half written",
    "SQLITE_READONLY": f"the database {{path}} may not be written: {_OWNER}, and that its disk is not read-only",
    "SQLITE_CANTOPEN": f"the database {{path}} cannot be opened: {_OWNER}",
    "SQLITE_NOTADB": "{path} is not an SQLite database: move it away, or name another file in `database:`",
    "SQLITE_CORRUPT": "the database {path} is damaged: put a backup in its place, or save what `sqlite3 {path} .recover` can",
    "SQLITE_BUSY": "another program keeps the database {path} locked: end it, then try again",
    "SQLITE_IOERR": "the disk under the database {path} failed ({error}): look at its space, its quota and its health",
    "SQLITE_CONSTRAINT": "the database {path} refuses what would contradict it ({error}): please report this",
}


def _path(url: str) -> Path:
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise StoreError(f"{url!r} is no address of a database: write sqlite:///PATH") from error
    if address.get_backend_name() != "sqlite":
        raise StoreError(f"{address.get_backend_name()} is not supported: write sqlite:///PATH")
    if address.database in {None, "", ":memory:"}:
        raise StoreError("a database in memory would forget what was told: write sqlite:///PATH")
    return Path(str(address.database)).absolute()


def _create(path: Path) -> None:
    """Make the file before SQLite does: the files beside it (-wal, -shm) take their mode from it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        for file in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
            if file.exists() and file.stat().st_uid == os.geteuid():
                file.chmod(0o600)


def _prepare(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None  # `_begin` says BEGIN; the driver would say it late, and never for reads
    for pragma in _PRAGMAS:
        connection.execute(pragma).close()


def _begin(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once when another has written meanwhile.
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
