"""Sources of prices through the line: who is asked, who stands by, and what the operator is told of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tocsin.errors import Fault, SourceError
from tocsin.model.entries import Batch, Cursor
from tocsin.model.prices import Bar, Hours, Instrument, Listing, Missing, RawQuote
from tocsin.policy.polling.schedule import Terms

if TYPE_CHECKING:
    from tests.adapters.line.conftest import Line

MINUTE = timedelta(minutes=1)
EVERY = 5 * MINUTE
RULES = """\
tocsin: 1
pack: {id: p, version: 1.0.0}
rules:
  - id: spike
    title: "{instrument}: moves"
    severity: high
    price: {instruments: {class: metal}, when: abs(z(1td)) >= 4}
    key: [instrument]
"""
NEW_YORK = Hours(days=frozenset(range(5)), opens=time(9, 30), closes=time(16), zone="America/New_York")
BLOCKED = SourceError("Yahoo limits our rate", fault=Fault.RATE_LIMITED, status=429)
DOWN = SourceError("broke off", fault=Fault.NETWORK)


class Prices:
    """A source of prices that says what a test writes down: a price of each symbol, None for one that is missing."""

    def __init__(self, name: str, **now: Any) -> None:
        self.name = name
        self.now: Any = now
        self.at: datetime | None = None
        self.fields: dict[str, Any] = {}
        self.polls = 0

    async def poll(self, cursor: Cursor, now: datetime) -> Batch:
        """What it says now."""
        self.polls += 1
        if isinstance(self.now, Exception):
            raise self.now
        given = {symbol: price for symbol, price in self.now.items() if price is not None}
        prints = tuple(
            RawQuote(symbol=symbol, price=Decimal(str(price)), at=self.at or now, currency="USD", **self.fields)
            for symbol, price in given.items()
        )
        missing = tuple(Missing(symbol=symbol, words="no row") for symbol in self.now.keys() - given.keys())
        following = Cursor(body_hash=str(self.polls), validated_at=now)
        return Batch(source=self.name, entries=(), cursor=following, changed=True, prints=prints, missing=missing)


def tin(*listings: str, **fields: Any) -> Instrument:
    """Tin, whose price is to be had at *listings*."""
    sources = tuple(Listing(row=row, symbol="TIN") for row in listings)
    return Instrument(id="tin", kind="metal", currency="USD", sources=sources, every=EVERY, **fields)


def start(line: Line, sources: list[Prices], *instruments: Instrument, group: str = "host") -> Any:
    """A daemon after a start."""
    terms = {source.name: Terms(every=EVERY, group=group, prices=True) for source in sources}
    pipeline = line.pipeline(*sources, ruleset=line.rules(RULES), terms=terms)
    pipeline.inbound = replace(pipeline.inbound, instruments={item.id: item for item in instruments})
    return pipeline


def play(
    line: Line, pipeline: Any, span: timedelta = timedelta(0), until_told: Callable[[], bool] = lambda: False
) -> None:
    """Let time pass, by whole minutes, and poll what is due; no longer than *until_told* is true."""
    until = line.clock.now() + span
    while True:
        asyncio.run(pipeline.run_due())
        if line.clock.now() >= until or until_told():
            return
        due = min(view.due_at for view in line.store.read.sources())
        quiet = -((line.clock.now() - min(due, until)) // MINUTE)  # whole minutes until then, rounded up
        line.clock.time += max(1, quiet) * MINUTE


def ops(line: Line) -> list[str]:
    """What the operator reads, in order: the message of what is over by now says so."""
    over = {alert.title for alert in line.store.read.alerts() if alert.over_at}
    told = [item.title for item in reversed(line.store.read.deliveries()) if item.receiver == "ops"]
    return [f"Over: {title}" if title in over else title for title in told]


def newest(line: Line, instrument: Instrument) -> Any:
    """The newest quote on disk."""
    return line.store.read.market([instrument])[0][instrument.id].newest


def test_the_second_source_is_asked_when_the_first_fails_and_rests_when_it_is_back(line: Line) -> None:
    """A provider that goes down costs a few minutes of prices, and one that stands by costs nobody a request."""
    first, second = Prices("first", TIN=100), Prices("second", TIN=101)
    instrument = tin("first", "second")
    pipeline = start(line, [first, second], instrument, group="")
    play(line, pipeline, 20 * MINUTE)
    assert (first.polls > 3, second.polls) == (True, 0)
    first.now = DOWN
    play(line, pipeline, 15 * MINUTE)
    assert second.polls > 0
    assert newest(line, instrument).source == "second"
    first.now = {"TIN": 100}
    play(line, pipeline, 60 * MINUTE)
    resting = second.polls
    play(line, pipeline, 30 * MINUTE)
    assert (second.polls, newest(line, instrument).source) == (resting, "first")


def test_another_source_makes_no_move(line: Line) -> None:
    """Providers differ by half a per cent or half the price: that is not what happened to the market."""
    first, second = Prices("first", TIN=100), Prices("second", TIN=104)
    pipeline = start(line, [first, second], tin("first", "second"), group="")
    for day in range(30):
        first.now = {"TIN": 100 + day % 2 / 10}
        play(line, pipeline, EVERY)
        line.clock.time += timedelta(days=1)
    first.now = DOWN
    play(line, pipeline, 30 * MINUTE)
    assert second.polls > 0
    assert [alert for alert in line.store.read.alerts() if alert.rule == "p/spike"] == []


def test_a_cold_start_knows_what_is_usual(line: Line) -> None:
    """Six months of bars are learned before the first quote is judged, so the first spike is one."""
    now = line.clock.now()
    source = Prices("first", TIN=100)
    source.fields = {
        "bars": tuple(
            Bar(at=now - timedelta(days=day), price=Decimal(100 + day % 2) / 1, volume=None)
            for day in range(120, 0, -1)
        )
    }
    pipeline = start(line, [source], tin("first"), group="")
    play(line, pipeline)
    series = line.store.read.market([tin("first")])[0]["tin"]
    assert len(series.closes) == 120
    assert 0.005 < series.sigma.value < 0.012
    source.now = {"TIN": 107}
    play(line, pipeline, 6 * MINUTE)
    assert [alert.title for alert in line.store.read.alerts()] == ["tin: moves"]


def test_a_gap_is_filled_with_the_sessions_that_were_missed(line: Line) -> None:
    """After a week off, a move over that week is not taken for one of a day."""
    source = Prices("first", TIN=100)
    pipeline = start(line, [source], tin("first"), group="")
    play(line, pipeline)
    line.clock.time += timedelta(days=4)
    now = line.clock.now()
    source.fields = {"bars": tuple(Bar(at=now - timedelta(days=n), price=Decimal(108 - 2 * n)) for n in (3, 2, 1))}
    source.now = {"TIN": 108}
    play(line, pipeline)
    closes = line.store.read.market([tin("first")])[0]["tin"].closes
    assert [close.price for close in closes] == [100, 102, 104, 106]


def test_a_symbol_that_goes_missing_is_told_once_and_so_is_its_return(line: Line) -> None:
    """One row of a table that vanished must not go unseen because the others are there."""
    source = Prices("first", TIN=100, ZINC=7)
    pipeline = start(line, [source], tin("first"), group="")
    play(line, pipeline, EVERY)
    source.now = {"TIN": None, "ZINC": 7}
    play(line, pipeline, 60 * MINUTE)
    source.now = {"TIN": 100, "ZINC": 7}
    play(line, pipeline, 60 * MINUTE)
    assert ops(line) == ["Over: No price where there was one: first TIN"]


def test_a_restart_forgets_no_trouble_of_a_price(line: Line) -> None:
    """The end of what was told is told by the life that sees it, and nothing is told twice."""
    source = Prices("first", TIN=100, ZINC=7)
    play(line, start(line, [source], tin("first"), group=""), EVERY)
    source.now = {"TIN": None, "ZINC": 7}
    play(line, start(line, [source], tin("first"), group=""), 60 * MINUTE)
    assert ops(line) == ["No price where there was one: first TIN"]
    for price in (None, 100):
        source.now = {"TIN": price, "ZINC": 7}
        pipeline = start(line, [source], tin("first"), group="")
        asyncio.run(pipeline.resume())
        play(line, pipeline, 60 * MINUTE)
    assert ops(line) == ["Over: No price where there was one: first TIN"]


def test_a_restart_forgets_no_host_that_blocks_us(line: Line) -> None:
    """It asks once, as it would have without the restart."""
    source = Prices("yahoo:S", TIN=1)
    instrument = Instrument(id="s", kind="metal", sources=(Listing(row="yahoo:S", symbol="TIN"),))
    play(line, start(line, [source], instrument), 10 * MINUTE)
    source.now = BLOCKED
    play(line, start(line, [source], instrument), timedelta(hours=2))
    for answer in (BLOCKED, {"TIN": 1}):
        source.now = answer
        pipeline = start(line, [source], instrument)
        asyncio.run(pipeline.resume())
        play(line, pipeline, timedelta(hours=8))
    assert ops(line) == ["Over: Blocked by host"]


def test_a_host_that_blocks_us_is_one_message_and_is_left_alone_for_longer_each_time(line: Line) -> None:
    """Forty symbols of one host are one trouble, and asking on would make it worse."""
    sources = [Prices(f"yahoo:S{n}", TIN=n + 1) for n in range(8)]
    instruments = [
        Instrument(id=f"s{n}", kind="metal", sources=(Listing(row=f"yahoo:S{n}", symbol="TIN"),)) for n in range(8)
    ]
    pipeline = start(line, sources, *instruments)
    play(line, pipeline, 10 * MINUTE)
    before = sum(source.polls for source in sources)
    for source in sources:
        source.now = BLOCKED
    play(line, pipeline, timedelta(hours=10))
    assert ops(line) == ["Blocked by host"]
    assert sum(source.polls for source in sources) - before < 30
    for n, source in enumerate(sources):
        source.now = {"TIN": n + 1}
    play(line, pipeline, timedelta(hours=30), until_told=lambda: ops(line) == ["Over: Blocked by host"])
    play(line, pipeline, timedelta(hours=2))
    assert ops(line) == ["Over: Blocked by host"]


def test_nobody_is_asked_while_the_market_is_closed(line: Line) -> None:
    """The closing price is taken once more; then the source has its night."""
    line.clock.time = datetime(2026, 3, 2, 20, 30, tzinfo=UTC)  # half an hour before the close in New York
    source = Prices("first", TIN=100)
    source.fields = {"session": NEW_YORK}
    pipeline = start(line, [source], tin("first"), group="")
    play(line, pipeline, timedelta(minutes=70))
    asked = source.polls
    assert asked > 5
    play(line, pipeline, timedelta(hours=12))
    assert source.polls - asked <= 2
    found = next(view for view in line.store.read.sources() if view.name == "first")
    assert datetime(2026, 3, 3, 14, 30, tzinfo=UTC) <= found.due_at <= datetime(2026, 3, 3, 14, 36, tzinfo=UTC)
    assert "its market is closed" in found.reasons
    play(line, pipeline, timedelta(hours=6))
    assert source.polls - asked > 10


@pytest.mark.parametrize(
    ("open_now", "told"),
    [(True, ["Over: No new price: tin"]), (False, [])],
    ids=["in-session", "holiday"],
)
def test_a_price_that_stands_still_in_its_session_is_the_sources_fault(
    line: Line, open_now: bool, told: list[str]
) -> None:
    """A replica that hangs answers as if all were well; on a holiday it says when the market was open."""
    line.clock.time = datetime(2026, 11, 26, 14, 35, tzinfo=UTC)  # a Thursday, the market's holiday
    source = Prices("first", TIN=100)
    source.at = datetime(2026, 11, 25, 21, tzinfo=UTC)
    day = 26 if open_now else 25
    period = (datetime(2026, 11, day, 14, 30, tzinfo=UTC), datetime(2026, 11, day, 21, tzinfo=UTC))
    source.fields = {"session": NEW_YORK, "period": period}
    pipeline = start(line, [source], tin("first"), group="")
    play(line, pipeline, timedelta(hours=3))
    source.at = None
    play(line, pipeline, timedelta(minutes=10))
    assert ops(line) == told


def test_a_restart_forgets_neither_the_session_nor_that_a_price_is_stale(line: Line) -> None:
    """What was told is not told again, and the day is not cut where UTC cuts it."""
    line.clock.time = datetime(2026, 3, 2, 14, 35, tzinfo=UTC)
    source = Prices("first", TIN=100)
    source.at = datetime(2026, 3, 2, 14, 32, tzinfo=UTC)
    source.fields = {"session": NEW_YORK}
    play(line, start(line, [source], tin("first", stale_after=30 * MINUTE), group=""), timedelta(hours=2))
    play(line, start(line, [source], tin("first", stale_after=30 * MINUTE), group=""), timedelta(hours=2))
    assert ops(line) == ["No new price: tin"]
    assert line.store.read.market([tin("first")])[0]["tin"].instrument.session == NEW_YORK
