"""`/sources` of the API: the sources, and a poll on demand."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from tocsin.config.source_objects import source_object
from tocsin.store.access import Commands, Queries
from tocsin.store.views import SourceDetail
from tocsin.web.api.acts import act, once
from tocsin.web.api.answers import PAGE, answer, get, listed
from tocsin.web.page import Page, Route


def routes() -> tuple[Route, ...]:
    """Return the routes."""
    return (
        get("/sources", list_sources),
        get("/sources/{name}", show_source),
        act("/sources/{name}/poll", poll),
    )


async def list_sources(page: Page) -> web.Response:
    """Answer with the sources, by name."""
    after = page.request.query.get("cursor", "")
    found = await page.read(page.store.read.find_sources, after=after, limit=PAGE)
    return listed([source_object(view, page.daemon.config) for view in found.sources], found.next)


async def show_source(page: Page) -> web.Response:
    """Answer with one source and its last fetches."""
    name = page.part("name")
    return answer(_object(page, name, await page.read(page.store.read.source, name)))


async def poll(page: Page) -> web.Response:
    """Poll a source now; one that was polled a moment ago is not asked again. Answer with the source."""
    name = page.part("name")

    def work(read: Queries, commands: Commands) -> tuple[HTTPStatus, object]:
        _object(page, name, read.source(name))
        commands.poll(name, page.now)
        return HTTPStatus.ACCEPTED, _object(page, name, read.source(name))

    return await once(page, work)


def _object(page: Page, name: str, detail: SourceDetail | None) -> dict[str, object]:
    if detail is None:
        page.unknown("source", name)
    return source_object(detail.source, page.daemon.config, fetches=detail.fetches)
