"""Silences of the configuration, as the outbox sees them: written as rows, applied, and ended by a reload."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any

import pytest

from tocsin.deliver.dispatcher import Dispatcher
from tocsin.model.deliveries import AttemptResult, DeliveryState, ErrorClass
from tocsin.policy.notifying.silence import RecurringSilence, parse
from tocsin.policy.notifying.walltime import Window
from tocsin.render.reasons import in_words

Line = Any
OK = AttemptResult(error_class=ErrorClass.OK)
NIGHT = Window(start=time(22), end=time(6))


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A time of March."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def silence(*matchers: str, window: Window = NIGHT, why: str = "") -> RecurringSilence:
    """A silence of the configuration."""
    return RecurringSilence(matchers=tuple(map(parse, matchers)), windows=(window,), why=why)


class Desk:
    """A desk, which gets alerts about gallium and cobalt at ten past eleven in the evening."""

    def __init__(self, line: Line, *silences: RecurringSilence) -> None:
        self.line = line
        self.receiver = line.list_receiver("desk", [OK])
        self.pipeline = line.pipeline(
            line.list_source("wire", [[], ["China bans gallium exports", "China bans cobalt exports"]])
        )
        self.sender = self.started(*silences)
        line.clock.time = at(2, 22, 50)
        asyncio.run(self.pipeline.run_due())
        line.clock.time = at(2, 23, 10)
        asyncio.run(self.pipeline.run_due())

    def started(self, *silences: RecurringSilence) -> Dispatcher:
        """A dispatcher that was started just now."""
        made: Dispatcher = self.line.dispatcher(self.pipeline.inbound.policy.decide, self.receiver, silences=silences)
        return made

    def send(self, *when: int) -> list[str]:
        """Send what is due at that time of March; return which minerals the desk has heard of."""
        if when:
            self.line.clock.time = at(*when)
        asyncio.run(self.sender.run_due())
        return [word for word in ("gallium", "cobalt") if any(word in one.text for _, one in self.receiver.sent)]


def test_what_matches_is_suppressed_at_its_times_and_sent_at_their_end(line: Line) -> None:
    """The reason names the silence, which stands in the list while it lasts, and there is a new one each night."""
    desk = Desk(line, silence("mineral=gallium", why="known"))
    assert desk.send() == ["cobalt"]
    (row,) = line.store.read.silences()
    assert (row.starts, row.ends, row.by, row.during) == (at(2, 22), at(3, 6), "the configuration", "22:00 to 06:00")
    (hidden,) = [one for one in line.store.read.deliveries() if one.state is DeliveryState.SUPPRESSED]
    assert in_words(hidden.reason) == "suppressed by silence 1 (mineral=gallium): known"
    assert desk.send(3, 5, 59) == ["cobalt"]
    assert desk.send(3, 6) == ["gallium", "cobalt"]
    desk.send(3, 22)
    assert [one.starts for one in line.store.read.silences()] == [at(3, 22), at(2, 22)]


def test_a_restart_in_the_middle_makes_no_second_one(line: Line) -> None:
    """The row is the memory, not the process."""
    desk = Desk(line, silence("mineral=gallium"))
    desk.send()
    desk.sender = desk.started(silence("mineral=gallium"))
    assert desk.send(3, 1) == ["cobalt"]
    assert len(line.store.read.silences()) == 1


def test_a_reload_that_removes_it_ends_it_and_one_that_brings_it_back_begins_another(line: Line) -> None:
    """What it hid is sent at once; the next reload hides what comes after."""
    desk = Desk(line, silence("mineral=gallium"), silence("mineral=cobalt"))
    assert desk.send() == []
    desk.sender.outbound = replace(desk.sender.outbound, silences=(silence("mineral=cobalt"),))
    assert desk.send(2, 23, 20) == ["gallium"]
    desk.sender.outbound = replace(desk.sender.outbound, silences=(silence("mineral=gallium"),))
    assert desk.send(2, 23, 30) == ["gallium", "cobalt"]
    assert [one.matchers[0].value for one in line.store.read.silences() if one.ends > line.clock.now()] == ["gallium"]


def test_one_that_a_person_ended_stays_ended_until_its_next_time(line: Line) -> None:
    """Who wants to hear of it tonight is not overruled a second later."""
    desk = Desk(line, silence("mineral=gallium"))
    desk.send()
    line.store.act.end_silence(1, line.clock.now())
    assert desk.send(2, 23, 20) == ["gallium", "cobalt"]
    desk.sender = desk.started(silence("mineral=gallium"))
    desk.send(2, 23, 30)
    assert len(line.store.read.silences()) == 1


def test_a_weekend_of_two_windows_lets_nothing_out_at_midnight(line: Line) -> None:
    """One silence ends as the next begins, and what is suppressed goes from the one to the other."""
    days = Window(days=frozenset({0, 1}))
    desk = Desk(line, silence("mineral=gallium", window=days))
    assert desk.send() == ["cobalt"]
    assert desk.send(3, 0) == ["cobalt"]
    (hidden,) = [one for one in line.store.read.deliveries() if one.state is DeliveryState.SUPPRESSED]
    assert in_words(hidden.reason) == "suppressed by silence 2 (mineral=gallium)"
    assert desk.send(3, 23, 9) == ["cobalt"]


@pytest.mark.parametrize("value", ["<b>gallium</b>", "galli\x1bum", "g" * 500], ids=["markup", "control", "long"])
def test_hostile_text_in_a_matcher_hides_nothing(line: Line, value: str) -> None:
    """A value is compared, never a pattern or markup."""
    assert Desk(line, silence(f"mineral={value}")).send() == ["gallium", "cobalt"]
