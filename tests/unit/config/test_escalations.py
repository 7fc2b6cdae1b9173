"""Escalations in the file: who else is told of what nobody answers."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tocsin.config.config import Config, parse_config
from tocsin.errors import ConfigError
from tocsin.model.rules import Severity
from tocsin.policy.notifying.reminders import Escalation
from tocsin.policy.notifying.route import Selection


def config(escalation: str) -> Config:
    """A configuration with one escalation, and a receiver that is off."""
    text = f'receivers: {{here: {{console: true}}, boss: {{url: ""}}}}\nescalations:\n  - {escalation}\n'
    return parse_config(text, Path("config.yaml"), {})


def test_an_escalation_selects_alerts_and_names_those_who_are_told() -> None:
    """Receivers that are off are left out, as in a route."""
    (one,) = config("{severity: critical, after: 30m, to: [boss, here]}").escalations
    assert one == Escalation(
        to=("here",), after=timedelta(minutes=30), which=Selection(severity=("=", Severity.CRITICAL))
    )
    assert str(one) == "severity=critical to here"


@pytest.mark.parametrize(
    ("escalation", "words"),
    [
        ("{severity: high, to: here}", "after is missing here: time without an answer after the first message"),
        ("{severity: high, after: 1h}", "to is missing here"),
        ("{after: 1h, to: bos}", "there is no receiver bos; did you mean boss?"),
        ("{after: 1h, to: here, mineral: tin}", "unknown key mineral"),
        ("{after: soon, to: here}", "after must be a whole number and one unit"),
    ],
)
def test_a_fault_names_the_remedy(escalation: str, words: str) -> None:
    """What a person writes first."""
    with pytest.raises(ConfigError) as caught:
        config(escalation)
    found = [problem.message for problem in caught.value.problems if not problem.warning]
    assert any(words in message for message in found), found
