"""The wording of an entry, without what changes by itself: counters, clocks, marks of an edition, an outlet's name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tocsin.text.titles import features, headline, normal

#: Pages that tell one thing after the other; "live cattle" is none.
_LIVE = re.compile(
    r"^\W*live\s*[:|–—-]|\blive[\s-]?blog\b|\blive (?:updates?|coverage)\b|\bas it happened\b|直播|实时更新|實況|速报中|ライブ",
    re.IGNORECASE,
)
_SAID = r"correct(?:ed|s|ion|ions)|retract(?:ed|ion)|withdrawn|clarifi(?:ed|es|cation)"
#: A text that says of itself that it was wrong. "Prices in correction" says so of something else.
_MARK = re.compile(
    rf"^\W{{0,20}}(?:{_SAID})\s*\d*\s*[-–—:：|\])】]|[(\[（【]\s*(?:{_SAID})\b|[-–—|]\s*(?:{_SAID})\W*\Z"
    r"|^\W{0,20}(?:撤回|撤稿|取り消し)\s*[-–—:：|\])】]|更正|勘误|勘誤|訂正",
    re.IGNORECASE | re.MULTILINE,
)
#: What changes in a text by itself: counters, ages, clocks.
_TICKING = re.compile(
    r"\b\d+ (?:comments?|views?|shares?|reads?|repl(?:y|ies)|(?:seconds?|minutes?|mins?|hours?|days?) ago)\b"
    r"|\b\d{1,2}:\d{2}(?::\d{2})?\b",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d+")
#: Of a text so much is looked at: what a source adds far below is not what was told.
_LONGEST = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What an entry says at some time: its headline, and its summary or else its body."""

    title: str
    text: str = ""

    @property
    def headline(self) -> str:
        """The headline without case, marks, outlet and what changes by itself; equal for the same headline."""
        return headline(self.title)

    @property
    def figures(self) -> frozenset[str]:
        """The numbers that the headline reports."""
        return features(self.title).numbers

    @property
    def live(self) -> bool:
        """Whether it is a page that tells one thing after the other."""
        return bool(_LIVE.search(self.title))

    @property
    def marked(self) -> bool:
        """Whether it says of itself that it was wrong."""
        return bool(_MARK.search(self.title) or _MARK.search(self.text[:_LONGEST]))

    def same(self, other: Wording) -> bool:
        """Whether *other* says the same: neither the headline nor a word of the text differs, nor a mark."""
        if self == other:
            return True
        if self.headline != other.headline or self.marked != other.marked:
            return False
        return _words(self.text) == _words(other.text)


def substance(text: str) -> str:
    """*text* without case, white space, and what changes by itself: equal where nothing was rewritten."""
    return " ".join(_TICKING.sub(" ", text).casefold().split())


def _words(text: str) -> str:
    """The words of a text without its numbers: hours ago, comments, prices of a ticker."""
    return normal(_DIGITS.sub(" ", text[:_LONGEST]))
