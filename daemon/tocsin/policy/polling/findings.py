"""Findings about a whole document, before its first entry is committed: new entries, and late ones.

A date is often that of a draft or of the page. If a source was polled after that date and did not have the entry, its
position in the document decides: above entries of the last poll it is new; below all of them it has only moved up
because another entry was removed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tocsin.model.entries import Batch, Entry, KeyKind

#: A new entry that is older than this and than the last poll is late.
_LATE = timedelta(hours=24)
#: More old entries than this at once are an archive, not news.
_MOST_OLD = 3
#: Entries at the beginning of a document that are remembered, and digits of a key that distinguish them.
_REMEMBERED = 100
_DIGITS = 8
_TELLING = (KeyKind.ID, KeyKind.LINK, KeyKind.TITLE_DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """The findings of a good poll: *held* entries in the document (None: unchanged), *new* of them, *late* of these.

    Late: published over a day ago and before the last poll, which did not see it. *volatile*: kinds of key that identify
    nothing. *shown*: the marks that are remembered of the document. *redated*: ids of new entries that are news despite
    their date.
    """

    held: int | None = None
    new: int = 0
    late: int = 0
    volatile: frozenset[KeyKind] = frozenset()
    shown: str = ""
    redated: tuple[str, ...] = ()


def find(
    new: Sequence[Entry],
    document: Batch,
    *,
    last: str,
    unfinished: Findings | None,
    last_success: datetime | None,
    now: datetime,
) -> tuple[tuple[Entry, ...], Findings]:
    """Return the *new* entries of *document*, without dates that do not count, and the findings.

    *last* is what is remembered of the last document. If a part of this one was committed before, the rest is judged by
    *unfinished*: the entries of that part are known now, which would change the findings.
    """
    volatile, remembered = document.volatile, shown(document.entries, document.volatile)
    if unfinished is not None:
        dated = tuple(replace(one, published=None) if one.id in unfinished.redated else one for one in new)
        return dated, replace(unfinished, volatile=volatile, shown=remembered)
    dated = redate(new, document.entries, last, last_success, volatile)
    return dated, Findings(
        held=len(document.entries) if document.changed else None,
        new=len(dated),
        late=sum(is_late(entry, last_success, now) for entry in dated),
        volatile=volatile,
        shown=remembered,
        redated=tuple(entry.id for entry, known in zip(dated, new, strict=True) if entry is not known),
    )


def is_late(entry: Entry, last_success: datetime | None, now: datetime) -> bool:
    """Return whether an entry is new although it was published long ago, before a poll that did not show it."""
    return last_success is not None and entry.published is not None and entry.published < min(last_success, now - _LATE)


def shown(document: Sequence[Entry], volatile: Collection[KeyKind] = ()) -> str:
    """Return what is remembered of *document*: eight digits for each of its first entries, of keys that do not change."""
    return "".join(_mark(entry, volatile) for entry in document[:_REMEMBERED])


def redate(
    new: Sequence[Entry],
    document: Sequence[Entry],
    before: str,
    last_success: datetime | None,
    volatile: Collection[KeyKind] = (),
) -> tuple[Entry, ...]:
    """Return the *new* entries of *document*; dates that earlier polls disprove are removed.

    *before* is what was `shown` at the last poll. At most three old entries are looked at. The date of one is disproved if
    it is above an entry of the last poll, and no entry that was above that one is gone.
    """
    old = {entry.id for entry in new if entry.stale and is_late(entry, last_success, entry.first_seen)}
    if not 0 < len(old) <= _MOST_OLD:
        return tuple(new)
    marks = [_mark(entry, volatile) for entry in document]
    places = {before[start : start + _DIGITS]: start for start in range(0, len(before), _DIGITS)}
    gone = min((place for mark, place in places.items() if mark not in set(marks)), default=len(before))
    news = set()
    next_below = len(before)
    for entry, mark in zip(reversed(document), reversed(marks), strict=True):
        if entry.id in old and next_below < gone:
            news.add(entry.id)
        next_below = places.get(mark, next_below)
    return tuple(replace(entry, published=None) if entry.id in news else entry for entry in new)


def _mark(entry: Entry, volatile: Collection[KeyKind]) -> str:
    """Return digits that are the same for the same entry of two documents."""
    values = {key.kind: key.value for key in entry.keys if key.kind not in volatile}
    return next((values[kind][-_DIGITS:] for kind in _TELLING if kind in values), "").ljust(_DIGITS, "-")
