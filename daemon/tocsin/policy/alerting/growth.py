"""The title and the labels of an alert, and what a further match adds to it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from tocsin.model.alerts import Alert, Story
from tocsin.model.prices import Labels
from tocsin.model.rules import Match, RuleInfo, Severity
from tocsin.policy.alerting.report import ACTOR

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """The additions of one more match to an alert; *alert* includes them.

    *values* are the new values of labels. *before* is the severity before, if the match raised it. *origins* are the
    numbers of independent origins before and now, with *origin*.
    """

    alert: Alert
    values: tuple[str, ...]
    before: Severity | None
    origins: tuple[int, int]
    origin: str

    @property
    def matters(self) -> bool:
        """Return whether all who know the alert must be notified; more coverage alone is not enough."""
        return bool(self.values) or self.before is not None

    def reaches(self, origins: int | None) -> bool:
        """Return whether the alert has *origins* independent origins now, and had fewer before."""
        return origins is not None and self.origins[0] < origins <= self.origins[1]

    def words(self, *, confirmed: bool) -> tuple[str, ...]:
        """Return what is new, each in a few words; with *confirmed* also the number of origins."""
        words = [f"new: {', '.join(self.values)}"] if self.values else []
        words += [f"{self.before} became {self.alert.severity}"] if self.before else []
        words += [f"{self.origins[1]} independent origins, now also {self.origin}"] if confirmed else []
        return tuple(words)


def grow(alert: Alert, match: Match, home: Story, *, origin: str, now: datetime, same: bool = False) -> Growth:
    """Return the growth of *alert* by *match*, which *origin* reports; the story *home* contains its entry already.

    *same* says that the match surely reports what the alert is about. The actor that it names is then that of an alert
    without one, and no news.
    """
    named = match.labels.get(ACTOR, ()) if same and ACTOR not in match.rule.key and not alert.labels.get(ACTOR) else ()
    known = {**alert.labels, ACTOR: named} if named else alert.labels
    values = tuple(new_values(match.rule, known, match.labels))
    louder = match.severity.rank > alert.severity.rank
    count = max(alert.origins, origins_of(home))
    grown = alert if count == alert.origins else replace(alert, origins=count)
    if values or louder or named:
        labels = merged((alert.labels, match.labels)) if values or louder else known
        grown = replace(
            grown,
            labels=labels,
            severity=match.severity if louder else alert.severity,
            title=fill(match.rule.title, labels),
            updated_at=now,
        )
    return Growth(
        alert=grown,
        values=values,
        before=alert.severity if louder else None,
        origins=(alert.origins, count),
        origin=origin,
    )


def origins_of(home: Story) -> int:
    """Return the number of independent origins of a story."""
    return len({member.origin for member in home.entries})


def fill(template: str, labels: Labels) -> str:
    """Return *template* with each `{label}` replaced by its values; a label without values leaves no stray colon."""
    text = _PLACEHOLDER.sub(lambda found: ", ".join(labels.get(found[1], ())), template)
    return " ".join(text.split()).strip(" :,;–—-") or template


def new_values(rule: RuleInfo, known: Labels, found: Labels) -> list[str]:
    """Return the values in *found* that are not *known* yet, of the labels by which *rule* tells two alerts apart.

    These are the labels of its key and those that its pack distinguishes.
    """
    names = dict.fromkeys((*rule.key, *rule.distinguish))
    return [v for name in names for v in found.get(name, ()) if v not in known.get(name, ())]


def merged(several: Iterable[Labels]) -> dict[str, tuple[str, ...]]:
    """Return all labels of *several*, with the values of each in the order of their first appearance."""
    labels: dict[str, tuple[str, ...]] = {}
    for one in several:
        for name, values in one.items():
            labels[name] = tuple(dict.fromkeys((*labels.get(name, ()), *values)))
    return labels
