"""Workers that send share many receivers, so that two send more than one, and no receiver waits for a worker that sends nothing."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from datetime import UTC, timedelta
from threading import Barrier

import pytest

from tocsin.deliver.config import DeliveryConfig
from tocsin.deliver.dispatcher import Dispatcher
from tocsin.model.deliveries import AttemptResult, DeliveryState, ErrorClass, MessageKind
from tocsin.model.rules import Severity
from tocsin.protocols import Runtime
from tocsin.store.db.lock import Running
from tocsin.store.values import Claimable

pytest.importorskip("psycopg")
pytestmark = pytest.mark.parametrize("address", ["postgresql"], indirect=True)

MINUTE = timedelta(minutes=1)
MANY = tuple((f"r{n}", "") for n in range(10))


@pytest.fixture
def pair(hands, store):
    """Two workers with the same configuration, and a message for each of many receivers."""
    other = hands.open()
    for one in (store, other):
        one.lock(hands.now)
        one.note(Running(pid=os.getpid(), generation="same"))
    hands.tell(store, "first", hands.teller(to=MANY))
    return store, other


def _claim(hands, store, **which):
    found = store.claim_deliveries(hands.now, MINUTE, Claimable(fair=True, **which))
    return {delivery.receiver for delivery in found}


def test_two_workers_take_half_of_the_receivers_each(hands, pair):
    """Else the worker that found the news would send all of it, and the other one nothing."""
    one, other = pair
    first, second = _claim(hands, one), _claim(hands, other)
    assert (len(first), len(second)) == (5, 5)
    assert first | second == {name for name, _ in MANY}
    assert _claim(hands, one, exclude=first) == set()


def test_the_most_severe_messages_wait_for_no_other_worker(hands, pair):
    """What is left to others leaves a moment later, and so it is the least urgent."""
    one, _ = pair
    urgent = hands.rule(id="minerals/urgent", severity=Severity.CRITICAL)
    hands.tell(one, "second", hands.teller(to=(("r7", ""), ("r9", ""))), urgent)
    assert {"r7", "r9"} <= _claim(hands, one)


def test_few_receivers_are_not_shared(hands, pair):
    """To ask for another worker would take longer than to send."""
    one, _ = pair
    assert len(_claim(hands, one, present=MANY[:4])) == 4


@pytest.mark.parametrize("other_is", [{"role": "poll"}, {"role": "web"}, {"generation": "another"}])
def test_nothing_is_left_to_a_worker_that_does_not_send(hands, pair, other_is):
    """It polls, shows the page, or stands by: the messages would wait for nobody."""
    one, other = pair
    other.note(Running(pid=os.getpid(), **{"generation": "same", **other_is}))
    assert len(_claim(hands, one)) == len(MANY)


@dataclass
class Desk:
    """A receiver that answers when all others have been sent a message too."""

    name: str
    all_of_them: Barrier
    kind: MessageKind = MessageKind.TEXT
    recipients: tuple[str, ...] = ("",)

    def send(self, *_: object) -> AttemptResult:
        """Wait for the others."""
        self.all_of_them.wait(20)
        return AttemptResult(error_class=ErrorClass.OK)


def test_what_no_other_worker_takes_is_taken_a_moment_later(hands, pair):
    """The other one may hang, or be busy with something else, and so may the receivers that were taken first."""
    one, _ = pair

    async def at_once(call, /, *args, **kwargs):
        return call(*args, **kwargs)

    async def work() -> None:
        woken = asyncio.Event()
        clock = type("Clock", (), {"now": lambda _: hands.now})()
        runtime = Runtime(clock=clock, write=at_once, work=at_once, random=lambda: 0.5)
        together = Barrier(len(MANY))
        desks = {name: Desk(name, together) for name, _ in MANY}
        outbound = DeliveryConfig(receivers=desks, zone=UTC, decide=hands.teller())
        dispatcher = Dispatcher(one, outbound, runtime, more=woken.set)
        await dispatcher.tick()
        async with asyncio.timeout(20):
            while any(view.state is not DeliveryState.DELIVERED for view in one.read.deliveries()):
                await woken.wait()
                woken.clear()
                await dispatcher.tick()
        dispatcher.close()

    asyncio.run(work())
