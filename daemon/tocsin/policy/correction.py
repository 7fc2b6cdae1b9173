"""Which changes of an entry that was told people must hear of (DESIGN 6), and which are only another wording."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.model import Alert, Judged, Match
from tocsin.policy.labels import new_values
from tocsin.policy.wording import Wording
from tocsin.prices import Labels

#: An alert is corrected at most once in this time; some sites try one headline after the other.
AGAIN_AFTER = timedelta(hours=6)
#: More wordings of one entry are not looked at; that it is withdrawn always is.
MOST_REVISIONS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What *to*, (receiver, recipient), last heard of an entry: its *wording*, and that it met the rule of *alert*.

    *labels* are those with which it met it; None when they heard of a wording that does not meet it.
    """

    alert: Alert
    to: tuple[str, str]
    wording: Wording
    labels: Labels | None


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
    wrong.
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
    if before.headline == now.headline:
        return False
    return (
        match is None or bool(new_values(match.rule.key, match.labels, claim.labels)) or before.figures != now.figures
    )


def _grew(alert: Alert, labels: Labels, match: Match) -> bool:
    """Whether an entry is about more than it was, or matters more."""
    return bool(new_values(match.rule.key, labels, match.labels)) or match.severity.rank > alert.severity.rank


def due(last: datetime | None, now: datetime, *, withdrawn: bool) -> datetime:
    """When to correct an alert whose *last* correction was, or is to be, then; at once when its entry is *withdrawn*."""
    if last is None or withdrawn:
        return now
    return last if last > now else max(now, last + AGAIN_AFTER)
