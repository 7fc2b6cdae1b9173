"""`/silences` of the API: the silences, a new one, and the end of one."""

from __future__ import annotations

from aiohttp import web

from tocsin.config.bodies import SilenceBody
from tocsin.config.silences import check_silence, read_end, read_matchers
from tocsin.config.vocabulary import vocabulary
from tocsin.errors import UsageError
from tocsin.policy.notifying.silence import Silence
from tocsin.units import write_duration
from tocsin.web.api.answers import answer, get, listed, part_of, post, words
from tocsin.web.api.bodies import body_of, refuse
from tocsin.web.page import Page, Route
from tocsin.web.pages.silences import BACK


def routes() -> tuple[Route, ...]:
    """Return the routes."""
    return (
        get("/silences", list_silences),
        get("/silences/{number}", show_silence),
        post("/silences", add),
        post("/silences/{number}/end", end),
    )


async def list_silences(page: Page) -> web.Response:
    """Answer with the silences that have not ended, or with `ended=yes` with all, by number."""
    ended = words(page, "ended") == "yes"
    found = [one for one in await page.read(page.store.read.silences) if ended or one.ends > page.now]
    part, following = part_of(page, found, _place)
    return listed(part, following)


async def show_silence(page: Page) -> web.Response:
    """Answer with one silence."""
    return answer(await _silence(page))


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
    silence = await page.act(page.store.act.silence, matchers, page.now, ends, by=by, why=body.why.strip())
    return answer(silence, status=201)


async def end(page: Page) -> web.Response:
    """End a silence, and answer with it; a second time changes nothing."""
    silence = await _silence(page)
    if silence.ends > page.now:
        silence = await page.act(page.store.act.end_silence, silence.id, page.now)
    return answer(silence)


def _place(silence: Silence) -> str:
    """Return the number of a silence so that texts are in the order of numbers."""
    return f"{silence.id:018}"


async def _silence(page: Page) -> Silence:
    number = page.number()
    known = await page.read(page.store.read.silences)
    found = next((one for one in known if one.id == number), None)
    if found is None:
        page.missing(f"There is no silence {number}.")
    return found
