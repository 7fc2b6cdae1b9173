"""Databases for benches: files, and a server of PostgreSQL that waits for the disk at each commit, as one in earnest does.

The server is that of $TOCSIN_TEST_POSTGRES, else one of its own where its programs are installed.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from adapters.postgres import Server, served  # noqa: E402

SQLITE, POSTGRESQL = "sqlite", "postgresql"
_TICK = os.sysconf("SC_CLK_TCK")


class Databases:
    """Databases in *folder* and on *server*, None where there is none."""

    def __init__(self, folder: Path, server: Server | None) -> None:
        self._folder = folder
        self._server = server
        self._numbers = count(1)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that there are."""
        return (SQLITE, POSTGRESQL) if self._server else (SQLITE,)

    def fresh(self, kind: str) -> str:
        """The address of a new database."""
        if kind == SQLITE:
            return f"sqlite:///{self._folder}/{next(self._numbers)}.db"
        assert self._server
        return self._server.fresh()

    def drop(self, url: str) -> None:
        """Remove a database on the server, whoever uses it; a file goes with the folder."""
        if self._server and url.startswith(POSTGRESQL):
            self._server.drop(url)

    @property
    def measured(self) -> bool:
        """Whether the processes of the server can be seen."""
        return bool(self._server and self._server.pid)

    def cpu(self) -> float:
        """Seconds of processor time of the server and all its sessions so far."""
        return tree_cpu(self._server.pid) if self._server and self._server.pid else 0.0

    def words(self) -> str:
        """What the server is, and whether it waits for the disk."""
        if not self._server:
            return "no server of PostgreSQL: only SQLite"
        version, fsync = rows(
            self._server.address, "SELECT current_setting('server_version'), current_setting('fsync')"
        )[0]
        whose = "of its own" if self._server.pid else "of $TOCSIN_TEST_POSTGRES, its processor time not measured"
        return f"PostgreSQL {str(version).split()[0]} ({whose}), fsync={fsync}; SQLite with synchronous=FULL"


@contextmanager
def databases() -> Iterator[Databases]:
    """Databases that are gone at the end."""
    with tempfile.TemporaryDirectory() as folder, served(durable=True) as server:
        yield Databases(Path(folder), server)


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query to a database on the server."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as session:
        return session.execute(query.encode()).fetchall()


def tree_cpu(pid: int) -> float:
    """Seconds of processor time of a process, its children, and those of its children that ended."""
    total = 0
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (fields := _stat(folder)) and pid in (int(folder.name), int(fields[1])):
            total += sum(map(int, fields[11:15] if int(folder.name) == pid else fields[11:13]))
    return total / _TICK


def _stat(folder: Path) -> list[str]:
    try:
        return (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has just ended
        return []


def machine() -> str:
    """The cores, and how many programs wanted one during the last minute."""
    return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
