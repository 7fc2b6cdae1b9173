"""`/sources` of the API: the sources, and a poll on demand."""

from __future__ import annotations

from operator import attrgetter

from aiohttp import web

from tocsin.render.objects import with_more
from tocsin.store.values import SourceDetail
from tocsin.web.api.answers import answer, get, listed, part_of, post
from tocsin.web.page import Page, Route


def routes() -> tuple[Route, ...]:
    """Return the routes."""
    return (
        get("/sources", list_sources),
        get("/sources/{name}", show_source),
        post("/sources/{name}/poll", poll),
    )


async def list_sources(page: Page) -> web.Response:
    """Answer with the sources, by name."""
    return listed(*part_of(page, await page.read(page.store.read.sources), attrgetter("name")))


async def show_source(page: Page) -> web.Response:
    """Answer with one source and its last fetches."""
    return answer(_object(await _detail(page)))


async def poll(page: Page) -> web.Response:
    """Poll a source now; one that was polled a moment ago is not asked again. Answer with the source."""
    detail = await _detail(page)
    await page.act(page.store.act.poll, detail.source.name, page.now)
    return answer(_object(await _detail(page)), status=202)


def _object(detail: SourceDetail) -> dict[str, object]:
    return with_more(detail.source, fetches=detail.fetches)


async def _detail(page: Page) -> SourceDetail:
    name = page.part("name")
    detail = await page.read(page.store.read.source, name)
    if detail is None:
        page.missing(f"There is no source {name[:80]}.")
    return detail
