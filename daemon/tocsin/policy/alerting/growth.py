"""The title and the labels of an alert, and what a further match adds to it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from tocsin.model.alerts import Alert, Story
from tocsin.model.prices import Labels
from tocsin.model.rules import Match, RuleInfo, Severity

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What one more match adds to an alert, which is *alert* with it.

    *values* are those of labels that were not in it, *before* is its severity where the match is louder, *origins* are
    how many independent origins report it: before, and now with *origin*.
    """

    alert: Alert
    values: tuple[str, ...]
    before: Severity | None
    origins: tuple[int, int]
    origin: str

    @property
    def matters(self) -> bool:
        """Whether everybody who knows the alert must hear of it: more coverage alone does not."""
        return bool(self.values) or self.before is not None

    def reaches(self, origins: int | None) -> bool:
        """Whether the alert has *origins* independent origins now, and had fewer."""
        return origins is not None and self.origins[0] < origins <= self.origins[1]

    def words(self, *, confirmed: bool) -> tuple[str, ...]:
        """What is new, each in a few words; with *confirmed* how many report it, too."""
        words = [f"new: {', '.join(self.values)}"] if self.values else []
        words += [f"{self.before} became {self.alert.severity}"] if self.before else []
        words += [f"{self.origins[1]} independent origins, now also {self.origin}"] if confirmed else []
        return tuple(words)


def grow(alert: Alert, match: Match, home: Story, *, origin: str, now: datetime) -> Growth:
    """What *match*, which *origin* reports, adds to *alert* of the story *home*, in which its entry already is."""
    values = tuple(new_values(match.rule, alert.labels, match.labels))
    louder = match.severity.rank > alert.severity.rank
    count = max(alert.origins, origins_of(home))
    grown = alert if count == alert.origins else replace(alert, origins=count)
    if values or louder:
        labels = _merged(alert.labels, match.labels)
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
    """How many independent origins report a story."""
    return len({member.origin for member in home.entries})


def fill(template: str, labels: Labels) -> str:
    """*template* with `{label}` replaced by its values; one that has none leaves no stray colon behind."""
    text = _PLACEHOLDER.sub(lambda found: ", ".join(labels.get(found[1], ())), template)
    return " ".join(text.split()).strip(" :,;–—-") or template


def new_values(rule: RuleInfo, known: Labels, found: Labels) -> list[str]:
    """Return the values in *found* that are not *known* yet, of the labels by which *rule* tells two alerts apart.

    These are the labels of its key and those that its pack distinguishes.
    """
    names = dict.fromkeys((*rule.key, *rule.distinguish))
    return [v for name in names for v in found.get(name, ()) if v not in known.get(name, ())]


def _merged(one: Labels, other: Labels) -> dict[str, tuple[str, ...]]:
    names = dict.fromkeys((*one, *other))
    return {name: tuple(dict.fromkeys((*one.get(name, ()), *other.get(name, ())))) for name in names}
