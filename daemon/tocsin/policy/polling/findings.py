"""Findings about a whole document, before its first entry is committed: new entries, and late ones.

A date is often that of a draft or of the page. If a source was polled after that date and did not have the entry, its
position in the document decides: above entries of the last poll it is new; below all of them it has only moved up
because another entry was removed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tocsin.model.entries import TELLING, TELLING_DIGITS, Batch, Entry, KeyKind, trace

#: A new entry that is older than this and than the last poll is late.
_LATE = timedelta(hours=24)
#: More old entries than this at once are an archive, not news.
_MOST_OLD = 3
#: Entries at the beginning of a document that are remembered.
_REMEMBERED = 100
_NO_DIGITS = "-" * TELLING_DIGITS


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
    volatile, traces = document.volatile, document.document
    remembered = shown(traces, volatile)
    if unfinished is not None:
        dated = tuple(replace(one, published=None) if one.id in unfinished.redated else one for one in new)
        return dated, replace(unfinished, volatile=volatile, shown=remembered)
    dated = redate(new, traces, last, last_success, volatile)
    return dated, Findings(
        held=len(traces) if document.changed else None,
        new=len(dated),
        late=sum(is_late(entry, last_success, now) for entry in dated),
        volatile=volatile,
        shown=remembered,
        redated=tuple(entry.id for entry, known in zip(dated, new, strict=True) if entry is not known),
    )


def is_late(entry: Entry, last_success: datetime | None, now: datetime) -> bool:
    """Return whether an entry is new although it was published long ago, before a poll that did not show it."""
    return last_success is not None and entry.published is not None and entry.published < min(last_success, now - _LATE)


def shown(traces: Sequence[str], volatile: Collection[KeyKind] = ()) -> str:
    """Return what is remembered of a document with these *traces*: digits of its first entries, of keys that do not change."""
    return "".join(_mark(one, volatile) for one in traces[:_REMEMBERED])


def redate(
    new: Sequence[Entry],
    traces: Sequence[str],
    before: str,
    last_success: datetime | None,
    volatile: Collection[KeyKind] = (),
) -> tuple[Entry, ...]:
    """Return the *new* entries of a document with these *traces*; dates that earlier polls disprove are removed.

    *before* is what was `shown` at the last poll. At most three old entries are looked at. The date of one is disproved if
    it is above an entry of the last poll, and no entry that was above that one is gone.
    """
    old = {trace(entry.keys) for entry in new if entry.stale and is_late(entry, last_success, entry.first_seen)}
    if not 0 < len(old) <= _MOST_OLD:
        return tuple(new)
    marks = [_mark(one, volatile) for one in traces]
    places = {before[start : start + TELLING_DIGITS]: start for start in range(0, len(before), TELLING_DIGITS)}
    gone = min((place for mark, place in places.items() if mark not in set(marks)), default=len(before))
    news = set()
    next_below = len(before)
    for one, mark in zip(reversed(traces), reversed(marks), strict=True):
        if one in old and next_below < gone:
            news.add(one)
        next_below = places.get(mark, next_below)
    return tuple(replace(entry, published=None) if trace(entry.keys) in news else entry for entry in new)


def _mark(of: str, volatile: Collection[KeyKind]) -> str:
    """Return the digits in the trace *of* an entry that are the same for the same entry of two documents."""
    for number, kind in enumerate(TELLING):
        digits = of[number * TELLING_DIGITS : (number + 1) * TELLING_DIGITS]
        if kind not in volatile and digits != _NO_DIGITS:
            return digits
    return _NO_DIGITS
