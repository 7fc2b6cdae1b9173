"""The rate of requests to one server, in real time."""

import asyncio
import resource
import time
from datetime import timedelta

import pytest

from tocsin.errors import Fault, SourceError
from tocsin.limits import allow_files, open_files
from tocsin.sources.http.pace import FEWEST, MOST, PROMPT, Pace, group, places

GAP = timedelta(seconds=0.05)


async def _starts(pace, *names, **options):
    """When each of the turns began, in the order of *names*."""
    starts = {}

    async def take(number, name):
        async with pace.turn(name, **options):
            starts[number] = time.monotonic()

    await asyncio.gather(*(take(number, name) for number, name in enumerate(names)))
    return [starts[number] for number in range(len(names))]


def test_requests_to_one_host_keep_their_distance():
    """Twenty feeds of one host are not twenty requests at once."""
    first, second, third = asyncio.run(_starts(Pace(gap=GAP), "e.com", "e.com", "e.com"))
    assert second - first >= 0.05
    assert third - second >= 0.05


@pytest.mark.parametrize(("names", "spaced"), [(("a.com", "b.com"), True), (("a.com", "a.com"), False)])
def test_others_do_not_wait(names, spaced):
    """Politeness to one server does not delay the news of others, and an operator's own server needs none."""
    first, second = asyncio.run(_starts(Pace(gap=timedelta(seconds=30)), *names, spaced=spaced))
    assert second - first < 5


def test_a_server_that_asked_for_quiet_gets_it():
    """After one 429 no other feed of that host is asked, and who is sent away learns for how long."""

    async def play():
        pace = Pace(gap=timedelta())
        pace.hold("e.com", timedelta(hours=1))
        pace.hold("e.com", timedelta(minutes=1))
        async with pace.turn("e.com"):
            pass

    with pytest.raises(SourceError) as caught:
        asyncio.run(play())
    assert caught.value.fault is Fault.BUSY
    assert timedelta(minutes=59) < caught.value.retry_after <= timedelta(hours=1)


def test_nobody_queues_for_ever():
    """A poll that waits longer than its lease would be done twice."""

    async def play():
        pace = Pace(gap=timedelta(), patience=timedelta(seconds=0.02))
        async with pace.turn("e.com"), pace.turn("e.com"):
            pass

    with pytest.raises(SourceError) as caught:
        asyncio.run(play())
    assert caught.value.fault is Fault.BUSY


def test_a_failed_request_ends_its_turn():
    """One error must not lock a host."""

    async def play():
        pace = Pace(gap=timedelta())
        with pytest.raises(ValueError, match="broken"):
            async with pace.turn("e.com"):
                raise ValueError("broken")
        async with pace.turn("e.com"):
            return True

    assert asyncio.run(play())


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("old.reddit.com", "reddit.com"),
        ("reddit.com", "reddit.com"),
        ("notreddit.com", "notreddit.com"),
        ("one.substack.com", "substack.com"),
        ("e.com", "e.com"),
    ],
)
def test_sites_behind_one_server_take_turns_together(host, name):
    """A thousand blogs may be one machine."""
    assert group(host) == name


def test_servers_that_hang_hold_up_nobody():
    """A hundred feeds that never answer delay the others by less than a second, and the next time not at all."""

    async def play():
        loop, pace, end = asyncio.get_running_loop(), Pace(gap=timedelta()), asyncio.Event()

        async def hang(name, begun):
            async with pace.turn(name):
                begun.set()
                await end.wait()

        async def ask_beside(names):
            begun = [asyncio.Event() for _ in names]
            tasks = [asyncio.create_task(hang(name, event)) for name, event in zip(names, begun, strict=True)]
            await asyncio.sleep(0)
            start = loop.time()
            async with pace.turn("e.com"):
                waited = loop.time() - start
            for event in begun:
                await event.wait()
            await asyncio.sleep(PROMPT * 1.5)
            end.set()
            await asyncio.gather(*tasks)
            end.clear()
            return waited

        hanging = [f"{n}.com" for n in range(FEWEST)]
        return await ask_beside(hanging), await ask_beside(hanging)

    first, second = asyncio.run(play())
    assert first < 1
    assert second < PROMPT / 2


async def _at_once():
    await asyncio.sleep(0)


def test_a_server_that_answers_promptly_again_is_one_of_many():
    """One slow day is not remembered for ever: what is in flight stays bounded."""

    async def play():
        pace, most, active = Pace(gap=timedelta()), 0, 0
        names = [f"{n}.com" for n in range(2 * FEWEST)]
        everybody = asyncio.Barrier(len(names))

        async def ask(name, answered):
            nonlocal most, active
            async with pace.turn(name):
                active += 1
                most = max(most, active)
                await answered()
                active -= 1

        async def ask_all(answered):
            nonlocal most
            most = 0
            await asyncio.gather(*(ask(name, answered) for name in names))
            return most

        # Slow are those that answer only when all of them have been asked.
        return await ask_all(everybody.wait), await ask_all(_at_once), await ask_all(_at_once)

    slow, again, prompt = asyncio.run(play())
    assert slow == 2 * FEWEST
    assert again == 2 * FEWEST
    assert prompt == FEWEST


@pytest.mark.parametrize(("files", "number"), [(256, FEWEST), (1024, 32), (8192, MOST), (1 << 30, MOST)])
def test_more_are_asked_at_once_where_more_files_may_be_open(files, number):
    """Each connection is an open file: a daemon that has no more of them cannot even read its configuration."""
    assert places(files) == number


def test_a_daemon_opens_more_files_than_a_shell_gives_it():
    """Where the usual limit can be raised, no connection fails for want of a file."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        allow_files()
        assert open_files() == min(8192, before[1]) or before[1] == resource.RLIM_INFINITY
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
