"""`/check` and `/backtest` of the API: a rule that is written or changed is checked, and tried over the stored entries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aiohttp import web

from tocsin.config.bodies import BacktestBody, CheckBody
from tocsin.errors import Problem, UsageError
from tocsin.replay.playground import TEXT, Edit, Headline
from tocsin.replay.playground_process import Tried
from tocsin.rules.ruleset import rule_named
from tocsin.web.api.answers import answer, post
from tocsin.web.api.bodies import body_of, refuse
from tocsin.web.page import Page, Route
from tocsin.web.problems import BusyError, RefusedError
from tocsin.web.trial import Findings, Numbers, aligned, edit_of, margin, new_edit, run, try_over
from tocsin.web.window import moment


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundEntry:
    """An entry that a rule is true for, or nearly. *number* is None if it is stored no more."""

    number: int | None
    source: str
    id: str
    title: str
    first_seen: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The number of entries, and the newest of them."""

    count: int
    entries: tuple[FoundEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMiss:
    """An entry that a rule is nearly true for, and what was missing in *words*."""

    entry: FoundEntry
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """How a text judges the *entries* of the history beside the rule in force, which a new rule has not.

    *lost* are met by the rule in force alone, *gained* by the text alone. *before* and *after* are the messages a week of both
    that a receiver of everything would get. *misses* are there if neither met any. *problems* are warnings.
    """

    since: datetime
    entries: int
    lost: Found
    gained: Found
    both: Found
    before: float
    after: float
    misses: tuple[NearMiss, ...]
    problems: tuple[Problem, ...]


def routes() -> tuple[Route, ...]:
    """Return the routes. A trial changes nothing, so the right to read is enough."""
    return (post("/check", check), post("/backtest", backtest))


async def check(page: Page) -> web.Response:
    """Answer with the faults and warnings of a text, its own examples included."""
    body = await body_of(page, CheckBody)
    edit = await _edit(page, body)
    found = _tried(await run(page, aligned(body.text, edit), None, None))
    problems = _as_sent(found.checked.problems, body.text, edit)
    return answer({"problems": problems, "examples": found.checked.examples, "override": found.checked.override})


async def backtest(page: Page) -> web.Response:
    """Answer with the entries that a text would lose and gain, or those that a rule as it is meets."""
    body = await body_of(page, BacktestBody)
    edit = await _edit(page, body)
    if not body.rule and not body.text:
        raise refuse(body, "text", "is missing: a new rule has no other")
    try:
        since = moment(page, body.since)
    except ValueError as error:
        raise refuse(body, "since", str(error)) from None
    findings = await try_over(page, aligned(body.text, edit) if body.text else edit, since)
    found, numbers = _tried(findings), findings.numbers or {}
    problems, compared = _as_sent(found.checked.problems, body.text or edit.text, edit), found.compared
    if compared is None:
        raise RefusedError([one for one in problems if not one.warning])
    lost, gained, both = compared.counts
    return answer(
        Backtest(
            since=since,
            entries=compared.entries,
            lost=Found(count=lost, entries=_entries(compared.lost, numbers)),
            gained=Found(count=gained, entries=_entries(compared.gained, numbers)),
            both=Found(count=both, entries=_entries(compared.both, numbers)),
            before=compared.before,
            after=compared.after,
            misses=tuple(
                NearMiss(entry=one, words=miss.words)
                for miss in compared.misses
                for one in _entries([miss.headline], numbers)
            ),
            problems=tuple(problems),
        )
    )


async def _edit(page: Page, body: CheckBody | BacktestBody) -> Edit:
    """Return the rule that *body* names as it stands in its file, or the place for a new one of its pack."""
    if not body.rule and not body.pack:
        raise refuse(body, "rule", "name a rule, or the pack that the text is a new rule of")
    if not body.rule:
        edit = await page.read(new_edit, page, body.pack)
        if edit is None:
            raise refuse(body, "pack", f"no pack {body.pack[:80]} has a rule that stands alone on its lines")
        return edit
    try:
        name = f"{body.pack}/{body.rule}" if body.pack and "/" not in body.rule else body.rule
        info = rule_named(name, page.daemon.rules.rules)
    except UsageError as error:
        raise refuse(body, "rule", str(error)) from None
    if body.pack and not info.id.startswith(f"{body.pack}/"):
        raise refuse(body, "pack", f"{info.id} is of another pack")
    edit = await page.read(edit_of, page, info)
    if edit is None:
        raise refuse(body, "rule", f"{info.id} does not stand alone on its lines: no text can stand in its place")
    return edit


def _tried(findings: Findings) -> Tried:
    """Return what trying a text brought.

    Raises:
        BusyError: another one is being tried.
        HTTPUnprocessableEntity: it cost too much.
    """
    if findings.tried:
        return findings.tried
    if findings.busy:
        raise BusyError
    raise web.HTTPUnprocessableEntity(text=findings.words)


def _as_sent(problems: Iterable[Problem], text: str, edit: Edit) -> list[Problem]:
    """Return *problems* with their columns in *text* as it was sent, with its own margin."""
    own, deep = margin(text), len(margin(edit.text))
    return [
        replace(
            one,
            position=replace(one.position, column=max(1, one.position.column - deep + len(own))),
            excerpt=f"{own}{one.excerpt[deep:]}",
        )
        if one.position and one.position.file == TEXT
        else one
        for one in problems
    ]


def _entries(headlines: Sequence[Headline], numbers: Numbers) -> tuple[FoundEntry, ...]:
    return tuple(
        FoundEntry(
            number=numbers.get((one.source, one.id)),
            source=one.source,
            id=one.id,
            title=one.title,
            first_seen=one.first_seen,
        )
        for one in headlines
    )
