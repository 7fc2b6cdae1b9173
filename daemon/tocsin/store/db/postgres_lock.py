"""The locks of a database on PostgreSQL: of each worker, and of a program that works on it alone.

A session of the server holds them, and the server releases them when the connection of that session ends. The process notes
what it is in a comment of that session's last statement, which everybody of the same role can read: the notes end with
the lock, and need no disk.
"""

from __future__ import annotations

import os
import select
import socket
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from secrets import randbelow
from typing import TypeAlias

import psycopg
from sqlalchemy import text
from sqlmodel import Session

from tocsin.errors import LockedError
from tocsin.store.db.lock import Running, from_note, to_note

Connection: TypeAlias = "psycopg.Connection[tuple[object, ...]]"

#: The first key of these locks among all advisory locks of a database; the second is 0, or the number of a worker.
_KEY = 0x746F6302
#: Numbers of workers are below it: a second key has 31 bits.
_NUMBERS = 2**31 - 1
#: Roles of workers that send deliveries; one without a role does everything.
_DELIVERING = frozenset({"", "deliver"})
#: Octets of a statement that the server shows to others.
_MOST = 900

#: The server takes a moment to notice that a process was killed.
_PATIENCE = "SET lock_timeout = '1s'"
_ALONE = "SELECT pg_advisory_lock(%s, 0)"
_SHARED = "SELECT pg_advisory_lock_shared(%s, 0)"
_OWN = "SELECT pg_try_advisory_lock(%s, %s)"
_HOLDERS = text("""
    SELECT query, number FROM pg_stat_activity JOIN (
        SELECT pid, max(objid::bigint) AS number FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = :key AND
            database = (SELECT oid FROM pg_database WHERE datname = current_database()) GROUP BY pid
    ) AS held USING (pid) ORDER BY backend_start
""")
_OF_HOLDERS = _HOLDERS.text.replace(":key", "%s").encode()
_ALIVE = text("""
    SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = :key AND objid <> 0 AND
        database = (SELECT oid FROM pg_database WHERE datname = current_database())
""")

#: Sessions of tocsin that say nothing in the middle of a transaction for longer than the server is told to bear. It ends those
#: that wait between two statements by itself, but not those inside a row of statements that are sent without waiting.
_END_HUNG = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    CROSS JOIN (SELECT current_setting('idle_in_transaction_session_timeout')::interval AS longest) AS setting
    WHERE datname = current_database() AND usename = current_user AND application_name = current_setting('application_name')
        AND pid <> pg_backend_pid() AND xact_start IS NOT NULL AND wait_event = 'ClientRead'
        AND longest > interval '0' AND state_change < clock_timestamp() - longest
"""


class WorkerLock:
    """The lock of one process on the database *name*; *dial* opens a connection to its server."""

    def __init__(self, dial: Callable[[], Connection], name: str) -> None:
        self._dial = dial
        self._name = name
        self._session: Connection | None = None
        self._alone = False
        self._keeping = threading.Lock()
        self._note = Running(pid=os.getpid())
        self.number: int | None = None

    def take(self) -> None:
        """Lock the database for this process alone until `release`; locking it again does nothing.

        Raises:
            LockedError: another process works on it.
        """
        self._begin(alone=True)

    def join(self) -> None:
        """Lock the database for one of its workers until `release`; the worker gets a *number*.

        Raises:
            LockedError: another process works on it alone.
        """
        self._begin(alone=False)

    def keep(self) -> None:
        """Take the lock again if its session ended, because the server restarted or could not be reached.

        A worker gets another number then: what it had leased may belong to others by now.

        Raises:
            LockedError: another process works on the database alone.
        """
        with self._keeping:
            if self._session is not None and ended(self._session):
                self._session.close()
                self._session = self._locked()

    def note(self, running: Running) -> None:
        """Keep *running* for others to read; without the lock nothing is kept."""
        with self._keeping:
            self._note = running
            if self._session is not None:
                with suppress(psycopg.Error):  # it is for people only; `keep` finds what is wrong
                    self._speak(self._session)

    def deliverers(self, session: Session) -> int:
        """Return how many workers send deliveries, as *session* sees them, this one included whatever it does.

        Those that work by another configuration stand by.
        """
        found = session.connection().execute(_HOLDERS, {"key": _KEY}).all()
        others = [_noted(query, number) for query, number in found if number != self.number]
        return 1 + sum(one.role in _DELIVERING and one.generation == self._note.generation for one in others)

    def release(self) -> None:
        """Release the lock."""
        with self._keeping:
            if self._session is not None:
                self._session.close()
                self._session = None
            self.number = None

    def _begin(self, *, alone: bool) -> None:
        with self._keeping:
            if self._session is None:
                self._alone = alone
                self._session = self._locked()

    def _locked(self) -> Connection:
        session = self._dial()
        try:
            self._lock(session)
            self._speak(session)
        except BaseException:
            session.close()
            raise
        return session

    def _lock(self, session: Connection) -> None:
        session.execute(_PATIENCE)
        try:
            session.execute(_ALONE if self._alone else _SHARED, (_KEY,))
        except psycopg.errors.LockNotAvailable:
            others = ", ".join(map(called, holders(session))) or "one that ended just now"
            raise LockedError(
                f"another tocsin ({others}) works on {self._name}: stop it first, or give this one a database of its own"
            ) from None
        while not self._alone:
            self.number = 1 + randbelow(_NUMBERS)
            row = session.execute(_OWN, (_KEY, self.number)).fetchone()
            if row and row[0]:
                break

    def _speak(self, session: Connection) -> None:
        session.execute(f"SELECT 1 /* {_comment(self._note)} */".encode())


def holders(session: Connection) -> list[Running]:
    """Return the processes that have a lock of the database of *session*, the oldest first."""
    return [_noted(str(query), number) for query, number in session.execute(_OF_HOLDERS, (_KEY,)).fetchall()]


def end_hung(dial: Callable[[], Connection]) -> None:
    """End the transactions of processes that were stopped in the middle of one: their locks keep all others waiting."""
    with suppress(psycopg.Error), closing(dial()) as session:
        session.execute(_END_HUNG)


def alive(session: Session) -> frozenset[int]:
    """Return the numbers of the workers whose locks are held."""
    return frozenset(session.connection().execute(_ALIVE, {"key": _KEY}).scalars())


def called(running: Running) -> str:
    """Return a short description of *running*."""
    if not running.pid:
        return "a process that its role hides"
    named = f"{running.name}, " if running.name else ""
    return f"{named}process {running.pid} on {running.host}"


def ended(session: Connection) -> bool:
    """Return whether the server has ended *session*; it is asked only if it said something by itself."""
    if session.closed:
        return True
    poll = select.poll()
    poll.register(session.fileno(), select.POLLIN)
    if not poll.poll(0):
        return False
    try:
        session.execute("SELECT 1")
    except psycopg.Error:
        return True
    return False


def _noted(query: str, number: object) -> Running:
    note = query.partition("/* ")[2].partition(" */")[0]
    return replace(from_note(0, note), worker=int(str(number)) or None)


def _comment(running: Running) -> str:
    """Return a note as the text of a comment; its words are cut to what the server shows."""
    there, words = replace(running, host=socket.gethostname()), running.words
    while len(note := to_note(replace(there, words=words)).replace("*/", "*\\/")) > _MOST:
        words = words[: len(words) // 2]
    return note
