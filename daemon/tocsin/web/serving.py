"""The servers of the daemon: its pages, and /metrics alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from tocsin.config.web import Address, WebConfig
from tocsin.web.application import application, metrics_application
from tocsin.web.attempts import Attempts
from tocsin.web.daemon import Daemon
from tocsin.web.server import Server, bound
from tocsin.web.wall.site import site_of


class Servers:
    """The servers of *daemon*; *sleep* is how logins wait after failures."""

    def __init__(self, daemon: Daemon, sleep: Callable[[float], Awaitable[None]]) -> None:
        self.page = Server()
        self.metrics = Server()
        self._daemon = daemon
        self._attempts = Attempts(daemon.real, sleep)

    async def serve_page(self, config: WebConfig, address: Address, secret: str) -> None:
        """Serve the pages of *config* at *address*.

        Raises:
            OSError: the address is taken, or cannot be used.
        """

        def served(port: int | None) -> web.Application:
            return application(self._daemon, site_of(config, secret, port), self._attempts)

        await self.page.start(await self._daemon.read(bound, address, config.group), served)

    async def serve_metrics(self, address: Address) -> None:
        """Serve /metrics at *address*.

        Raises:
            OSError: as `serve_page`.
        """
        made = await self._daemon.read(bound, address, "")
        await self.metrics.start(made, lambda _: metrics_application(self._daemon, address))

    async def stop(self) -> None:
        """Stop listening, and give requests under way a bounded time."""
        await asyncio.gather(self.page.stop(), self.metrics.stop())
