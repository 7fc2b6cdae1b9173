"""`/entries` of the API: the entries that a query asks for, and one of them with its matches."""

from __future__ import annotations

from datetime import UTC, datetime

from aiohttp import web

from tocsin.store.queries.search import Wanted
from tocsin.web.alert_query import SEARCHED
from tocsin.web.api.answers import answer, get, listed, words
from tocsin.web.page import Page, Route
from tocsin.web.window import given, number_after

_MOST_WORDS = 8
_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


def routes() -> tuple[Route, ...]:
    """Return the routes."""
    return (get("/entries", list_entries), get("/entries/{number}", show_entry))


async def list_entries(page: Page) -> web.Response:
    """Answer with the entries that the query asks for, the newest first. Words are looked for in 30 days unless it says so."""
    text = tuple(words(page, "q").split()[:_MOST_WORDS])
    recent = text and not words(page, "since")
    wanted = Wanted(
        since=page.now - SEARCHED if recent else given(page, "since") or _ALWAYS,
        words=text,
        source=words(page, "source"),
        met=words(page, "met"),
        before=number_after(page),
    )
    found = await page.search(wanted.words, page.store.read.search_entries, wanted)
    return listed(found.entries, found.next)


async def show_entry(page: Page) -> web.Response:
    """Answer with one entry as it is stored, and the matches of rules with it."""
    number = page.number()
    recorded = await page.read(page.store.read.record, number, "")
    if recorded is None:
        page.unknown("entry", number)
    record, text = recorded
    matches = await page.read(page.store.read.matches, entry_id=number, limit=None)
    return answer({"number": number, "entry": text or record.entry, "matches": matches})
