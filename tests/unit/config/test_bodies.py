"""Bodies of requests: what is too much is refused before anybody looks for faults in it."""

from __future__ import annotations

import json

import pytest

from tocsin.config.bodies import DEEPEST, MOST_FAULTS, MOST_KEYS, MOST_VALUES, SilenceBody, WhyBody, read_body
from tocsin.errors import ConfigError


def nested(depth: int) -> object:
    """A list in a list in a list."""
    return [nested(depth - 1)] if depth else 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(json.dumps({f"k{n}": 1 for n in range(MOST_KEYS + 1)}), "at most 100 keys", id="keys"),
        pytest.param("{" + ",".join(['"why": ""'] * (MOST_KEYS + 1)) + "}", "at most 100 keys", id="one key again"),
        pytest.param(json.dumps({"matchers": ["a=b"] * MOST_VALUES}), "at most 4000 values", id="values"),
        pytest.param(json.dumps({"x-deep": nested(DEEPEST)}), "nested deeper than 8", id="depth"),
        pytest.param("[" * 100_000, "nested too deeply", id="depth without end"),
        pytest.param('{"why": 1' + "0" * 100_000 + "}", "has a number that is none", id="a long number"),
    ],
)
def test_too_much_is_one_fault(body: str, words: str) -> None:
    """A program that sends 256 kB of faults must not keep a reader for seconds."""
    with pytest.raises(ConfigError) as error:
        read_body(SilenceBody, body.encode())
    [problem] = error.value.problems
    assert words in problem.message


def test_a_few_of_many_faults_are_named() -> None:
    """All faults of a real request are, and the first ones of nonsense."""
    with pytest.raises(ConfigError) as error:
        read_body(WhyBody, json.dumps({"rule": "ban", **{f"k{n}": 1 for n in range(50)}}).encode())
    *problems, last = error.value.problems
    assert len(problems) == MOST_FAULTS
    assert last.message == "there are 30 more faults"


@pytest.mark.parametrize("text", ["\x7f\x85\x92", "\u2028\u2029", "\ufeff", "\ufffe\uffff", "\U0001f600"])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_every_character_of_json_is_read(text: str, ascii_only: bool) -> None:
    """Also those that YAML knows only as escapes: separators and remnants of other charsets are common in news."""
    body = json.dumps({"rule": "ban", "title": f"a{text}b"}, ensure_ascii=ascii_only)
    assert read_body(WhyBody, body.encode()).title == f"a{text}b"


def test_a_mark_before_a_body_says_nothing() -> None:
    """PowerShell and others write one."""
    assert read_body(WhyBody, '{"rule": "ban"}'.encode("utf-8-sig")).rule == "ban"


def test_half_a_character_is_none() -> None:
    """It can neither be stored nor shown."""
    with pytest.raises(ConfigError, match=r"this is not JSON: U\+D800 is half a character"):
        read_body(WhyBody, b'{"rule": "\\ud800"}')


def test_a_long_text_is_no_fault() -> None:
    """An article is one value."""
    assert len(read_body(WhyBody, json.dumps({"rule": "ban", "body": "word " * 40_000}).encode()).body) == 200_000
