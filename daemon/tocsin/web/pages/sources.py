"""The sources: their state, and why each is polled when it is."""

from __future__ import annotations

from aiohttp import web

from tocsin.config.feeds import FeedConfig
from tocsin.config.pushes import PushConfig
from tocsin.config.web import Right
from tocsin.explain.articles import summary
from tocsin.explain.sources import rhythm, server_hints
from tocsin.store.views import SourceDetail
from tocsin.web.page import Page, Route, get, post

#: The name in the query of the sources that cannot be read.
FAILING = "failing"
#: Characters and words of a search.
_LONGEST = 200
_MOST_WORDS = 8


def routes() -> tuple[Route, ...]:
    """Return the routes."""
    return (
        get("/sources", list_sources),
        get("/sources/{name}", show_source),
        post("/sources/{name}/poll", poll),
    )


async def list_sources(page: Page) -> web.Response:
    """List the sources with their state, last success and next poll, or those of them that cannot be read."""
    query = page.request.query
    text = query.get("q", "").strip()[:_LONGEST]
    failing = query.get("state", "") == FAILING
    found = await page.read(
        page.store.read.find_sources,
        words=text.split()[:_MOST_WORDS],
        failing=failing,
        after=query.get("cursor", "")[:_LONGEST],
    )
    tabs = (("", "All", found.total), (FAILING, "Cannot be read", found.failing))
    added = query.get("added", "")
    return page.show(
        "sources.html",
        found=found,
        q=text,
        state=FAILING if failing else "",
        tabs=tabs,
        added=added,
        polled=added in page.daemon.config.names,
    )


async def show_source(page: Page) -> web.Response:
    """Show one source with its last fetches."""
    detail = await _detail(page)
    name, habits = detail.source.name, detail.source.habits
    config = next((one for one in page.daemon.config.every_source if one.name == name), None)
    labels = config.labels if isinstance(config, FeedConfig | PushConfig) else {}
    return page.show(
        "source.html",
        source=detail.source,
        fetches=detail.fetches,
        address=_below_site(page, config.address if config else ""),
        labels=[f"{label}={value}" for label, values in labels.items() for value in values],
        filter=config.filter.in_words if isinstance(config, FeedConfig | PushConfig) and config.filter else (),
        articles=summary(detail.source.articles),
        push=config if isinstance(config, PushConfig) else None,
        programs=_programs(page, config) if isinstance(config, PushConfig) else (),
        rhythm=tuple(rhythm(habits, page.zone)),
        hints=tuple(server_hints(habits)),
    )


def _below_site(page: Page, address: str) -> str:
    """Return *address*; that of the API as programs reach it, behind the name and the path of the page."""
    return f"{page.site.origin}{page.site.base}{address}" if address.startswith("/api/") else address


def _programs(page: Page, source: PushConfig) -> tuple[str, ...]:
    """Return the tokens that may hand in to *source*."""
    web = page.daemon.config.web
    tokens = web.tokens if web else {}
    return tuple(name for name, token in tokens.items() if token.may is Right.INGEST and source.takes_from(name))


async def poll(page: Page) -> web.Response:
    """Poll a source now; one that was polled a moment ago is not asked again."""
    name = (await _detail(page)).source.name
    await page.act(page.store.act.poll, name, page.now)
    return page.go("sources", name)


async def _detail(page: Page) -> SourceDetail:
    name = page.part("name")
    detail = await page.read(page.store.read.source, name)
    if detail is None:
        page.unknown("source", name)
    return detail
