"""Changes of an entry after people were notified of it: corrections to send, and mere rewordings.

A wording is compared without what changes by itself: counters, clocks, marks of an edition, an outlet's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from tocsin.model.alerts import Alert
from tocsin.model.prices import Labels
from tocsin.model.rules import Evidence, Judged, Match
from tocsin.policy.alerting.growth import new_values
from tocsin.text.sentences import split
from tocsin.text.titles import agreement, features, headline, normal

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


#: An alert is corrected at most once in this time; some sites try several headlines.
AGAIN_AFTER = timedelta(hours=6)
#: The most wordings of one entry that are looked at; a withdrawal always is.
MOST_REVISIONS = 24
#: The share of words that a sentence has in common with its rewritten form.
_REWRITTEN = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The last message about an entry to *to*, (receiver, recipient): its *wording*, and the *alert* of the rule it met.

    *labels* are the labels of the match; None if that wording does not meet the rule. *quotes* are the sentences below
    the headline that the message quoted as evidence.
    """

    alert: Alert
    to: tuple[str, str]
    wording: Wording
    labels: Labels | None
    quotes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A correction of *alert* to send to *to*, (receiver, recipient), at *due_at*: its entry has changed."""

    alert: Alert
    to: tuple[str, str]
    due_at: datetime


def matters(claim: Claim, now: Wording, judged: Judged | None) -> bool:
    """Return whether the recipient of *claim* must be sent the wording *now*; without *judged* the entry is withdrawn.

    A correction is due if the entry no longer meets the rule, meets it again, is about something else, has other numbers,
    or marks itself as a correction. A text that only lost the words that met the rule was most often cut short, and a
    live page moves on: neither is a correction. If the message quoted the text, a rewritten sentence counts like a
    rewritten headline.
    """
    if judged is None:
        return True
    before, rule = claim.wording, claim.alert.rule
    if before.same(now) or any(item.rule == rule for item in judged.unevaluated):
        return False
    match = next((match for match in judged.matches if match.rule.id == rule), None)
    if claim.labels is None:
        return match is not None
    if now.marked and not before.marked:
        return True
    if now.live or before.live:
        return False
    if match is not None and _grew(claim.alert, claim.labels, match):
        return True
    lost = match is None or bool(new_values(match.rule, match.labels, claim.labels))
    if before.headline == now.headline:
        return any(_overturned(quote, now.text, lost=lost) for quote in claim.quotes)
    return lost or before.figures != now.figures


def quoted(field: str, text: str, evidence: Evidence | None) -> tuple[str, ...]:
    """Return the sentences of *text*, the *field* of an entry, that contain the evidence of a match."""
    places = [span.start for hit in (evidence.hits if evidence else ()) for span in hit.spans if span.field == field]
    return tuple(text[start:end] for start, end in _sentences(text) if any(start <= place < end for place in places))


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    return pairwise([*(sentence.start for sentence in split("summary", text)), len(text)])


def _overturned(quote: str, text: str, *, lost: bool) -> bool:
    """Return whether *text* has *quote* rewritten to say something else; *lost*: it no longer meets the rule."""
    before = features(quote)
    found = [text[start:end] for start, end in _sentences(text)]
    nearest = max(found, key=lambda sentence: agreement(before, features(sentence)), default="")
    now = features(nearest)
    if normal(nearest) == normal(quote) or agreement(before, now) < _REWRITTEN:
        return False
    return lost or before.numbers != now.numbers


def _grew(alert: Alert, labels: Labels, match: Match) -> bool:
    """Return whether an entry has new label values or a higher severity."""
    return bool(new_values(match.rule, labels, match.labels)) or match.severity.rank > alert.severity.rank


def due(last: datetime | None, now: datetime, *, withdrawn: bool) -> datetime:
    """Return when to correct an alert after its *last* correction, past or planned; at once if it is *withdrawn*."""
    if last is None or withdrawn:
        return now
    return last if last > now else max(now, last + AGAIN_AFTER)
