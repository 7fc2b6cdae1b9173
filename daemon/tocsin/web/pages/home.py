"""Now: what needs an answer, what else is open, and what is watched."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aiohttp import web

from tocsin.market.summary import SHOWN, movers, summary
from tocsin.policy.notifying.happenings import happenings
from tocsin.web.cards import Shown, drawing, with_prices
from tocsin.web.page import Page, Route, get
from tocsin.web.pages.answers import done

#: How long an alert needs an answer; older ones are counted.
OPEN_FOR = timedelta(days=14)
#: Cards of happenings; the other ones are counted.
MOST_CARDS = 20
_MOST_MOVERS = 5
_MOST_HELD = 12


def routes() -> tuple[Route, ...]:
    """Return the routes."""
    return (get("/", show),)


async def show(page: Page) -> web.Response:
    """Show what needs an answer, one card for each happening."""
    return page.show("now.html", **await page.read(_read, page))


def _read(page: Page) -> Mapping[str, Any]:
    """Return the values of the page, all of one state of the database."""
    rules, instruments = page.daemon.rules.rules.infos, page.daemon.config.instruments
    since = page.now - OPEN_FOR
    with page.store.read.together() as read:
        found = read.open_alerts(since, page.now)
        groups = happenings(found.needs, {name: info.cooldown for name, info in rules.items()})
        series = read.brief_series(instruments, SHOWN)
        held = read.held(_MOST_HELD + 1)
        cards = read.cards([group[0].alert.id for group in groups[:MOST_CARDS]])
        return {
            "needs": list(zip(with_prices(page, read, cards, series), groups[:MOST_CARDS], strict=True)),
            "needed": len(groups),
            "others": [Shown.of(card, page) for card in found.others],
            "more": found.more,
            "older": found.older,
            "since": since,
            "watched": read.watched(),
            "rules": len(rules),
            "held": held[:_MOST_HELD],
            "more_held": len(held) > _MOST_HELD,
            "moved": movers(filter(None, (summary(one, page.now) for one in series.values())))[:_MOST_MOVERS],
            "done": done(page, read),
            "drawing": drawing,
        }
