"""`/alerts` of the API: the alerts that a query asks for, one of them, and answers to it."""

from __future__ import annotations

from aiohttp import web

from tocsin.render.objects import with_more
from tocsin.web.alert_query import which
from tocsin.web.api.answers import PAGE, answer, get, listed, number_after
from tocsin.web.page import Page, Route


def routes() -> tuple[Route, ...]:
    """Return the routes."""
    return (get("/alerts", list_alerts), get("/alerts/{number}", show_alert))


async def list_alerts(page: Page) -> web.Response:
    """Answer with the alerts that the query asks for, the newest first. It is that of the page of alerts."""
    after = number_after(page) or 0
    found = await page.read(page.store.read.find_alerts, which(page), page.now, after=after, limit=PAGE)
    items = [with_more(card.alert, answered=card.answered) for card in found.cards]
    return listed(items, found.cards[-1].alert.id if found.more else None)


async def show_alert(page: Page) -> web.Response:
    """Answer with one alert: its evidence, coverage, deliveries and answers."""
    number = page.number()
    detail = await page.read(page.store.read.alert, number)
    if detail is None:
        page.missing(f"There is no alert {number}.")
    return answer(detail)
