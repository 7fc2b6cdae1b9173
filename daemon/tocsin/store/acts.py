"""What people do: each act is a row, and so it reaches a daemon that runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from tocsin.model.alerts import AnswerKind
from tocsin.policy.notifying.silence import Matcher, Silence
from tocsin.store.db.sqlite import Database
from tocsin.store.outbox import enqueue, feedback, silences


class Commands:
    """The acts of people on *database*, one transaction each; *new_id* gives deliveries their ids.

    Methods block, may be called from any thread, and raise `StoreError` when the database fails.
    """

    def __init__(self, database: Database, new_id: Callable[[], str]) -> None:
        self._database = database
        self._new_id = new_id

    def silence(
        self, matchers: Sequence[Matcher], starts: datetime, ends: datetime, *, by: str = "", why: str = ""
    ) -> Silence:
        """Write a silence; it counts from the next claim on."""
        with self._database.write() as session:
            return silences.add(session, matchers, starts, ends, by=by, why=why)

    def end_silence(self, number: int, now: datetime) -> Silence:
        """Let a silence end *now*.

        Raises:
            StoreError: there is no such silence, or it has ended.
        """
        with self._database.write() as session:
            return silences.end(session, number, now)

    def test(self, receiver: str, recipient: str, now: datetime) -> str:
        """Put a test for *recipient* into the outbox; its id."""
        with self._database.write() as session:
            return enqueue.test(session, receiver, recipient, now, self._new_id())

    def resend(self, delivery_id: str, now: datetime) -> str:
        """Put a copy of a settled delivery into the outbox; its id.

        Raises:
            StoreError: there is no such delivery, or it is still under way.
        """
        with self._database.write() as session:
            return enqueue.resend(session, delivery_id, now, self._new_id)

    def answer(
        self,
        numbers: Sequence[int],
        kind: AnswerKind,
        now: datetime,
        *,
        by: str = "",
        until: datetime | None = None,
        why: str = "",
    ) -> None:
        """Write what somebody says of the alerts *numbers*; updates about them that wait rest *until* then.

        Raises:
            StoreError: there is no alert with one of these numbers; nothing is written.
        """
        with self._database.write() as session:
            feedback.add(session, numbers, kind, now=now, by=by, until=until, why=why)
