"""Exchange with a server in one attempt, for every library: bounded in time and size, with its outcome recorded."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from contextvars import ContextVar, Token
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, Self

import requests
import requests.adapters
import requests.sessions
import urllib3

from tocsin.deadlines import Deadline, Deadlines
from tocsin.lookup import addresses
from tocsin.model.deliveries import AttemptResult, ErrorClass
from tocsin.receivers import classify

_CURRENT: ContextVar[Exchange | None] = ContextVar("tocsin_exchange", default=None)
_DEADLINES = Deadlines()
#: Most bytes of an answer that are read.
MOST_OCTETS = 64 * 1024
#: Headers that say when to retry, which is decided elsewhere.
_HINTS = {
    "retry-after",
    *(f"x-ratelimit-{name}" for name in ("limit", "remaining", "reset", "reset-after")),
    *(f"x-rate-limit-{name}" for name in ("limit", "remaining", "reset")),
    *(f"ratelimit-{name}" for name in ("limit", "remaining", "reset")),
}


class Exchange:
    """One attempt, entered by the thread that sends.

    Libraries bound only each read of a socket, so a server that sends a byte now and then could keep them for ever. After
    *limit* seconds, every socket that was given to `watch` is shut down, and reading from it raises an error. *written*
    means that the message may have reached the server. *outcome* is the meaning of the last answer, and *body* its
    content.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.written = False
        self.expired = False
        self.outcome: AttemptResult | None = None
        self.body = b""
        self._ends = time.monotonic() + limit
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._deadline: Deadline | None = None
        self._tokens: list[Token[Exchange | None]] = []

    def __enter__(self) -> Self:
        self._ends = time.monotonic() + self.limit
        self._deadline = _DEADLINES.add(self.limit, self._expire)
        self._tokens.append(_CURRENT.set(self))
        return self

    def __exit__(self, *_: object) -> None:
        if self._deadline:
            self._deadline.cancel()
        _CURRENT.reset(self._tokens.pop())

    def addresses(self, host: str, port: int) -> Iterator[str]:
        """Yield the addresses of *host* to try, while there is time.

        Raises:
            OSError: there are none, or they were not found in time.
        """
        for address in addresses(host, port, self._ends - time.monotonic()):
            if time.monotonic() < self._ends:
                yield address

    def watch(self, connection: socket.socket) -> None:
        """Shut *connection* down when the time is over, or now if it already is."""
        with self._lock:
            if self.expired:
                _shut(connection)
            elif connection not in self._sockets:
                self._sockets.append(connection)

    def lost(self, error: BaseException) -> AttemptResult:
        """Return the outcome of an attempt that *error* ended before there was an answer."""
        return classify.lost(error, written=self.written, expired=self.expired, limit=self.limit)

    def _expire(self) -> None:
        with self._lock:
            self.expired = True
            for connection in self._sockets:
                _shut(connection)


def current() -> Exchange | None:
    """Return the attempt that this thread is making."""
    return _CURRENT.get()


def _shut(connection: socket.socket) -> None:
    # It may already be closed, or never have been connected.
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def install() -> None:
    """Make every new session of requests use `BoundedAdapter`.

    apprise's plugins call `requests.post` and offer no other hook. Only apprise uses requests here, and outside of an
    exchange the adapter does what its parent does.
    """
    requests.sessions.HTTPAdapter = BoundedAdapter


class PutOffError(requests.RequestException):
    """A server asked for a pause. Raised instead of returning its answer."""


class BoundedAdapter(requests.adapters.HTTPAdapter):
    """Adapter that records in the current exchange what a server answered, and reads at most 64 KiB of it."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send *request* and record its outcome in the current exchange, if there is one.

        Raises:
            PutOffError: the server asked for a pause. Plugins that see such an answer sleep and post again, which would
                be a second attempt that is not on record.
        """
        exchange = current()
        if exchange is None:
            return super().send(request, *args, **kwargs)
        exchange.written, exchange.outcome, exchange.body = False, None, b""
        try:
            response = super().send(request, *args, **{**kwargs, "stream": True})
        except (requests.RequestException, OSError, urllib3.exceptions.HTTPError) as error:
            exchange.outcome = exchange.lost(error)
            raise
        exchange.body = _read(response)
        retry_after = response.headers.get("Retry-After") or response.headers.get("X-RateLimit-Reset-After", "")
        exchange.outcome = classify.http(response.status_code, exchange.body, retry_after, datetime.now(UTC))
        if exchange.outcome.error_class is ErrorClass.RATE_LIMITED:
            raise PutOffError(exchange.outcome.words, response=response)
        # Plugins wait by these headers and fail if they are not numbers. A message that was accepted would look failed.
        for name in _HINTS & {name.lower() for name in response.headers}:
            del response.headers[name]
        return response

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> urllib3.HTTPConnectionPool:
        """Return the pool for a request, whose connections the current exchange watches."""
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        exchange = current()
        if exchange is not None:
            pool.ConnectionCls = _watched(pool.ConnectionCls, exchange)
        return pool  # type: ignore[no-any-return]  # Any, because its connection class is a class attribute


def _watched(base: Any, exchange: Exchange) -> type[Any]:
    class Watched(base):  # type: ignore[misc]  # a proxy's pool has a connection class of its own
        sock: socket.socket
        _dns_host: str

        def _new_conn(self) -> socket.socket:
            """Return a socket to the first address of the host that answers."""
            host, last = self._dns_host, None
            try:
                for address in exchange.addresses(host, self.port):
                    self._dns_host = address  # the name stays for TLS and for the header
                    try:
                        return super()._new_conn()  # type: ignore[no-any-return]  # as its base
                    except urllib3.exceptions.HTTPError as error:
                        last = error
            except OSError as error:
                raise urllib3.exceptions.NameResolutionError(host, self, error) from error  # type: ignore[arg-type]
            finally:
                self._dns_host = host
            raise last or urllib3.exceptions.ConnectTimeoutError(self, f"no answer within {exchange.limit:g} s")

        def connect(self) -> None:
            super().connect()
            exchange.watch(self.sock)
            # The request follows at once, so from here on it may have arrived.
            exchange.written = True

    return Watched


def _read(response: requests.Response) -> bytes:
    """Return the beginning of the body and make it the body. The part before an error is enough."""
    try:
        body: bytes = response.raw.read(MOST_OCTETS, decode_content=True)
    except (OSError, urllib3.exceptions.HTTPError):
        body = b""
    response.raw.close()
    response.raw = BytesIO(body)
    return body
