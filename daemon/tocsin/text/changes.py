"""Changes of a page: the lines that came and the lines that went, in linear time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Lines that were *added* and *removed*, each in the order of its page; *kept* counts the others that count."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    kept: int

    def __bool__(self) -> bool:
        """Return True if anything changed."""
        return bool(self.added or self.removed)


def changes(before: Sequence[str], after: Sequence[str], old: Sequence[str], new: Sequence[str]) -> Changes:
    """Return the changes from the lines *before* to those *after*; *old* and *new* are what counts of each line.

    A line of which nothing counts does not change. One that only moved has not changed: many pages sort anew at every visit.
    """
    were, are = Counter(filter(None, old)), Counter(filter(None, new))
    return Changes(
        added=_taken(after, new, are - were),
        removed=_taken(before, old, were - are),
        kept=(were & are).total(),
    )


def _taken(lines: Sequence[str], keys: Sequence[str], left: Counter[str]) -> tuple[str, ...]:
    """Return those of *lines* whose keys are *left*, as often as they are: of equal lines the first."""
    found = []
    for line, key in zip(lines, keys, strict=True):
        if left[key] > 0:
            left[key] -= 1
            found.append(line)
    return tuple(found)
