"""Days of the market that are not like others, from the quote to the message."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tocsin.model.deliveries import DeliveryState
from tocsin.model.prices import Action, Hours, Instrument, Quote

Line = Any
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
NEW_YORK = Hours(days=frozenset(range(5)), opens=time(9, 30), closes=time(16), zone="America/New_York")
RULES = """\
tocsin: 1
pack: {id: p, version: 1.0.0}
rules:
  - id: spike
    title: "{instrument}: moves"
    price:
      instruments: {class: metal}
      when: abs(z(1td)) >= 4 and abs(change(1td)) >= 3%
      clear: abs(z(1td)) < 2
    cooldown: 1h
"""


def metal(name: str = "tin", **fields: Any) -> Instrument:
    """An instrument that the rule is about."""
    return Instrument(id=name, kind="metal", currency="USD", **fields)


class Market:
    """A pipeline that is shown quotes of its instruments."""

    def __init__(self, line: Line, *instruments: Instrument) -> None:
        self.line = line
        self.pipeline = line.pipeline(ruleset=line.rules(RULES))
        known = {item.id: item for item in instruments or (metal(),)}
        self.pipeline.inbound = replace(self.pipeline.inbound, instruments=known)

    def show(self, *quotes: Quote) -> None:
        """One poll that brought *quotes*."""
        asyncio.run(self.pipeline.market.observe(self.pipeline.inbound, quotes, self.line.clock.now()))

    def at(self, moment: datetime, price: object, name: str = "tin", **fields: Any) -> None:
        """The quote of that *moment*, seen then."""
        self.line.clock.time = moment
        self.show(Quote(instrument=name, price=Decimal(str(price)), at=moment, first_seen=moment, **fields))

    def each(self, step: timedelta, prices: Iterable[object], **fields: Any) -> None:
        """A quote every *step*."""
        for price in prices:
            self.at(self.line.clock.time + step, price, **fields)

    @property
    def told(self) -> list[str]:
        """The titles of the alerts, the first at first."""
        return [alert.title for alert in reversed(self.line.store.read.alerts()) if alert.rule == "p/spike"]


def calm(days: int, price: float = 100.0) -> list[str]:
    """Closes that tremble by a percent."""
    return [f"{price * (1 + 0.01 * ((n * 7) % 5 - 2) / 2):.4f}" for n in range(days)]


@pytest.mark.parametrize("wrong", ["10000", "1.01", "20"], ids=["times a hundred", "by a hundred", "a fifth"])
def test_a_wrong_print_among_right_ones_is_no_news(line: Line, wrong: str) -> None:
    """A cent for a dollar, for one poll: the classic of every provider."""
    market = Market(line)
    market.each(DAY, calm(40))
    market.each(5 * MINUTE, ["100.2", wrong, "100.1", "100.3"])
    assert market.told == []
    market.each(DAY, ["112", "112.1"])
    assert market.told == ["tin: moves"]


@pytest.mark.parametrize("named", [True, False], ids=["with its event", "without"])
def test_a_reverse_split_is_no_spike_of_its_day(line: Line, named: bool) -> None:
    """Ten shares for one, and nobody owns more than before; without its event it is believed a session later, and once."""
    market = Market(line)
    market.each(DAY, calm(40))
    morning = line.clock.time + DAY
    event = {"actions": (Action(at=morning, split=Decimal("0.1")),)} if named else {}
    market.at(morning, 1002, **event)
    market.each(5 * MINUTE, ["1003", "1001", "1002"], **event)
    assert market.told == []
    market.each(DAY, calm(5, 1000))
    assert market.told == ([] if named else ["tin: moves"])
    operators = [view.title for view in line.store.read.deliveries() if view.receiver == "ops"]
    assert operators == ([] if named else ["Price held back: tin"])


@pytest.mark.no_cover
def test_a_price_of_the_week_is_asked_for_by_the_hour_and_fires_by_the_week(line: Line) -> None:
    """A quarter of polls that bring Friday's assessment 168 times are thirteen moves; a jump of an eighth is news."""
    market = Market(line)
    weekly = calm(13)
    for price in weekly:
        market.each(HOUR, [price] * 168)
    assert market.told == []
    market.each(HOUR, ["113"] * 3)
    assert market.told == ["tin: moves"]


