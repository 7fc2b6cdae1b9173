"""Messages for people on a terminal and in a pipe."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from typing import Any

import click
import pytest

from tocsin.cli.output import conclude, print_line, say, table

LONG = "config.yaml:1:1: " + "a word and another " * 10 + "x" * 90
EXCERPT = "    systemd-run --pipe " + "--property=User=tocsin " * 9


def test_a_terminal_gets_long_messages_broken_at_spaces(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No word is cut in two, and a command that is copied stays in one line."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    say(f"{LONG}\n{EXCERPT}")
    *wrapped, address, command = capsys.readouterr().err.splitlines()
    assert [line for line in wrapped if len(line) > 80] == []
    assert " ".join(" ".join([*wrapped, address]).split()) == LONG
    assert command == EXCERPT


def test_a_terminal_gets_a_long_result_broken_at_spaces(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The verdict of `tocsin status` names paths, and was wider than the screen."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    conclude(LONG)
    *wrapped, _ = capsys.readouterr().out.splitlines()
    assert wrapped
    assert [line for line in wrapped if len(line) > 80] == []


def test_a_line_of_a_screen_is_broken_on_a_terminal_and_goes_on_further_in(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`alerts show`, `deliveries show` and `backtest` were wider than the screen; a headline must not steer it."""
    print_line(f"  {LONG}")
    assert capsys.readouterr().out == f"  {LONG}\n"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    print_line(f"  \x1b[2J{LONG}")
    first, *others = capsys.readouterr().out.splitlines()
    assert "\x1b" not in first
    assert [line for line in others if not line.startswith("    ")] == []
    assert [line for line in (first, *others) if len(line) > 80 and " " in line.strip()] == []
    print_line("")
    assert capsys.readouterr().out == "\n"


def test_a_pipe_gets_whole_messages(capsys: pytest.CaptureFixture[str]) -> None:
    """A program that reads them finds one message a line."""
    say(LONG)
    conclude(LONG)
    assert capsys.readouterr() == (f"{LONG}\n", f"{LONG}\n")


def test_a_terminal_gets_a_table_that_can_be_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A state was cut in two beside a column in which no row had anything; nothing is left out where all is wide."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    table(
        ("id", "state", "none", "alert"), [("1", "delivered", "", "tungsten, tellurium: export restriction")], empty=""
    )
    printed = capsys.readouterr().out
    assert "delivered" in printed
    assert "restriction" in printed
    assert "none" not in printed
    assert max(map(len, printed.splitlines()[1:])) <= 40
    names = [letter * 9 for letter in "abcdefghi"]
    table(names, [names], empty="")
    printed = capsys.readouterr().out
    assert [letter for letter in "abcdefghi" if printed.count(letter) < 18] == []


@pytest.mark.parametrize(
    ("shell", "code", "words"),
    [
        ("> /dev/full", 1, "the output cannot be written: No space left on device; free some space\n"),
        (">&-", 0, ""),
    ],
    ids=["a full disk", "closed"],
)
def test_output_that_nobody_takes_is_no_traceback(shell: str, code: int, words: str) -> None:
    """A job writes its report to a disk, or to nowhere."""
    program = shlex.quote(sys.executable)
    line = f"{program} -c 'from tocsin.cli import main; main()' packs list {shell}"
    done = subprocess.run(line, shell=True, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (code, words)


def test_what_is_shown_of_an_alert_fits_a_terminal(tocsin: Any, history: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long word such as a path stays whole, and stands alone in its line."""
    history()
    monkeypatch.setattr("typer.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    delivery = json.loads(tocsin("deliveries", "list", "--json").stdout.splitlines()[0])["id"]
    for command in (("alerts", "show", "1"), ("deliveries", "show", delivery), ("backtest", "--since", "30d")):
        lines = click.unstyle(tocsin(*command).stdout).splitlines()
        assert [line for line in lines if len(line) > 80 and " " in line.strip()] == [], command
