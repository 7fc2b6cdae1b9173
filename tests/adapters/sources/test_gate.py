"""LargeDocumentGate for large documents."""

import asyncio
from datetime import timedelta

import pytest

from tocsin.errors import Fault, SourceError
from tocsin.sources.http.gate import LargeDocumentGate


async def _settle():
    for _ in range(10):
        await asyncio.sleep(0)


def test_large_documents_wait_for_a_place_and_small_ones_do_not():
    """However many feeds are endless, the memory that they take together is bounded; the others do not notice."""

    async def play():
        gate, end, grown = LargeDocumentGate(places=2, large=100), asyncio.Event(), []

        async def poll(name, *sizes):
            async with gate.admit():
                for size in sizes:
                    await gate.grow(size)
                grown.append(name)
                await end.wait()

        async with asyncio.TaskGroup() as group:
            for name in ("a", "b", "c"):
                group.create_task(poll(name, 50, 101, 5000))
            group.create_task(poll("small", 50, 100))
            await _settle()
            before = sorted(grown)
            end.set()
        return before, sorted(grown)

    assert asyncio.run(play()) == (["a", "b", "small"], ["a", "b", "c", "small"])


def test_a_failed_poll_gives_its_place_back():
    """One endless feed must not keep out all large ones for ever."""

    async def play():
        gate = LargeDocumentGate(places=1, large=0)
        for _ in range(3):
            try:
                async with gate.admit():
                    await gate.grow(1)
                    raise ValueError
            except ValueError:
                pass
        return True

    assert asyncio.run(asyncio.wait_for(play(), 5))


def test_who_finds_no_place_is_told_so():
    """That others hang is not said of a server that answered."""

    async def play():
        gate = LargeDocumentGate(places=0, large=0, patience=timedelta(seconds=0.01))
        async with gate.admit():
            await gate.grow(1)

    with pytest.raises(SourceError, match="no room") as caught:
        asyncio.run(play())
    assert caught.value.fault is Fault.BUSY


def test_large_documents_are_read_one_at_a_time():
    """There is always a worker left for the small ones."""

    async def play():
        gate, end, reading = LargeDocumentGate(places=3, large=100), asyncio.Event(), []

        async def run(call, /, *args):
            reading.append(call(*args))
            await end.wait()

        async def poll(size):
            async with gate.admit():
                await gate.grow(size)
                await gate.reader(run)(str, size)

        async with asyncio.TaskGroup() as group:
            for size in (101, 102, 1, 2, 3):
                group.create_task(poll(size))
            await _settle()
            before = sorted(reading)
            end.set()
        return before, len(reading)

    assert asyncio.run(play()) == (["1", "101", "2", "3"], 5)


def test_whoever_is_not_in_the_room_is_not_bounded():
    """A document fetched outside of a poll has no place to wait for."""

    async def play():
        gate = LargeDocumentGate(places=0, large=0)
        await gate.grow(1)

        async def run(call, /, *args):
            return call(*args)

        return await gate.reader(run)(str, 1)

    assert asyncio.run(asyncio.wait_for(play(), 5)) == "1"
