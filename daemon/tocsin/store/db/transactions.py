"""Transactions: those that a database opens, and one under way that others join."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from enum import IntEnum
from typing import Protocol

from sqlmodel import Session


class Serial(IntEnum):
    """Write transactions of which one is done after another, also those of several workers.

    A claim of deliveries is a decision too: whatever a decision reads of a waiting message holds until it is written.
    """

    DECISIONS = 0
    CLAIMS = 1  # of sources


class Transactions(Protocol):
    """Where transactions are opened: a database, or one that is under way."""

    def read(self) -> AbstractContextManager[Session]:
        """Open a read transaction."""
        ...

    def write(self, serial: Serial | None = Serial.DECISIONS) -> AbstractContextManager[Session]:
        """Open a write transaction, one of the *serial* ones or one beside others, in which each row has one writer."""
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
    def write(self, serial: Serial | None = Serial.DECISIONS) -> Iterator[Session]:  # noqa: ARG002 (it is under way)
        """Write, for the reads that follow."""
        yield self._session
        self._session.flush()
