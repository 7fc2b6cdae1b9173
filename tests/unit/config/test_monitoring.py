"""Heartbeat and report in the file."""

from __future__ import annotations

from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tocsin.config.config import Config, load_config
from tocsin.errors import ConfigError
from tocsin.policy.notifying.walltime import WeeklyTime

FILE = """
timezone: Europe/London
sources:
  news: {feed: https://example.org/feed}
receivers:
  here: {console: true}
"""


def load(tmp_path: Path, text: str = "") -> Config:
    """The configuration with *text* at its end."""
    path = tmp_path / "config.yaml"
    path.write_text(FILE + text, encoding="utf-8")
    return load_config(path, {"BEAT": "https://beat.example/token"})


def test_without_a_word_there_is_a_weekly_report_and_no_heartbeat(tmp_path: Path) -> None:
    """Nobody else's server is asked unless somebody says so."""
    config = load(tmp_path, "heartbeat: {url: '${NONE:-}'}\n")
    assert config.heartbeat is None
    assert config.report == WeeklyTime(at=time(9), days=frozenset({0}), zone=ZoneInfo("Europe/London"))


def test_a_heartbeat_keeps_its_address_to_itself(tmp_path: Path) -> None:
    """Whoever knows it can pretend to be the daemon."""
    config = load(tmp_path, "heartbeat: {url: '${BEAT}', every: 1m, allow_private: true}\nself_report: {on: []}\n")
    assert config.heartbeat
    assert config.heartbeat.url.reveal() == "https://beat.example/token"
    assert (config.heartbeat.every, config.heartbeat.allow_private) == (timedelta(minutes=1), True)
    assert "token" not in repr(config)
    assert config.report.days == frozenset()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("heartbeat: {url: 'ftp://x'}", "must be an address that begins with http:// or https://"),
        ("heartbeat: {url: 'https://x', every: 1s}", "10"),
        ("self_report: {on: [moon]}", "must be one of mon, tue, wed, thu, fri, sat, sun"),
        ("self_report: {at: '9'}", 'must be a time of the day such as "07:00"'),
    ],
)
def test_what_cannot_be_meant_is_a_fault_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    """Before the daemon starts, not on the first Monday."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, f"{text}\n")
    (problem,) = caught.value.problems
    assert words in problem.message
    assert problem.position
    assert problem.position.line == 7
