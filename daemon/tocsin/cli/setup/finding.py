"""Findings of `tocsin doctor`: a line each, with its remedy."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from tocsin.cli.output import shown

_WIDTH = 80
_SUBJECT = 14


class Level(StrEnum):
    """Severity of a finding: a warning costs exit code 3, a failure 1."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The state of one *subject* in words, and what to do about it."""

    level: Level
    subject: str
    words: str
    remedy: str = ""

    def lines(self) -> Iterator[str]:
        """Yield its lines, each at most 80 characters wide unless a word is longer."""
        head = f"{self.level:<5} {self.subject:<{_SUBJECT}} "
        for text in (self.words, *[f"what to do: {self.remedy}"] * bool(self.remedy)):
            room = _WIDTH - len(head)
            for line in textwrap.wrap(shown(text), room, break_long_words=False, break_on_hyphens=False) or [""]:
                yield f"{head}{line}"
                head = " " * len(head)


def ok(subject: str, words: str) -> Finding:
    """Return a finding that needs nothing."""
    return Finding(level=Level.OK, subject=subject, words=words)


def warn(subject: str, words: str, remedy: str = "") -> Finding:
    """Return a finding that somebody should look at."""
    return Finding(level=Level.WARN, subject=subject, words=words, remedy=remedy)


def fail(subject: str, words: str, remedy: str = "") -> Finding:
    """Return a finding because of which something does not work."""
    return Finding(level=Level.FAIL, subject=subject, words=words, remedy=remedy)
