"""Filters of sources: conditions in the rule language that decide which entries are judged at all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from types import MappingProxyType

from tocsin.model.entries import Entry
from tocsin.model.reasons import NO_REASON, Cause, Reason
from tocsin.model.rules import OWN, Located
from tocsin.rules.news.built_in import BUILT_IN
from tocsin.rules.news.evaluate import Judgement
from tocsin.rules.news.lists import TermList
from tocsin.rules.news.nodes import Condition, Expression
from tocsin.rules.news.query import BadNameError, compile_literal, parse
from tocsin.rules.pieces import QueryError

_NOT_FIRST = re.compile(r"\s*NOT\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """The filter of a source: entries that meet *drop*, or do not meet *keep*, are recorded, but no rule judges them."""

    keep: Condition | None = None
    drop: Condition | None = None

    @property
    def in_words(self) -> tuple[str, ...]:
        """Its conditions as they are written, such as `drop: category=Sport`."""
        given = (("keep", self.keep), ("drop", self.drop))
        return tuple(f"{name}: {' '.join(condition.text.split())}" for name, condition in given if condition)

    def verdict(self, entry: Entry, now: datetime) -> Reason:
        """Return why *entry* is dropped; no reason if it is judged."""
        judgement = Judgement(entry, now)
        if self.drop and judgement.condition(self.drop, labels={}) is not None:
            return _reason(Cause.DROPPED, self.drop)
        if self.keep and judgement.condition(self.keep, labels={}) is None:
            return _reason(Cause.NOT_KEPT, self.keep)
        return NO_REASON


#: Filters by the name of their source.
Filters = Mapping[str, Filter]
NO_FILTERS: Filters = MappingProxyType({})


def screened(entry: Entry, filters: Filters, now: datetime) -> Entry:
    """Return *entry*, marked with the reason if the filter of its source drops it."""
    found = filters.get(entry.source)
    reason = found.verdict(entry, now) if found else NO_REASON
    return replace(entry, dropped=reason) if reason else entry


def parse_filter(text: Located) -> Condition:
    """Return the condition of a filter in *text*.

    Raises:
        QueryError: it has a fault.
    """
    if _NOT_FIRST.match(text.text):
        raise QueryError("a filter does not begin with NOT: drop takes out what keep leaves in", 0, len(text.text))
    return replace(parse(text.text, _Names()), place=text)


def _reason(cause: Cause, condition: Condition) -> Reason:
    assert condition.place, "filters come from a file"
    at = condition.place.at()
    return Reason(cause=cause, by=f"{at.file}:{at.line}", words=" ".join(condition.text.split()))


class _Names:
    """The names in a filter: built-in terms alone, because a source belongs to no pack."""

    def __init__(self) -> None:
        self.literal = cache(compile_literal)

    def find(self, written: str, start: int) -> TermList | Expression:  # noqa: ARG002 (as the protocol calls it)
        """Return the built-in term that is *written*.

        Raises:
            BadNameError: it is a list or an expression of a pack.
        """
        pack, _, name = written[1:].rpartition("/")
        if written[0] == "@" and pack == OWN and name in BUILT_IN:
            return BUILT_IN[name]
        raise BadNameError(
            f"a filter knows no lists and no expressions of packs, such as {written}: "
            "write the words, or let the rules choose"
        )
