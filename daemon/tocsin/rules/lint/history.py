"""Warnings about rules by what became of them: those that never fired, and those that fire too often. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tocsin.errors import Problem
from tocsin.rules.ruleset import RuleSet
from tocsin.rules.spec import PackSpec
from tocsin.units import counted

#: From so many days of history on it says something that a rule never fired.
ENOUGH_DAYS = 7
MOST_A_DAY = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The stored past: *days* of it, and by rule how many matches and how many alerts, and when it *first* matched."""

    days: float
    matches: Mapping[str, int]
    alerts: Mapping[str, int]
    first: Mapping[str, datetime] = field(default_factory=dict)


def lint_history(packs: Sequence[PackSpec], rules: RuleSet, history: History) -> tuple[Problem, ...]:
    """Return the rules in force that never fired, or that fire too often to be read."""
    found: list[Problem] = []
    for pack in packs:
        for rule in pack.rules:
            name = f"{pack.id}/{rule.id.text}"
            if name not in rules.infos:
                continue
            alerts = history.alerts.get(name, 0)
            if history.days >= ENOUGH_DAYS and not history.matches.get(name, 0) and not _is_rare(rules, name):
                words = f"in {counted(round(history.days), 'day')} of history this rule never fired; try it with tocsin why-not"
                found.append(rule.id.warning(words))
            elif history.days >= 1 and alerts > MOST_A_DAY * history.days:
                rate = alerts / history.days
                words = f"this rule raises {counted(round(rate), 'alert')} a day; nobody reads more than {MOST_A_DAY}: narrow it"
                found.append(rule.id.warning(words))
    return tuple(found)


def _is_rare(rules: RuleSet, name: str) -> bool:
    """Return whether the rule is about what is unusual, new or missing, so that it should never have fired."""
    rule = rules.correlations.get(name)
    return rule is not None and (rule.more_than is not None or rule.new is not None or rule.none_within is not None)
