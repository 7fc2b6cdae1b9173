"""The listener: the page inside the daemon. A failure of it never stops the alarm."""

from __future__ import annotations

import asyncio
import grp
import logging
import os
import socket
import stat
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aiohttp import web

from tocsin.clock import SystemClock
from tocsin.config.config import Config
from tocsin.config.loading import LoadedRules
from tocsin.config.web import Address, WebConfig
from tocsin.errors import StoreError
from tocsin.log import line
from tocsin.protocols import Clock, Run, runner
from tocsin.store import Store
from tocsin.web.application import application
from tocsin.web.attempts import Attempts
from tocsin.web.health import Health
from tocsin.web.page import Changes, Daemon
from tocsin.web.wall.keys import own_secret
from tocsin.web.wall.site import site_of

log = logging.getLogger(__name__)

#: Open connections. A browser opens six.
MOST_CONNECTIONS = 120
#: Seconds in which a request has to come, on a new connection or after the one before.
HEAD_WITHIN = 30.0
#: Seconds that a request under way has when the listener stops.
DRAIN = 3.0
_REAL = SystemClock()


class Listener:
    """The page of a daemon on *store*, which *clock* and *write* belong to.

    *health* gives the health of the daemon, *reload* makes it read its files, *wake* makes it look for work, and
    *failed* is called with words when the page cannot be served. *real* and *sleep* are the time of logins.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock,
        write: Run,
        health: Callable[[], Health],
        reload: Callable[[], None],
        wake: Callable[[], None],
        failed: Callable[[str], Awaitable[None]],
        real: Clock = _REAL,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._clock = clock
        self._write = write
        self._health = health
        self._reload = reload
        self._wake = wake
        self._failed = failed
        self._real = real
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="reader")
        self._attempts = Attempts(real, sleep)
        self._changes = Changes(int(real.now().timestamp() * 1000))
        self._daemon: Daemon | None = None
        self._wanted: WebConfig | None = None
        self._runner: web.AppRunner | None = None
        self._server: asyncio.AbstractServer | None = None
        self._words = ""
        #: The address that it listens on now; None if it does not.
        self.address: Address | None = None

    def changed(self) -> None:
        """Tell open pages that there is something new."""
        self._changes.add()

    async def adopt(self, config: Config, rules: LoadedRules) -> None:
        """Serve the pages of *config* and *rules* from now on; a changed `web:` opens the listener anew."""
        if self._daemon is None:
            self._daemon = Daemon(
                store=self._store,
                config=config,
                rules=rules,
                clock=self._clock,
                real=self._real,
                read=runner(self._pool),
                write=self._write,
                health=self._health,
                reload=self._reload,
                wake=self._wake,
                changes=self._changes,
            )
        self._daemon.config, self._daemon.rules = config, rules
        self._changes.add()
        if config.web != self._wanted:
            await self._stop()
            self._wanted, self._words = config.web, ""
            await self.keep()

    async def keep(self) -> None:
        """Listen, if the page is wanted and does not listen yet. A failure is reported once and tried again next time."""
        config, daemon = self._wanted, self._daemon
        if config is None or config.address is None or daemon is None or self._server:
            return
        try:
            await self._start(config, config.address, daemon)
        except (OSError, StoreError) as error:
            await self._report(config, _reason(error))
        except Exception:
            # Whatever is wrong with the page, the alarm goes on.
            log.exception(line("page failed to start"))
            await self._report(config, "a fault of tocsin, which the log shows")
        else:
            self._words = ""
            log.info(line("page served", listen=self.address, url=config.url or None))

    async def _report(self, config: WebConfig, reason: str) -> None:
        """Tell operators once that the page cannot be served."""
        await self._stop()
        words = f"the page cannot be served at {config.listen}: {reason}"
        if words != self._words:
            self._words = words
            log.error(line("page not served", listen=config.listen, reason=reason))
            await self._failed(words)

    async def close(self) -> None:
        """Stop listening; requests under way have a bounded time."""
        self._wanted = None
        await self._stop()
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _start(self, config: WebConfig, address: Address, daemon: Daemon) -> None:
        database = Path(daemon.config.database.removeprefix("sqlite:///"))
        secret = config.secret.reveal() or await daemon.read(own_secret, secret_beside(database))
        bound = await daemon.read(_bound, address, config.group)
        try:
            port = None if address.path else bound.getsockname()[1]
            app = application(daemon, site_of(config, secret, port), self._attempts)
            self._runner = web.AppRunner(
                app, handle_signals=False, access_log=None, keepalive_timeout=HEAD_WITHIN, shutdown_timeout=DRAIN
            )
            await self._runner.setup()
            loop = asyncio.get_running_loop()
            listen = loop.create_unix_server if address.path else loop.create_server
            self._server = await listen(self._protocol, sock=bound)
        except BaseException:
            bound.close()
            raise
        self.address = address if address.path else Address(host=address.host, port=port or 0)

    def _protocol(self) -> asyncio.Protocol:
        """Return the protocol of a new connection."""
        server = self._runner.server if self._runner else None
        if server is None or len(server.connections) >= MOST_CONNECTIONS:
            return _Refusal()
        return server()

    async def _stop(self) -> None:
        server, runner_, address = self._server, self._runner, self.address
        self._server = self._runner = self.address = None
        if server:
            server.close()
        if runner_:
            await runner_.cleanup()
        if server and address and address.path:
            address.path.unlink(missing_ok=True)


class _Refusal(asyncio.Protocol):
    """Closes a connection that is one too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Close it."""
        transport.close()


def secret_beside(database: Path) -> Path:
    """Return the file of the page's own secret, beside the *database*."""
    return Path(f"{database}-web-secret")


def _bound(address: Address, group: str) -> socket.socket:
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
            os.chown(path, -1, grp.getgrnam(group).gr_gid)
    except KeyError:
        made.close()
        raise OSError(f"there is no group {group}") from None
    except BaseException:
        made.close()
        raise
    return made


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


def _reason(error: OSError | StoreError) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)
