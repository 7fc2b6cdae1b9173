"""`/matches` and `/stories` of the API: what met a rule, and which entries report the same happening."""

from __future__ import annotations

from aiohttp import web

from tocsin.web.api.answers import PAGE, answer, get, listed, words
from tocsin.web.page import Page, Route
from tocsin.web.window import number_after


def routes() -> tuple[Route, ...]:
    """Return the routes."""
    return (
        get("/matches", list_matches),
        get("/matches/{number}", show_match),
        get("/stories", list_stories),
        get("/stories/{number}", show_story),
    )


async def list_matches(page: Page) -> web.Response:
    """Answer with the matches, the newest first; `rule` asks for those of one rule."""
    rule, before = words(page, "rule") or None, number_after(page)
    found = await page.read(page.store.read.matches, rule=rule, before=before, limit=PAGE + 1)
    return listed(found[:PAGE], found[PAGE - 1].id if len(found) > PAGE else None)


async def show_match(page: Page) -> web.Response:
    """Answer with one match."""
    number = page.number()
    found = await page.read(page.store.read.matches, before=number + 1, limit=1)
    if not found or found[0].id != number:
        page.unknown("match", number)
    return answer(found[0])


async def list_stories(page: Page) -> web.Response:
    """Answer with the stories, the newest first."""
    found = await page.read(page.store.read.stories, number_after(page), PAGE + 1)
    return listed(found[:PAGE], found[PAGE - 1].id if len(found) > PAGE else None)


async def show_story(page: Page) -> web.Response:
    """Answer with one story."""
    number = page.number()
    found = await page.read(page.store.read.stories, number + 1, 1)
    if not found or found[0].id != number:
        page.unknown("story", number)
    return answer(found[0])
