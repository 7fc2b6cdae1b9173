"""Now: what needs an answer, what else is open, and what is watched."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from aiohttp import web

from tocsin.market.summary import SHOWN, movers, summary
from tocsin.policy.notifying.happenings import happenings
from tocsin.web.cards import Shown, drawing, shown
from tocsin.web.page import Page, Route, get
from tocsin.web.pages.answers import done

#: How long an alert needs an answer; older ones are counted.
OPEN_FOR = timedelta(days=14)
#: Cards of happenings; the other ones are counted.
MOST_CARDS = 20
_MOST_MOVERS = 5
_MOST_HELD = 12


def routes() -> tuple[Route, ...]:
    """Return the route."""
    return (get("/", show),)


async def show(page: Page) -> web.Response:
    """Show what needs an answer, one card for each happening."""
    since = page.now - OPEN_FOR
    read = page.store.read
    found, watched, held, series = await asyncio.gather(
        page.read(read.open_alerts, since, page.now),
        page.read(read.watched),
        page.read(read.held, _MOST_HELD + 1),
        page.read(read.brief_series, page.daemon.config.instruments, SHOWN),
    )
    cooldowns = {name: info.cooldown for name, info in page.daemon.rules.rules.infos.items()}
    groups = happenings(found.needs, cooldowns)
    cards = await page.read(read.cards, [group[0].alert.id for group in groups[:MOST_CARDS]])
    leads = await shown(page, cards, series)
    return page.show(
        "now.html",
        needs=list(zip(leads, groups[:MOST_CARDS], strict=True)),
        needed=len(groups),
        others=[Shown.of(card, page) for card in found.others],
        more=found.more,
        older=found.older,
        since=since,
        watched=watched,
        rules=len(page.daemon.rules.rules.infos),
        held=held[:_MOST_HELD],
        more_held=len(held) > _MOST_HELD,
        moved=movers(filter(None, (summary(one, page.now) for one in series.values())))[:_MOST_MOVERS],
        done=await done(page),
        drawing=drawing,
    )
