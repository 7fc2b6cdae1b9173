"""A thread that looks at a shared database every now and then: who is alive, and who has leased what."""

from __future__ import annotations

import threading

from adapters.postgres import psycopg
from chaos.databases import ServerDatabase
from chaos.evidence import Look

_PAUSE = 0.25


class Watch:
    """Looks at *database* until it is closed."""

    def __init__(self, database: ServerDatabase) -> None:
        self.looks: list[Look] = []
        self._database = database
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        session = None
        while not self._over.wait(_PAUSE):
            try:
                session = session or self._database.dial()
                self.looks.append(self._database.look(session))
            except psycopg.Error:  # it has no tables yet, or is away
                if session is not None:
                    session.close()
                session = None
        if session is not None:
            session.close()
