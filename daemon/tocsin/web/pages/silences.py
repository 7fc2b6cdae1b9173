"""The silences: what each hides, and a form with a preview for a new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web

from tocsin.config.silences import check_silence, read_end, read_matchers
from tocsin.config.vocabulary import vocabulary
from tocsin.errors import UsageError
from tocsin.model.alerts import Alert
from tocsin.policy.notifying.silence import Silence, upcoming
from tocsin.store.queries.silencing import Silencing
from tocsin.web.page import Page, Route, get, post

#: Span of the past that a preview looks at.
BACK = timedelta(days=7)
#: Lengths that the form offers: as written, and in words.
LENGTHS = (
    ("1h", "1 hour"),
    ("4h", "4 hours"),
    ("12h", "12 hours"),
    ("1d", "1 day"),
    ("3d", "3 days"),
    ("7d", "7 days"),
)
#: Ended silences that are listed, and alerts that a preview lists.
_MOST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The form of a new silence, as it was filled in: *matchers* a line each, and either *length* or *until*."""

    matchers: str
    length: str = ""
    until: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a silence would hide: alerts in messages that wait *now*, and all alerts of the *past*."""

    now: tuple[Alert, ...]
    past: tuple[Alert, ...]


def routes() -> tuple[Route, ...]:
    """Return the routes."""
    return (
        get("/silences", list_silences),
        get("/silences/new", ask),
        post("/silences", add),
        post("/silences/{number}/end", end),
    )


async def list_silences(page: Page) -> web.Response:
    """List the silences that have not ended, and on demand those that have."""
    found = await page.read(page.store.read.silencing, page.now - BACK)
    ended = [one for one in found.silences if one.ends <= page.now]
    shown = page.request.query.get("ended") == "yes"
    return page.show(
        "silences.html",
        active=[(one, _hidden(one, found.alerts)) for one in found.silences if one.ends > page.now],
        upcoming=list(upcoming(page.daemon.config.silences, found.silences, page.now)),
        suppressed=found.suppressed,
        ended=ended[:_MOST] if shown else [],
        more=len(ended) if not shown else 0,
        unfinished=len(ended) - _MOST if shown else 0,
    )


async def ask(page: Page) -> web.Response:
    """Show the form of a new silence; once it has matchers, with what the silence would hide."""
    query = page.request.query
    form = Form(
        matchers="\n".join(query.getall("m", [])),
        length=query.get("for", ""),
        until=query.get("until", ""),
        why=query.get("why", ""),
    )
    return await _show(page, form)


async def add(page: Page) -> web.Response:
    """Add the silence of the form, or show the form again with what is wrong with it."""
    sent = await page.form()
    form = Form(
        matchers=sent.get("m", ""), length=sent.get("for", ""), until=sent.get("until", ""), why=sent.get("why", "")
    )
    found = await page.read(page.store.read.silencing, page.now - BACK)
    try:
        ends = read_end(form.length, form.until, page.now, page.zone)
        wanted = _checked(page, form, ends, found)
    except UsageError as error:
        return await _show(page, form, error, status=400)
    by = page.visitor.name if page.visitor else ""
    await page.act(page.store.act.silence, wanted.matchers, page.now, ends, by=by, why=form.why.strip())
    return page.go("silences")


async def end(page: Page) -> web.Response:
    """End a silence; a second time changes nothing."""
    number = page.number()
    known = await page.read(page.store.read.silences)
    silence = next((one for one in known if one.id == number), None)
    if silence is None:
        page.unknown("silence", number)
    if silence.ends > page.now:
        await page.act(page.store.act.end_silence, number, page.now)
    page.go("silences")


async def _show(page: Page, form: Form, fault: UsageError | None = None, *, status: int = 200) -> web.Response:
    preview = None
    if form.matchers.strip():
        found = await page.read(page.store.read.silencing, page.now - BACK)
        try:
            wanted = _checked(page, form, page.now, found)
            past = _hidden(wanted, found.alerts)
            preview = Preview(now=tuple(one for one in past if one.id in found.waiting), past=past)
        except UsageError as error:
            fault = fault or error
    faults = [line for line in str(fault).splitlines() if line] if fault else []
    return page.show(
        "new_silence.html", status=status, form=form, faults=faults, preview=preview, lengths=LENGTHS, most=_MOST
    )


def _checked(page: Page, form: Form, ends: datetime, found: Silencing) -> Silence:
    """Return the silence of *form*.

    Raises:
        UsageError: it would not work as written.
    """
    matchers = read_matchers(line for line in form.matchers.splitlines() if line.strip())
    silence = Silence(id=0, matchers=matchers, starts=page.now, ends=ends)
    check_silence(silence, vocabulary(page.daemon.config, page.daemon.rules.rules, found.alerts))
    return silence


def _hidden(silence: Silence, alerts: Sequence[Alert]) -> tuple[Alert, ...]:
    return tuple(alert for alert in alerts if silence.hides(alert))
