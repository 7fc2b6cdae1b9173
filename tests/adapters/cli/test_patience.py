"""What a person waits for: nothing that the command does not need, and never in front of an empty screen."""

from __future__ import annotations

from typing import Any

import pytest

Tocsin = Any


@pytest.mark.parametrize(
    "line",
    [
        "rules list",
        "rules show ban",
        "rules stats",
        "match -",
        "backtest",
        "silences add rule=ban --for 1h",
    ],
)
def test_only_a_check_runs_examples(tocsin: Tocsin, line: str) -> None:
    """An example that fails is no reason to show no rule, and to run all of them takes seconds."""
    pack = tocsin.folder / "rules" / "pack.yaml"
    pack.write_text(pack.read_text(encoding="utf-8").replace("fires: [China", "fires: [Nobody"), encoding="utf-8")
    pack.write_text(pack.read_text(encoding="utf-8").replace("bans gallium", "likes gallium"), encoding="utf-8")
    assert tocsin("check").exit_code == 78
    done = tocsin(*line.split(), stdin="")
    assert done.exit_code == 0, done.stderr


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("check", "running the examples"),
        ("test", "running the examples"),
        ("rules list", "reading the rules"),
        ("why ban --title x", "reading the rules"),
        ("match -", "reading the rules"),
        ("backtest", "reading the rules"),
        ("notify-test here", "sending"),
        ("sources add http://127.0.0.1:1/", "polling"),
    ],
)
def test_a_terminal_shows_what_takes_long(
    tocsin: Tocsin, monkeypatch: pytest.MonkeyPatch, line: str, words: str
) -> None:
    """A second before an empty screen looks like a program that hangs; a pipe gets no bar."""
    assert words not in tocsin(*line.split(), stdin="").stderr
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("typer.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    assert words in tocsin(*line.split(), stdin="").stderr
