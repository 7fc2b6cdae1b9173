"""The listener: the page inside the daemon. A failure of it never stops the alarm."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from tocsin.config.config import Config
from tocsin.config.loading import LoadedRules
from tocsin.config.web import Address, WebConfig
from tocsin.errors import StoreError
from tocsin.log import line
from tocsin.web.daemon import Daemon
from tocsin.web.wall.keys import secret_of

if TYPE_CHECKING:
    from tocsin.web.serving import Servers

log = logging.getLogger(__name__)


class Listener:
    """The listener of the pages of *daemon*.

    *failed* is called with words when they cannot be served. *sleep* waits for seconds, after failed logins.
    """

    def __init__(
        self,
        daemon: Daemon,
        *,
        failed: Callable[[str], Awaitable[None]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.daemon = daemon
        self._failed = failed
        self._sleep = sleep
        self._wanted: WebConfig | None = None
        self._servers: Servers | None = None
        self._reported: set[str] = set()

    @property
    def address(self) -> Address | None:
        """The address of the page; None while it is not served."""
        return self._servers.page.address if self._servers else None

    @property
    def metrics_address(self) -> Address | None:
        """The address of the listener for /metrics alone; None while there is none."""
        return self._servers.metrics.address if self._servers else None

    def changed(self) -> None:
        """Tell open pages that there is something new."""
        self.daemon.changes.add()

    async def adopt(self, config: Config, rules: LoadedRules) -> None:
        """Serve the pages of *config* and *rules* from now on; a changed `web:` opens the listener anew."""
        self.daemon.config, self.daemon.rules = config, rules
        self.daemon.changes.add()
        if config.web != self._wanted:
            await self._stop()
            self._wanted = config.web
            self._reported.clear()
            await self.keep()

    async def keep(self) -> None:
        """Listen where it is wanted and does not listen yet. A failure is reported once and tried again next time."""
        config = self._wanted
        if config is None or config.address is None:
            return
        if self.address is None:
            await self._try(config.listen, self._serve_page(config, config.address))
        if config.metrics and self.metrics_address is None:
            await self._try(config.metrics, self._serve_metrics(Address.of(config.metrics)))

    async def close(self) -> None:
        """Stop listening; requests under way have a bounded time."""
        self._wanted = None
        await self._stop()
        self.daemon.close()

    async def _stop(self) -> None:
        if self._servers:
            await self._servers.stop()

    async def _serve_page(self, config: WebConfig, address: Address) -> None:
        secret = await self.daemon.read(secret_of, config, self.daemon.config.database)
        servers = await self._imported()
        await servers.serve_page(config, address, secret)

    async def _serve_metrics(self, address: Address | None) -> None:
        assert address, "the configuration refuses off"
        servers = await self._imported()
        await servers.serve_metrics(address)

    async def _imported(self) -> Servers:
        """Return the servers. Pages need more libraries than alerts: they are imported for the first page, beside the loop."""

        def made() -> Servers:
            from tocsin.web.serving import Servers  # noqa: PLC0415

            return Servers(self.daemon, self._sleep)

        if self._servers is None:
            self._servers = await self.daemon.read(made)
        return self._servers

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
