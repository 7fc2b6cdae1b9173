"""The end of what an alert was about: one message in its thread, to those who were sent the alert."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest

from tocsin.errors import Fault, SourceError
from tocsin.model.deliveries import AttemptResult, DeliveryKind, DeliveryState, ErrorClass
from tocsin.model.prices import Instrument, Quote
from tocsin.model.rules import Severity
from tocsin.policy.decide import Policy
from tocsin.policy.notifying.quiet import QuietHours
from tocsin.policy.notifying.receiver import DigestTimes, ReceiverInfo
from tocsin.policy.notifying.reminders import Escalation, Reminders
from tocsin.policy.notifying.route import Route
from tocsin.policy.notifying.walltime import Window
from tocsin.render.reasons import in_words

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
DESK = ReceiverInfo(name="desk", recipients=("",))


class Desk:
    """A daemon with one receiver, which can be started anew."""

    def __init__(self, line, pack: str = PACK, outcomes=(OK,), person: ReceiverInfo = DESK) -> None:
        self.line = line
        line.policy = Policy(routes=(Route(to=("desk",)),), receivers=(person,))
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


def test_an_alert_that_still_waits_and_its_end_are_one_message(line) -> None:
    """Who was not told yet reads at once that it is over, and gets no second message."""
    desk = Desk(line)
    desk.see("28", "31", "28", send=False)
    assert [view.kind for view in line.store.read.deliveries(limit=9)] == [DeliveryKind.ALERT]
    assert line.store.read.alerts()[0].over_at == line.clock.now()
    assert desk.see("27") == ["[MEDIUM] Over: tin is above 30"]
    [(_, message)] = desk.receiver.sent
    assert "Over since 2026-03-02 12:30 UTC. " in message.text
    desk._dispatcher.close()


def test_a_digest_says_which_of_its_alerts_are_over(line) -> None:
    """What waited for the morning may have ended at night."""
    desk = Desk(line, person=replace(DESK, digest=DigestTimes(at=(time(20),), below=Severity.CRITICAL)))
    assert desk.see("28", "31", "28") == []
    line.clock.time = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)
    assert desk.see("27") == ["[MEDIUM] Digest: tin is above 30"]
    assert "over since 2026-03-02 12:30 UTC" in desk.receiver.sent[0][1].text
    desk._dispatcher.close()


def test_an_escalation_that_waits_is_called_off_by_the_end(line) -> None:
    """Nobody is asked in the morning about what was over at night."""
    night = QuietHours(window=Window(start=time(12), end=time(20)))
    boss = ReceiverInfo(name="boss", recipients=("",), quiet_hours=(night,))
    to_boss = Reminders(people=(boss,), escalations=(Escalation(to=("boss",), after=timedelta(minutes=10)),))
    desk = Desk(line)
    desk._dispatcher.outbound = replace(desk._dispatcher.outbound, reminders=to_boss)
    desk.see("28", "31", "31")
    [waiting] = line.store.read.deliveries(state=DeliveryState.HELD)
    assert waiting.kind is DeliveryKind.ESCALATION
    desk.see("28")
    gone = line.store.read.delivery(waiting.id).delivery
    assert gone.state is DeliveryState.SUPPRESSED
    assert in_words(gone.reason) == "alert 1 is over"
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


def test_a_trouble_that_was_over_before_operators_were_told_is_one_message(line) -> None:
    """The message of the trouble waits for the end of quiet hours, and says then that the source has recovered."""
    night = QuietHours(window=Window(start=time(0), end=time(23)))
    line.policy = Policy(
        routes=(), receivers=(ReceiverInfo(name="ops", recipients=("",), operator=True, quiet_hours=(night,)),)
    )
    down = SourceError("refused", fault=Fault.NETWORK)
    pipeline = line.pipeline(line.list_source("wire", [[], *[down] * 8, []]))
    ops = line.list_receiver("ops", [OK])
    dispatcher = line.dispatcher(pipeline.inbound.policy.decide, ops)
    line.clock.time = datetime(2026, 3, 2, 0, 30, tzinfo=UTC)
    for _ in range(22):
        asyncio.run(pipeline.run_due())
        asyncio.run(dispatcher.run_due())
        line.clock.move(hours=1)
    assert ops.sent == []
    line.clock.time = line.clock.time.replace(hour=23)
    asyncio.run(dispatcher.run_due())
    assert [message.subject for _, message in ops.sent] == ["[tocsin MEDIUM] Over: Source unhealthy: wire"]
    assert "Over since 2026-03-02" in ops.sent[0][1].text
    dispatcher.close()


def test_a_receiver_that_delivers_again_is_told_in_the_thread_of_its_failure(line) -> None:
    """As a source is: one message, to the operators who were told."""
    down = AttemptResult(error_class=ErrorClass.TRANSIENT, code=503, words="busy")
    source = line.list_source("wire", [[]])
    pipeline = line.pipeline(source)
    desk, ops = line.list_receiver("desk", [*[down] * 12, OK]), line.list_receiver("ops", [OK])
    dispatcher = line.dispatcher(pipeline.inbound.policy.decide, desk, ops)
    asyncio.run(pipeline.run_due())
    source.answers.append(["China bans gallium exports"])
    for _ in range(40):
        line.clock.move(minutes=16)
        asyncio.run(pipeline.run_due())
        asyncio.run(dispatcher.run_due())
    assert [message.subject for _, message in ops.sent] == [
        "[tocsin HIGH] Receiver fails: desk",
        "[tocsin HIGH] Over: Receiver fails: desk",
    ]
    assert ops.sent[1][1].thread == ops.sent[0][0]
    dispatcher.close()
