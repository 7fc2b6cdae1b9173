"""The place of a database: a server, or files with their paths, permissions (owner only) and identity."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from tocsin.errors import AS_OWNER, StoreError
from tocsin.files import hand_over, unlike_file
from tocsin.redaction import masked

_FORMS = "write sqlite:///PATH or postgresql://USER@HOST/NAME"

#: Device and inode.
Identity = tuple[int, int]


def is_served(url: str) -> bool:
    """Return whether *url* names a database on a server of PostgreSQL."""
    return url.startswith("postgresql:")


def name_of(url: str) -> str:
    """Return what people call the database that *url* names: its file, or its address without user, password and settings.

    Raises:
        StoreError: it cannot be understood; the error does not show it.
    """
    if not is_served(url):
        return str(path_of(url))
    try:
        address = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise StoreError("the address of the database is not understood: write postgresql://USER@HOST/NAME") from error
    return URL.create("postgresql", host=address.host, port=address.port, database=address.database).render_as_string()


def path_of(url: str) -> Path:
    """Return the file that *url* (`sqlite:///path`) names; symbolic links are not resolved.

    Raises:
        StoreError: it does not name a file.
    """
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise StoreError(f"{masked(url)!r} is not the address of a database: {_FORMS}") from error
    if address.get_backend_name() != "sqlite":
        raise StoreError(f"{address.get_backend_name()} is not supported: {_FORMS}")
    if address.database in {None, "", ":memory:"}:
        raise StoreError("a database in memory would forget which alerts were sent: write sqlite:///PATH")
    path = Path(str(address.database))
    try:
        path.resolve()
        return path.absolute()
    except (OSError, RuntimeError) as error:
        raise StoreError(f"the database {path} cannot be found: too many levels of symbolic links") from error


def is_there(path: Path) -> bool:
    """Return whether there is a file at *path*.

    Raises:
        StoreError: this user may not look at it.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise StoreError(f"{path} cannot be looked at ({error.strerror}){AS_OWNER}") from error
    return True


def identity(path: Path) -> Identity | None:
    """Return the identity of the file at *path*, None if there is no file.

    Raises:
        StoreError: the file cannot be looked at.
    """
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StoreError(f"{path} cannot be looked at: {error.strerror}") from error
    return found.st_dev, found.st_ino


def files_of(path: Path) -> tuple[Path, Path, Path]:
    """Return the files of a database, the main file first."""
    return path, Path(f"{path}-wal"), Path(f"{path}-shm")


def make(path: Path) -> None:
    """Make a file for a database at *path*, for the owner of its folder only, unless there is one.

    It is made before SQLite makes it, because the files beside it (-wal, -shm) take their mode from it.

    Raises:
        StoreError: it cannot be made, or the path is not a regular file.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            hand_over(handle, path.parent)
        finally:
            os.close(handle)
    except FileExistsError:
        for file in files_of(path):
            claim(file)
    except OSError as error:
        raise StoreError(
            f"the database {path} cannot be made ({error.strerror}): "
            "see that its folder exists and belongs to the user that tocsin runs as"
        ) from error


def claim(file: Path) -> None:
    """Restrict a file of a database to its owner.

    Raises:
        StoreError: it is not a regular file, or it has other names (hard links) by which it may be opened.
    """
    try:
        found = file.lstat()
        if kind := unlike_file(found.st_mode):
            raise StoreError(f"{file} cannot be opened: it is {kind}; name another file in `database:`")
        if found.st_nlink > 1:
            raise StoreError(
                f"{file} has {found.st_nlink} names (hard links), and a program that opens another one "
                "does not see the data in the log beside it: keep one name, and copy the file for a backup"
            )
        if found.st_uid == os.geteuid():
            file.chmod(0o600)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"{file} cannot be opened: {error.strerror}") from error
