"""Trials of an edited rule, for the playground and the API: one at a time, in a process of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from operator import itemgetter
from textwrap import dedent, indent

from tocsin.config.packs import find_rule
from tocsin.errors import Problem
from tocsin.model.entries import Entry
from tocsin.model.rules import RuleInfo
from tocsin.protocols import P, T
from tocsin.replay.playground import TEXT, Edit
from tocsin.replay.playground_process import PlaygroundError, Tried, try_edit
from tocsin.web.page import Page

#: The number of an entry, by its source and its id.
Numbers = dict[tuple[str, str], int]
#: Seconds that a try waits for the one before.
_PATIENCE = 10.0


class OccupiedError(PlaygroundError):
    """Another rule is being tried."""

    def __init__(self) -> None:
        super().__init__("Another rule is being tried. Wait a few seconds, then try again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """A fault of the edited text, or a warning: *line* counts from its first line; 0 where it has no place.

    *caret* stands below the place in *excerpt*.
    """

    message: str
    line: int
    warning: bool
    excerpt: str = ""
    caret: str = ""

    @classmethod
    def of(cls, problem: Problem) -> Complaint:
        """Return *problem* as the page shows it."""
        at = problem.position
        inside = at is not None and at.file == TEXT
        # The caret of the command line, without its margin.
        _, *shown = str(problem).split("\n") if problem.excerpt else [""]
        where = "" if inside or at is None else f"{at.file}:{at.line}: "
        return cls(
            message=f"{where}{problem.sentence}",
            line=at.line if at and inside else 0,
            warning=problem.warning,
            excerpt=shown[-2][4:] if len(shown) > 1 else "",
            caret=shown[-1][4:] if len(shown) > 1 else "",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What trying a rule brought: *tried*, or the *words* why not, *busy* if another one is. *numbers* lead to its entries."""

    tried: Tried | None = None
    words: str = ""
    busy: bool = False
    numbers: Numbers | None = None

    @property
    def complaints(self) -> tuple[Complaint, ...]:
        """The faults and warnings of the text."""
        return tuple(map(Complaint.of, self.tried.checked.problems)) if self.tried else ()


async def try_over(page: Page, edit: Edit, begin: datetime, entry: Entry | None = None) -> Findings:
    """Return the findings about *edit* over the entries from *begin* on, or why it was not tried."""
    found = await run(page, edit, entry, page.store.read.judged_entries(begin))
    if found.tried is None or found.tried.compared is None:
        return found
    compared = found.tried.compared
    missed = (one.headline for one in compared.misses)
    listed = [(one.source, one.id) for one in (*compared.lost, *compared.gained, *compared.both, *missed)]
    return replace(found, numbers=await page.read(page.store.read.entry_numbers, listed))


async def run(page: Page, edit: Edit, entry: Entry | None, entries: Iterable[Entry] | None) -> Findings:
    """Return the findings about *edit*, on *entry* and over *entries* if they are given, or why it was not tried."""
    # A check while typing gives way; a try waits for the check that the last key began.
    patience = _PATIENCE if entries is not None else 0 if page.daemon.trial.locked() else None
    try:
        return Findings(tried=await _in_turn(page, patience, partial(try_edit, edit, entry=entry, entries=entries)))
    except PlaygroundError as error:
        return Findings(words=str(error), busy=isinstance(error, OccupiedError))


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
        raise OccupiedError from None
    try:
        # Not in the pool of the readers: it waits for a process most of the time.
        return await asyncio.to_thread(call)
    finally:
        page.daemon.trial.release()


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


def new_edit(page: Page, pack: str) -> Edit | None:
    """Return the place for a new rule of *pack*, behind its last one. None if no rule of it is alone on its lines."""
    places = [(info.position, info) for info in page.daemon.rules.rules.infos.values() if info.position]
    own = sorted((place for place in places if place[1].id.startswith(f"{pack}/")), key=itemgetter(0), reverse=True)
    edits = (edit_of(page, info) for _, info in own)
    return next((replace(one, rule="", first=one.last + 1, text=margin(one.text)) for one in edits if one), None)


def aligned(text: str, edit: Edit) -> Edit:
    """Return *edit* with *text*, which stands as deep as the text of *edit* whatever margin it was written with."""
    body = dedent(text.replace("\r\n", "\n")).strip("\n")
    return replace(edit, text=indent(body, margin(edit.text)))


def margin(text: str) -> str:
    """Return the blanks before the first line of *text* that has anything else."""
    line = next((line for line in text.split("\n") if line.strip()), text)
    return line[: len(line) - len(line.lstrip(" "))]
