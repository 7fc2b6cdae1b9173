"""The playground: change a rule, see what is wrong with it, and what it would have found. It writes no file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from http import HTTPStatus

from aiohttp import web

from tocsin.config.packs import find_rule
from tocsin.config.web import Right
from tocsin.errors import UsageError
from tocsin.model.entries import Entry
from tocsin.model.rules import RuleInfo
from tocsin.protocols import P, T
from tocsin.replay.playground import Edit
from tocsin.replay.playground_process import PlaygroundError, Tried, try_edit
from tocsin.rules.news.evaluate import CompiledRule
from tocsin.rules.ruleset import RuleSet, rule_named
from tocsin.store import Store
from tocsin.web.page import Page, Route, get
from tocsin.web.window import since

#: The number of an entry, by its source and its id.
Numbers = dict[tuple[str, str], int]
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What trying a rule brought: *tried*, or the *words* why not. *numbers* lead to its entries."""

    tried: Tried | None = None
    words: str = ""
    numbers: Numbers | None = None


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
    status = HTTPStatus.SERVICE_UNAVAILABLE if found.words == _BUSY else HTTPStatus.OK
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
    found = await _run(page, replace(edit, text=text), entry, None)
    if found.words == _BUSY:
        raise web.HTTPServiceUnavailable(text=_BUSY, headers={"Retry-After": "1"})
    return page.show("complaints.html", found=found)


# ---- one run at a time ------------------------------------------------------------------------------------------

#: Seconds that a try waits for the one before.
_PATIENCE = 3.0
_BUSY = "Another rule is being tried. Wait a few seconds, then try again."


async def try_over(page: Page, edit: Edit, begin: datetime, entry: Entry | None = None) -> Findings:
    """Return the findings about *edit* over the entries from *begin* on, or why it was not tried."""
    found = await _run(page, edit, entry, page.store.read.history_entries(begin))
    if found.tried is None or found.tried.compared is None:
        return found
    compared = found.tried.compared
    missed = (one.headline for one in compared.misses)
    listed = [(one.source, one.id) for one in (*compared.lost, *compared.gained, *compared.both, *missed)]
    return replace(found, numbers=await page.read(page.store.read.entry_numbers, listed))


async def in_turn(page: Page, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return the result of a *call* that runs a playground process, one at a time.

    Raises:
        PlaygroundError: the one before takes too long, or this one costs too much.
    """
    return await _in_turn(page, _PATIENCE, partial(call, *args, **kwargs))


async def _in_turn(page: Page, patience: float | None, call: Callable[[], T]) -> T:
    try:
        async with asyncio.timeout(patience):
            await page.daemon.trial.acquire()
    except TimeoutError:
        raise PlaygroundError(_BUSY) from None
    try:
        # Not in the pool of the readers: it waits for a process most of the time.
        return await asyncio.to_thread(call)
    finally:
        page.daemon.trial.release()


async def _run(page: Page, edit: Edit, entry: Entry | None, entries: Iterable[Entry] | None) -> Findings:
    # A check while typing gives way; a try waits for the check that the last key began.
    patience = _PATIENCE if entries is not None else 0 if page.daemon.trial.locked() else None
    try:
        return Findings(tried=await _in_turn(page, patience, partial(try_edit, edit, entry=entry, entries=entries)))
    except PlaygroundError as error:
        return Findings(words=str(error))


# ---- what is tried ----------------------------------------------------------------------------------------------


def news_rules(rules: RuleSet) -> list[RuleInfo]:
    """Return the rules about entries by id, also those that are off."""
    every = rules.rules | rules.disabled
    return [every[name].info for name in sorted(every) if isinstance(every[name], CompiledRule)]


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


def edit_of(page: Page, info: RuleInfo) -> Edit | None:
    """Return the text of a rule, unchanged. None if it is not alone on its lines."""
    at = info.position
    pack, bare = info.id.split("/", 1)
    for loaded in page.daemon.rules.packs:
        files = dict(loaded.files)
        if at is None or at.file not in files:
            continue
        text = files[at.file]
        if lines := find_rule(text, at.file, bare):
            first, last = lines
            return Edit(
                files=loaded.files,
                path=at.file,
                rule=info.id,
                first=first,
                last=last,
                text="\n".join(text.split("\n")[first - 1 : last]),
                lists=tuple(one for one in page.daemon.config.overrides if one.lists and one.rule.text == pack),
            )
    return None


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
