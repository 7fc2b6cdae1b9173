"""The wording of an entry, without what changes by itself: counters, clocks, marks of an edition, an outlet's name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tocsin.text.titles import features, headline, normal

#: Headlines of live pages, which report one event after the other; "live cattle" is not one.
_LIVE = re.compile(
    r"^\W*live\s*[:|–—-]|\blive[\s-]?blog\b|\blive (?:updates?|coverage)\b|\bas it happened\b|直播|实时更新|實況|速报中|ライブ",
    re.IGNORECASE,
)
_SAID = r"correct(?:ed|s|ion|ions)|retract(?:ed|ion)|withdrawn|clarifi(?:ed|es|cation)"
#: A text that marks itself as a correction. "Prices in correction" is about something else.
_MARK = re.compile(
    rf"^\W{{0,20}}(?:{_SAID})\s*\d*\s*[-–—:：|\])】]|[(\[（【]\s*(?:{_SAID})\b|[-–—|]\s*(?:{_SAID})\W*\Z"
    r"|^\W{0,20}(?:撤回|撤稿|取り消し)\s*[-–—:：|\])】]|更正|勘误|勘誤|訂正",
    re.IGNORECASE | re.MULTILINE,
)
#: Parts of a text that change by themselves: counters, ages, clocks.
_TICKING = re.compile(
    r"\b\d+ (?:comments?|views?|shares?|reads?|repl(?:y|ies)|(?:seconds?|minutes?|mins?|hours?|days?) ago)\b"
    r"|\b\d{1,2}:\d{2}(?::\d{2})?\b",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d+")
#: The part of a text that is compared: additions far below were not in the message.
_LONGEST = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The text of an entry at some time: its headline, and its summary or else its body."""

    title: str
    text: str = ""

    @property
    def headline(self) -> str:
        """Return the headline without case, marks, outlet and parts that change by themselves."""
        return headline(self.title)

    @property
    def figures(self) -> frozenset[str]:
        """Return the numbers in the headline."""
        return features(self.title).numbers

    @property
    def live(self) -> bool:
        """Return whether it is a live page."""
        return bool(_LIVE.search(self.title))

    @property
    def marked(self) -> bool:
        """Return whether it marks itself as a correction."""
        return bool(_MARK.search(self.title) or _MARK.search(self.text[:_LONGEST]))

    def same(self, other: Wording) -> bool:
        """Return whether *other* has the same headline, the same words and the same correction mark."""
        if self == other:
            return True
        if self.headline != other.headline or self.marked != other.marked:
            return False
        return _words(self.text) == _words(other.text)


def substance(text: str) -> str:
    """Return *text* without case, white space and parts that change by themselves: equal if nothing was rewritten."""
    return " ".join(_TICKING.sub(" ", text).casefold().split())


def _words(text: str) -> str:
    """Return the words of a text without its numbers, such as ages, counts of comments, and ticker prices."""
    return normal(_DIGITS.sub(" ", text[:_LONGEST]))
