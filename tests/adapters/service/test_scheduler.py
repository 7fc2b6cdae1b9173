"""Ticks on a real event loop."""

import asyncio
import logging
from datetime import timedelta

import pytest

from tocsin.service.scheduler import Ticker


def test_a_tick_under_way_ends_well_when_ticking_stops(caplog):
    """A claim that is cancelled half way would lease what nobody sends, and a good end would look like a failure."""

    async def scene():
        ended, begun = asyncio.Event(), asyncio.Event()

        async def tick():
            begun.set()
            await asyncio.sleep(0.05)
            ended.set()

        ticker = Ticker()
        ticker.every(timedelta(milliseconds=1), "claim", tick)
        ticker.start()
        await begun.wait()
        await ticker.stop(5)
        return ended.is_set()

    with caplog.at_level(logging.ERROR):
        assert asyncio.run(scene())
    assert caplog.records == []


def test_a_tick_that_hangs_keeps_nobody_from_stopping():
    """A stop is bounded whatever runs."""

    async def scene():
        begun = asyncio.Event()

        async def tick():
            begun.set()
            await asyncio.Event().wait()

        ticker = Ticker()
        ticker.every(timedelta(milliseconds=1), "claim", tick)
        ticker.start()
        await begun.wait()
        await ticker.stop(0.01)
        return True

    assert asyncio.run(scene())


@pytest.mark.parametrize("turns", range(5))
def test_a_tick_that_is_due_as_ticking_stops_is_no_failure(turns, caplog):
    """A stop in an unlucky turn of the loop would leave a traceback in the log of an orderly end."""

    async def scene():
        async def tick():
            pass

        ticker = Ticker()
        loop = asyncio.get_running_loop()
        ticker.every(timedelta(milliseconds=20), "claim", tick)
        ticker.start()
        await pass_on(3)  # the scheduler sets its timer
        until = loop.time() + 0.05
        while loop.time() < until:
            pass
        await pass_on(turns)
        await ticker.stop(5)
        await pass_on(3)

    async def pass_on(turns):
        for _ in range(turns):
            await asyncio.sleep(0)

    with caplog.at_level(logging.ERROR):
        asyncio.run(scene())
    assert caplog.records == []


def test_no_tick_begins_once_ticking_has_stopped():
    """A claim behind the drain would begin polls on connections that are closed."""

    async def scene():
        begun = 0
        first = asyncio.Event()

        async def tick():
            nonlocal begun
            begun += 1
            first.set()

        ticker = Ticker()
        ticker.every(timedelta(milliseconds=20), "claim", tick)
        ticker.start()
        await first.wait()
        # The scheduler hands out the next tick in the turn of the loop in which the stop comes.
        loop, stopping = asyncio.get_running_loop(), asyncio.Event()
        loop.call_later(0.001, loop.call_soon, stopping.set)
        until = loop.time() + 0.03
        while loop.time() < until:
            pass
        await stopping.wait()
        await ticker.stop(5)
        before = begun
        for _ in range(10):
            await asyncio.sleep(0.01)
        return begun - before

    assert asyncio.run(scene()) == 0
