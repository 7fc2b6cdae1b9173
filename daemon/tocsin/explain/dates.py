"""Dates that news announces, in words and as a calendar (RFC 5545)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta

from tocsin.model.dates import DateState, DateUnit, KeptDate
from tocsin.render.words import one_line
from tocsin.units import counted

#: Octets of a line of a calendar, without its end.
_LINE = 75
_STATUS = {DateState.FOUND: "TENTATIVE", DateState.CONFIRMED: "CONFIRMED", DateState.REJECTED: "CANCELLED"}
_ESCAPED = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


def ahead(day: date, today: date) -> str:
    """Return how far *day* is from *today*: `in 3 days`."""
    days = (day - today).days
    if days in (-1, 0, 1):
        return ("yesterday", "today", "tomorrow")[days + 1]
    return f"in {counted(days, 'day')}" if days > 0 else f"{counted(-days, 'day')} ago"


def what(one: KeptDate) -> str:
    """Return what happens on the day; what the text says less exactly is said to be so."""
    if one.counted:
        return f"{one.kind}, counted from the report"
    return one.kind if one.unit is DateUnit.DAY else f"{one.kind}, only the {one.unit} is given"


def calendar(found: Iterable[KeptDate], link: Callable[[KeptDate], str]) -> str:
    """Return the dates *found* as a calendar of whole days; *link* returns the address of the alert of each.

    What people have not confirmed is tentative. The texts come from strangers: they are one line each, and cannot begin a line.
    """
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//tocsin//dates//EN", "X-WR-CALNAME:tocsin: dates"]
    for one in found:
        lines += _event(one, link(one))
    lines.append("END:VCALENDAR")
    return "".join(f"{part}\r\n" for line in lines for part in _folded(line))


def _event(one: KeptDate, link: str) -> Iterator[str]:
    sure = "" if one.state is DateState.CONFIRMED else "?"
    changed = one.judged_at or one.found_at
    # Seconds grow with each change, as a sequence has to, and need no counter.
    sequence = max(0, int((changed - one.found_at).total_seconds()))
    yield "BEGIN:VEVENT"
    # A number may be given again after a restore, with another time.
    yield f"UID:date-{one.id}-{_stamp(one.found_at)}@tocsin"
    yield f"DTSTAMP:{_stamp(changed)}"
    yield f"LAST-MODIFIED:{_stamp(changed)}"
    yield f"SEQUENCE:{sequence}"
    yield f"DTSTART;VALUE=DATE:{one.day:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{one.day + timedelta(days=1):%Y%m%d}"
    yield f"SUMMARY:{_text(f'{one.kind}{sure}: {one_line(one.title)}')}"
    yield f"DESCRIPTION:{_text(f'{what(one)}: “{one_line(one.words)}”')}"
    yield f"URL:{one_line(link)}"
    yield f"STATUS:{_STATUS[one.state]}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(text: str) -> str:
    return text.translate(_ESCAPED)


def _folded(line: str) -> Iterator[str]:
    """Yield *line* in parts of at most 75 octets; those after the first begin with a blank. No character is cut."""
    part, size = "", 0
    for character in line:
        octets = len(character.encode())
        if size + octets > _LINE:
            yield part
            part, size = " ", 1
        part, size = part + character, size + octets
    yield part
