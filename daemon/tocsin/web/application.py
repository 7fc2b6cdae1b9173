"""The application: all pages below the base of a site, behind its wall."""

from __future__ import annotations

from collections.abc import Iterator

from aiohttp import hdrs, web

from tocsin.config.web import Address
from tocsin.web.api.groups import GROUPS
from tocsin.web.attempts import Attempts
from tocsin.web.daemon import Daemon
from tocsin.web.middlewares import LARGEST_BODY, Wall
from tocsin.web.page import Page, Route
from tocsin.web.pages import (
    add_source,
    add_word,
    alert,
    alert_exports,
    alerts,
    answer_links,
    answers,
    dates,
    deliveries,
    digest,
    entries,
    home,
    hub_callbacks,
    login,
    more,
    play,
    prices,
    probes,
    rules,
    silences,
    sources,
    static,
)
from tocsin.web.wall import checks
from tocsin.web.wall.site import Site

#: Every module with pages. A new one is added here, and nowhere else.
PAGES = (
    home,
    alerts,
    alert_exports,
    alert,
    answers,
    answer_links,
    entries,
    rules,
    play,
    add_word,
    prices,
    sources,
    add_source,
    deliveries,
    dates,
    silences,
    digest,
    more,
    login,
    hub_callbacks,
    probes,
    static,
    *GROUPS,
)


def routes() -> Iterator[Route]:
    """Yield the routes of all pages."""
    for module in PAGES:
        yield from module.routes()


def application(daemon: Daemon, site: Site, attempts: Attempts) -> web.Application:
    """Return the application that serves *site* for *daemon*."""
    wall = Wall(daemon, site, attempts)
    app = web.Application(middlewares=wall.middlewares, client_max_size=LARGEST_BODY)
    for route in routes():
        handler = wall.endpoint(route)
        if route.method == "GET":
            app.router.add_get(f"{site.base}{route.path}", handler)
        else:
            app.router.add_route(route.method, f"{site.base}{route.path}", handler)
    if site.base:
        app.router.add_get(site.base, wall.endpoint(Route(method="GET", path="", handler=_enter, may=None)))
    return app


async def _enter(page: Page) -> web.Response:
    """Lead from the configured address, which has no slash at its end, to the first page."""
    page.go()


def metrics_application(daemon: Daemon, address: Address) -> web.Application:
    """Return the application that serves /metrics at *address* without a login, and nothing else."""

    async def answer(request: web.Request) -> web.Response:
        # A page of another site may have its own name lead to loopback, and then read what is there.
        if checks.is_loopback(str(address)) and not checks.is_loopback(request.headers.get(hdrs.HOST, "")):
            raise web.HTTPMisdirectedRequest(text="This is served on loopback, and to names of loopback alone.")
        return await probes.answer_metrics(daemon)

    app = web.Application()
    app.router.add_get("/metrics", answer)
    return app
