"""History and events of a source that are wrong: no alert of theirs is told, and no real move is lost for them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest

from tocsin.model.prices import Action, Bar, Hours, Instrument, Quote

PACK = """\
tocsin: 1
pack: {id: mines, version: 1.0.0}
rules:
  - id: day
    price: {instruments: {class: smallcap}, when: abs(change(1td)) >= 8%}
    cooldown: 1h
  - id: week
    price: {instruments: {class: smallcap}, when: abs(change(5td)) >= 15%}
    cooldown: 1h
  - id: low
    price: {instruments: {class: smallcap}, when: last < low(20td)}
    cooldown: 1h
"""
HOURS = Hours(days=frozenset(range(5)), opens=time(9, 30), closes=time(16), zone="America/New_York")
MINE = Instrument(id="MINE", kind="smallcap", currency="USD", session=HOURS)
MONDAY = datetime(2026, 3, 9, 15, tzinfo=UTC)


class _Market:
    """One instrument of a running pipeline, and the rules that its quotes met."""

    def __init__(self, line) -> None:
        self._line = line
        self._pipeline = line.pipeline(ruleset=line.rules(PACK))
        self._pipeline.inbound = replace(self._pipeline.inbound, instruments={"MINE": MINE})

    def quote(self, day: int, price: str, bars=(), actions=(), hour: float = 0) -> list[str]:
        """Bring a quote *day* days after the Monday; the rules that told an alert of it."""
        at = MONDAY + timedelta(days=day, hours=hour)
        self._line.clock.time = at
        quote = Quote(
            instrument="MINE", price=Decimal(price), at=at, first_seen=at, currency="USD", source="charts",
            bars=tuple(bars), actions=tuple(actions),
        )  # fmt: skip
        committed = asyncio.run(self._pipeline.market.observe(self._pipeline.inbound, [quote], at))
        return [item.match.rule.id for item in committed.decision.decided if item.match.quote] if committed else []

    @property
    def closes(self) -> list[Decimal]:
        """The sessions that it learned."""
        return [close.price for close in self._pipeline.market._series["MINE"].closes]


@pytest.fixture
def mine(line) -> _Market:
    """A mine about which nothing is known."""
    return _Market(line)


def _bar(session: int, price: str, volume: str = "1000") -> Bar:
    """The close of the session that lies so many weekdays before (or behind) the Monday."""
    weeks, weekday = divmod(session, 5)
    at = MONDAY + timedelta(weeks=weeks, days=weekday, hours=5)
    return Bar(at=at, price=Decimal(price), volume=Decimal(volume))


def _history(count: int = 24, **wrong: str) -> list[Bar]:
    """So many sessions at about 50 before the Monday; `s3="0.5"` is what the third before it says instead."""
    return [_bar(-n, wrong.get(f"s{n}", "50" if n % 2 else "50.5")) for n in range(count, 0, -1)]


SLIPS = {
    "a hundredth": {"s3": "0.5"},
    "a hundred times": {"s3": "5010"},
    "ten times": {"s3": "500"},
    "a half": {"s3": "24"},
    "the newest": {"s1": "0.5"},
    "the oldest": {"s24": "5000"},
    "two in a row": {"s3": "0.5", "s4": "0.5"},
    "two in a row, not alike": {"s3": "0.5", "s4": "900"},
    "the two newest": {"s1": "5000", "s2": "5050"},
    "the two oldest": {"s24": "0.5", "s23": "0.5"},
    "two apart": {"s2": "0.5", "s6": "5000"},
    "nothing": {"s3": "0"},
    "below nothing": {"s3": "-50"},
    "not a number": {"s3": "NaN"},
    "another unit until lately": {f"s{n}": "5000" for n in range(16, 25)},
}


@pytest.mark.parametrize("wrong", SLIPS.values(), ids=SLIPS)
def test_a_wrong_session_of_a_history_tells_nothing_and_hides_nothing(mine, wrong: dict[str, str]) -> None:
    """A quiet day stays quiet, a fall of a tenth the day after is told once, and the low is the real one."""
    assert mine.quote(0, "50", _history(**wrong)) == []
    assert all(Decimal(49) < price < Decimal(51) for price in mine.closes)
    assert mine.quote(0, "50.2", hour=1) == []
    assert "mines/day" in mine.quote(1, "45")
    assert mine.quote(2, "45.2") == []


@pytest.mark.parametrize("price", ["0.501", "5010", "500", "NaN"])
def test_a_wrong_session_that_was_missed_tells_nothing(mine, price: str) -> None:
    """The daemon was away on Tuesday, of which its source says nonsense."""
    mine.quote(0, "50", _history())
    mine.quote(0, "50.1", hour=4)
    bars = [*_history(), _bar(0, "50.1"), _bar(1, price)]
    assert [mine.quote(2, "50.2", bars), mine.quote(3, "50.1", bars), mine.quote(4, "50.3", bars)] == [[], [], []]
    assert all(Decimal(49) < price < Decimal(51) for price in mine.closes)


def test_a_real_move_while_the_daemon_was_away_is_kept(mine) -> None:
    """A fall by two fifths that lasts is a fall, and the day after it is no move."""
    mine.quote(0, "50", _history())
    bars = [*_history(), _bar(0, "50"), _bar(1, "30"), _bar(2, "30.5")]
    assert mine.quote(3, "30.2", bars) == []
    assert mine.quote(3, "30.3", bars, hour=1) == ["mines/week"]
    assert mine.closes[-2:] == [Decimal(30), Decimal("30.5")]


def test_a_level_that_lasted_is_kept_in_a_first_history(mine) -> None:
    """A share that doubled a week ago did double."""
    mine.quote(0, "100", _history(s1="100", s2="101", s3="99", s4="100"))
    assert max(mine.closes) == 101
    assert len(mine.closes) == 24


def test_a_wrong_first_quote_waits_for_its_confirmation(mine) -> None:
    """A first price a hundredth of all its history is a fault, and the next one is taken."""
    assert mine.quote(0, "0.5", _history()) == []
    assert mine.closes == []
    assert mine.quote(0, "50", _history(), hour=1) == []
    assert len(mine.closes) == 24


def test_a_volume_that_is_none_costs_only_the_volume(mine) -> None:
    """The price of a session stands although its volume is below zero."""
    mine.quote(0, "50", [*_history()[:-1], _bar(-1, "50", volume="-5")])
    assert len(mine.closes) == 24


def _split(day: int, ratio: str = "10") -> Action:
    return Action(at=MONDAY + timedelta(days=day, hours=-1.4), split=Decimal(ratio))


EVENTS = {
    "on its day": ([_split(1)], ["5", "5", "5.1", "5"]),
    "two days early": ([_split(1)], ["50", "50.2", "5", "5.02"]),
    "told twice": ([_split(1), _split(1)], ["5", "5", "5.1", "5"]),
    "told twice, a second apart": (
        [_split(1), replace(_split(1), at=_split(1).at + timedelta(seconds=1))],
        ["5", "5", "5.1", "5"],
    ),
    "told for two days": ([_split(1), _split(2)], ["5", "5.1", "5", "5"]),
    "never followed": ([_split(1)], ["50", "50.2", "50", "50.1"]),
    "the other way round": ([_split(1, "0.1")], ["500", "501", "500", "502"]),
    "of nothing": ([_split(1, "0")], ["50", "50.2", "50", "50.1"]),
    "a dividend told twice": (
        [Action(at=_split(1).at, dividend=Decimal(10)), Action(at=_split(1).at, dividend=Decimal(10))],
        ["40", "40.2", "40", "40.1"],
    ),
    "a dividend in the wrong unit": (
        [Action(at=_split(1).at, dividend=Decimal(40))],
        ["50.4", "50.1", "50.2", "50.3"],
    ),
}


@pytest.mark.parametrize(("actions", "prices"), EVENTS.values(), ids=EVENTS)
def test_an_event_is_a_move_on_no_day(mine, actions: list[Action], prices: list[str]) -> None:
    """However early, often or wrongly a split or dividend is announced, what is owned is worth what it was."""
    mine.quote(0, "50", _history())
    assert [mine.quote(day, price, actions=actions) for day, price in enumerate(prices, start=1)] == [[]] * 4
    newest = Decimal(prices[-1])
    assert all(abs(close / newest - 1) < Decimal("0.2") for close in mine.closes[-2:])


def test_a_real_fall_beside_an_event_that_nothing_followed_is_told(mine) -> None:
    """An event that the price does not show must not make a fall of a tenth look like a rise."""
    mine.quote(0, "50", _history())
    assert "mines/day" in mine.quote(1, "45", actions=[_split(1)])
    assert "mines/day" not in mine.quote(2, "45.5", actions=[_split(1)])
