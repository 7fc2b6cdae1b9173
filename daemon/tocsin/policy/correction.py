"""Which changes of an entry that was told people must hear of (DESIGN 6), and which are only another wording."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.model import Alert, Judged, Match
from tocsin.policy.labels import new_values
from tocsin.prices import Labels
from tocsin.text.titles import features

#: An entry is corrected at most once in this time; some sites try one headline after the other.
AGAIN_AFTER = timedelta(hours=6)
_MARKED = re.compile(
    r"\b(?:correct(?:ed|ion|s)|retract(?:ed|ion|s)|withdrawn|clarification)\b|更正|撤回|撤稿|勘误|訂正|取り消し",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What an entry said when it was told: that it met the rule of *alert*, with these *labels*."""

    alert: Alert
    labels: Labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """An alert of which each of *to*, (receiver, recipient), must hear that its entry now says something else."""

    alert: Alert
    to: tuple[tuple[str, str], ...]


def material(before: str, after: str, claims: Iterable[Claim], judged: Judged | None) -> tuple[Alert, ...]:
    """The alerts that another headline makes wrong: *before* it read so, *after* it reads so; without *judged* it is gone.

    That it no longer meets the rule, meets it about something else, has other numbers, or says itself that it is a
    correction. All else is another wording of the same.
    """
    if judged is None:
        return tuple(claim.alert for claim in claims)
    unknown = {item.rule for item in judged.unevaluated}
    found = {match.rule.id: match for match in judged.matches}
    says_so = bool(_MARKED.search(after)) and not _MARKED.search(before)
    counted = features(before).numbers != features(after).numbers
    wrong = []
    for claim in claims:
        match = found.get(claim.alert.rule)
        changed = claim.alert.rule not in unknown if match is None else _differs(claim, match)
        if changed or says_so or counted:
            wrong.append(claim.alert)
    return tuple(wrong)


def _differs(claim: Claim, match: Match) -> bool:
    """Whether an entry meets the rule about something else now, or matters more."""
    key = match.rule.key
    others = new_values(key, claim.labels, match.labels) or new_values(key, match.labels, claim.labels)
    return bool(others) or match.severity.rank > claim.alert.severity.rank


def is_due(last: datetime | None, now: datetime) -> bool:
    """Whether an entry that was *last* corrected then may be corrected again."""
    return last is None or now - last >= AGAIN_AFTER
