"""Wake-ups between workers: whoever plans a delivery notifies all that share the database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing

import psycopg

from tocsin.store.db.postgres_lock import Connection

#: Sent with the transaction that planned a delivery, and heard when that is committed. It costs a lock of the whole server.
NOTIFY = "NOTIFY tocsin"
_LISTEN = "LISTEN tocsin"
#: Seconds of a wait for a notification, after which the end is looked for, and between two tries to reach the server.
_WAIT = 1.0


class WakeUps:
    """Calls *heard*, in a thread of its own, after every notification, until `close`; *dial* opens a connection.

    Whatever was planned while the server could not be reached counts as one.
    """

    def __init__(self, dial: Callable[[], Connection], heard: Callable[[], object]) -> None:
        self._dial = dial
        self._heard = heard
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="wake-ups", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._closed.set()
        self._thread.join(2 * _WAIT)

    def _listen(self) -> None:
        while not self._closed.is_set():
            try:
                with closing(self._dial()) as session:
                    session.execute(_LISTEN)
                    self._heard()
                    while not self._closed.is_set():
                        for _ in session.notifies(timeout=_WAIT, stop_after=1):
                            self._heard()
            except psycopg.Error:  # the next transaction says so
                self._closed.wait(_WAIT)
