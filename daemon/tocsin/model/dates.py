"""Dates that news announces: when a measure begins or ends, a deadline, a hearing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class DateKind(StrEnum):
    """What happens on the day."""

    BEGINS = "begins"
    ENDS = "ends"
    DEADLINE = "deadline"
    HEARING = "hearing"


class DateUnit(StrEnum):
    """Part of a date that a text names: a day, or only the month, quarter, half or year of it."""

    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"
    HALF = "half"
    YEAR = "year"


class DateState(StrEnum):
    """What people have said of a date."""

    FOUND = "found"  # nothing yet
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncedDate:
    """A *day* that a text announces.

    *words* are the exact words around it; the date is the *length* characters from the offset *at* in them. A *counted* one
    is a length of time, such as "for 90 days", counted from the day of the report. Of a *unit* that is no day, such as "by the
    end of Q2", *day* is the first of what begins then, and else the last.
    """

    day: date
    kind: DateKind
    words: str
    at: int
    length: int
    counted: bool = False
    unit: DateUnit = DateUnit.DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDate:
    """A date that an entry of the alert *alert_id* announces, and what people said of it; *title* is that of the alert.

    *judged_by* is who confirmed or rejected it last.
    """

    id: int
    alert_id: int
    entry_id: int
    title: str
    day: date
    kind: DateKind
    words: str
    at: int
    length: int
    counted: bool
    unit: DateUnit
    found_at: datetime
    state: DateState
    judged_at: datetime | None
    judged_by: str
