"""A server of PostgreSQL for tests: that of $TOCSIN_TEST_POSTGRES, else one of its own where its programs are installed.

One of its own listens on a Unix socket in a temporary folder, keeps nothing unless it is *durable*, and ends with the tests.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

try:
    import psycopg
except ImportError:  # it is optional
    psycopg = None

_INSTALLED = Path("/usr/lib/postgresql")
_SETTINGS = ("max_connections=100", "listen_addresses=", "log_min_messages=fatal")
#: A bench waits for the disk, and asks when a commit was.
_LASTING = ("track_commit_timestamp=on",)
#: Tests need not wait for the disk.
_FORGETFUL = ("fsync=off", "full_page_writes=off")
_LOCALE = ("--locale=C.UTF-8", "--encoding=UTF8")
_numbers = itertools.count(1)


class Server:
    """A server at *address*, `postgresql://...` of a database from which others can be made; *process* if it is our own."""

    def __init__(self, address: str, folder: Path | None = None, *, durable: bool = False) -> None:
        self.address = address
        self.folder = folder
        self._settings = (*_SETTINGS, *(_LASTING if durable else _FORGETFUL))
        self._process: subprocess.Popen[bytes] | None = None
        self._template = ""
        self._made: list[str] = []

    @property
    def pid(self) -> int | None:
        """The number of its process, None if it is not our own."""
        return self._process.pid if self._process else None

    def run(self, *statements: str) -> None:
        """Run statements, each by itself."""
        with psycopg.connect(self.address, autocommit=True) as session:
            for statement in statements:
                session.execute(statement.encode())

    def fresh(self, template: str = "", settings: str = "") -> str:
        """A new database, like *template* if one is named, and with *settings*: its address."""
        name = f"tocsin_test_{os.getpid()}_{next(_numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template or 'template0'} {settings}")
        self._made.append(name)
        return self.named(name)

    def named(self, name: str, **changes: str) -> str:
        """The address of the database *name*."""
        head, question, query = self.address.partition("?")
        return f"{head.rpartition('/')[0]}/{name}{question}{query}"

    def drop(self, url: str) -> None:
        """Remove a database, whoever uses it."""
        name = url.partition("?")[0].rpartition("/")[2]
        self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._made.remove(name)

    def start(self) -> None:
        """Start a server of our own."""
        assert self.folder
        options = [part for setting in self._settings for part in ("-c", setting)]
        command = [_programs() / "postgres", "-D", self.folder / "data", "-k", self.folder, *options]
        self._process = _begun(command)
        for _ in range(300):
            try:
                return self.run("SELECT 1")
            except psycopg.OperationalError:
                time.sleep(0.02)
                if self._process.poll() is not None:  # sessions of a server that was killed still have its memory
                    self._process = _begun(command)
        raise RuntimeError("the server does not answer")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: at once, with every session."""
        assert self._process
        self._process.send_signal(how)
        self._process.wait(30)

    @contextmanager
    def beside(self, command: list[str], port: int) -> Iterator[None]:
        """Run another program as the user of the server, until it listens at *port*."""
        process = _begun(command)
        try:
            for _ in range(300):
                with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.02)
            yield
        finally:
            process.kill()
            process.wait()

    def close(self) -> None:
        """Remove what the tests made."""
        if self._process:
            self.stop()
        else:
            for name in list(self._made):
                self.drop(self.named(name))


def beside(url: str, thread: threading.Thread) -> None:
    """Start *thread*, and return when it has ended or waits for a lock in the database at *url*."""
    thread.start()
    with psycopg.connect(url, autocommit=True) as session:
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        while thread.is_alive() and not session.execute(waiting).fetchone()[0]:
            thread.join(0.01)


@contextmanager
def served(*, durable: bool = False) -> Iterator[Server | None]:
    """A server for tests, None where there is none. One of its own that is *durable* waits for the disk at each commit."""
    if psycopg is None:
        yield None
        return
    if given := os.environ.get("TOCSIN_TEST_POSTGRES"):
        server = Server(given)
        yield server
        server.close()
        return
    if not _programs().is_dir():
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="tocsin-pg-"))
    try:
        user = _as_user()
        if user:
            os.chown(folder, user["user"], user["group"])
        command = [_programs() / "initdb", "-D", folder / "data", "-U", "tocsin", "-A", "trust", "--no-sync", *_LOCALE]
        subprocess.run(command, check=True, capture_output=True, cwd=folder, **user)
        access = folder / "data" / "pg_hba.conf"
        access.write_text(f"local all guarded scram-sha-256\n{access.read_text()}")
        server = Server(f"postgresql://tocsin@/postgres?host={folder}", folder, durable=durable)
        server.start()
        yield server
        server.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    """The folder of the newest programs that are installed, one that does not exist if there are none."""
    found = sorted(_INSTALLED.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else Path("/nonexistent")


def _as_user() -> dict[str, Any]:
    """The server refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _begun(command: list[Any]) -> subprocess.Popen[bytes]:
    """A program as another user than root, which ends when the tests end, however they do."""
    quiet: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, preexec_fn=_end_with_us, **quiet, **_as_user())  # noqa: PLW1509


def _end_with_us() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGQUIT)
