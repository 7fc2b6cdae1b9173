"""One server: an application at one address, with a bounded number of connections."""

from __future__ import annotations

import asyncio
import grp
import logging
import os
import socket
import stat
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.http import HttpProcessingError

from tocsin.config.web import Address
from tocsin.web.headers import secure
from tocsin.web.slow_readers import SlowReaders

#: Open connections. A browser opens six.
MOST_CONNECTIONS = 120
#: Seconds in which a request has to come, on a new connection or after the one before.
HEAD_WITHIN = 30.0
#: Seconds that a request under way has when the server stops.
DRAIN = 3.0
#: Octets of answers that the kernel holds for one client; by itself it would hold megabytes.
_HELD = 128 * 1024


class _Garbage(logging.Filter):
    """Leaves out what is sent to the port and is not HTTP: anybody could fill the log with its tracebacks."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return False for such a record."""
        fault = record.exc_info[1] if record.exc_info else None
        return not isinstance(fault, HttpProcessingError | web.RequestPayloadError)


_log = logging.getLogger(f"{__name__}.http")
_log.addFilter(_Garbage())
_OPTIONS: dict[str, Any] = {
    "access_log": None,
    "auto_decompress": False,  # a compressed body is refused
    "logger": _log,
}


class Server:
    """A server of an application; *address* is where it listens, None while it does not."""

    def __init__(self) -> None:
        self.address: Address | None = None
        self._runner: web.AppRunner | None = None
        self._server: asyncio.AbstractServer | None = None
        self._readers = SlowReaders()

    async def start(self, made: socket.socket, application: Callable[[int | None], web.Application]) -> None:
        """Serve on the bound socket *made* what *application* gives for its port; None for a unix socket."""
        is_unix = made.family == socket.AF_UNIX
        where = made.getsockname()
        try:
            app = application(None if is_unix else where[1])
            app.on_response_prepare.extend((_secure, self._readers.watch))
            self._runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=DRAIN)
            await self._runner.setup()
            loop = asyncio.get_running_loop()
            listen = loop.create_unix_server if is_unix else loop.create_server
            self._server = await listen(self._protocol, sock=made)
        except BaseException:
            made.close()
            await self.stop()
            raise
        self.address = Address(path=Path(where)) if is_unix else Address(host=where[0], port=where[1])

    async def stop(self) -> None:
        """Stop listening, and give requests under way a bounded time."""
        server, runner, address = self._server, self._runner, self.address
        self._server = self._runner = self.address = None
        if server:
            server.close()
        if runner:
            await runner.cleanup()
        self._readers.close()
        if address and address.path:
            address.path.unlink(missing_ok=True)

    def _protocol(self) -> asyncio.Protocol:
        """Return the protocol of a new connection."""
        server = self._runner.server if self._runner else None
        if server is None or len(server.connections) >= MOST_CONNECTIONS:
            return _Refusal()
        return _Connection(server, loop=asyncio.get_running_loop(), keepalive_timeout=HEAD_WITHIN, **_OPTIONS)


async def _secure(_: web.BaseRequest, response: web.StreamResponse) -> None:
    secure(response)


class _Connection(web.RequestHandler):
    """A connection of the library, whose own answers, such as that to what is not HTTP, get the headers of all others."""

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = HTTPStatus.INTERNAL_SERVER_ERROR,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Return the answer to *request* that the library makes of an error, with our headers."""
        response = super().handle_error(request, status, exc, message)
        secure(response)
        return response


class _Refusal(asyncio.Protocol):
    """Closes a connection that is one too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Close it."""
        transport.close()


def bound(address: Address, group: str) -> socket.socket:
    """Return a socket that is bound to *address*, and does not listen yet.

    Raises:
        OSError: the address is taken, or cannot be used.
    """
    if address.path:
        return _bound_path(address.path, group)
    family, _, _, _, where = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)[0]
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _HELD)
        made.bind(where)
    except BaseException:
        made.close()
        raise
    return made


def _bound_path(path: Path, group: str) -> socket.socket:
    _clear(path)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.bind(str(path))
        # Nobody can connect before it listens.
        path.chmod(0o660)
        if group:
            _give(path, group)
    except BaseException:
        made.close()
        raise
    return made


def _give(path: Path, group: str) -> None:
    """Give the socket at *path* to *group*.

    Raises:
        OSError: there is no such group, or the service may not.
    """
    try:
        number = grp.getgrnam(group).gr_gid
        if path.stat().st_gid != number:
            os.chown(path, -1, number)
    except KeyError:
        raise OSError(f"there is no group {group}") from None
    except PermissionError as error:
        raise OSError(
            f"it may not be given to {group}: put the proxy's user into our group, and remove `group`"
        ) from error


def _clear(path: Path) -> None:
    """Remove the socket that a process left behind.

    Raises:
        OSError: something else is there, or a process listens.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise OSError(f"{path} is not a socket: move it away")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return
    raise OSError("another process listens there")
