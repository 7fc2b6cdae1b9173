"""The calendar of announced dates: RFC 5545, whatever strangers wrote."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from tocsin.explain.dates import ahead, calendar
from tocsin.model.dates import DateKind, DateState, KeptDate

ONE = KeptDate(
    id=3,
    alert_id=7,
    entry_id=9,
    title="gallium: ban",
    day=date(2026, 11, 10),
    kind=DateKind.ENDS,
    words="suspended until 10 November 2026",
    at=16,
    length=16,
    counted=False,
    found_at=datetime(2026, 3, 2, 12, tzinfo=UTC),
    state=DateState.CONFIRMED,
    judged_at=None,
    judged_by="",
)


def _lines(one: KeptDate) -> list[str]:
    text = calendar([one], lambda _: "https://ops.example.org/alerts/7")
    assert text.endswith("\r\n")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    return text.replace("\r\n ", "").split("\r\n")


def test_a_date_is_a_whole_day():
    """It ends before the next day, in no zone, and blocks nobody's time."""
    lines = _lines(ONE)
    for line in (
        "DTSTART;VALUE=DATE:20261110",
        "DTEND;VALUE=DATE:20261111",
        "SUMMARY:ends: gallium: ban",
        "UID:date-3-20260302T120000Z@tocsin",
        "STATUS:CONFIRMED",
        "URL:https://ops.example.org/alerts/7",
    ):
        assert line in lines


def test_what_nobody_confirmed_is_tentative():
    """A program read it, and calendars show that it is in doubt."""
    lines = _lines(replace(ONE, state=DateState.FOUND))
    assert {"STATUS:TENTATIVE", "SUMMARY:ends?: gallium: ban"} <= set(lines)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("a;b,c\\d", r"DESCRIPTION:ends: “a\;b\,c\\d”"),
        ("x\r\nEND:VEVENT\r\nATTACH:file:///etc", "DESCRIPTION:ends: “x END:VEVENT ATTACH:file:///etc”"),
        ("x\u2028y\x00\x0bz\u202e", "DESCRIPTION:ends: “x y"),
        ("稀土" * 90, f"DESCRIPTION:ends: “{'稀土' * 90}”"),
    ],
    ids=["marks", "lines", "controls", "wide"],
)
def test_hostile_words_stay_inside_their_line(words, expected):
    """No text ends an event, begins a property, or is cut inside a character."""
    lines = _lines(replace(ONE, words=words))
    assert any(line.startswith(expected) for line in lines)
    assert sum(line == "END:VEVENT" for line in lines) == 1
    assert not any(line.startswith("ATTACH") for line in lines)


@pytest.mark.parametrize(("day", "words"), [(1, "yesterday"), (2, "today"), (3, "tomorrow"), (9, "in 7 days")], ids=str)
def test_how_far_a_day_is_stands_in_words(day, words):
    """Nobody counts days."""
    assert ahead(date(2026, 3, day), date(2026, 3, 2)) == words
