"""Dates that news announces, on the real line: found with their entry, kept with its alert."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from tocsin.model.dates import DateState
from tocsin.model.entries import Batch, Cursor

BAN = "China bans gallium exports"
TEXT = "The ban is suspended until 10 November 2026. A hearing is held on 20 May 2026."


class Wire:
    """A source of entries with text, past its first poll."""

    name = "wire"

    def __init__(self, line: Any) -> None:
        self.line, self.found, self.polls = line, (), 0

    async def poll(self, cursor: Cursor, now: Any) -> Batch:
        """The entries of *found*, by title and text."""
        self.polls += 1
        entries = tuple(replace(self.line.entry("wire", title, now), summary=text) for title, text in self.found)
        return Batch(source="wire", entries=entries, cursor=Cursor(etag=str(self.polls)), changed=True)


def _brought(line: Any, *news: tuple[str, str]) -> list[tuple[int, str, str]]:
    """Poll *news* after a first poll that was empty; the dates that are kept then."""
    wire = Wire(line)
    pipeline = line.pipeline(wire)
    for found in ((), news):
        wire.found = found
        asyncio.run(pipeline.run_due())
        line.clock.move(minutes=16)
    return [(one.alert_id, str(one.day), one.kind) for one in line.store.read.dates()]


def test_the_dates_of_a_matched_entry_are_kept_with_its_alert(line):
    """The next one first, with the words; nobody has said anything of them yet."""
    assert _brought(line, (BAN, TEXT)) == [(1, "2026-05-20", "hearing"), (1, "2026-11-10", "ends")]
    (hearing, _) = line.store.read.dates()
    assert hearing.words == "A hearing is held on 20 May 2026."
    assert (hearing.title, hearing.state) == ("gallium: ban", DateState.FOUND)
    assert line.store.read.alert(1).dates == line.store.read.dates()


def test_an_entry_that_met_no_rule_has_no_dates(line):
    """They are those of alerts."""
    assert _brought(line, ("The fair is closed", TEXT)) == []


def test_a_date_that_several_reports_give_is_one(line):
    """Twenty copies of a headline are one alert, and one date."""
    found = _brought(line, (BAN, TEXT), (f"{BAN} again", f"Again: {TEXT}"))
    assert sorted(day for number, day, _ in found if number == 1) == ["2026-05-20", "2026-11-10"]


def test_the_dates_of_one_alert_are_bounded(line):
    """A feed that gives each of its reports other dates does not fill the page."""
    news = [
        (f"{BAN} {'a' * n}", ". ".join(f"The ban ends {day} {month} 2026" for day in range(1, 13)))
        for n, month in enumerate(("April", "May", "June", "July"))
    ]
    found = _brought(line, *news)
    assert found
    assert max(sum(number == one for one, _, _ in found) for number, _, _ in found) <= 20
