"""Requests whose time and answers are bounded and whose results are kept, whichever plugin of apprise makes them."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import requests
import requests.adapters
import requests.sessions
import urllib3

from tocsin.model.deliveries import ErrorClass
from tocsin.receivers import classify
from tocsin.receivers.exchange import Exchange, current

#: Octets of an answer that are read; what a server says beyond this is no answer.
MOST_OCTETS = 64 * 1024
#: Headers that say when to come back, which is decided elsewhere.
_HINTS = {
    "retry-after",
    *(f"x-ratelimit-{name}" for name in ("limit", "remaining", "reset", "reset-after")),
    *(f"x-rate-limit-{name}" for name in ("limit", "remaining", "reset")),
    *(f"ratelimit-{name}" for name in ("limit", "remaining", "reset")),
}


def install() -> None:
    """Make every new session of requests use `BoundedAdapter`.

    apprise's plugins call `requests.post` and give nothing else to hold on to. Nothing here but apprise uses requests,
    and outside of an exchange the adapter does what its parent does.
    """
    requests.sessions.HTTPAdapter = BoundedAdapter


class PutOffError(requests.RequestException):
    """A server asked for a pause; raised in place of its answer."""


class BoundedAdapter(requests.adapters.HTTPAdapter):
    """Notes in the current exchange what a server answered, and reads no more than 64 KiB of it."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send *request*; with an exchange under way its outcome is recorded there.

        Raises:
            PutOffError: the server asked for a pause. Plugins that see such an answer sleep and post once more, which
                would be a second try that nobody has on record.
        """
        exchange = current()
        if exchange is None:
            return super().send(request, *args, **kwargs)
        exchange.written, exchange.outcome, exchange.body = False, None, b""
        try:
            response = super().send(request, *args, **{**kwargs, "stream": True})
        except (requests.RequestException, OSError, urllib3.exceptions.HTTPError) as error:
            exchange.outcome = classify.lost(
                error, written=exchange.written, expired=exchange.expired, limit=exchange.limit
            )
            raise
        exchange.body = _read(response)
        retry_after = response.headers.get("Retry-After") or response.headers.get("X-RateLimit-Reset-After", "")
        exchange.outcome = classify.http(response.status_code, exchange.body, retry_after, datetime.now(UTC))
        if exchange.outcome.error_class is ErrorClass.RATE_LIMITED:
            raise PutOffError(exchange.outcome.words, response=response)
        # Plugins wait by them, and stumble over what is no number: of a message that was taken we would never know.
        for name in _HINTS & {name.lower() for name in response.headers}:
            del response.headers[name]
        return response

    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        verify: bool | str | None,
        proxies: Mapping[str, str] | None = None,
        cert: tuple[str, str] | str | None = None,
    ) -> urllib3.HTTPConnectionPool:
        """Return the pool for *request*, whose connections the current exchange watches."""
        pool: Any = super().get_connection_with_tls_context(request, verify, proxies, cert)
        exchange = current()
        if exchange is not None:
            pool.ConnectionCls = _watched(pool.ConnectionCls, exchange)
        return pool  # type: ignore[no-any-return]  # Any, because its connection class is a class attribute


def _watched(base: Any, exchange: Exchange) -> type[Any]:
    class Watched(base):  # type: ignore[misc]  # a proxy's pool has a connection class of its own
        sock: socket.socket

        def connect(self) -> None:
            super().connect()
            exchange.watch(self.sock)
            # The request follows at once: from here on nobody can say that it did not arrive.
            exchange.written = True

    return Watched


def _read(response: requests.Response) -> bytes:
    """Return the beginning of the body, which also takes the body's place; what came before an error is enough."""
    try:
        body: bytes = response.raw.read(MOST_OCTETS, decode_content=True)
    except (OSError, urllib3.exceptions.HTTPError):
        body = b""
    response.raw.close()
    response.raw = BytesIO(body)
    return body
