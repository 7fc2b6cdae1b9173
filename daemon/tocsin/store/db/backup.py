"""Copies of a database: made beside a running daemon, checked, and put back.

A copy is written under a name of its own and renamed when it is whole, so that a kill leaves the file of before. A
database is restored by one transaction of SQLite on its own file, which a kill undoes.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from tocsin.errors import DamagedError, StoreError
from tocsin.store.db import schema
from tocsin.store.db.lock import runs
from tocsin.store.db.place import is_there, make
from tocsin.store.db.sqlite import BUSY, SqliteDatabase, explain

#: Called with the pages that are left and the pages in all.
Tick = Callable[[int, int], None]

#: Pages that are copied between two calls of a tick.
_STEP = 256
#: Instructions of SQLite between two calls of a tick while a database is checked: about a tenth of a second.
_INSTRUCTIONS = 1_000_000
#: Faults that are named.
_MOST = 20
_MAGIC = b"SQLite format 3\0"
#: The end of the name of a file that is not whole yet, before the process that writes it; and a time in a name.
_PART = ".part-"
_STAMP = re.compile(r"\d{8}T\d{6}Z")
_DATED = re.compile(r"tocsin-\d{8}T\d{6}Z\.db")
#: Backups of upgrades that stay: the version before, and the one before that.
_UPGRADES = 2


def unheard(_left: int, _total: int) -> None:
    """Do nothing."""


def backup(source: Path, target: Path, tick: Tick = unheard) -> None:
    """Copy the database at *source*, as it is now, to *target*; an earlier copy there is replaced.

    Raises:
        StoreError: one of the files cannot be used, or another file is at *target*.
        DamagedError: the database is damaged; *target* is not changed.
    """
    _look(source)
    if is_there(target) and target.samefile(source):
        raise StoreError(f"{target} is the database itself: name another file for its backup")
    if is_there(target) and not _is_database(target):
        raise StoreError(f"{target} is there already and is no backup: move it away, or name another file")
    _copy(source, target, tick, checked=True)


def restore(source: Path, target: Path, now: datetime, tick: Tick = unheard) -> Path | None:
    """Put the copy at *source* in the place of the database at *target*; return a copy of what was there, if anything.

    Raises:
        StoreError: one of the files cannot be used, a newer program wrote *source*, or a daemon works on *target*.
        DamagedError: *source* is damaged; *target* is not changed.
    """
    _look(source)
    if is_there(target) and target.samefile(source):
        raise StoreError(f"{source} is the database itself: name a backup of it")
    if not _is_database(source):
        raise StoreError(f"{source} is not a database: name a file that tocsin db backup wrote")
    with closing(SqliteDatabase(target)) as database:
        _make_room(database.path.parent)
        database.lock()
        whole = _part(database.path)
        try:
            _copy(source, whole, tick, checked=True)
            _known(whole, source)
            return _put(whole, database.path, now, tick)
        finally:
            _drop(whole)


def _put(whole: Path, target: Path, now: datetime, tick: Tick) -> Path | None:
    if not is_there(target):
        whole.replace(target)
        _settle(target.parent)
        return None
    aside = target.with_name(f"{target.name}.before-{now:%Y%m%dT%H%M%SZ}")
    _copy(target, aside, tick, checked=False)
    with _opened(whole) as fresh, _opened(target) as old:
        fresh.backup(old, pages=_STEP, progress=lambda _, left, total: tick(left, total))
    return aside


def upgrade(path: Path, now: datetime, tick: Tick = unheard) -> tuple[str, Path] | None:
    """Bring the tables of the database at *path* to this program's version, after a backup beside it.

    Return the version from before and the backup; None if the tables are of this version. The last two such backups stay.

    Raises:
        StoreError: a newer program wrote it, or a daemon works on it.
    """
    _look(path)
    with closing(SqliteDatabase(path)) as database:
        found = schema.version(database)
        if found == schema.newest():
            return None
        if found is None:
            raise StoreError(f"{path} has no tables of tocsin: name another file in `database:`")
        database.lock()
        name = database.path.name
        saved = database.path.with_name(f"{name}.v{found[:4]}-{now:%Y%m%dT%H%M%SZ}")
        _copy(database.path, saved, tick, checked=True)
        # A step that fails is tried again by each start of a service, and must not fill the disk.
        _thin_out(saved.parent, _UPGRADES, re.compile(rf"{re.escape(name)}\.v\d{{4}}-{_STAMP.pattern}"))
        schema.upgrade(database)
        return found, saved


def faults(path: Path, tick: Tick = unheard) -> tuple[str, ...]:
    """Return the damage of the database at *path*: its pages, its indexes, and rows that refer to missing ones.

    *tick* is called without an estimate.

    Raises:
        StoreError: it cannot be opened.
    """
    _look(path)
    with _opened(path) as connection:
        connection.set_progress_handler(lambda: tick(0, 0), _INSTRUCTIONS)
        try:
            found = [str(words) for (words,) in connection.execute(f"PRAGMA integrity_check({_MOST})") if words != "ok"]
            lost = connection.execute("PRAGMA foreign_key_check").fetchmany(_MOST)
        except sqlite3.DatabaseError as error:
            explained = explain(error, path)
            if isinstance(explained, DamagedError):
                return (str(explained),)
            raise explained from error
    return (*found, *(f"row {row} of {table} refers to a missing row of {parent}" for table, row, parent, _ in lost))


def octets(path: Path) -> int:
    """Return the size of the database at *path*, with what is still in the log beside it.

    Raises:
        StoreError: it cannot be opened.
    """
    with _opened(path) as connection:
        pages, page = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
        return int(pages * page)


def dated(folder: Path, now: datetime) -> Path:
    """Return the file for a backup of *now* in *folder*."""
    return folder / f"tocsin-{now:%Y%m%dT%H%M%SZ}.db"


def thin_out(folder: Path, keep: int) -> tuple[Path, ...]:
    """Delete all but the newest *keep* of the `dated` backups in *folder*, and return those that are gone."""
    return _thin_out(folder, keep, _DATED)


def _thin_out(folder: Path, keep: int, named: re.Pattern[str]) -> tuple[Path, ...]:
    found = [file for file in folder.iterdir() if named.fullmatch(file.name) and file.is_file()]
    old = tuple(sorted(found, key=lambda file: _STAMP.findall(file.name)[-1])[:-keep])
    for file in old:
        file.unlink()
    return old


def _look(path: Path) -> None:
    if not is_there(path):
        raise StoreError(f"there is no database at {path}: check the name, or start with: tocsin run")
    if not path.is_file():
        raise StoreError(f"{path} is no regular file: name a database")


def _is_database(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError as error:
        raise StoreError(f"{path} cannot be read ({error.strerror}): name another file") from error


def _known(copy: Path, source: Path) -> None:
    """Check that *copy* of *source* has tables which this program can use.

    Raises:
        StoreError: it has not.
    """
    with _opened(copy) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'alembic_version'").fetchone():
            raise StoreError(f"{source} has no tables of tocsin: name a backup of its database")
        schema.usable(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0], source)


def _make_room(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"the folder {folder} cannot be made ({error.strerror}): make it, or name another") from error


def _copy(source: Path, target: Path, tick: Tick, *, checked: bool) -> None:
    """Copy *source* to *target*, which changes only when the copy is whole and, if *checked*, sound."""
    part = _part(target)
    make(part)
    try:
        with _opened(source) as old:
            # One read transaction, so that commits of the daemon do not make the copy begin again.
            old.execute("BEGIN")
            old.execute("SELECT 1 FROM sqlite_schema").fetchall()
            with _opened(part) as fresh:
                old.backup(fresh, pages=_STEP, progress=lambda _, left, total: tick(left, total))
                fresh.execute("PRAGMA journal_mode=DELETE")  # the copy is one file
                if checked and (words := fresh.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                    raise DamagedError(f"{source} is damaged ({words}): see tocsin db check; nothing was replaced")
        part.replace(target)
        _settle(target.parent)
    except OSError as error:
        raise StoreError(f"{target} cannot be written ({error.strerror}): check its folder and its disk") from error
    finally:
        _drop(part)


def _drop(part: Path) -> None:
    """Delete *part* and what SQLite wrote beside it: on a full disk a journal stays."""
    for end in ("", "-journal", "-wal", "-shm"):
        part.with_name(part.name + end).unlink(missing_ok=True)


def _part(target: Path) -> Path:
    """Return the name under which *target* is written; parts of processes that were killed are deleted."""
    family = _STAMP.split(target.name)[0]
    for file in list(target.parent.glob(f"*{_PART}*")):
        number = re.search(rf"{re.escape(_PART)}(\d+)(?:-journal|-wal|-shm)?$", file.name)
        if number and file.name.startswith(family) and not runs(int(number[1])):
            file.unlink(missing_ok=True)
    return target.with_name(f"{target.name}{_PART}{os.getpid()}")


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        address = f"file:{quote(str(path.resolve()))}?mode=rw"
        with closing(sqlite3.connect(address, uri=True, timeout=BUSY, isolation_level=None)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise explain(error, path) from error


def _settle(folder: Path) -> None:
    """Wait until a rename in *folder* is on the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
