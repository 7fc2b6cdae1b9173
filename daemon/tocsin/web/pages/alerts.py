"""The alerts: a search with filters in the address, facets with counts, and exports of the same query."""

from __future__ import annotations

from aiohttp import web

from tocsin.web.alert_query import PARTS, SEARCHED, asked, days, facets, removable, which
from tocsin.web.cards import Shown
from tocsin.web.page import Page, Route, get
from tocsin.web.pages.alert_exports import feed_key
from tocsin.web.window import place

#: Alerts of one part of the list.
PAGE = 50


def routes() -> tuple[Route, ...]:
    """Return the route."""
    return (get("/alerts", list_alerts),)


async def list_alerts(page: Page) -> web.Response:
    """List the alerts that the query asks for, by day."""
    wanted = which(page)
    found = await page.search(
        wanted.words, page.store.read.find_alerts, wanted, page.now, after=place(page), limit=PAGE
    )
    listed = [(card.alert.opened_at, Shown.of(card, page)) for card in found.cards]
    query = asked(page)
    return page.show(
        "alerts.html",
        found=found,
        days=days(listed, page),
        query={name: query.get(name, "") for name in PARTS},
        filtered=bool(query),
        filters=list(removable(page)),
        facets=facets(page, found),
        exports={
            kind.upper() if kind != "atom" else "Atom": page.address(f"alerts.{kind}", **query)
            for kind in ("csv", "json", "atom")
        },
        reader=page.address("alerts.atom", **query, key=await feed_key(page)),
        bounded="q" in query and "since" not in query,
        searched=SEARCHED,
    )
