"""Labels and a readable headline that a source's own patterns find in what an entry says of itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from tocsin.model.prices import Labels
from tocsin.sources.documents.items import Item, headline
from tocsin.text.html import one_line
from tocsin.text.patterns import compiled

#: Values of a label that an entry may have, and characters of each.
MOST_VALUES, LONGEST_VALUE = 10, 100
#: Characters of a text that are searched.
_SEARCHED = 20_000
_BLANK = re.compile(r"\{([^{}]*)\}")


class Place(StrEnum):
    """A place of an entry that a pattern may search."""

    TITLE = "title"
    TEXT = "text"
    CATEGORY = "category"
    AUTHOR = "author"
    LINK = "link"
    ID = "id"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelPattern:
    """What finds the values of a *label* at a place of an entry: the first group of *pattern*, all that it finds, or all there is."""

    label: str
    at: Place
    pattern: str = ""


class ItemLabels:
    """The labels that *patterns* find in entries, and a *headline* made of them: a text with {label} and {title} in it.

    Raises:
        ValueError: a pattern is not a regular expression.
    """

    def __init__(self, patterns: Sequence[LabelPattern] = (), headline: str = "") -> None:
        self._patterns = [(one, compiled(one.pattern) if one.pattern else None) for one in patterns]
        self._headline = headline

    def of(self, item: Item) -> Item:
        """Return *item* with its labels, and with another title if it has a value for each blank of the headline."""
        if not self._patterns and not self._headline:
            return item
        labels: dict[str, tuple[str, ...]] = {}
        for one, pattern in self._patterns:
            values = [one_line(value)[:LONGEST_VALUE].strip() for value in _values(item, one.at, pattern)]
            found = tuple(dict.fromkeys(filter(None, (*labels.get(one.label, ()), *values))))[:MOST_VALUES]
            labels |= {one.label: found} if found else {}
        return replace(item, labels=labels, title=self._title(item.title, labels))

    def _title(self, title: str, labels: Labels) -> str:
        known = {**labels, "title": (title,)}
        if not self._headline or any(not known.get(name) for name in blanks(self._headline)):
            return title
        return headline(_BLANK.sub(lambda blank: ", ".join(known[blank[1]]), self._headline))


def blanks(template: str) -> tuple[str, ...]:
    """Return the names in the blanks of *template*."""
    return tuple(_BLANK.findall(template))


def _values(item: Item, place: Place, pattern: re.Pattern[str] | None) -> Iterator[str]:
    match place:
        case Place.TEXT:
            texts: tuple[str, ...] = (item.summary, item.body)
        case Place.CATEGORY:
            texts = item.categories
        case Place.AUTHOR:
            texts = item.authors
        case _:
            texts = (getattr(item, place.value),)
    for text in texts:
        if pattern is None:
            yield text
        else:
            for found, _ in zip(pattern.finditer(text[:_SEARCHED]), range(MOST_VALUES), strict=False):
                yield found[1 if pattern.groups else 0] or ""
