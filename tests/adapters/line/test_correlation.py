"""Correlations through the line: news and prices, restarts, edits, late members, clocks that step."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tocsin.model import Fate, Instrument, Quote

PACK = """\
tocsin: 1
pack: {id: p, version: 1.0.0}
lists:
  mineral: {gallium: [gallium], tin: [tin]}
rules:
  - id: ban
    title: "{mineral}: ban"
    severity: high
    news: {match: $mineral NEAR/8 ban~}
    key: [mineral]
  - id: spike
    price: {instruments: {class: metal}, when: change(1td) >= 5%}
  - id: both
    title: "{mineral}: ban and spike"
    severity: critical
    all_of: [ban, spike]
    by: [mineral]
    within: 48h
  - id: thrice
    title: "{mineral}: confirmed"
    count: {rule: ban, distinct: entry, at_least: 3}
    by: [mineral]
    within: 6h
"""
TIN = Instrument(id="tin", kind="metal", currency="USD", unit="t", labels={"mineral": ("tin",)})
#: Reports that do not fold: they share no more than they must.
REPORTS = [
    "China bans gallium exports",
    "Ministry in Beijing says a gallium ban begins on Monday",
    "What a gallium ban means for makers of chips",
    "Gallium: traders expect the ban to last for years",
    "Why nobody should fear this gallium ban, by our columnist",
]


class Desk:
    """A daemon as far as it matters here: one source of news, one instrument, a store that outlives restarts."""

    def __init__(self, line: Any, pack: str = PACK) -> None:
        self.line = line
        self.source = line.list_source("wire", answers=[[]])
        self.restart(pack)
        asyncio.run(self.pipeline.run_due())  # the silent baseline

    def restart(self, pack: str = PACK) -> None:
        """The same database, another process, perhaps other rules."""
        self.pipeline = self.line.pipeline(self.source, ruleset=self.line.rules(pack))
        self.pipeline.inbound = replace(self.pipeline.inbound, instruments={"tin": TIN})

    def show(self, titles: Sequence[str]) -> None:
        """Let the source show *titles* at its next poll."""
        self.source.answers.append(titles)
        self.line.clock.move(minutes=20)
        asyncio.run(self.pipeline.run_due())

    def quote(self, price: str) -> None:
        """A price of tin, now."""
        now = self.line.clock.now()
        asyncio.run(self.pipeline.observe([Quote(instrument="tin", price=Decimal(price), at=now, first_seen=now)], now))

    def calm(self) -> None:
        """Three weeks of a price that stands nearly still."""
        for number in range(20):
            self.line.clock.move(days=1)
            self.quote(("100", "100.5")[number % 2])

    @property
    def told(self) -> list[tuple[str, str]]:
        """The correlations that were told: rule and title."""
        alerts = sorted(self.line.store.alerts(), key=lambda alert: alert.id)
        return [(a.rule, a.title) for a in alerts if a.rule in ("p/both", "p/thrice")]


BOTH = ("p/both", "tin: ban and spike")
THRICE = ("p/thrice", "gallium: confirmed")


@pytest.mark.parametrize("first", ["news", "price"])
def test_news_and_a_price_are_joined_both_ways_round(line: Any, first: str) -> None:
    """What happened first is found later, and the message shows both."""
    desk = Desk(line)
    desk.calm()
    steps = [lambda: desk.show(["China bans tin exports"]), lambda: (line.clock.move(hours=1), desk.quote("112"))]
    for step in steps if first == "news" else reversed(steps):
        step()
    assert desk.told == [BOTH]
    [match] = line.store.matches(rule="p/both")
    assert match.labels["mineral"] == ("tin",)
    witnesses = match.evidence.witnesses
    assert sorted(item.rule for item in witnesses) == ["p/ban", "p/spike"]
    assert "China bans tin exports" in {item.title for item in witnesses}


def test_a_correlation_leaves_with_the_message_of_its_newest_member(line: Any) -> None:
    """One happening, one message; what weighs more leads."""
    desk = Desk(line)
    desk.calm()
    desk.quote("112")
    desk.show(["China bans tin exports"])
    assert [one.title for one in reversed(line.store.deliveries(None, 9))] == ["Spike", "tin: ban and spike"]
    assert [len(one.alert_ids) for one in reversed(line.store.deliveries(None, 9))] == [1, 2]


def test_a_correlation_belongs_to_the_story_that_completed_it(line: Any) -> None:
    """Whoever looks at the story finds it there."""
    desk = Desk(line)
    for title in REPORTS[:3]:
        desk.show([title])
    assert desk.told == [THRICE]
    [found] = line.store.matches(rule="p/thrice")
    newest = max((m for m in line.store.matches(rule="p/ban")), key=lambda m: m.event_time)
    assert found.entry_id == newest.entry_id
    assert found.story_id == newest.story_id


def test_three_reports_in_one_poll_are_counted_at_once(line: Any) -> None:
    """Twenty copies in one tick complete it once."""
    desk = Desk(line)
    desk.show([*REPORTS, *REPORTS])
    assert desk.told == [THRICE]


def test_the_first_fetch_completes_nothing_aloud(line: Any) -> None:
    """Old news of a new source is no event; that it stood already is remembered."""
    source = line.list_source("wire", answers=[REPORTS[:3]])
    pipeline = line.pipeline(source, ruleset=line.rules(PACK))
    asyncio.run(pipeline.run_due())
    assert [match.fate for match in line.store.matches(rule="p/thrice")] == [Fate.BASELINE]
    source.answers.append(REPORTS[3:4])
    line.clock.move(minutes=20)
    asyncio.run(pipeline.run_due())
    assert "p/thrice" not in {alert.rule for alert in line.store.alerts()}


def test_a_restart_between_any_two_reports_changes_nothing(line: Any) -> None:
    """The window and what stands are in the database."""
    desk = Desk(line)
    for title in REPORTS:
        desk.restart()
        desk.show([title])
    assert desk.told == [THRICE]


def test_an_edit_of_the_rule_keeps_what_stands(line: Any) -> None:
    """State stands by rule id and key value: another title is no reason to tell again, and a removed rule comes back."""
    desk = Desk(line)
    for title in REPORTS[:3]:
        desk.show([title])
    desk.restart(PACK.replace("{mineral}: confirmed", "{mineral}: sure"))
    desk.show([REPORTS[3]])
    desk.restart(PACK[: PACK.index("  - id: thrice")])
    desk.show([REPORTS[4]])
    desk.restart()
    desk.show(["Gallium ban: a timeline of what we know"])
    assert desk.told == [THRICE]


def test_matches_from_before_a_correlation_was_written_count(line: Any) -> None:
    """A new rule sees the window that is stored."""
    desk = Desk(line, PACK[: PACK.index("  - id: thrice")])
    desk.show(REPORTS[:2])
    desk.restart()
    desk.show([REPORTS[2]])
    assert desk.told == [THRICE]


def test_when_the_window_has_emptied_it_is_told_again(line: Any) -> None:
    """Another wave of reports days later is another event."""
    desk = Desk(line)
    for title in REPORTS[:3]:
        desk.show([title])
    line.clock.move(days=5)
    for title in ("Gallium ban widened to alloys", "New gallium ban hits Japan hard", "Tokyo protests: gallium ban"):
        desk.show([title])
    assert desk.told == [THRICE, THRICE]


@pytest.mark.parametrize("step", [timedelta(hours=-3), timedelta(hours=3)])
def test_a_clock_that_steps_neither_loses_nor_doubles(line: Any, step: timedelta) -> None:
    """The window runs over event time, whatever the clock shows in between."""
    desk = Desk(line)
    desk.show([REPORTS[0]])
    line.clock.time += step
    for _ in range(12):  # until the source is due again by a clock that went back
        line.clock.move(minutes=20)
    for title in REPORTS[1:]:
        desk.show([title])
    assert desk.told == [THRICE]
