"""What leaves, waits or is suppressed while quiet hours last, as the outbox sees it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from tocsin.deliver.config import DeliveryConfig
from tocsin.deliver.dispatcher import Dispatcher
from tocsin.model.deliveries import AttemptResult, DeliveryState, ErrorClass
from tocsin.model.rules import Severity
from tocsin.policy.notifying.quiet import QuietHours
from tocsin.policy.notifying.receiver import ReceiverInfo
from tocsin.policy.notifying.walltime import Window
from tocsin.render.reasons import in_words

Line = Any
DOWN = AttemptResult(error_class=ErrorClass.TRANSIENT, code=503, words="busy")
OK = AttemptResult(error_class=ErrorClass.OK)
HOUR = timedelta(hours=1)


def dispatcher(line: Line, receiver: Any, *, arrived: bool = False, **options: Any) -> tuple[Dispatcher, datetime]:
    """A dispatcher in quiet hours that began an hour ago, and when they end; after one alert, if none *arrived* before."""
    pipeline = line.pipeline(line.list_source("wire", [[], ["China bans gallium exports"]]))
    if not arrived:
        asyncio.run(pipeline.run_due())
        line.clock.move(minutes=16)
        asyncio.run(pipeline.run_due())
    now = line.clock.now().replace(second=0, microsecond=0)
    hours = QuietHours(window=Window(start=_wall(now - HOUR), end=_wall(now + 8 * HOUR)), **options)
    desk = ReceiverInfo(name="desk", recipients=("",), quiet_hours=(hours,))
    made = line.dispatcher(pipeline.inbound.policy.decide, receiver, people=(desk,))
    return made, now + 8 * HOUR


def _wall(at: datetime) -> time:
    return at.astimezone(UTC).time().replace(second=0, microsecond=0)


def test_what_is_due_in_quiet_hours_leaves_at_their_end(line: Line) -> None:
    """It lives from the end of the hold: a long night does not eat the time in which it may be tried."""
    desk = line.list_receiver("desk", [OK])
    sender, end = dispatcher(line, desk)
    asyncio.run(sender.run_due())
    (view,) = line.store.read.deliveries()
    assert (view.state, view.due_at) == (DeliveryState.HELD, end)
    assert in_words(view.reason) == f"held until {end:%Y-%m-%d %H:%M} UTC by the quiet hours of desk"
    line.clock.move(hours=8)
    asyncio.run(sender.run_due())
    assert line.store.read.deliveries()[0].state is DeliveryState.DELIVERED


def test_what_breaks_through_leaves_in_quiet_hours(line: Line) -> None:
    """`except: high` lets it out."""
    sender, _ = dispatcher(line, line.list_receiver("desk", [OK]), breaks=Severity.HIGH)
    asyncio.run(sender.run_due())
    assert line.store.read.deliveries()[0].state is DeliveryState.DELIVERED


def test_what_quiet_hours_drop_is_suppressed_with_a_reason(line: Line) -> None:
    """Nobody hears of it, and everybody can find out why."""
    sender, _ = dispatcher(line, line.list_receiver("desk", [OK]), drop=True)
    asyncio.run(sender.run_due())
    (view,) = line.store.read.deliveries()
    assert (view.state, in_words(view.reason)) == (DeliveryState.SUPPRESSED, "suppressed by the quiet hours of desk")


@pytest.mark.parametrize("drop", [False, True], ids=["hold", "drop"])
def test_a_message_that_was_tried_is_not_tried_again_in_quiet_hours(line: Line, drop: bool) -> None:
    """A retry wakes people like a first try; it is kept for the morning, for nobody knows whether it arrived."""
    sender, end = dispatcher(line, line.list_receiver("desk", [DOWN]), drop=drop)
    people, sender.outbound = sender.outbound, _without_people(sender.outbound)
    asyncio.run(sender.run_due())
    sender.outbound = people
    line.clock.move(minutes=10)
    asyncio.run(sender.run_due())
    (view,) = line.store.read.deliveries()
    assert (view.state, view.due_at) == (DeliveryState.RETRY, end)


def _without_people(outbound: DeliveryConfig) -> DeliveryConfig:
    return DeliveryConfig(receivers=outbound.receivers, zone=outbound.zone, decide=outbound.decide)


def test_what_quiet_hours_hold_at_send_time_leaves_as_one_digest(line: Line) -> None:
    """Quiet hours that came with a reload, or a clock that was wrong: the morning still brings one message, not three."""
    desk = line.list_receiver("desk", [OK])
    sender, end = dispatcher(line, desk)
    source = line.list_source("other", [[], ["Russia bans cobalt exports"]])
    pipeline = line.pipeline(source)
    asyncio.run(pipeline.run_due())
    line.clock.move(minutes=16)
    asyncio.run(pipeline.run_due())
    asyncio.run(sender.run_due())
    assert desk.sent == []
    line.clock.time = end
    asyncio.run(sender.run_due())
    ((_, message),) = desk.sent
    assert "gallium: ban" in message.text
    assert "cobalt: ban" in message.text
    assert message.subject.startswith("[HIGH] Digest: ")


def test_a_price_that_is_tried_again_after_the_night_lives_as_long_as_a_price(world: Any) -> None:
    """An hour from the end of the hold: in the afternoon nobody wants last night's price."""
    one = world()
    one.price("149", "151")
    sender, end = dispatcher(one.line, one.line.list_receiver("desk", [DOWN]), arrived=True)
    people, sender.outbound = sender.outbound, _without_people(sender.outbound)
    asyncio.run(sender.run_due())
    sender.outbound = people
    one.line.clock.move(minutes=10)
    asyncio.run(sender.run_due())
    states = []
    for minutes in (0, 50, 61):
        one.line.clock.time = end + timedelta(minutes=minutes)
        asyncio.run(sender.run_due())
        states.append(one.line.store.read.deliveries()[-1].state)
    assert states == [DeliveryState.RETRY, DeliveryState.RETRY, DeliveryState.DEAD]
