"""The end of what an alert was about: one message in its thread, to those who were sent the alert."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tocsin.errors import Fault, SourceError
from tocsin.model.deliveries import AttemptResult, DeliveryKind, ErrorClass
from tocsin.model.prices import Instrument, Quote

PACK = """\
tocsin: 1
pack: {id: metals, version: 1.0.0}
rules:
  - id: above
    title: "{instrument} is above 30"
    price: {instruments: [tin], when: last > 30, clear: last < 29, recovered: true}
    cooldown: 1h
"""
TIN = Instrument(id="tin", kind="metal", currency="USD")
OK = AttemptResult(error_class=ErrorClass.OK, code=250)


class Desk:
    """A daemon with one receiver, which can be started anew."""

    def __init__(self, line, pack: str = PACK, outcomes=(OK,)) -> None:
        self.line = line
        self.receiver = line.list_receiver("desk", list(outcomes))
        self.start(pack)

    def start(self, pack: str = PACK) -> None:
        """Start anew with *pack*: nothing is in memory but what the database has."""
        rules = self.line.rules(pack)
        self._pipeline = self.line.pipeline(ruleset=rules)
        self._pipeline.inbound = replace(self._pipeline.inbound, instruments={"tin": TIN})
        decide = self._pipeline.inbound.policy.decide
        self._dispatcher = self.line.dispatcher(decide, self.receiver, instruments=[TIN], price_rules=rules.prices)

    def see(self, *prices: str, send: bool = True) -> list[str]:
        """Bring the *prices*, one every 10 minutes; return the subjects of what was sent of them."""
        before = len(self.receiver.sent)
        for price in prices:
            self.line.clock.move(minutes=10)
            now = self.line.clock.now()
            quote = Quote(instrument="tin", price=Decimal(price), at=now, first_seen=now)
            asyncio.run(self._pipeline.market.observe(self._pipeline.inbound, [quote], now))
            if send:
                asyncio.run(self._dispatcher.run_due())
        return [message.subject for _, message in self.receiver.sent[before:]]


@pytest.fixture
def desk(line):
    """A desk that was told that tin is above 30."""
    one = Desk(line)
    assert one.see("28", "31") == ["[MEDIUM] tin is above 30"]
    yield one
    one._dispatcher.close()


def test_the_end_of_a_price_alert_is_sent_once_in_its_thread(desk) -> None:
    """Whoever was woken by it may go to sleep; a price that trembles below the limit is no second end."""
    assert desk.see("29.5", "28.5", "28", "29.2", "28.4") == ["[MEDIUM] Over: tin is above 30"]
    first, second = (message for _, message in desk.receiver.sent)
    assert second.thread
    assert "Over after 20m: tin 28.5 USD of 2026-03-02 12:40 UTC" in second.text
    [over, told] = desk.line.store.read.deliveries(limit=9)
    assert (over.kind, told.kind) == (DeliveryKind.RECOVERY, DeliveryKind.ALERT)
    assert second.thread == told.id
    assert not first.thread
    [alert] = desk.line.store.read.alerts()
    assert alert.over_at == desk.line.clock.now() - timedelta(minutes=30)


def test_the_end_is_found_after_a_restart(desk) -> None:
    """What is over while the daemon is down is told at the first price; a second restart tells nothing."""
    desk.start()
    assert desk.see("28") == ["[MEDIUM] Over: tin is above 30"]
    desk.start()
    assert desk.see("27.5", "29.5", "28") == []


def test_nobody_is_told_the_end_of_what_he_was_not_sent(line) -> None:
    """The alert still waits; when it is sent, it shows the price of then."""
    desk = Desk(line)
    desk.see("28", "31", "28", send=False)
    assert [view.kind for view in line.store.read.deliveries(limit=9)] == [DeliveryKind.ALERT]
    assert line.store.read.alerts()[0].over_at == line.clock.now()
    desk._dispatcher.close()


def test_an_end_in_the_same_poll_as_its_alert_is_none(line) -> None:
    """Nobody has heard of that alert yet."""
    desk = Desk(line)
    desk.see("28")
    now = line.clock.now()
    quotes = [
        Quote(instrument="tin", price=Decimal(price), at=now + timedelta(minutes=n), first_seen=now)
        for n, price in enumerate(("31", "28"), 1)
    ]
    asyncio.run(desk._pipeline.market.observe(desk._pipeline.inbound, quotes, now + timedelta(minutes=3)))
    assert [view.kind for view in line.store.read.deliveries(limit=9)] == [DeliveryKind.ALERT]
    desk._dispatcher.close()


def test_a_rule_that_no_longer_tells_its_end_is_silent(desk) -> None:
    """The reload that removes the key is obeyed, and the rule is armed again all the same."""
    desk.start(PACK.replace(", recovered: true", ""))
    assert desk.see("28") == []
    assert desk.line.store.read.alerts()[0].over_at is None


def test_a_second_rise_has_an_end_of_its_own(desk) -> None:
    """Each alert ends once, and its end is in its own thread."""
    desk.see("28", "28", "28", "28", "28", "28")
    assert desk.see("31", "28") == ["[MEDIUM] tin is above 30", "[MEDIUM] Over: tin is above 30"]
    _, told, *_ = desk.line.store.read.deliveries(limit=9)
    assert desk.receiver.sent[-1][1].thread == told.id


def test_a_source_that_recovers_is_told_in_the_thread_of_its_trouble(line) -> None:
    """One message, to the operators who were told; a second trouble has an end of its own."""
    down = SourceError("refused", fault=Fault.NETWORK)
    pipeline = line.pipeline(line.list_source("wire", [[], *[down] * 8, [], *[down] * 8, []]))
    ops = line.list_receiver("ops", [OK])
    dispatcher = line.dispatcher(pipeline.inbound.policy.decide, ops)
    for _ in range(19):
        asyncio.run(pipeline.run_due())
        asyncio.run(dispatcher.run_due())
        line.clock.move(hours=25)
    subjects = ["[tocsin MEDIUM] Source unhealthy: wire", "[tocsin MEDIUM] Over: Source unhealthy: wire"]
    assert [message.subject for _, message in ops.sent] == subjects * 2
    assert [bool(message.thread) for _, message in ops.sent] == [False, True, False, True]
    assert "Over after" in ops.sent[1][1].text
    dispatcher.close()
