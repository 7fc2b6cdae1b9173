"""Judgement of entries: the matches of all rules, and the rules that could not be evaluated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from tocsin.model.entries import Entry
from tocsin.model.rules import Judged, Match
from tocsin.rules import builtin
from tocsin.rules.filters import NO_FILTERS, Filters, screened
from tocsin.rules.ruleset import RuleSet
from tocsin.text.announced import announced


def judge(
    rules: RuleSet, entries: Sequence[Entry], now: datetime, filters: Filters = NO_FILTERS, *, known: bool = False
) -> tuple[Judged, ...]:
    """Return *entries* with their matches; those that *filters* drop are marked, and have none.

    *known* entries are judged even then, because what was told of them may have to be corrected.
    """
    found = (screened(entry, filters, now) for entry in entries)
    evaluated = (rules.evaluate(one, now) if known or not one.dropped else Judged(entry=one) for one in found)
    return tuple(dated(one) if one.matches else one for one in evaluated)


def dated(judged: Judged) -> Judged:
    """Return *judged* with the dates that its entry announces."""
    entry = judged.entry
    text = "\n".join(filter(None, (entry.title, entry.summary, entry.body)))
    return replace(judged, dates=announced(text, entry.event_time.date()))


def failures(judged: Sequence[Judged], now: datetime) -> dict[tuple[str, str], Match]:
    """Return the events to report at the first failure of a rule, by the rule and its hash."""
    found: dict[tuple[str, str], Match] = {}
    for item in judged:
        for failed in item.unevaluated:
            detail = f"on “{item.entry.title[:200]}” of {item.entry.source}: {failed.error}"
            match = builtin.own_match(builtin.RULE_UNEVALUATED, {"rule": (failed.rule,)}, detail, now)
            found.setdefault((failed.rule, failed.rule_hash), match)
    return found
