"""The first page."""

from __future__ import annotations

from aiohttp import web

from tocsin.web.page import Page, Route, get


def routes() -> tuple[Route, ...]:
    """Return the route."""
    return (get("/", show),)


async def show(page: Page) -> web.Response:
    """Show what the daemon watches."""
    return page.show("now.html", counts=await page.read(page.store.read.counts))
