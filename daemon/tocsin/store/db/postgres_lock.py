"""The lock of a database on PostgreSQL, and the notes of the process that has it.

A session of the server holds it, and the server releases it when the connection of that session ends. The process notes
what it is in a comment of that session's last statement, which everybody of the same role can read: the notes end with
the lock, and need no disk.
"""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TypeAlias

import psycopg

from tocsin.errors import LockedError, LostError, StoreError
from tocsin.store.db.lock import Running, from_note, to_note

Connection: TypeAlias = "psycopg.Connection[tuple[object, ...]]"

#: The two keys of the lock of a daemon, among all advisory locks of a database.
_KEYS = (0x746F6302, 0)
#: Octets of a statement that the server shows to others.
_MOST = 900

#: The server takes a moment to notice that a process was killed.
_PATIENCE = "SET lock_timeout = '1s'"
_TAKE = "SELECT pg_advisory_lock(%s, %s)"
_HOLDER = """
    SELECT activity.query, held.pid FROM pg_locks AS held JOIN pg_stat_activity AS activity USING (pid)
    WHERE held.locktype = 'advisory' AND held.granted AND held.classid = %s AND held.objid = %s AND held.database =
        (SELECT oid FROM pg_database WHERE datname = current_database())
"""
#: A start that another daemon made, or an upgrade, shows here.
_COUNT = "UPDATE daemon_start SET number = number + 1"
_STATE = "SELECT number, (SELECT version_num FROM alembic_version) FROM daemon_start"


class DaemonLock:
    """The lock of the database *name* for one daemon; *dial* opens a connection to its server."""

    def __init__(self, dial: Callable[[], Connection], name: str) -> None:
        self._dial = dial
        self._name = name
        self._session: Connection | None = None
        self._state: object = None
        self._note = _comment(Running(pid=os.getpid(), host=socket.gethostname()))

    def take(self) -> None:
        """Lock the database until `release`; locking it again does nothing.

        Raises:
            LockedError: another process has it.
        """
        if self._session is not None:
            return
        session = self._dial()
        if not _took(session):
            other = holder(session)
            session.close()
            raise LockedError(
                f"another tocsin ({_called(other)}) works on {self._name}: "
                "stop it first, or give this one a database of its own"
            )
        self._session = session
        self._speak(session)

    def guard(self) -> None:
        """Record a start, so that `keep` notices those of others."""
        assert self._session, "it is locked"
        self._session.execute(_COUNT)
        self._state = self._session.execute(_STATE).fetchone()
        self._speak(self._session)

    def keep(self) -> None:
        """Take the lock again if its session ended, because the server restarted or could not be reached.

        Raises:
            LostError: another daemon has or had it meanwhile.
            StoreError: the server has not noticed yet that the session of before is gone.
        """
        if self._session is None or self._state is None or not ended(self._session):
            return
        session = self._dial()
        if not _took(session):
            other, number = _holding(session)
            session.close()
            if number == self._session.info.backend_pid:
                raise StoreError(f"the server of {self._name} has not ended the lost session yet: wait for it")
            raise LostError(f"another tocsin ({_called(other)}) took over {self._name} while its server was away")
        if session.execute(_STATE).fetchone() != self._state:
            session.close()
            raise LostError(f"another tocsin worked on {self._name} while its server was away: start this one again")
        self._session.close()
        self._session = session
        self._speak(session)

    def note(self, running: Running) -> None:
        """Keep *running* for others to read; without the lock nothing is kept."""
        self._note = _comment(replace(running, host=socket.gethostname()))
        if self._session is not None:
            with suppress(psycopg.Error):  # it is for people only; `keep` finds what is wrong
                self._speak(self._session)

    def release(self) -> None:
        """Release the lock."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _speak(self, session: Connection) -> None:
        session.execute(f"SELECT 1 /* {self._note} */".encode())


def holder(session: Connection) -> Running | None:
    """Return the process that has locked the database of *session*, None if none has."""
    return _holding(session)[0]


def _holding(session: Connection) -> tuple[Running | None, object]:
    """Return the process that has locked the database, and the number of its session."""
    row = session.execute(_HOLDER, _KEYS).fetchone()
    if row is None:
        return None, None
    note = str(row[0]).partition("/* ")[2].partition(" */")[0]
    return from_note(0, note), row[1]


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


def _took(session: Connection) -> bool:
    session.execute(_PATIENCE)
    try:
        session.execute(_TAKE, _KEYS)
    except psycopg.errors.LockNotAvailable:
        return False
    return True


def _comment(running: Running) -> str:
    """Return a note as the text of a comment; its words are cut to what the server shows."""
    words = running.words
    while len(text := to_note(replace(running, words=words)).replace("*/", "*\\/")) > _MOST:
        words = words[: len(words) // 2]
    return text


def _called(running: Running | None) -> str:
    if running is None or not running.pid:
        return "a process that its role hides"
    return f"process {running.pid} on {running.host}"
