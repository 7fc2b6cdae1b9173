"""Times in documents: parsing of all usual forms, and a check that they are plausible."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache

from tocsin.text.months import month_like

#: A published time is credible from this long before an entry was first seen ...
OLDEST = timedelta(days=5 * 365)
#: ... until this long after it.
NEWEST = timedelta(minutes=15)

#: Zone names of RFC 822 and of feeds, in minutes from UTC. CST and IST are read as America's and India's.
_ZONES = {
    name: round(hours * 60)
    for hours, names in {
        0: "UT UTC GMT Z WET",
        1: "CET MEZ WEST BST",
        2: "CEST MESZ EET SAST",
        3: "EEST MSK",
        4: "GST",
        5: "PKT",
        5.5: "IST",
        7: "WIB ICT",
        8: "HKT SGT AWST PHT MYT",
        9: "JST KST",
        9.5: "ACST",
        10: "AEST",
        10.5: "ACDT",
        11: "AEDT",
        12: "NZST",
        13: "NZDT",
        -2.5: "NDT",
        -3: "ADT BRT",
        -3.5: "NST",
        -4: "AST EDT",
        -5: "EST CDT",
        -6: "CST MDT",
        -7: "MST PDT",
        -8: "PST AKDT",
        -9: "AKST",
        -10: "HST",
    }.items()
    for name in names.split()
}
#: Years that a price may have. Other years are a mistake, and arithmetic at the ends of the calendar overflows.
_YEARS = range(1900, 2200)
#: A time in seconds since 1970 from 1973 to 2286, else in milliseconds.
_SECONDS = (10**8, 10**10)
_MILLISECONDS = (10**11, 10**13)
_LATER_HALF = re.compile(r"[Pp]|下午|午後|오후")
_HALF = "上午|下午|午前|午後|오전|오후"
#: Words before a date, such as the day of the week.
_LEAD = r"(?:[^\W\d_]+[.,:]*\s+){0,3}"
_HOURS = rf"(?:(?P<half>{_HALF})\s*)?(?P<hour>\d{{1,2}})"
_MINUTES = r"(?P<minute>\d{2}|\d(?=[分분]))(?:(?:[:.]|[分분]\s?)(?P<second>\d{2})(?:[.,]\d+)?[秒초]?|[分분])?"
_NOON = r"(?:\s*(?P<noon>[AaPp]\.?[Mm])\b\.?)?"
_ZONE = r"\s*(?:\(?(?P<zone>[A-Za-z]{1,5})(?![A-Za-z])\)?)?\s*(?P<offset>[+-]\d{1,2}(?::?\d{2})?)?"
_CLOCK = rf"{_HOURS}\s?[:.hH时時点點시]\s?{_MINUTES}{_NOON}{_ZONE}"
_CLOCK_FIRST = rf"{_LEAD}{_HOURS}[:hH]{_MINUTES}{_NOON}"
_BREAK = r"[\s,;|–-]+"
#: Text between a date and its time: nothing, T, a comma, a word such as `at` or the day of the week.
_GAP = rf"[\s,;|–-]*(?:\(?(?:(?!{_HALF})[^\W\d_])+\)?[.,]*\s*)?"
#: No digit may be left over, because it could change the meaning of the others.
_TAIL = r"\D*"
_YEAR_FIRST = r"(?P<year>\d{4})\s?[-/.年년]\s?(?P<month>\d{1,2})\s?[-/.月월]\s?(?P<day>\d{1,2})(?:\s?[日号號일.])?"
_EITHER = r"(?P<one>\d{1,2})(?P<mark>[-/.])\s?(?P<other>\d{1,2})(?P=mark)\s?(?P<year>\d{4})"
_NAMED = r"(?P<name>[^\W\d_]+)"
_DATES = (
    rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|[oa]|\.)?[\s/-]+(?:(?:de|of)\s+)?{_NAMED}\.?,?[\s/-]+(?:del?\s+)?(?P<year>\d{{4}}|\d{{2}}(?!\d))",
    _YEAR_FIRST,
    _EITHER,
    rf"{_NAMED}\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})",
    rf"(?P<year>\d{{4}})\.?[\s-]+{_NAMED}\.?[\s-]+(?P<day>\d{{1,2}})\.?",
)
#: ISO 8601, basic format.
_BASIC = (
    r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)"
    rf"(?:[Tt ]?(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?(?:[.,]\d+)?{_ZONE})?"
)
_FORMS = (
    *(rf"{_LEAD}{date}(?:{_GAP}{_CLOCK})?{_TAIL}" for date in _DATES),
    *(rf"{_CLOCK_FIRST}{_ZONE}{_BREAK}{date}{_TAIL}" for date in _DATES),
    *(rf"{_CLOCK_FIRST}{_BREAK}{date}{_ZONE}{_TAIL}" for date in _DATES),
    # As C writes it: Mon Mar 2 10:00:00 EST 2026.
    rf"{_LEAD}{_NAMED}\s+(?P<day>\d{{1,2}})\s+{_HOURS}:{_MINUTES}{_ZONE}\s+(?P<year>\d{{4}}){_TAIL}",
    rf"{_BASIC}{_TAIL}",
)
_ORDER = re.compile(rf"(?<![\d/.-]){_EITHER}(?!\d)")


def parse_time(raw: str, *, zone: tzinfo = UTC, day_first: bool | None = None) -> datetime | None:
    """Return the time in *raw*, in UTC. None if there is none, or if it may mean two different days.

    It understands Unix seconds and milliseconds, ISO 8601, RFC 822, asctime, and dates as people write them: with month
    names or numbers in the order of their country, before or after a time, with an offset or zone name. Without either,
    the time is in *zone*. For 4/5/2026, *day_first* says which number is the day (see `order`).
    """
    text = _even(raw)
    # A number of 12 digits is a date and a time.
    if text.isascii() and text.isdigit() and len(text) != 12 and (time := _since_1970(int(text))):
        return time
    for form in _forms():
        if (found := form.fullmatch(text)) and (date := _date(found, day_first)):
            return _make(date, found.groupdict(), zone)
    return None


@cache
def _forms() -> tuple[re.Pattern[str], ...]:
    # The daemon imports this module, and only its parser processes read such dates.
    return tuple(map(re.compile, _FORMS))


def read_moment(text: str, form: str, zone: tzinfo) -> datetime:
    """Return the time in *text* of a price source, in UTC: by *form* (of strptime), or else ISO 8601 or seconds or milliseconds since 1970.

    A time without a zone is in *zone*.

    Raises:
        ValueError: *text* is not a time.
    """
    text = text.strip()
    found: datetime | None
    try:
        if form:
            found = read_form(text, form, zone)
        elif re.fullmatch(r"\d{9,13}(\.\d+)?", text):
            found = _since_1970(float(text))
        else:
            found = _in_utc(datetime.fromisoformat(text), zone)
    except (ValueError, OverflowError):
        found = None
    if found is None or found.year not in _YEARS:
        wanted = f"of the form {form}" if form else "in ISO 8601 or in seconds since 1970"
        raise ValueError(f"{text[:40]!r} is not a time {wanted}")
    return found


def read_form(text: str, form: str, zone: tzinfo) -> datetime:
    """Return the time in *text* by *form* (of strptime), in UTC. A time without a zone is in *zone*.

    Raises:
        ValueError: *text* is not such a time, or *form* is invalid.
    """
    try:
        return _in_utc(datetime.strptime(text, form), zone)  # noqa: DTZ007 - the zone is filled in
    except (OverflowError, re.error) as error:  # re.error: a directive that comes twice
        raise ValueError(str(error)) from None


def _in_utc(found: datetime, zone: tzinfo) -> datetime:
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def _since_1970(number: float) -> datetime | None:
    """Return the time *number* seconds or milliseconds after 1970. None for a number that is neither."""
    if _MILLISECONDS[0] <= number < _MILLISECONDS[1]:
        number /= 1000
    return datetime.fromtimestamp(number, UTC) if _SECONDS[0] <= number < _SECONDS[1] else None


def order(raws: Iterable[str]) -> bool | None:
    """Return whether the day comes first in most of the unambiguous *raws*. None if all are ambiguous."""
    votes = 0
    for raw in raws:
        found = _ORDER.search(_even(raw))
        if found and (int(found["one"]) > 12) != (int(found["other"]) > 12):
            votes += 1 if int(found["one"]) > 12 else -1
    return votes > 0 if votes else None


def believe(published: datetime | None, now: datetime) -> datetime | None:
    """Return *published* if it is between five years before and 15 minutes after *now*, else None."""
    if published is None or not now - OLDEST <= published <= now + NEWEST:
        return None
    return published


def _even(raw: str) -> str:
    """Return the beginning of *raw* with digits and punctuation normalised, and single spaces."""
    text = raw[:100] if raw.isascii() else unicodedata.normalize("NFKC", raw[:100])[:100]
    return " ".join(text.split())


def _date(found: re.Match[str], day_first: bool | None) -> tuple[int, int, int] | None:
    """Return (year, month, day) as written, even if impossible. None if it is not exactly one date."""
    parts = found.groupdict()
    if parts.get("name"):
        month = month_like(parts["name"])
        return (_year(parts["year"]), month, int(parts["day"])) if month else None
    if not parts.get("mark"):
        return int(parts["year"]), int(parts["month"]), int(parts["day"])
    one, other = int(parts["one"]), int(parts["other"])
    if one == other or other > 12 or one > 12:
        day_first = one > 12
    elif parts["mark"] == ".":  # dots are never used with the month first
        day_first = True
    if day_first is None:
        return None
    return (int(parts["year"]), other, one) if day_first else (int(parts["year"]), one, other)


def _year(digits: str) -> int:
    """Return the year. Two digits from 50 on are in the 20th century (RFC 2822, 4.3)."""
    year = int(digits)
    return year if len(digits) == 4 else year + (1900 if year >= 50 else 2000)


def _make(date: tuple[int, int, int], parts: Mapping[str, str | None], zone: tzinfo) -> datetime | None:
    """Return the time of *date* in UTC, with the time of day and the zone of *parts*."""
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    half = parts.get("noon") or parts.get("half")
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if _LATER_HALF.match(half) else 0)
    if hour == 24 and minute == second == 0:  # ISO 8601: the end of the day
        extra, hour = timedelta(days=1), 0
    else:
        extra = timedelta()
    try:
        # A leap second is read as the last second of its minute.
        local = datetime(
            *date, hour, minute, 59 if second == 60 else second, tzinfo=_zone(parts["zone"], parts["offset"]) or zone
        )
        return (local + extra).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _zone(name: str | None, offset: str | None) -> timezone | None:
    """Return the zone that is written. None if there is none, or it is unknown."""
    minutes = _ZONES.get((name or "").upper())
    if offset:  # also behind a name: "GMT+8"
        digits = offset[1:].replace(":", "")
        hours, rest = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
        minutes = (int(hours) * 60 + int(rest)) * (-1 if offset[0] == "-" else 1)
    return None if minutes is None else timezone(timedelta(minutes=minutes))
