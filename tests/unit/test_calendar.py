"""The calendar of announced dates: RFC 5545, whatever strangers wrote."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from tocsin.explain.dates import ahead, calendar
from tocsin.model.dates import DateKind, DateState, DateUnit, KeptDate

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
    unit=DateUnit.DAY,
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


#: A line of content (RFC 5545, 3.1): a name, parameters without quotes, and a value without control characters.
_LINE = re.compile(
    r"(?P<name>[A-Z0-9-]+)(?P<parameters>(?:;[A-Z0-9-]+=[^\x00-\x1f\x7f\",;:]+)*):(?P<value>[^\x00-\x08\x0a-\x1f\x7f]*)"
)
#: A TEXT value (3.3.11): commas, semicolons and backslashes are escaped.
_TEXT = re.compile(r"(?:[^\\;,]|\\[\\;,nN])*")
_VALUES = {
    **dict.fromkeys(("SUMMARY", "DESCRIPTION", "UID", "PRODID"), _TEXT),
    **dict.fromkeys(("DTSTAMP", "LAST-MODIFIED"), re.compile(r"\d{8}T\d{6}Z")),
    **dict.fromkeys(("DTSTART", "DTEND"), re.compile(r"\d{8}")),
    "SEQUENCE": re.compile(r"\d{1,10}"),
    "URL": re.compile(r"https?://[\x21-\x7e]+"),
    "STATUS": re.compile("TENTATIVE|CONFIRMED|CANCELLED"),
}


def _strictly(text: str) -> list[dict[str, str]]:
    """The events of a calendar, read as a strict program would: unfolded by octets, every property by its grammar, none twice."""
    octets = text.encode()
    assert octets.endswith(b"\r\n")
    assert b"\n" not in octets.replace(b"\r\n", b"")
    assert b"\r" not in octets.replace(b"\r\n", b"")
    folded = octets.split(b"\r\n")
    assert all(len(line) <= 75 for line in folded)
    [line.decode() for line in folded]  # no character is cut: some programs decode before they unfold
    lines = octets.replace(b"\r\n ", b"").decode().split("\r\n")[:-1]
    assert lines[:3] == ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//tocsin//dates//EN"]
    assert lines[-1] == "END:VCALENDAR"
    events: list[dict[str, str]] = []
    for line in lines[1:-1]:
        hit = _LINE.fullmatch(line)
        assert hit, line
        if line == "BEGIN:VEVENT":
            events.append({})
        elif line != "END:VEVENT" and events:
            assert hit["name"] not in events[-1], line
            assert _VALUES.get(hit["name"], _TEXT).fullmatch(hit["value"]), line
            events[-1][hit["name"]] = hit["value"]
    for event in events:
        assert {"UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "SEQUENCE"} <= event.keys()
        assert event["DTSTART"] < event["DTEND"]
    assert len({event["UID"] for event in events}) == len(events)
    return events


def test_a_strict_program_reads_the_calendar():
    """Programs differ in what they forgive; a file by the letter of RFC 5545 needs nothing forgiven."""
    hostile = (
        "a;b,c\\d\\n",
        "x\r\nEND:VEVENT\r\nATTACH:file:///etc",
        "y\x00\x0b\x7f\u202ez",
        "稀土" * 90,
        'é"' * 200,
        "",
    )
    many = [replace(ONE, id=number, title=words, words=words) for number, words in enumerate(hostile)]
    events = _strictly(calendar(many, lambda one: f"https://ops.example.org/alerts/{one.alert_id}"))
    assert len(events) == len(hostile)
    assert events[0]["DESCRIPTION"] == r"ends: “a\;b\,c\\d\\n”"
    assert _strictly(calendar([], lambda _: "")) == []


def test_a_changed_date_is_the_same_event_with_a_higher_sequence():
    """Programs take an event for the same by its UID, and for newer by its sequence."""
    rejected = replace(ONE, state=DateState.REJECTED, judged_at=ONE.found_at + timedelta(hours=3))
    again = replace(ONE, judged_at=ONE.found_at + timedelta(days=9))
    [[first], [second], [third]] = [
        _strictly(calendar([one], lambda _: "https://ops.example.org/alerts/7")) for one in (ONE, rejected, again)
    ]
    assert first["UID"] == second["UID"] == third["UID"]
    assert int(first["SEQUENCE"]) < int(second["SEQUENCE"]) < int(third["SEQUENCE"])
    assert (second["STATUS"], second["DTSTAMP"]) == ("CANCELLED", "20260302T150000Z")


def test_a_date_of_which_only_the_month_is_given_says_so():
    """Its last day is a guess of ours."""
    [event] = _strictly(calendar([replace(ONE, unit=DateUnit.MONTH)], lambda _: "https://ops.example.org/alerts/7"))
    assert event["DESCRIPTION"].startswith(r"ends\, only the month is given: ")


@pytest.mark.parametrize(("day", "words"), [(1, "yesterday"), (2, "today"), (3, "tomorrow"), (9, "in 7 days")], ids=str)
def test_how_far_a_day_is_stands_in_words(day, words):
    """Nobody counts days."""
    assert ahead(date(2026, 3, day), date(2026, 3, 2)) == words
