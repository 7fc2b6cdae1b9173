"""The times that feeds give: read in every usual form, and believed only within reason."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from time import struct_time

#: A published time is believed from this long before an entry was first seen ...
OLDEST = timedelta(days=5 * 365)
#: ... until this long after it.
NEWEST = timedelta(minutes=15)

#: RFC 822's names and those that stand in feeds, in minutes from UTC. CST and IST are read as America's and India's.
_ZONES = {
    name: round(hours * 60)
    for hours, names in (
        (0, "UT UTC GMT Z WET"),
        (1, "CET MEZ WEST BST"),
        (2, "CEST MESZ EET SAST"),
        (3, "EEST MSK"),
        (4, "GST"),
        (5, "PKT"),
        (5.5, "IST"),
        (7, "WIB ICT"),
        (8, "HKT SGT AWST PHT MYT"),
        (9, "JST KST"),
        (9.5, "ACST"),
        (10, "AEST"),
        (10.5, "ACDT"),
        (11, "AEDT"),
        (12, "NZST"),
        (13, "NZDT"),
        (-2.5, "NDT"),
        (-3, "ADT BRT"),
        (-3.5, "NST"),
        (-4, "AST EDT"),
        (-5, "EST CDT"),
        (-6, "CST MDT"),
        (-7, "MST PDT"),
        (-8, "PST AKDT"),
        (-9, "AKST"),
        (-10, "HST"),
    )
    for name in names.split()
}
_MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan", "feb", "mar mär mrz", "apr", "may mai", "jun", "jul", "aug", "sep", "oct okt", "nov", "dec dez"), 1
    )
    for name in names.split()
}
_TIME = r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*([AaPp]\.?[Mm]\.?)?"
_ZONE = r"\s*(?:\(?([A-Za-z]{1,5})\)?)?\s*([+-]\d{1,2}(?::?\d{2})?)?"
_ISO = re.compile(rf"(\d{{4}})-(\d{{1,2}})-(\d{{1,2}})(?:(?:[Tt]|\s+){_TIME}{_ZONE})?\b")
_DAY_FIRST = re.compile(
    rf"(?:\w+\.?,?\s+)?(\d{{1,2}})(?:st|nd|rd|th|\.)?[\s-]+([^\W\d_]+)\.?,?[\s-]+(\d{{2}}|\d{{4}})(?:,?\s+{_TIME}{_ZONE})?(?!\d)"
)
_MONTH_FIRST = re.compile(
    rf"(?:\w+\.?,?\s+)?([^\W\d_]+)\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}})(?:,?\s+(?:at\s+)?{_TIME}{_ZONE})?(?!\d)"
)


def parse_time(raw: str, fallback: struct_time | None = None, *, zone: tzinfo = UTC) -> datetime | None:
    """The time that *raw* says, in UTC; None when it says none.

    Read are Unix seconds and milliseconds, ISO 8601, RFC 822 and the American order, with an offset or the name of a
    zone; without either the time is in *zone*. *fallback* is another reader's result in UTC, used only for a form that
    is not one of these, so that an impossible date is none instead of the next possible one.
    """
    text = " ".join(raw[:100].split())
    if text.isascii() and text.isdigit():
        return _unix(text)
    if found := _ISO.match(text):
        year, month, day, *rest = found.groups()
        return _make(int(year), int(month), int(day), rest, zone)
    if (found := _DAY_FIRST.match(text)) and (number := _month(found[2])):
        return _make(_year(found[3]), number, int(found[1]), list(found.groups()[3:]), zone)
    if (found := _MONTH_FIRST.match(text)) and (number := _month(found[1])):
        return _make(int(found[3]), number, int(found[2]), list(found.groups()[3:]), zone)
    if fallback is None:
        return None
    try:
        return datetime(*fallback[:6], tzinfo=UTC)
    except ValueError:
        return None


def believe(published: datetime | None, now: datetime) -> datetime | None:
    """*published* when it lies from five years before to 15 minutes after *now*, else None."""
    if published is None or not now - OLDEST <= published <= now + NEWEST:
        return None
    return published


def _unix(digits: str) -> datetime | None:
    """Seconds of 9 or 10 digits or milliseconds of 12 or 13; other numbers are no times."""
    if len(digits) in {9, 10}:
        return datetime.fromtimestamp(int(digits), UTC)
    if len(digits) in {12, 13}:
        return datetime.fromtimestamp(int(digits) // 1000, UTC)
    return None


def _month(word: str) -> int | None:
    return _MONTHS.get(word[:3].lower())


def _year(digits: str) -> int:
    """RFC 2822, 4.3: two digits from 50 on are of the last century."""
    year = int(digits)
    return year if len(digits) == 4 else year + (1900 if year >= 50 else 2000)


def _make(year: int, month: int, day: int, rest: list[str | None], zone: tzinfo) -> datetime | None:
    """The time in UTC; *rest* is hour, minute, second, half of the day, name of the zone, offset."""
    hour, minute, second = (int(part or 0) for part in rest[:3])
    half, name, offset = rest[3:]
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    if hour == 24 and minute == second == 0:  # ISO 8601: the end of the day
        extra, hour = timedelta(days=1), 0
    else:
        extra = timedelta()
    try:
        # A leap second is the last second of its minute here.
        local = datetime(
            year, month, day, hour, minute, 59 if second == 60 else second, tzinfo=_zone(name, offset) or zone
        )
        return (local + extra).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _zone(name: str | None, offset: str | None) -> timezone | None:
    """The zone that is written; None where none is. One that nobody knows counts as UTC."""
    if not name and not offset:
        return None
    minutes = _ZONES.get((name or "").upper(), 0)
    if offset:  # also behind a name: "GMT+8"
        digits = offset[1:].replace(":", "")
        hours, rest = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
        minutes = (int(hours) * 60 + int(rest)) * (-1 if offset[0] == "-" else 1)
    return timezone(timedelta(minutes=minutes))
