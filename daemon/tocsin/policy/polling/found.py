"""What is judged of a document as a whole, before the first of its entries is taken in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tocsin.model.entries import Entry, KeyKind
from tocsin.model.sources import Batch
from tocsin.policy.polling.lateness import is_late, redate, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a good poll brought; *held* entries in the document (None: the one of before), *new* of them, *late* of these.

    Late: published over a day ago and before the last poll, which did not see it. *volatile*: kinds of key that
    say nothing. *shown*: what is remembered of the document. *redated*: ids of new entries that are news in spite of
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
    begun: Found | None,
    last_success: datetime | None,
    now: datetime,
) -> tuple[tuple[Entry, ...], Found]:
    """Return *new* entries of *document*, dated as they count, and what is found in it.

    *last* is what is remembered of the last document. Where earlier commits took in a part of this one, its rest is judged
    as it was *begun*: what they wrote is known by now, and would make another document of it.
    """
    volatile, remembered = document.volatile, shown(document.entries, document.volatile)
    if begun is not None:
        dated = tuple(replace(one, published=None) if one.id in begun.redated else one for one in new)
        return dated, replace(begun, volatile=volatile, shown=remembered)
    dated = redate(new, document.entries, last, last_success, volatile)
    return dated, Found(
        held=len(document.entries) if document.changed else None,
        new=len(dated),
        late=sum(is_late(entry, last_success, now) for entry in dated),
        volatile=volatile,
        shown=remembered,
        redated=tuple(entry.id for entry, known in zip(dated, new, strict=True) if entry is not known),
    )
