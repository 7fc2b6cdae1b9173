"""`/silences` of the API: the silences, a new one, and the end of one."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from operator import itemgetter

from aiohttp import web

from tocsin.config.bodies import SilenceBody
from tocsin.config.silences import check_silence, read_end, read_matchers
from tocsin.config.vocabulary import vocabulary
from tocsin.errors import UsageError
from tocsin.policy.notifying.silence import Silence, upcoming
from tocsin.store.access import Commands, Queries
from tocsin.units import write_duration
from tocsin.web.api.acts import act, once
from tocsin.web.api.answers import answer, get, listed, part_of, words
from tocsin.web.api.bodies import body_of, refuse
from tocsin.web.page import Page, Route
from tocsin.web.pages.silences import BACK


def routes() -> tuple[Route, ...]:
    """Return the routes."""
    return (
        get("/silences", list_silences),
        get("/silences/{number}", show_silence),
        act("/silences", add),
        act("/silences/{number}/end", end),
    )


async def list_silences(page: Page) -> web.Response:
    """Answer with the silences that have not ended, by number.

    With `ended=yes` also those that have, and with `planned=yes` first those of the configuration that begin next, numbered 0.
    """
    ended, planned = words(page, "ended") == "yes", words(page, "planned") == "yes"
    known = await page.read(page.store.read.silences)
    coming = upcoming(page.daemon.config.silences, known, page.now) if planned else ()
    places = [(f"{0:018}-{number:06}", one) for number, one in enumerate(coming)]
    places += [(f"{one.id:018}", one) for one in known if ended or one.ends > page.now]
    part, following = part_of(page, places, itemgetter(0))
    return listed([one for _, one in part], following)


async def show_silence(page: Page) -> web.Response:
    """Answer with one silence."""
    return answer(_found(page, page.number(), await page.read(page.store.read.silences)))


async def add(page: Page) -> web.Response:
    """Add a silence, and answer with it. A matcher that no alert can fit is refused."""
    body = await body_of(page, SilenceBody)
    length = write_duration(body.length) if body.length else ""
    try:
        ends = read_end(length, body.until, page.now, page.zone)
    except UsageError as error:
        raise refuse(body, "until" if body.until else "for", str(error)) from None
    found = await page.read(page.store.read.silencing, page.now - BACK)
    try:
        matchers = read_matchers(body.matchers)
        wanted = Silence(id=0, matchers=matchers, starts=page.now, ends=ends)
        check_silence(wanted, vocabulary(page.daemon.config, page.daemon.rules.rules, found.alerts))
    except UsageError as error:
        raise refuse(body, "matchers", str(error)) from None
    by = page.visitor.name if page.visitor else ""

    def work(_: Queries, commands: Commands) -> tuple[HTTPStatus, object]:
        return HTTPStatus.CREATED, commands.silence(matchers, page.now, ends, by=by, why=body.why.strip())

    return await once(page, work)


async def end(page: Page) -> web.Response:
    """End a silence, and answer with it; a second time changes nothing."""
    number = page.number()

    def work(read: Queries, commands: Commands) -> tuple[HTTPStatus, object]:
        silence = _found(page, number, read.silences())
        return HTTPStatus.OK, commands.end_silence(number, page.now) if silence.ends > page.now else silence

    return await once(page, work)


def _found(page: Page, number: int, known: Iterable[Silence]) -> Silence:
    found = next((one for one in known if one.id == number), None)
    if found is None:
        page.unknown("silence", number)
    return found
