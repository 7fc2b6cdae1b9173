"""Log lines: a fixed event phrase and key=value pairs, and which of them only repeat others."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Generic, TypeVar

T = TypeVar("T")
#: Seconds in which the same line is logged once.
QUIET = 60.0
#: The most lines that are remembered for that.
_MOST = 1000


class Line(str):
    """A log line as text that keeps its *event* and *pairs* for other forms."""

    __slots__ = ("event", "pairs")
    event: str
    pairs: Mapping[str, object]

    @property
    def identity(self) -> Hashable:
        """Return what two lines about the same thing have in common: all but times and spans."""
        lasting = (
            (key, str(value)) for key, value in self.pairs.items() if not isinstance(value, datetime | timedelta)
        )
        return self.event, *lasting


def line(event: str, **pairs: object) -> Line:
    """Return `event key=value ...`; values with blanks or odd characters are quoted, so that a line stays one line.

    Pairs whose value is None are left out.
    """
    given = {key: value for key, value in pairs.items() if value is not None}
    made = Line(" ".join([event, *(f"{key}={_value(value)}" for key, value in given.items())]))
    made.event, made.pairs = event, given
    return made


class Repeats(Generic[T]):
    """The lines of the last minute, each with how often it came again. It has state; times are in seconds."""

    def __init__(self) -> None:
        self._said: dict[Hashable, tuple[float, int, T]] = {}  # the oldest first

    def again(self, identity: Hashable, item: T, now: float) -> bool:
        """Return True if the same line was logged less than a minute ago, and count *item*; else remember the line."""
        at, count, _ = self._said.get(identity, (now, -1, item))
        self._said[identity] = (at, count + 1, item)
        return count >= 0

    def over(self, now: float) -> list[tuple[T, int]]:
        """Forget the lines whose minute is over. Return those that were left out: the last item and how many.

        The oldest of more than a thousand lines are forgotten too.
        """
        spare = max(0, len(self._said) - _MOST)
        aged = enumerate(self._said.items())
        ended = [key for _, (key, _) in takewhile(lambda one: one[0] < spare or now - one[1][1][0] >= QUIET, aged)]
        return [(item, count) for _, count, item in map(self._said.pop, ended) if count]


def _value(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.1f}s"
    if isinstance(value, float):
        return f"{value:g}"
    text = str(value)
    if text and all(c.isalnum() or c in "-_.:/@+%,~" for c in text) and text.isascii():
        return text
    # JSON's escapes keep control characters and line breaks of feed text out of the log.
    return json.dumps("".join(c if c.isprintable() or c.isspace() else "\ufffd" for c in text), ensure_ascii=False)
