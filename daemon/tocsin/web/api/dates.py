"""`/dates` of the API: the days that news announces, and what people say of them."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus

from aiohttp import web

from tocsin.model.dates import DateState, KeptDate
from tocsin.store.access import Commands, Queries
from tocsin.web.api.acts import act, once
from tocsin.web.api.answers import answer, get, listed, part_of, words
from tocsin.web.page import Page, Route


def routes() -> tuple[Route, ...]:
    """Return the routes."""
    return (
        get("/dates", list_dates),
        get("/dates/{number}", show_date),
        act("/dates/{number}/confirm", partial(judge, state=DateState.CONFIRMED)),
        act("/dates/{number}/reject", partial(judge, state=DateState.REJECTED)),
    )


async def list_dates(page: Page) -> web.Response:
    """Answer with the dates ahead, the next first, or with `all=yes` also those that are past or were rejected."""
    everything = words(page, "all") == "yes"
    states = [one for one in DateState if everything or one is not DateState.REJECTED]
    today = page.now.astimezone(page.zone).date()
    found = await page.read(page.store.read.dates, None if everything else today, states)
    return listed(*part_of(page, found, _place))


async def show_date(page: Page) -> web.Response:
    """Answer with one date."""
    return answer(_found(page, await page.read(page.store.read.date, page.number())))


async def judge(page: Page, state: DateState) -> web.Response:
    """Confirm or reject a date, and answer with it; the last word counts, and the same word again changes nothing."""
    number = page.number()
    by = page.visitor.name if page.visitor else ""

    def work(read: Queries, commands: Commands) -> tuple[HTTPStatus, object]:
        _found(page, read.date(number))
        commands.judge_dates([number], state, page.now, by=by)
        return HTTPStatus.OK, read.date(number)

    return await once(page, work)


def _place(one: KeptDate) -> str:
    """Return the day and number of a date, so that texts are in the order of both."""
    return f"{one.day}-{one.id:018}"


def _found(page: Page, one: KeptDate | None) -> KeptDate:
    if one is None:
        page.unknown("date", page.number())
    return one
