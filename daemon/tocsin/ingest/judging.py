"""Judgement of entries: the matches of all rules, and the rules that could not be evaluated."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tocsin.model.entries import Entry
from tocsin.model.rules import Judged, Match
from tocsin.rules import builtin
from tocsin.rules.ruleset import RuleSet


def judge(rules: RuleSet, entries: Sequence[Entry], now: datetime) -> tuple[Judged, ...]:
    """Return *entries* with their matches."""
    return tuple(rules.evaluate(entry, now) for entry in entries)


def failures(judged: Sequence[Judged], now: datetime) -> dict[tuple[str, str], Match]:
    """Return the events to report at the first failure of a rule, by the rule and its hash."""
    found: dict[tuple[str, str], Match] = {}
    for item in judged:
        for failed in item.unevaluated:
            detail = f"on “{item.entry.title[:200]}” of {item.entry.source}: {failed.error}"
            match = builtin.own_match(builtin.RULE_UNEVALUATED, {"rule": (failed.rule,)}, detail, now)
            found.setdefault((failed.rule, failed.rule_hash), match)
    return found
