"""The playground: change a rule, see what is wrong with it, and what it would have found. It writes no file."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from aiohttp import web

from tocsin.config.web import Right
from tocsin.errors import UsageError
from tocsin.model.entries import Entry
from tocsin.model.rules import RuleInfo
from tocsin.replay.playground import Edit
from tocsin.rules.ruleset import RuleSet, rule_named
from tocsin.store import Store
from tocsin.web.page import Page, Route, get
from tocsin.web.trial import Findings, edit_of, run, try_over
from tocsin.web.window import since

#: Choices of a time to look back.
SPANS = ("7d", "30d", "90d", "365d")
_USUAL = "30d"


def routes() -> tuple[Route, ...]:
    """Return the routes. To try a rule changes nothing, so the right to read is enough."""
    return (
        get("/play", show),
        Route(method="POST", path="/play", handler=try_rule, may=Right.READ),
        Route(method="POST", path="/play/check", handler=check_rule, may=Right.READ),
    )


async def show(page: Page) -> web.Response:
    """Show the text of a rule, to be changed."""
    query = page.request.query
    info, edit = await _edit(page, query.get("rule", ""))
    return _shown(page, info, edit, entry=query.get("entry", ""), span=query.get("since", _USUAL), found=Findings())


async def try_rule(page: Page) -> web.Response:
    """Try the changed text on the entries of the time that was asked for."""
    form = await page.form()
    info, edit = await _edit(page, form.get("rule", ""))
    text = form.get("text", "").replace("\r\n", "\n").rstrip("\n")
    begin = since(page, form.get("since") or _USUAL)
    found = await try_over(page, replace(edit, text=text), begin, await entry_named(page, form.get("entry", "")))
    status = HTTPStatus.SERVICE_UNAVAILABLE if found.busy else HTTPStatus.OK
    shown = replace(edit, text=text)
    return _shown(
        page, info, shown, entry=form.get("entry", ""), span=form.get("since", _USUAL), found=found, status=status
    )


async def check_rule(page: Page) -> web.Response:
    """Answer with the faults of the changed text, as a part of the page."""
    form = await page.form()
    _, edit = await _edit(page, form.get("rule", ""))
    text = form.get("text", "").replace("\r\n", "\n").rstrip("\n")
    entry = await entry_named(page, form.get("entry", ""))
    found = await run(page, replace(edit, text=text), entry, None)
    if found.busy:
        raise web.HTTPServiceUnavailable(text=found.words, headers={"Retry-After": "1"})
    return page.show("complaints.html", found=found)


# ---- what is tried ----------------------------------------------------------------------------------------------


def news_rules(rules: RuleSet) -> list[RuleInfo]:
    """Return the rules about entries by id, also those that are off."""
    return [rule.info for rule in rules.every_news_rule.values()]


async def _edit(page: Page, name: str) -> tuple[RuleInfo, Edit]:
    """Return the rule *name*, or the first one, and its text as it stands in its file."""
    known = news_rules(page.daemon.rules.rules)
    if not known:
        page.missing("There is no rule about news to try.")
    try:
        info = rule_named(name, page.daemon.rules.rules) if name else known[0]
    except UsageError as error:
        page.missing(f"{error}.")
    edit = await page.read(edit_of, page, info)
    if info not in known or edit is None:
        page.missing(f"The rule {info.id} cannot be tried here: it is not about news, or not alone on its lines.")
    return info, edit


async def entry_named(page: Page, number: str) -> Entry | None:
    """Return the entry of this *number*, as a form has it; None where it names none, or its text was deleted."""
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    return await page.read(_read_entry, page.store, int(number))


def _read_entry(store: Store, number: int) -> Entry | None:
    return store.read.entry(number)


def _shown(
    page: Page, info: RuleInfo, edit: Edit, *, entry: str, span: str, found: Findings, status: int = HTTPStatus.OK
) -> web.Response:
    return page.show(
        "play.html",
        status=status,
        info=info,
        edit=edit,
        entry=entry,
        span=span,
        spans=SPANS if span in SPANS else (*SPANS, span),
        rules=news_rules(page.daemon.rules.rules),
        found=found,
    )
