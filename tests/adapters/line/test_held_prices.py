"""Edges of a price that a cooldown held: at its end they are told if they are still true, and dropped if not."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from tocsin.model.deliveries import AttemptResult, DeliveryState, ErrorClass
from tocsin.model.prices import Instrument, Quote
from tocsin.render.reasons import in_words

PACK = """\
tocsin: 1
pack: {id: metals, version: 1.0.0}
rules:
  - id: above
    price: {instruments: {class: metal}, when: last > 30}
    cooldown: 1h
  - id: band
    price: {instruments: {class: metal}, when: last > 40, clear: last < 20}
    cooldown: 1h
  - id: since
    price: {instruments: {class: metal}, when: abs(change(since_alert)) >= 50%}
    cooldown: 1h
"""
TIN = Instrument(id="tin", kind="metal", currency="USD")


class _Desk:
    """A desk that hears of tin."""

    def __init__(self, line) -> None:
        self.line = line
        rules = line.rules(PACK)
        self.receiver = line.list_receiver("desk", [AttemptResult(error_class=ErrorClass.OK, code=250)])
        self._pipeline = line.pipeline(ruleset=rules)
        self._pipeline.inbound = replace(self._pipeline.inbound, instruments={"tin": TIN})
        decide = self._pipeline.inbound.policy.decide
        self._dispatcher = line.dispatcher(decide, self.receiver, instruments=[TIN], price_rules=rules.prices)

    def see(self, *prices: str, minutes: float = 5) -> None:
        """Bring the *prices*, one every so many *minutes*, and send what is due."""
        for price in prices:
            self.line.clock.move(minutes=minutes)
            now = self.line.clock.now()
            quote = Quote(instrument="tin", price=Decimal(price), at=now, first_seen=now)
            asyncio.run(self._pipeline.market.observe(self._pipeline.inbound, [quote], now))
            self.send()

    def send(self, *, minutes: float = 0) -> None:
        """Send what is due so many *minutes* later."""
        self.line.clock.move(minutes=minutes)
        asyncio.run(self._dispatcher.run_due())

    @property
    def states(self) -> list[DeliveryState]:
        """What became of each message, the oldest first."""
        return [view.state for view in reversed(self.line.store.read.deliveries(limit=50))]

    @property
    def reasons(self) -> list[str]:
        """Why the messages are as they are, the oldest first."""
        return [in_words(view.reason) for view in reversed(self.line.store.read.deliveries(limit=50))]


@pytest.fixture
def desk(line):
    """A desk that was told that tin is above 30, once."""
    one = _Desk(line)
    one.see("29.5", "31", "29")
    assert len(one.receiver.sent) == 1
    yield one
    one._dispatcher.close()


def test_an_edge_that_is_true_no_longer_is_dropped_with_its_reason(desk) -> None:
    """Nobody is told that tin is above 30 when it is at 25."""
    desk.see("31.5", "29", "25")
    desk.send(minutes=60)
    assert len(desk.receiver.sent) == 1
    assert desk.states == [DeliveryState.DELIVERED, DeliveryState.SUPPRESSED]
    assert "no longer true: tin was 25 at 2026-03-02 12:30 UTC" in desk.reasons[1]


def test_an_edge_that_is_still_true_is_told_with_since_when_it_waited(desk) -> None:
    """The reader sees that it is old, and the price of now."""
    desk.see("31.5", "32")
    desk.send(minutes=60)
    assert len(desk.receiver.sent) == 2
    _, message = desk.receiver.sent[1]
    assert message.text.startswith("Held since 2026-03-02 12:20 UTC.")
    assert "31.5" in message.text
    assert "32" in message.text


def test_a_price_that_came_back_above_its_level_is_told_at_the_end(desk) -> None:
    """What counts is the end of the cooldown, not what happened within it."""
    desk.see("31.5", "29", "31.2")
    desk.send(minutes=60)
    assert len(desk.receiver.sent) == 2


def test_a_dropped_edge_starts_no_cooldown(desk) -> None:
    """After it the next edge is told at once: nobody heard of the one that was dropped."""
    desk.see("31.5", "29")
    desk.send(minutes=60)
    desk.see("33")
    assert [state for state in desk.states if state is DeliveryState.DELIVERED] == [DeliveryState.DELIVERED] * 2


def test_what_a_condition_says_of_its_own_alert_is_no_reason_to_drop_it(desk) -> None:
    """A move since the last alert is nought right after the alert, and was a move all the same."""
    desk.see("24", "20", "17", "14.5", "17", "20", "22")
    assert desk.states == [DeliveryState.DELIVERED, DeliveryState.DELIVERED, DeliveryState.HELD]
    desk.send(minutes=60)
    assert len(desk.receiver.sent) == 3
