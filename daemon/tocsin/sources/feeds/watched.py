"""Watched pages: the text of a page is compared with what it was, and the difference is an entry.

What it was is kept in the row of the source, with the cursor. An entry is one change, from one text to another on one
day, so a page that goes back and forth between two texts has at most one entry a day for each way.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tocsin.errors import Fault, SourceError
from tocsin.sources.documents.items import LONGEST_TITLE, Item, Parsed
from tocsin.sources.documents.whole_page import Watch
from tocsin.sources.feeds.entries import digest
from tocsin.text.changes import Changes, changes
from tocsin.text.error_pages import is_error
from tocsin.text.noise import Noise, is_calendar
from tocsin.units import counted

#: A page of some lines that keeps less than a tenth of them, and is less than half as long, shows something else: mostly
#: an error. If it is still so after a day, it was rebuilt, and that is its news.
_LINES, _STAYS, _SHRINKS = 8, 0.1, 0.5
_REBUILT = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The *lines* of a page when they were last compared, at *seen*."""

    lines: tuple[str, ...]
    seen: datetime

    def written(self) -> str:
        """Return the text that is kept in the row."""
        return json.dumps([self.seen.isoformat(), *self.lines], ensure_ascii=False)


def read_kept(text: str) -> Kept | None:
    """Return what is kept in the row, None before the first poll."""
    if not text:
        return None
    seen, *lines = json.loads(text)
    return Kept(lines=tuple(lines), seen=datetime.fromisoformat(seen))


def still(text: str, now: datetime) -> str:
    """Return *text*, which is kept in the row, after the page was the same at *now*."""
    kept = read_kept(text)
    return replace(kept, seen=now).written() if kept else ""


def compared(page: Parsed, kept: str, watch: Watch, now: datetime) -> tuple[Parsed, str]:
    """Return the *page* with its change since what is *kept* as its only item, and what to keep now.

    Without a change there is no item. On the first poll the item is the text of the page.

    Raises:
        SourceError: NOT_A_FEED, if it shows an error or nothing.
    """
    whole = page.items[0]
    lines, before, noise = tuple(filter(None, whole.body.split("\n\n"))), read_kept(kept), Noise(watch.ignore)
    following = Kept(lines=lines, seen=now).written()
    if not lines:
        raise _not_it("there is no text: it was rebuilt, or needs a browser")
    if is_error(whole.title):
        raise _not_it(f"it shows “{whole.title}”")
    if before is None:
        if len(lines) < _LINES and (error := next(filter(is_error, lines), "")):
            raise _not_it(f"it shows “{error}”")
        words = f"{counted(len(lines), 'line')} of text, which begin with “{lines[0][:80]}”"
        first = replace(whole, id=digest(whole.body), title=whole.title or lines[0], published=now)
        return replace(page, items=(first,), notes=(*page.notes, words)), following
    old, new = [noise.without(line) for line in before.lines], [noise.without(line) for line in lines]
    found = _of_note(changes(before.lines, lines, old, new), before.seen, now)
    if found:
        _check(found, old=old, new=new, rebuilt=now - before.seen >= _REBUILT)
        item = _item(whole, found, digest("\n".join((*sorted(old), "", *sorted(new), str(now.date())))), now)
        return replace(page, items=(item,)), following
    return replace(page, items=()), following


def _of_note(found: Changes, seen: datetime, now: datetime) -> Changes:
    """Return the changes *found* since the page was *seen*, without the date of the day and the time of day."""
    added = tuple(line for line in found.added if not is_calendar(line, now.date()))
    removed = tuple(line for line in found.removed if not is_calendar(line, seen.date()))
    return replace(found, added=added, removed=removed)


def _check(found: Changes, *, old: Sequence[str], new: Sequence[str], rebuilt: bool) -> None:
    """Check that the page has changed, and not been replaced by an error.

    Raises:
        SourceError: NOT_A_FEED.
    """
    error = next(filter(is_error, found.added), "")
    if error and len(found.removed) >= len(found.added):
        raise _not_it(f"it shows “{error}”")
    lines = sum(map(bool, old))
    shrunk = sum(map(len, new)) < _SHRINKS * sum(map(len, old))
    if lines >= _LINES and found.kept < _STAYS * lines and shrunk and not rebuilt:
        words = f"{found.kept} of its {lines} lines are left, which is most likely an error; after a day it counts as rebuilt"
        raise _not_it(words)


def _not_it(words: str) -> SourceError:
    return SourceError(f"not the page that is watched: {words}", fault=Fault.NOT_A_FEED)


def _item(page: Item, found: Changes, name: str, now: datetime) -> Item:
    """Return the entry of a change: its first added line as the title, all of them as the text. Rules read what was added."""
    title = (found.added[0] if found.added else f"{counted(len(found.removed), 'line')} removed")[:LONGEST_TITLE]
    added, removed = "\n\n".join(found.added), "\n\n".join(found.removed)
    return replace(
        page, id=name, title=title, summary="", body="" if added == title else added, removed=removed, published=now
    )
