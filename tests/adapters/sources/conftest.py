"""A web server on loopback whose answers a test writes down, and a client for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from tocsin.sources.http.client import HttpClient, Limits

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Site:
    """Answers of the server by path, and the requests that it got."""

    answers: dict[str, Handler | web.Response] = field(default_factory=dict)
    requests: list[web.Request] = field(default_factory=list)
    base: str = ""
    port: int = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer by the path."""
        self.requests.append(request)
        answer = self.answers.get(request.path)
        if answer is None:
            return web.Response(status=404)
        if isinstance(answer, web.Response):
            return web.Response(status=answer.status, headers=answer.headers, body=answer.body)
        return await answer(request)


def _visit(
    scene: Callable[[Site, HttpClient], Awaitable[Any]],
    *,
    contact: str = "desk@example.org",
    limits: Limits | None = None,
    gap: timedelta = timedelta(),
) -> Any:
    async def play() -> Any:
        site = Site()
        runner = web.AppRunner(web.Application())
        runner.app.router.add_route("*", "/{path:.*}", site.handle)
        await runner.setup()
        server = web.TCPSite(runner, "127.0.0.1", 0)
        await server.start()
        site.port = runner.addresses[0][1]
        site.base = f"http://127.0.0.1:{site.port}"
        try:
            async with HttpClient(contact, gap=gap, limits=limits) as http:
                return await scene(site, http)
        finally:
            await runner.cleanup()

    return asyncio.run(play())


@pytest.fixture
def visit() -> Callable[..., Any]:
    """Run a scene with a server and a client."""
    return _visit
