"""The listener: the page inside the daemon. A failure of it never stops the alarm."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from aiohttp import web

from tocsin.clock import SystemClock
from tocsin.config.additions import Propose
from tocsin.config.config import Config
from tocsin.config.discovery import Poll
from tocsin.config.loading import LoadedRules
from tocsin.config.web import Address, WebConfig
from tocsin.errors import StoreError
from tocsin.log import line
from tocsin.model.counters import Counters
from tocsin.protocols import Clock, Run, runner
from tocsin.store import Store
from tocsin.web.application import application, metrics_application
from tocsin.web.attempts import Attempts
from tocsin.web.health import Health
from tocsin.web.page import Changes, Daemon, TakePush
from tocsin.web.server import Server, bound
from tocsin.web.wall.keys import secret_of
from tocsin.web.wall.site import site_of

log = logging.getLogger(__name__)

#: Real time between two tries to listen at an address that is taken.
AGAIN = timedelta(seconds=15)
_REAL = SystemClock()


class Listener:
    """The page of a daemon on *store*, which *clock* and *write* belong to.

    *health* gives the health of the daemon, *counters* are for monitoring, *reload* makes it read its files, *wake* makes
    it look for work, *push* takes in what programs hand in, *poll* polls any source once, *propose* says what an addition to
    its file would be, and *failed* is called with words when the page cannot be served. *real* and *sleep* are the time of
    logins.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock,
        write: Run,
        health: Callable[[], Health],
        counters: Counters,
        reload: Callable[[], None],
        wake: Callable[[], None],
        poll: Poll,
        propose: Propose,
        push: TakePush,
        failed: Callable[[str], Awaitable[None]],
        real: Clock = _REAL,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._clock = clock
        self._write = write
        self._health = health
        self._counters = counters
        self._reload = reload
        self._wake = wake
        self._poll = poll
        self._propose = propose
        self._push = push
        self._failed = failed
        self._real = real
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="reader")
        self._attempts = Attempts(real, sleep)
        self._changes = Changes(int(real.now().timestamp() * 1000))
        self._daemon: Daemon | None = None
        self._wanted: WebConfig | None = None
        self._page = Server()
        self._metrics = Server()
        self._reported: set[str] = set()

    @property
    def address(self) -> Address | None:
        """The address of the page; None while it is not served."""
        return self._page.address

    @property
    def metrics_address(self) -> Address | None:
        """The address of the listener for /metrics alone; None while there is none."""
        return self._metrics.address

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
                poll=self._poll,
                propose=self._propose,
                push=self._push,
                changes=self._changes,
                counters=self._counters,
            )
        self._daemon.config, self._daemon.rules = config, rules
        self._changes.add()
        if config.web != self._wanted:
            await self._stop()
            self._wanted = config.web
            self._reported.clear()
            await self.keep()

    async def keep(self) -> None:
        """Listen where it is wanted and does not listen yet. A failure is reported once and tried again next time."""
        config, daemon = self._wanted, self._daemon
        if config is None or config.address is None or daemon is None:
            return
        if self._page.address is None:
            await self._try(config.listen, self._serve_page(config, config.address, daemon))
        if config.metrics and self._metrics.address is None:
            await self._try(config.metrics, self._serve_metrics(Address.of(config.metrics), daemon))

    async def close(self) -> None:
        """Stop listening; requests under way have a bounded time."""
        self._wanted = None
        await self._stop()
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _stop(self) -> None:
        await asyncio.gather(self._page.stop(), self._metrics.stop())

    async def _serve_page(self, config: WebConfig, address: Address, daemon: Daemon) -> None:
        secret = await daemon.read(secret_of, config, daemon.config.database)

        def served(port: int | None) -> web.Application:
            return application(daemon, site_of(config, secret, port), self._attempts)

        await self._page.start(await daemon.read(bound, address, config.group), served)

    async def _serve_metrics(self, address: Address | None, daemon: Daemon) -> None:
        assert address, "the configuration refuses off"
        await self._metrics.start(await daemon.read(bound, address, ""), lambda _: metrics_application(daemon))

    async def _try(self, where: str, start: Awaitable[None]) -> None:
        """Start to listen at *where*, or tell operators once why that cannot be."""
        try:
            await start
        except (OSError, StoreError) as error:
            await self._report(where, (isinstance(error, OSError) and error.strerror) or str(error))
        except Exception:
            # Whatever is wrong with the page, the alarm goes on.
            log.exception(line("page failed to start"))
            await self._report(where, "a fault of tocsin, which the log shows")
        else:
            self._reported = {words for words in self._reported if not words.startswith(where)}
            log.info(line("page served", listen=where))

    async def _report(self, where: str, reason: str) -> None:
        words = f"{where}: {reason}"
        if words not in self._reported:
            self._reported.add(words)
            log.error(line("page not served", listen=where, reason=reason))
            await self._failed(f"The page cannot be served at {words}.")
