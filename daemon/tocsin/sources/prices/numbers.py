"""Numbers and times as price sources write them. What is not surely one number is none: nothing is guessed."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

_LONGEST = 60
_BLANKS = " \u00a0\u202f\u2009'’"
#: What tables write for a minus: the signs for it, and the hyphens and dashes that look like one.
_MINUS = "\\-−‐‑‒–﹣－"
#: A currency before it, a sign, digits in groups, an exponent, a unit behind it.
_NUMBER = re.compile(
    rf"\s*(?:(?!(?i:minus|neg))[^\W\d_]{{1,8}}|)[^\w+{_MINUS}—(.,]{{0,4}}(?P<sign>[+{_MINUS}]?)[^\w+{_MINUS}—(.,]{{0,2}}"
    rf"(?P<digits>[0-9][0-9.,{_BLANKS}]*|[.,][0-9]+)(?P<exponent>[eE][+-]?[0-9]{{1,2}})?(?P<unit>[^\d+\-−.,]{{0,16}})"
)
#: Years that a price may be of: what lies at the ends of the calendar is a mistake, and cannot be reckoned with.
_YEARS = range(1900, 2200)
#: A time in seconds since 1970 from 1973 to 2286, else in milliseconds.
_SECONDS = (10**8, 10**10)
_MILLISECONDS = (10**11, 10**13)


def read_number(text: str, decimal: str = ".") -> Decimal:
    """The one number that *text* is, with *decimal* (`.` or `,`) before its fraction; groups are of three digits.

    A currency or a unit beside it is allowed.

    Raises:
        ValueError: it is none, or more than one, or could be read in two ways; in words.
    """
    found = _NUMBER.fullmatch(text[:_LONGEST]) if len(text) <= _LONGEST else None
    if not found:
        raise ValueError(f"{text.strip()[:40]!r} is not one number")
    whole, _, fraction = found["digits"].rstrip(_BLANKS).partition(decimal)
    first, *groups = re.split(f"[{'.' if decimal == ',' else ','}{_BLANKS}]", whole)
    grouped = not groups or (1 <= len(first) <= 3 and all(len(group) == 3 for group in groups))
    if not grouped or not all(part.isdigit() for part in (first, *groups, fraction) if part):
        raise ValueError(f"{text.strip()[:40]!r} is not one number with “{decimal}” before its fraction")
    sign = "-" if found["sign"] not in ("", "+") else ""
    point = f".{fraction}" if fraction else ""
    return Decimal(f"{sign}{first or '0'}{''.join(groups)}{point}{found['exponent'] or ''}")


def read_moment(text: str, form: str, zone: ZoneInfo) -> datetime:
    """The time that *text* is, in UTC: as *form* (of strptime) says, else ISO 8601 or seconds or milliseconds since 1970.

    Without a zone of its own it is in *zone*.

    Raises:
        ValueError: it is no time.
    """
    text = text.strip()
    try:
        if form:
            found = datetime.strptime(text, form)  # noqa: DTZ007 - the zone is filled in below
        elif re.fullmatch(r"\d{9,13}(\.\d+)?", text):
            found = _since_1970(float(text))
        else:
            found = datetime.fromisoformat(text)
        if found.year not in _YEARS:
            raise ValueError
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError, re.error):  # re.error: a directive that comes twice in the form
        wanted = f"of the form {form}" if form else "in ISO 8601 or in seconds since 1970"
        raise ValueError(f"{text[:40]!r} is not a time {wanted}") from None


def _since_1970(number: float) -> datetime:
    if _SECONDS[0] <= number < _SECONDS[1]:
        return datetime.fromtimestamp(number, UTC)
    if _MILLISECONDS[0] <= number < _MILLISECONDS[1]:
        return datetime.fromtimestamp(number / 1000, UTC)
    raise ValueError
