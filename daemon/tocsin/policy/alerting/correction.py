"""Changes of an entry that people were notified of: those that they must hear of, and mere rewordings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from tocsin.model.alerts import Alert
from tocsin.model.evidence import Evidence
from tocsin.model.prices import Labels
from tocsin.model.rules import Judged, Match
from tocsin.policy.alerting.growth import new_values
from tocsin.policy.alerting.wording import Wording
from tocsin.text.sentences import split
from tocsin.text.titles import agreement, features, normal

#: An alert is corrected at most once in this time; some sites try one headline after the other.
AGAIN_AFTER = timedelta(hours=6)
#: More wordings of one entry are not looked at; that it is withdrawn always is.
MOST_REVISIONS = 24
#: Words of two sentences that must agree for one to be the other rewritten.
_REWRITTEN = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What *to*, (receiver, recipient), last heard of an entry: its *wording*, and that it met the rule of *alert*.

    *labels* are those with which it met it; None when they heard of a wording that does not meet it. *quotes* are the
    sentences below the headline that proved it to them.
    """

    alert: Alert
    to: tuple[str, str]
    wording: Wording
    labels: Labels | None
    quotes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """*to*, (receiver, recipient), must hear at *due_at* that the entry of *alert* now says something else."""

    alert: Alert
    to: tuple[str, str]
    due_at: datetime


def matters(claim: Claim, now: Wording, judged: Judged | None) -> bool:
    """Whether somebody who heard *claim* must hear that the entry says *now*; without *judged* it is withdrawn.

    That it no longer meets the rule, meets it again, is about something else, has other numbers, or says itself that it
    was wrong. A text that only lost what met the rule was most often cut short, and a live page moves on: neither was
    wrong. Where the text was what they were quoted, a sentence that was rewritten counts as a headline does.
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
    """The sentences of *text*, which is the *field* of an entry, that hold what proves a match."""
    places = [span.start for hit in (evidence.hits if evidence else ()) for span in hit.spans if span.field == field]
    return tuple(text[start:end] for start, end in _sentences(text) if any(start <= place < end for place in places))


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    return pairwise([*(sentence.start for sentence in split("summary", text)), len(text)])


def _overturned(quote: str, text: str, *, lost: bool) -> bool:
    """Whether *text* holds *quote* as a sentence that says something else; *lost*: it no longer meets what it met."""
    before = features(quote)
    found = [text[start:end] for start, end in _sentences(text)]
    nearest = max(found, key=lambda sentence: agreement(before, features(sentence)), default="")
    now = features(nearest)
    if normal(nearest) == normal(quote) or agreement(before, now) < _REWRITTEN:
        return False
    return lost or before.numbers != now.numbers


def _grew(alert: Alert, labels: Labels, match: Match) -> bool:
    """Whether an entry is about more than it was, or matters more."""
    return bool(new_values(match.rule, labels, match.labels)) or match.severity.rank > alert.severity.rank


def due(last: datetime | None, now: datetime, *, withdrawn: bool) -> datetime:
    """When to correct an alert whose *last* correction was, or is to be, then; at once when its entry is *withdrawn*."""
    if last is None or withdrawn:
        return now
    return last if last > now else max(now, last + AGAIN_AFTER)
