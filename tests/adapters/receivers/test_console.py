from __future__ import annotations

import io
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from tocsin.model.deliveries import ErrorClass, MessageKind
from tocsin.receivers.console import ConsoleReceiver
from tocsin.render.message import with_preface


class Terminal(io.StringIO):
    """Looks like a terminal."""

    def isatty(self) -> bool:
        """It does."""
        return True


class Broken(io.StringIO):
    """A pipe whose reader has gone."""

    def write(self, text: str) -> int:
        """Nothing reads from it."""
        raise BrokenPipeError(32, "Broken pipe")


def test_a_message_is_printed_as_it_is(post: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Into a file or a pipe goes the text and nothing else, long lines too."""
    receiver = ConsoleReceiver("here")
    sent = post(MessageKind.CONSOLE, "a long headline with [bold]brackets[/bold] and :smile: " * 5)
    outcome = receiver.send(sent.delivery, sent.message)
    assert (outcome.error_class, receiver.kind, receiver.recipients, receiver.name) == (
        ErrorClass.OK,
        MessageKind.CONSOLE,
        ("",),
        "here",
    )
    assert capsys.readouterr().out == f"{sent.message.text}\n"


def test_a_late_message_begins_with_the_line_that_says_so(post: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """The terminal gets the line as every receiver does."""
    sent = post(MessageKind.CONSOLE)
    ConsoleReceiver("here").send(sent.delivery, with_preface(sent.message, "Late by 2 h"))
    assert capsys.readouterr().out.startswith("Late by 2 h\n\nHIGH  gallium: ban\n")


def test_a_feed_cannot_steer_a_terminal(post: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Escape sequences could clear the screen or fake another alert."""
    sent = post(MessageKind.CONSOLE, "\x1b[2J\x1b]0;owned\x07\x9b31mred\x08\x08\r fake")
    ConsoleReceiver("here").send(sent.delivery, sent.message)
    out = capsys.readouterr().out
    assert not any((ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0 for c in out)


@pytest.mark.parametrize("no_color", [False, True])
def test_a_terminal_gets_colours_unless_it_wants_none(
    no_color: bool, post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NO_COLOR is honoured. Otherwise a colour shows the severity."""
    monkeypatch.setitem(os.environ, "TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    sent = post(MessageKind.CONSOLE)
    ConsoleReceiver("here").send(sent.delivery, sent.message)
    assert ("38;5;" in terminal.getvalue()) is not no_color


def test_messages_of_several_threads_do_not_mix(post: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Two alerts at once are two readable alerts."""
    receiver = ConsoleReceiver("here")
    sent = post(MessageKind.CONSOLE)
    messages = [replace(sent.message, text=f"{n} begins\n{'x' * 200}\n{n} ends") for n in range(20)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda message: receiver.send(sent.delivery, message), messages))
    lines = capsys.readouterr().out.splitlines()
    begun = [line.split()[0] for line in lines[0::3]]
    assert [line.split()[0] for line in lines[2::3]] == begun
    assert sorted(begun, key=int) == [str(n) for n in range(20)]


def test_a_console_that_knows_few_characters_still_shows_the_message(
    post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A daemon without a locale must not lose an alert to an encoding."""
    octets = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(octets, encoding="ascii"))
    sent = post(MessageKind.CONSOLE, "China 镓 bans")
    assert ConsoleReceiver("here").send(sent.delivery, sent.message).error_class is ErrorClass.OK
    assert b"China ? bans" in octets.getvalue()


def test_a_console_that_is_gone_is_a_failed_attempt(post: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader of a pipe may end; the daemon does not."""
    monkeypatch.setattr(sys, "stdout", Broken())
    sent = post(MessageKind.CONSOLE)
    outcome = ConsoleReceiver("here").send(sent.delivery, sent.message)
    assert (outcome.error_class, outcome.words) == (ErrorClass.TRANSIENT, "Broken pipe")
    monkeypatch.undo()
