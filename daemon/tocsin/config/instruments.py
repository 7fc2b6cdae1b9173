"""Instruments in the configuration: their sources and sessions, and the checks of rules about them."""

from __future__ import annotations

import re
from datetime import time, timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from tocsin.config.values import zone
from tocsin.config.yaml.nodes import said
from tocsin.config.yaml.shape import TEXT, Duration, Shape, Texts
from tocsin.errors import meant
from tocsin.model.prices import Hours, Instrument, Listing
from tocsin.policy.notifying.walltime import DAYS

_SESSION = re.compile(r"(\w{3})(?:-(\w{3}))?\s+(\d\d?):(\d\d)-(\d\d?):(\d\d)\s+(\S+)")
_FORM = "must be days, times and a zone, such as mon-fri 09:30-16:00 America/New_York"


def parse_hours(text: str) -> Hours:
    """Return the session that *text* describes: `mon-fri 09:30-16:00 America/New_York`; 24:00 is the end of the day.

    Raises:
        ValueError: *text* describes no session. The message names the remedy.
    """
    found = _SESSION.fullmatch(text.strip().replace("–", "-"))
    if not found:
        raise ValueError(_FORM)
    first, last, *digits, name = found.groups()
    days = [day.lower() for day in (first, last or first)]
    for day in days:
        if day not in DAYS:
            raise ValueError(f"has no day {day}; the days are {', '.join(DAYS)}{meant(day, DAYS)}")
    begin, end = map(DAYS.index, days)
    try:
        opens, closes = (time(0 if h == "24" else int(h), int(m)) for h, m in (digits[:2], digits[2:]))
    except ValueError:
        raise ValueError(_FORM) from None
    try:
        zone(name)
    except ValueError:
        raise ValueError(f"has no time zone {said(name)}; write one such as Europe/London or UTC") from None
    span = (end - begin) % 7 + 1
    return Hours(days=frozenset((begin + n) % 7 for n in range(span)), opens=opens, closes=closes, zone=name)


def write_hours(hours: Hours) -> str:
    """Return *hours* as `parse_hours` reads them."""
    first = next(day for day in sorted(hours.days) if len(hours.days) == 7 or (day - 1) % 7 not in hours.days)
    last = (first + len(hours.days) - 1) % 7
    days = DAYS[first] if first == last else f"{DAYS[first]}-{DAYS[last]}"
    return f"{days} {hours.opens:%H:%M}-{hours.closes:%H:%M} {hours.zone}"


class InstrumentShape(Shape):
    """An instrument in the file."""

    kind: str = Field(default="", alias="class")
    """Class of the instrument: fx, index, metal, equity, smallcap or a word of yours. Rules ask for classes or ids."""
    currency: str = ""
    """The currency of its price, such as USD."""
    unit: str = ""
    """The unit that the price is for, such as kg."""
    sources: Texts = ()
    """Sources of its price, in order of preference: yahoo:SYMBOL, or the name of a table, file or preset and a symbol."""
    labels: dict[str, Texts] = Field(default_factory=dict)
    """Labels of every match about it."""
    session: Annotated[Hours, BeforeValidator(lambda value: parse_hours(str(value))), WithJsonSchema(TEXT)] | None = (
        None
    )
    """Trading hours, such as mon-fri 09:30-16:00 America/New_York. Default: what its source says, or always."""
    extended: bool = False
    """True to judge the trades before and after the market too, where its source yahoo has them. Its session is then longer."""
    stale_after: Duration | None = None
    """Trading time without a new price after which operators are notified, such as 10d for a weekly price. Default: 1h of its
    session; without one, three times its longest recent pause."""
    negative: bool = False
    """True if its price may be zero or below, like a yield, a spread or a power price."""


def make_instrument(
    name: str, item: InstrumentShape, listings: tuple[Listing, ...] = (), every: timedelta = timedelta(0)
) -> Instrument:
    """Return the instrument *name* that *item* describes, whose price is to be had at *listings*, *every* so often."""
    return item.build(Instrument, id=name, sources=listings, every=every)
