"""The lock of a database, and the notes of the process that has it."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path

from tocsin.errors import LockedError, StoreError
from tocsin.files import hand_over, unlike_file

#: Octets of a lock file that are read, and characters of an error that it keeps.
_MOST = 8192
_WORDS = 500
_TIMES = ("started", "loaded", "refused")
#: Seconds of waiting for a lock, as on a server.
_PATIENCE = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A running daemon: its process, and when its configuration was *loaded* and a newer one *refused*, with the words.

    *began* is when it started by the monotonic clock of the machine, in seconds: nobody sets that clock. *host* is the name
    of the machine if it may be another one, *name* that of the worker, *worker* its number where several share a database, and *generation* the digest of its configuration there.
    *role* is the one thing that it does, empty if it does everything.
    """

    pid: int
    version: str = ""
    started: datetime | None = None
    loaded: datetime | None = None
    refused: datetime | None = None
    words: str = ""
    began: float | None = None
    host: str = ""
    name: str = ""
    worker: int | None = None
    generation: str = ""
    role: str = ""


_FIELDS = frozenset(field.name for field in fields(Running))


def to_note(running: Running) -> str:
    """Return *running* as text of one line, in ASCII."""
    times = {name: value and value.isoformat() for name, value in asdict(running).items() if name in _TIMES}
    return json.dumps({**asdict(running), **times, "words": running.words[:_WORDS]})


def from_note(pid: int, note: str) -> Running:
    """Return what a process wrote as a *note*; the bare process *pid* if it cannot be read. 0 is the one in the note.

    What only a newer version of the program notes is left out, and what an older one did not note is missing.
    """
    with suppress(ValueError, TypeError, AttributeError):
        kept = {name: value for name, value in json.loads(note).items() if name in _FIELDS}
        times = {name: datetime.fromisoformat(kept[name]) for name in _TIMES if kept.get(name)}
        return Running(**{**kept, **times, "pid": pid or kept.get("pid", 0)})
    return Running(pid=pid)


class Lock:
    """The lock of the database at *path*, on a file beside it: the system releases it even after a crash.

    The file has the process in its first line and what that process notes of itself in the second.
    """

    def __init__(self, path: Path) -> None:
        self.path = _beside(path)
        self._database = path
        self._handle: int | None = None

    def take(self) -> None:
        """Lock the database until `release`; locking it again does nothing.

        Raises:
            LockedError: another process has it.
            StoreError: the lock file cannot be opened.
        """
        if self._handle is not None:
            return
        try:
            handle = _opened(self.path)
        except OSError as error:
            raise StoreError(
                f"the lock {self.path} cannot be opened ({error.strerror}): "
                "see that it and its folder belong to the user that tocsin runs as"
            ) from error
        if kind := unlike_file(os.fstat(handle).st_mode):
            os.close(handle)
            raise StoreError(f"the lock {self.path} is {kind}: move it away")
        if not _locked(handle):
            number, _ = _lines(handle)
            os.close(handle)
            raise LockedError(
                f"another tocsin (process {number or 'unknown'}) works on {self._database}: "
                "stop it first, or give this one a database of its own"
            )
        self._handle = handle
        self._write("")

    def note(self, running: Running) -> None:
        """Keep *running* for others to read; without the lock nothing is kept."""
        if self._handle is not None:
            self._write(to_note(running))

    def release(self) -> None:
        """Release the lock."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _write(self, note: str) -> None:
        assert self._handle is not None
        text = f"{os.getpid()}\n{note}\n".encode("ascii")
        # What is noted is for people only: a full disk must not stop the daemon.
        with suppress(OSError):
            os.pwrite(self._handle, text, 0)
            os.ftruncate(self._handle, len(text))


def _locked(handle: int) -> bool:
    """Lock an open file; return False if another process has it for longer than a moment.

    A process that was killed while it began another one keeps its locks until that one has begun.
    """
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > end:
                return False
            time.sleep(_PATIENCE / 50)
        else:
            return True


def running(path: Path) -> Running | None:
    """Return the process that has locked the database at *path*, None if none has."""
    try:
        handle = os.open(_beside(path), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with _closing(handle):
        number, note = _lines(handle)
        # A look at the lock of a process that is gone could hinder one that starts.
        if not number.isdigit() or not runs(int(number)) or not _is_locked(handle):
            return None
    return from_note(int(number), note)


def runs(pid: int) -> bool:
    """Return True if the process *pid* exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in {errno.EWOULDBLOCK, errno.EACCES}
    return False


def _opened(path: Path) -> int:
    """Return a handle of the lock file at *path*, which is made if there is none."""
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        handle = os.open(path, flags | os.O_CREAT, 0o600)
        hand_over(handle, path.parent)
        return handle


def _beside(path: Path) -> Path:
    return Path(f"{path}.lock")


def _lines(handle: int) -> tuple[str, str]:
    """Return the first two lines of a lock file."""
    lines = os.pread(handle, _MOST, 0).decode("ascii", "replace").split("\n")
    return lines[0].strip()[:32], lines[1] if len(lines) > 1 else ""


@contextmanager
def _closing(handle: int) -> Iterator[None]:
    try:
        yield
    finally:
        os.close(handle)
