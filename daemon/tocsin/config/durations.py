"""Lengths of time as people write them: `90s`, `30m`, `12h`, `2d`, `1w`."""

from __future__ import annotations

import re
from datetime import timedelta

#: What a duration looks like, for JSON Schema too.
PATTERN = r"^[0-9]{1,6}[smhdw]$"
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_duration(text: str) -> timedelta:
    """The length of time that *text* says: a whole number and one unit (s, m, h, d, w).

    Raises:
        ValueError: with a predicate in words ("needs a unit: ...") that names the remedy.
    """
    if re.match(PATTERN, text):
        return timedelta(**{_UNITS[text[-1]]: int(text[:-1])})
    if re.fullmatch(r"[0-9]{1,6}", text):
        raise ValueError(f"needs a unit: write {text}s, {text}m, {text}h, {text}d or {text}w")
    if text.startswith("-"):
        raise ValueError("must not be negative")
    raise ValueError("must be a whole number and one unit, such as 90s, 30m, 12h, 2d or 1w")


def write_duration(length: timedelta) -> str:
    """*length* as `parse_duration` reads it, in the largest unit that leaves no rest; parts of a second are dropped."""
    seconds = int(length.total_seconds())
    for unit, size in (("w", 604800), ("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