def new_york(day: datetime, hour: float) -> datetime:
    """An hour of the day in New York."""
    local = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("America/New_York")) + timedelta(hours=hour)
    return local.astimezone(UTC)


def test_a_holiday_and_half_a_day_after_it_are_one_session(line: Line) -> None:
    """Thanksgiving: Friday is measured from Wednesday, nobody hears that the price stood still, nor on Monday."""
    market = Market(line, metal(session=NEW_YORK))
    first = datetime(2026, 9, 1, tzinfo=UTC)
    days = [first + n * DAY for n in range(86) if (first + n * DAY).weekday() < 5]
    for day, price in zip(days, calm(len(days)), strict=True):  # the last of them is Wednesday, 25 November
        for hour in (10, 15.9):
            market.at(new_york(day, hour), price)
    friday, monday = datetime(2026, 11, 27, tzinfo=UTC), datetime(2026, 11, 30, tzinfo=UTC)
    for hour in (9.6, 11, 12.9):
        market.at(new_york(friday, hour), 101)
    for hour in (9.6, 11, 15.9):
        market.at(new_york(monday, hour), 100)
    series = line.store.read.series([metal(session=NEW_YORK)])["tin"]
    assert [close.day.isoformat() for close in series.closes[-2:]] == ["2026-11-25", "2026-11-27"]
    assert market.told == []
    assert [view.title for view in line.store.read.deliveries()] == []


def test_a_monday_that_opens_far_away_is_measured_from_friday(line: Line) -> None:
    """What happened on the weekend is one move of one session, told at the first quote that is believed."""
    market = Market(line, metal(session=NEW_YORK))
    first = datetime(2026, 9, 1, tzinfo=UTC)
    days = [first + n * DAY for n in range(60) if (first + n * DAY).weekday() < 5]
    for day, price in zip(days, calm(len(days)), strict=True):
        market.at(new_york(day, 15.9), price)
    friday = days[-1]
    assert friday.weekday() == 4
    market.at(new_york(friday + 3 * DAY, 9.6), 110)
    [alert] = line.store.read.alerts()
    assert f"of {new_york(friday, 15.9):%Y-%m-%d %H:%M} UTC" in alert.detail
    market.at(new_york(friday + 3 * DAY, 10), 110.2)
    assert market.told == ["tin: moves"]


def test_oil_below_nothing_crashes_nothing(line: Line) -> None:
    """April 2020: a negative price has no logarithm; it is the source's error, and what comes after it is judged."""
    market = Market(line, metal("oil"))
    market.each(DAY, calm(40, 20), name="oil")
    market.each(DAY, ["19.8", "-36.98", "-37.63", "-36.98"], name="oil")
    market.each(DAY, calm(30, 20), name="oil")
    assert line.store.read.alerts() == ()
    market.each(DAY, ["23", "23.1"], name="oil")
    assert market.told == ["oil: moves"]


def test_the_first_sessions_are_judged_by_what_the_class_does(line: Line) -> None:
    """A new instrument neither rings at every move nor stays blind for a month."""
    market = Market(line)
    market.each(DAY, calm(20))
    assert market.told == []
    other = Market(line, metal("zinc"))
    other.each(DAY, [*calm(12), "115", "115.2"], name="zinc")
    assert other.told == ["zinc: moves"]


def test_a_shock_of_the_whole_market_is_one_message(line: Line) -> None:
    """Twenty-seven instruments that one announcement moved are one message with all of them, not twenty-seven."""
    names = [f"m{n}" for n in range(27)]
    market = Market(line, *map(metal, names))
    for price in [*calm(30), "112", "112.1"]:
        line.clock.time += DAY
        now = line.clock.time
        market.show(*(Quote(instrument=name, price=Decimal(price), at=now, first_seen=now) for name in names))
    assert sorted(market.told) == sorted(f"{name}: moves" for name in names)
    [delivery] = line.store.read.deliveries()
    assert delivery.state is DeliveryState.READY
    assert len(line.store.read.delivery(delivery.id).content) == 27
