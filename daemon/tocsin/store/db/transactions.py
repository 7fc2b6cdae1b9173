"""Transactions: those that a database opens, and one under way that others join."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from sqlmodel import Session


class Transactions(Protocol):
    """Where transactions are opened: a database, or one that is under way."""

    def read(self) -> AbstractContextManager[Session]:
        """Open a read transaction."""
        ...

    def write(self) -> AbstractContextManager[Session]:
        """Open a write transaction."""
        ...


class Joined:
    """A transaction under way: whatever reads in it, or writes if it may, is a part of it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Read the state that it began with, and what it has written so far."""
        yield self._session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Write, for the reads that follow."""
        yield self._session
        self._session.flush()
