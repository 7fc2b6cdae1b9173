"""Silences in the file: when alerts of a kind are not sent."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tocsin.config.config import Config, parse_config
from tocsin.errors import ConfigError


def config(silence: str) -> Config:
    """A configuration with one silence."""
    text = f"timezone: Asia/Tokyo\nreceivers: {{here: {{console: true}}}}\nsilences:\n  - {silence}\n"
    return parse_config(text, Path("config.yaml"), {})


def test_a_silence_has_matchers_and_windows() -> None:
    """By the clocks of the file."""
    (one,) = config(
        '{match: [mineral=tin, "severity<=low"], during: [{on: sun}, {from: "12:00", to: "13:00"}], why: known}'
    ).silences
    assert [matcher.text for matcher in one.matchers] == ["mineral=tin", "severity<=low"]
    assert [str(window) for window in one.windows] == ["all day on sun", "12:00 to 13:00"]
    assert (one.zone, one.why) == (ZoneInfo("Asia/Tokyo"), "known")


@pytest.mark.parametrize(
    ("silence", "words"),
    [
        ("{match: mineral=tin}", "during is missing here: when messages about such alerts are suppressed"),
        ("{during: {on: sun}}", "match is missing here: matchers that must all be true"),
        ("{match: {mineral: tin}, during: {on: sun}}", "match must be a list of matchers such as [mineral=lithium"),
        ("{match: tin, during: {on: sun}}", "match 'tin' is no matcher; write a name and a value"),
        ("{match: [], during: {on: sun}}", "match needs a matcher, such as mineral=lithium"),
        ("{match: severity<=lo, during: {on: sun}}", "match there is no severity 'lo'; the levels are"),
        ("{match: mineral=tin, during: 4h}", "during must be a map: keys with values"),
        ("{match: mineral=tin, during: {on: sunday}}", "did you mean sun?"),
        ("{match: mineral=tin, during: {from: '22:00', to: '06:00', except: high}}", "unknown key except"),
        ("{match: mineral=tin, until: 2026-03-02}", "unknown key until; the keys here are match, during, why"),
    ],
)
def test_a_fault_names_the_remedy(silence: str, words: str) -> None:
    """What a person writes first, by the example of the command, of a route, of a receiver."""
    with pytest.raises(ConfigError) as caught:
        config(silence)
    found = [problem.message for problem in caught.value.problems if not problem.warning]
    assert any(words in message for message in found), found
    assert all(problem.position for problem in caught.value.problems)
