"""Messages for people on a terminal and in a pipe."""

from __future__ import annotations

import shlex
import subprocess
import sys

import pytest

from tocsin.cli.output import conclude, say, table

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
