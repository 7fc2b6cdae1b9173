"""Changes of an entry after people were notified of it: corrections to send, and mere rewordings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from tocsin.model.alerts import Alert
from tocsin.model.prices import Labels
from tocsin.model.rules import Evidence, Judged, Match
from tocsin.policy.alerting.growth import new_values
from tocsin.policy.alerting.wording import Wording
from tocsin.text.sentences import split
from tocsin.text.titles import agreement, features, normal

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
