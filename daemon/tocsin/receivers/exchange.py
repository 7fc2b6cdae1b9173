"""What passes between us and one server in one attempt: bounded in time, and known afterwards."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Self

from tocsin.model.deliveries import AttemptResult

_CURRENT: ContextVar[Exchange | None] = ContextVar("tocsin_exchange", default=None)


class Exchange:
    """One attempt, entered by the thread that sends.

    Libraries bound each read of a socket, so that a server that sends a byte now and then keeps them for ever: when
    *limit* seconds are over, every socket that was given to `watch` is shut down, and whoever reads from it gets an
    error. *written* says that the message may have reached the server; *outcome* what the last answer meant, *body* what
    it said.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.written = False
        self.expired = False
        self.outcome: AttemptResult | None = None
        self.body = b""
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(limit, self._expire)
        self._timer.daemon = True
        self._tokens: list[Token[Exchange | None]] = []

    def __enter__(self) -> Self:
        self._tokens.append(_CURRENT.set(self))
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        _CURRENT.reset(self._tokens.pop())

    def watch(self, connection: socket.socket) -> None:
        """Shut *connection* down when the time is over; at once if it is."""
        with self._lock:
            if self.expired:
                _shut(connection)
            elif connection not in self._sockets:
                self._sockets.append(connection)

    def _expire(self) -> None:
        with self._lock:
            self.expired = True
            for connection in self._sockets:
                _shut(connection)


def current() -> Exchange | None:
    """Return the attempt that this thread is making."""
    return _CURRENT.get()


def _shut(connection: socket.socket) -> None:
    # It may be closed already, or never have been connected.
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
