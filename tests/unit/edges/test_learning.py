"""Rules whose past is too short to fire, in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.config.packs import parse_pack
from tocsin.explain.learning import unknown
from tocsin.explain.rule_views import rule_views
from tocsin.rules.compile import compile_packs
from tocsin.rules.ruleset import RuleSet

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def _rules(*written: str) -> RuleSet:
    text = "tocsin: 1\npack: {id: p, version: 1.0.0}\nlists: {mineral: {tin: [tin]}}\nrules:\n  - {id: ban, news: {match: $mineral NEAR/8 ban}, key: [mineral]}\n"
    spec, problems = parse_pack([("p.yaml", text + "".join(f"  - {one}\n" for one in written))])
    assert spec, problems
    compiled, faults = compile_packs([spec])
    assert not faults, faults
    return compiled


FLOOD = "{id: x, count: {rule: ban, more_than: 3x usual, at_least: 2}, by: [mineral], within: 24h}"
NEW = "{id: x, count: {rule: ban, new: mineral}}"
MISSING = "{id: x, count: {rule: ban, none_within: 24h}}"
PLAIN = "{id: x, count: {rule: ban, at_least: 2}, within: 24h}"


@pytest.mark.parametrize(
    ("rule", "days", "words"),
    [
        (FLOOD, 3, "fires nothing before 2026-03-28: ban has been seen for 3 of 29 days"),
        (FLOOD, 29, ""),
        (FLOOD, None, "fires nothing before the first match of ban, and 29d more"),
        (NEW, 27, "fires nothing before 2026-03-03: ban has been seen for 27 of 28 days"),
        (NEW, 28, ""),
        (MISSING, None, "fires nothing before the first match of ban"),
        (MISSING, 0, ""),
        (PLAIN, None, ""),
    ],
)
def test_what_is_missing_of_the_past_is_said(rule: str, days: int | None, words: str) -> None:
    """Somebody who wrote such a rule today must not think that it watches."""
    first = None if days is None else NOW - timedelta(days=days)
    assert unknown(_rules(rule).correlations["p/x"], first, NOW) == words


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (FLOOD, "more than 3x the usual, and at least 2 entries of ban, within 24 h by mineral"),
        (NEW, "a mineral that no match of ban had before"),
        (MISSING, "no match of ban within 1d"),
        (PLAIN, "2 entries of ban within 24 h"),
    ],
)
def test_a_correlation_is_listed_with_its_condition(rule: str, words: str) -> None:
    """It used to be listed as its kind and its members alone."""
    assert next(one.condition for one in rule_views(_rules(rule)) if one.id == "p/x") == words
