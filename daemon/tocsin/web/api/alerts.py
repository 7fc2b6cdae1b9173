"""`/alerts` of the API: the alerts that a query asks for, one of them, and answers to it."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus

from aiohttp import web

from tocsin.config.bodies import AnswerBody
from tocsin.model.alerts import AnswerKind
from tocsin.render.objects import with_more
from tocsin.render.words import one_line
from tocsin.store.access import Commands, Queries
from tocsin.web.alert_query import which
from tocsin.web.api.acts import act, once
from tocsin.web.api.answers import PAGE, answer, get, listed
from tocsin.web.api.bodies import body_of, refuse
from tocsin.web.page import Page, Route
from tocsin.web.pages.answers import LONGEST_SNOOZE, MOST_WHY, says
from tocsin.web.window import place


def routes() -> tuple[Route, ...]:
    """Return the routes."""
    return (
        get("/alerts", list_alerts),
        get("/alerts/{number}", show_alert),
        act("/alerts/{number}/answers", add_answer),
    )


async def list_alerts(page: Page) -> web.Response:
    """Answer with the alerts that the query asks for, the newest first. It is that of the page of alerts."""
    wanted = which(page)
    found = await page.search(
        wanted.words, page.store.read.find_alerts, wanted, page.now, after=place(page), limit=PAGE
    )
    items = [with_more(card.alert, answered=card.answered) for card in found.cards]
    return listed(items, found.next)


async def show_alert(page: Page) -> web.Response:
    """Answer with one alert: its evidence, coverage, deliveries and answers."""
    number = page.number()
    detail = await page.read(page.store.read.alert, number)
    if detail is None:
        page.unknown("alert", number)
    return answer(detail)


async def add_answer(page: Page) -> web.Response:
    """Record an answer, and respond with the alert as lists have it. What was said already is not said again."""
    number = page.number()
    body = await body_of(page, AnswerBody)
    until, why = _until(page, body), one_line(body.why)[:MOST_WHY]
    by = page.visitor.name if page.visitor else ""

    def work(read: Queries, commands: Commands) -> tuple[HTTPStatus, object]:
        if not read.cards([number]):
            page.unknown("alert", number)
        new = not says(read.answers([number]).get(number, ()), body.kind, why)
        if new:
            commands.answer([number], body.kind, page.now, by=by, until=until, why=why)
        [card] = read.cards([number])
        return HTTPStatus.CREATED if new else HTTPStatus.OK, with_more(card.alert, answered=card.answered)

    return await once(page, work)


def _until(page: Page, body: AnswerBody) -> datetime | None:
    """Return the end of a snooze; None for other answers.

    Raises:
        RefusedError: a snooze has no end, or another answer has one.
    """
    if (body.kind is AnswerKind.SNOOZE) is (body.length is None):
        words = "is needed by a snooze, such as 4h" if body.length is None else "is for a snooze alone"
        raise refuse(body, "for", words)
    if body.length is None:
        return None
    if not timedelta(0) < body.length <= LONGEST_SNOOZE:
        raise refuse(body, "for", "a snooze lasts up to 90 days")
    return page.now + body.length
