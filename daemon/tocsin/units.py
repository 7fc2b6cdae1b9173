"""Numbers, times, spans and sizes as people read and write them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta, tzinfo

#: What a duration in a file looks like, for JSON Schema too.
DURATION = r"^[0-9]{1,6}[smhdw]$"
_SECONDS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}
_PARTIAL = re.compile(r"\d{4}(?:-\d\d)?")
_OCTETS = (("GB", 10**9), ("MB", 10**6), ("kB", 10**3))


def counted(number: int, noun: str) -> str:
    """Return `1 problem`, `2,000 entries`, `0 matches`: *number* of what *noun* names in the singular."""
    several = f"{noun}es" if noun.endswith(("s", "x", "z", "ch", "sh")) else f"{noun}s"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        several = f"{noun[:-1]}ies"
    return f"{number:,} {several if number != 1 else noun}"


def local(time: datetime, zone: tzinfo) -> str:
    """Return `2026-11-23 09:15`, as clocks in *zone* show it."""
    return f"{time.astimezone(zone):%Y-%m-%d %H:%M}"


def written(labels: Mapping[str, Iterable[str]]) -> str:
    """Return labels as people write them: `mineral=gallium,germanium tier=primary`."""
    return " ".join(f"{name}={','.join(values)}" for name, values in labels.items())


def utc(time: datetime) -> str:
    """Return `2026-11-23 09:15 UTC`."""
    return f"{local(time, UTC)} UTC"


def duration(length: timedelta) -> str:
    """Return `1h 30m`, `2d`, `45s`: at most two units, the smaller one cut off."""
    rest = max(0, round(length.total_seconds()))
    parts: list[str] = []
    for unit in "dhms":
        if rest >= _SECONDS[unit] and len(parts) < 2:
            number, rest = divmod(rest, _SECONDS[unit])
            parts.append(f"{number}{unit}")
        elif parts:
            break
    return " ".join(parts) or "0s"


def size(octets: int) -> str:
    """Return `1.5 GB`, `12.0 kB`, `512 B`."""
    return next((f"{octets / least:,.1f} {unit}" for unit, least in _OCTETS if octets >= least), f"{octets} B")


def parse_duration(text: str) -> timedelta:
    """Return the length of time that *text* says: a whole number and one unit (s, m, h, d, w), such as `90s` or `2d`.

    Raises:
        ValueError: with a predicate in words ("needs a unit: ...") that names the remedy.
    """
    if re.match(DURATION, text):
        return timedelta(seconds=_SECONDS[text[-1]] * int(text[:-1]))
    if re.fullmatch(r"[0-9]{1,6}", text):
        raise ValueError(f"needs a unit: write {text}s, {text}m, {text}h, {text}d or {text}w")
    if text.startswith("-"):
        raise ValueError("must not be negative")
    raise ValueError("must be a whole number and one unit, such as 90s, 30m, 12h, 2d or 1w")


def parse_label(text: str) -> tuple[str, str]:
    """Return name and value of a label as people type it, `mineral=gallium`.

    Blanks around both mean nothing.

    Raises:
        ValueError: it is none; with the remedy in words.
    """
    name, _, value = (" ".join(part.split()) for part in text.partition("="))
    if not name or not value:
        raise ValueError("write name=value, such as mineral=gallium")
    if unseen := invisible(name + value):
        raise ValueError(f"it holds the invisible character {unseen}; type it again")
    return name, value


def invisible(text: str) -> str:
    """Return the first character of *text* that nobody can see, such as U+200B; empty if there is none."""
    return next((f"U+{ord(c):04X}" for c in text if not c.isprintable()), "")


def parse_time(text: str, zone: tzinfo = UTC) -> datetime:
    """Return the time in *text* (ISO 8601), in UTC; it is in *zone* unless it names one.

    A year or a month alone means its beginning, as ISO 8601 allows.

    Raises:
        ValueError: with a predicate in words.
    """
    try:
        time = datetime.fromisoformat(text + "0000-01-01"[len(text) :] if _PARTIAL.fullmatch(text) else text)
        found = (time if time.tzinfo else time.replace(tzinfo=zone)).astimezone(UTC)
        if found.year in (MINYEAR, MAXYEAR):
            raise OverflowError  # another zone, or an hour more, may have no date for it
        return found
    except (ValueError, OverflowError):
        raise ValueError("is not an ISO 8601 date or time, such as 2026-03-02T08:00:00Z") from None


def write_duration(length: timedelta) -> str:
    """Return *length* as `parse_duration` reads it, in the largest unit that leaves no rest.

    Parts of a second are dropped.
    """
    seconds = int(length.total_seconds())
    unit = next(unit for unit, step in _SECONDS.items() if unit == "s" or (seconds and seconds % step == 0))
    return f"{seconds // _SECONDS[unit]}{unit}"
