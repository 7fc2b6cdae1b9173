"""The sources: their state, and why each is polled when it is."""

from __future__ import annotations

from aiohttp import web

from tocsin.web.page import Page, Route, get


def routes() -> tuple[Route, ...]:
    """Return the routes."""
    return (get("/sources", list_sources), get("/sources/{name}", show_source))


async def list_sources(page: Page) -> web.Response:
    """List every source with its state, its last success and its next poll."""
    return page.show("sources.html", sources=await page.read(page.store.read.sources))


async def show_source(page: Page) -> web.Response:
    """Show one source with its last fetches."""
    name = page.part("name")
    detail = await page.read(page.store.read.source, name)
    if detail is None:
        page.missing(f"There is no source {name}.")
    return page.show("source.html", source=detail.source, fetches=detail.fetches)
