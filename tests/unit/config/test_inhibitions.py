"""Inhibitions in the file: which alerts suppress which."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tocsin.config.config import Config, parse_config
from tocsin.config.vocabulary import check_routes
from tocsin.errors import ConfigError
from tocsin.model.rules import Severity
from tocsin.policy.notifying.inhibition import Inhibition
from tocsin.policy.notifying.route import Selection
from tocsin.rules.ruleset import RuleSet


def config(inhibition: str) -> Config:
    """A configuration with one inhibition."""
    return parse_config(
        f"receivers: {{here: {{console: true}}}}\ninhibit:\n  - {inhibition}\n", Path("config.yaml"), {}
    )


def test_an_inhibition_has_two_selections() -> None:
    """Tests as of a route."""
    (one,) = config('{by: {severity: critical}, silences: {severity: "<= medium"}, same: mineral, for: 6h}').inhibitions
    assert one == Inhibition(
        by=Selection(severity=("=", Severity.CRITICAL)),
        silences=Selection(severity=("<=", Severity.MEDIUM)),
        same=("mineral",),
        lasts=timedelta(hours=6),
    )
    assert str(one) == "severity=critical silences severity<=medium with the same mineral"


@pytest.mark.parametrize(
    ("inhibition", "words"),
    [
        ("{by: {severity: critical}}", "silences is missing here: tests of the alerts that are suppressed"),
        ("{by: {}, silences: {}}", "by needs a test, such as {severity: critical}"),
        ("{by: critical, silences: {}}", "by must be a map: keys with values"),
        ('{by: {severity: ">= urgent"}, silences: {}}', "severity must be a level, or a comparison"),
        ("{by: {severity: >= high}, silences: {}}", "a value cannot begin with >; put it in quotes"),
        ("{by: {mineral: tin}, silences: {}}", "unknown key mineral; the keys here are severity, labels, event, rule"),
        ("{by: {severity: high}, silences: {}, for: 5s}", "for must be 1m or more"),
        ("{by: {severity: high}, silences: {}, equal: [x]}", "unknown key equal"),
    ],
)
def test_a_fault_names_the_remedy(inhibition: str, words: str) -> None:
    """What a person writes first."""
    with pytest.raises(ConfigError) as caught:
        config(inhibition)
    found = [problem.message for problem in caught.value.problems if not problem.warning]
    assert any(words in message for message in found), found


@pytest.mark.parametrize(
    ("inhibition", "warned"),
    [
        ('{by: {severity: ">= low"}, silences: {severity: ">= low"}}', True),
        ("{by: {event: trade}, silences: {event: trade, severity: low}}", True),
        ('{by: {severity: critical}, silences: {severity: "<= medium"}}', False),
        ("{by: {event: trade, labels: {mineral: tin}}, silences: {event: trade}}", False),
    ],
)
def test_one_that_can_suppress_nothing_is_warned_of(inhibition: str, warned: bool) -> None:
    """Its author would wait for a quiet that does not come."""
    found = [one.message for one in check_routes(config(inhibition), RuleSet({}))]
    assert any("inhibit suppresses nothing" in words for words in found) is warned
