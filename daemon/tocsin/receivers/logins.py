"""Logins by OAuth as they are kept: a refresh token in a file, which one process at a time may use.

A server may give another refresh token each time, so the file is written by the daemon, too: it lies with the database, where
the daemon may write, and not with the configuration, where it often may not.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tocsin.errors import FileError, TocsinError
from tocsin.files import hand_over, read_regular
from tocsin.model.deliveries import ErrorClass

#: Octets of the file, of which tokens are the most.
_LARGEST = 65_536
#: Seconds for which one process waits for another one, which asks a server for 30 at most, and between two looks.
_PATIENCE, _LOOK = 40.0, 0.05


class LoginError(TocsinError):
    """There is no access token; *kind* is what that means for a message."""

    def __init__(self, words: str, kind: ErrorClass = ErrorClass.AUTH) -> None:
        super().__init__(words)
        self.kind = kind


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OAuth:
    """The client as which one of *whose* (receivers or sources), *name*, logs in at an authorization server.

    The refresh token is *kept* in that file.
    """

    name: str
    whose: str = "receivers"
    token_url: str
    device_url: str = ""
    client_id: str
    client_secret: str = ""
    scope: str = ""
    kept: Path

    @property
    def remedy(self) -> str:
        """The command that logs in again."""
        return f"run: tocsin {self.whose} login {self.name}"


def read(login: OAuth) -> str:
    """Return the refresh token that is kept for *login*.

    Raises:
        LoginError: there is none, or it is of another client or server, which must not see it.
    """
    try:
        found = json.loads(read_regular(login.kept, _LARGEST))
    except FileError as error:
        if not login.kept.exists():
            raise LoginError(f"nobody has logged in yet; {login.remedy}") from error
        raise LoginError(f"the login in {login.kept} {error}") from error
    except (ValueError, RecursionError) as error:
        raise LoginError(f"the login in {login.kept} is damaged; {login.remedy}") from error
    kept = {name: str(found.get(name, "")) for name in ("token_url", "client_id")} if isinstance(found, dict) else {}
    if kept != {"token_url": login.token_url, "client_id": login.client_id}:
        raise LoginError(f"the login that is kept is of another server or client; {login.remedy}")
    return str(found.get("refresh_token", ""))


def write(login: OAuth, refresh_token: str) -> None:
    """Keep *refresh_token* for *login*, in a file that only the owner of its folder may read.

    Raises:
        LoginError: the file cannot be written.
    """
    fields = {"token_url": login.token_url, "client_id": login.client_id, "refresh_token": refresh_token}
    part = login.kept.with_name(f"{login.kept.name}.part")
    try:
        login.kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            hand_over(handle, login.kept.parent)
            json.dump(fields, file)
            file.flush()
            os.fsync(handle)
        part.replace(login.kept)
        _settle(login.kept.parent)
    except OSError as error:
        raise LoginError(f"the login cannot be kept in {login.kept}: {error.strerror}") from error


@contextmanager
def alone(login: OAuth, patience: float = _PATIENCE) -> Iterator[None]:
    """Let no other process use or replace the token of *login* meanwhile: a server may take each one only once.

    Nothing is waited for where there is no login yet, or on a disk that knows no locks.

    Raises:
        LoginError: another process has held it for *patience* seconds.
    """
    until = time.monotonic() + patience
    while (handle := _locked(login.kept)) is None:
        if time.monotonic() > until:
            words = f"another process has held the login in {login.kept} for {patience:.0f} seconds"
            raise LoginError(words, ErrorClass.TRANSIENT)
        time.sleep(_LOOK)
    try:
        yield
    finally:
        if handle >= 0:
            os.close(handle)


def _locked(file: Path) -> int | None:
    """Return a handle that holds the lock on *file*, -1 if it cannot have one, or None if another process has it."""
    try:
        handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return -1
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever had it may have put another file in its place, which is the one to lock.
        held = os.path.samestat(os.fstat(handle), file.stat())
    except BlockingIOError:
        held = False
    except OSError:
        held = True
    if held:
        return handle
    os.close(handle)
    return None


def _settle(folder: Path) -> None:
    """Have the disk keep that a file of *folder* was replaced: the token before it may be void."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
