"""Files that people name, opened without surprises: regular ones only, never waited for, of a bounded size.

A pipe would wait for a writer, a device might never end, and to open some devices already acts on them.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from tocsin.errors import FileError

_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFSOCK: "a socket",
}


def open_regular(path: Path, largest: int) -> BinaryIO:
    """Return the regular file at *path*, opened for reading; a symbolic link is followed.

    Raises:
        FileError: there is none, it may not be read, it is of another kind, or it has more than *largest* octets.
    """
    try:
        _check(os.stat(path), largest)  # noqa: PTH116 - beside fstat
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise FileError(f"cannot be read: {_why(error)}") from error
    try:
        _check(os.fstat(handle), largest)  # what was looked at may be another file by now
    except BaseException:
        os.close(handle)
        raise
    return os.fdopen(handle, "rb")


def read_regular(path: Path, largest: int) -> bytes:
    """Return the regular file at *path*, whole.

    Raises:
        FileError: as `open_regular`, or it grew beyond *largest* octets or failed while it was read.
    """
    with open_regular(path, largest) as file:
        try:
            body = file.read(largest + 1)
        except OSError as error:
            raise FileError(f"cannot be read: {_why(error)}") from error
    if body is None:  # some files of the kernel have nothing to say yet, and would be waited for
        raise FileError("cannot be read: it has no end of its own")
    if len(body) > largest:
        raise _too_large(largest)
    return body


def hand_over(handle: int, folder: Path) -> None:
    """Give the new file of *handle* to the owner of *folder*, if this process may: root makes no file that others need.

    SQLite does the same with the files that it makes beside a database.
    """
    owner = folder.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.fchown(handle, owner.st_uid, owner.st_gid)


def there(path: Path) -> bool:
    """Return True if something is at *path* that this user may look at: `Path.exists` raises where a folder is closed."""
    try:
        path.stat()
    except (OSError, ValueError):  # ValueError: a NUL in the path
        return False
    return True


def unlike_file(mode: int) -> str:
    """Return what a path with *mode* is in place of a regular file, such as `a pipe`; empty for a regular file."""
    return "" if stat.S_ISREG(mode) else _KINDS.get(stat.S_IFMT(mode), "something else")


def _check(found: os.stat_result, largest: int) -> None:
    if kind := unlike_file(found.st_mode):
        raise FileError(f"cannot be read: it is {kind}, and a regular file is wanted")
    if found.st_size > largest:
        raise _too_large(largest)


def _too_large(largest: int) -> FileError:
    return FileError(f"is larger than {largest:,} octets, which is the most that is read", too_large=True)


def _why(error: OSError | ValueError) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)
