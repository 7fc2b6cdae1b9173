"""The dates that news announces, as a page and as a calendar."""

from __future__ import annotations

from datetime import date, timedelta

from aiohttp import web

from tocsin.explain.dates import ahead, calendar, what
from tocsin.model.dates import DateState, KeptDate
from tocsin.render.quotes import Piece
from tocsin.web.page import Page, Route, get, post
from tocsin.web.pages.alert_exports import feed_key, must_read

#: Past days that a calendar keeps, and dates that are shown.
_BACK = timedelta(days=90)
_MOST = 500
#: Time for which a calendar says that a date was rejected.
_CANCELLED_FOR = timedelta(days=30)
_SAID = {"confirm": DateState.CONFIRMED, "reject": DateState.REJECTED}


def routes() -> tuple[Route, ...]:
    """Return the routes."""
    return (
        get("/dates", list_dates),
        post("/dates/{number}", judge),
        # A calendar has no session; it has the key of a feed reader instead.
        Route(method="GET", path="/dates.ics", handler=export_calendar, may=None),
    )


async def list_dates(page: Page) -> web.Response:
    """List the dates ahead, and on demand also those that are past or were rejected."""
    everything = page.request.query.get("all") == "yes"
    states = [one for one in DateState if everything or one is not DateState.REJECTED]
    found = await page.read(page.store.read.dates, None if everything else _today(page), states, _MOST + 1)
    return page.show(
        "dates.html",
        dates=[ShownDate(one, page) for one in found[:_MOST]],
        more=len(found) > _MOST,
        everything=everything,
        reader=page.address("dates.ics", key=await feed_key(page)),
    )


async def judge(page: Page) -> web.Response:
    """Confirm or reject a date, and go back."""
    form = await page.form()
    number = page.number()
    try:
        state = _SAID[form.get("say", "")]
    except KeyError:
        raise web.HTTPBadRequest(text=f"Of a date one says {' or '.join(_SAID)}.") from None
    known = await page.read(page.store.read.date, number)
    if known is None:
        page.unknown("date", number)
    by = page.visitor.name if page.visitor else ""
    await page.act(page.store.act.judge_dates, [number], state, page.now, by=by)
    if form.get("back") == "alert":
        page.go("alerts", known.alert_id)
    page.go("dates")


async def export_calendar(page: Page) -> web.Response:
    """Answer with the dates as a calendar (RFC 5545), to visitors who may read and to calendars with a key."""
    await must_read(page)
    text = await page.read(_calendar, page)
    return web.Response(text=text, content_type="text/calendar", charset="utf-8")


def _calendar(page: Page) -> str:
    """Return the calendar. What was rejected stays for a while, cancelled: programs may keep what is only left out."""
    since = _today(page) - _BACK
    with page.store.read.together() as read:
        found = read.dates(since, (DateState.FOUND, DateState.CONFIRMED), _MOST)
        rejected = read.dates(since, (DateState.REJECTED,), _MOST)
    cancelled = [one for one in rejected if (one.judged_at or one.found_at) > page.now - _CANCELLED_FOR]
    return calendar((*found, *cancelled), lambda one: page.whole_address("alerts", one.alert_id))


class ShownDate:
    """A date as pages show it: its words in *pieces* with the date marked, *what* happens, and how far *ahead* it is."""

    def __init__(self, one: KeptDate, page: Page) -> None:
        end = one.at + one.length
        parts = ((one.words[: one.at], False), (one.words[one.at : end], True), (one.words[end:], False))
        self.date = one
        self.pieces = [Piece(text=text, marked=marked) for text, marked in parts]
        self.what = what(one)
        self.ahead = ahead(one.day, _today(page))


def _today(page: Page) -> date:
    return page.now.astimezone(page.zone).date()
