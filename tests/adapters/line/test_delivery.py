"""DeliveryConfig: what happens to a delivery, whatever the receiver answers."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from tocsin.deliver import sender
from tocsin.deliver.dispatcher import Dispatcher
from tocsin.errors import StoreError
from tocsin.market.series import begin
from tocsin.model.deliveries import AttemptResult, DeliveryState, ErrorClass, MessageKind
from tocsin.model.prices import Instrument, Quote
from tocsin.policy.alerting.facts import Decision
from tocsin.policy.notifying.receiver import Fallback
from tocsin.policy.notifying.silence import parse
from tocsin.render.message import reduced
from tocsin.render.reasons import in_words
from tocsin.rules.prices.observation import observe

Line = Any
EACH = """\
tocsin: 1
pack: {id: p, version: 1.0.0}
rules:
  - id: ban
    severity: high
    news: {match: bans}
    cooldown: 0s
"""
PRICES = """\
tocsin: 1
pack: {id: p}
rules:
  - id: spike
    price: {instruments: {class: metal}, when: abs(z(1td)) >= 4}
"""
OK = AttemptResult(error_class=ErrorClass.OK)
DOWN = AttemptResult(error_class=ErrorClass.TRANSIENT, code=503, words="busy")


def dispatcher(line: Line, *receivers: Any) -> Dispatcher:
    """A dispatcher with these lanes, after one alert for the desk was committed."""
    pipeline = line.pipeline(line.list_source("wire", [[], ["China bans gallium exports"]]))
    asyncio.run(pipeline.run_due())
    line.clock.move(minutes=16)
    asyncio.run(pipeline.run_due())
    return line.dispatcher(pipeline.inbound.policy.decide, *receivers)


def run(dispatcher: Dispatcher) -> None:
    """Send all that is due."""
    asyncio.run(dispatcher.run_due())


def states(line: Line) -> dict[str, DeliveryState]:
    """The state of the delivery to each receiver."""
    return {view.receiver: view.state for view in line.store.read.deliveries()}


def test_a_delivery_is_sent_once_and_settled(line: Line) -> None:
    """The plain case, with the attempt on record."""
    desk = line.list_receiver("desk", [OK])
    out = dispatcher(line, desk)
    run(out)
    run(out)
    out.close()
    (view,) = line.store.read.deliveries()
    assert (len(desk.sent), view.state, view.attempts) == (1, DeliveryState.DELIVERED, 1)
    detail = line.store.read.delivery(view.id)
    assert [attempt.outcome for attempt in detail.attempts] == [ErrorClass.OK]
    assert "China bans gallium exports" in desk.sent[0][1].text


@pytest.mark.parametrize("lost", [False, True], ids=["away", "answer lost"])
def test_what_became_of_a_message_is_written_when_the_database_is_back(
    line: Line, lost: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again while the lease holds; without it, the message would be sent twice."""
    monkeypatch.setattr(sender, "_FIRST_WAIT", 0.001)
    desk, failures = line.list_receiver("desk", [OK]), [None] * (1 if lost else 3)

    async def write(call: Any, *args: Any, **kwargs: Any) -> Any:
        fails = bool(desk.sent and failures)
        done = None if fails and not lost else call(*args, **kwargs)
        if fails:
            failures.pop()
            raise StoreError("the server cannot be reached")
        return done

    line.at_once = write
    out = dispatcher(line, desk)
    run(out)
    run(out)
    out.close()
    (view,) = line.store.read.deliveries()
    assert (len(desk.sent), view.state, failures) == (1, DeliveryState.DELIVERED, [])
    assert [attempt.outcome for attempt in line.store.read.delivery(view.id).attempts] == [ErrorClass.OK]


BANS = [f"{who} bans {what} exports" for who, what in zip(
    ("China", "Brazil", "Chile", "Gabon", "Turkey", "Norway", "Kenya"),
    ("gallium", "niobium", "lithium", "manganese", "boron", "magnesium", "titanium"), strict=True)]  # fmt: skip


def _backlog(line: Line, desk: Any) -> Dispatcher:
    """A dispatcher with seven alerts for the desk."""
    pipeline = line.pipeline(line.list_source("wire", [[], BANS]), ruleset=line.rules(EACH))
    asyncio.run(pipeline.run_due())
    line.clock.move(minutes=16)
    asyncio.run(pipeline.run_due())
    return line.dispatcher(pipeline.inbound.policy.decide, desk)


def test_a_lane_that_is_well_sends_more_and_more_at_a_time(line: Line) -> None:
    """A backlog leaves quickly: one claim brings twice what arrived after the one before, each try on record."""
    claims = []

    async def write(call: Any, *args: Any, **kwargs: Any) -> Any:
        done = call(*args, **kwargs)
        if call == line.store.claim_deliveries:
            claims.append(len(done))
        return done

    desk, line.at_once = line.list_receiver("desk", [OK]), write
    out = _backlog(line, desk)
    run(out)
    out.close()
    assert claims[:3] == [1, 2, 4]
    assert len({number for number, _ in desk.sent}) == len(desk.sent) == len(BANS)
    for view in line.store.read.deliveries():
        detail = line.store.read.delivery(view.id)
        assert [one.state for one in detail.transitions][-2:] == [DeliveryState.SENDING, DeliveryState.DELIVERED]
        assert [attempt.outcome for attempt in detail.attempts] == [ErrorClass.OK]


def test_after_a_failure_the_others_of_a_lane_wait_untried(line: Line) -> None:
    """A receiver that fails is not hammered with what was claimed for it."""
    desk = line.list_receiver("desk", [OK, OK, OK, DOWN])
    out = _backlog(line, desk)
    run(out)
    out.close()
    states = [view.state for view in line.store.read.deliveries()]
    assert len(desk.sent) == 4
    assert sorted(states) == ["delivered"] * 3 + ["ready"] * 3 + ["retry"]


@pytest.mark.parametrize("late", [False, True])
def test_a_retry_sends_the_same_message(line: Line, late: bool) -> None:
    """Frozen with the first try: that it is late is said then or never."""
    desk = line.list_receiver("desk", [DOWN, DOWN, OK])
    out = dispatcher(line, desk)
    line.clock.move(minutes=10 * late)
    for _ in range(3):
        run(out)
        line.clock.move(minutes=10)
    out.close()
    assert [message for _, message in desk.sent] == [desk.sent[0][1]] * 3
    assert desk.sent[0][1].text.startswith("Late by 10m") is late
    assert len({delivery_id for delivery_id, _ in desk.sent}) == 1
    assert desk.sent[0][1].dated == line.clock.now() - timedelta(minutes=30)
    assert states(line) == {"desk": DeliveryState.DELIVERED}


def test_a_receiver_that_refuses_us_is_told_to_the_operator_once(line: Line) -> None:
    """A revoked token must not die in silence, and must not ring every hour."""
    refused = AttemptResult(error_class=ErrorClass.AUTH, code=403, words="invalid_token")
    desk, ops = line.list_receiver("desk", [refused]), line.list_receiver("ops", [OK])
    out = dispatcher(line, desk, ops)
    for _ in range(3):
        run(out)
        line.clock.move(hours=2)
    run(out)
    out.close()
    assert len(desk.sent) == 4
    assert len(ops.sent) == 1
    assert "invalid_token" in ops.sent[0][1].text
    assert states(line)["desk"] is DeliveryState.RETRY


def test_a_receiver_that_limits_our_rate_rests_with_all_its_messages(line: Line) -> None:
    """429 is meant for the address, not for one message."""
    slow = AttemptResult(error_class=ErrorClass.RATE_LIMITED, code=429, retry_after=None)
    desk = line.list_receiver("desk", [slow, OK])
    pipeline = line.pipeline(
        line.list_source("wire", [[], ["China bans gallium exports"], ["Congo halts all cobalt shipments abroad"]])
    )
    out = line.dispatcher(pipeline.inbound.policy.decide, desk)
    for _ in range(3):
        asyncio.run(pipeline.run_due())
        line.clock.move(minutes=16)
    run(out)
    assert len(desk.sent) == 1
    line.clock.move(minutes=2)
    run(out)
    out.close()
    assert len(desk.sent) == 3


def several(line: Line, *receivers: Any, count: int, rates: dict[str, int] | None = None) -> Dispatcher:
    """A dispatcher, after *count* different alerts for the desk were committed."""
    news = [f"{metal} {n}: China bans exports of {metal}" for n, metal in enumerate(["gallium", "cobalt"] * count)][
        :count
    ]
    rule = line.rules(EACH)
    pipeline = line.pipeline(line.list_source("wire", [[], news]), ruleset=rule)
    asyncio.run(pipeline.run_due())
    line.clock.move(minutes=16)
    asyncio.run(pipeline.run_due())
    out = dispatcher_of(line, *receivers)
    out.outbound = replace(out.outbound, rates=rates or {})
    return out


def test_a_receiver_that_fails_is_tried_with_one_message(line: Line) -> None:
    """A server that is down gets one message after a while, not fifty; a restart does not begin anew."""
    desk = line.list_receiver("desk", [DOWN, DOWN, DOWN, OK])
    out = several(line, desk, count=4)
    run(out)
    assert len(desk.sent) == 1
    line.clock.move(seconds=4)
    run(out)
    out.close()
    out = dispatcher_of(line, desk)
    run(out)
    assert len(desk.sent) == 1
    for seconds, tries in ((1, 2), (4, 2), (1, 3), (4, 3)):
        line.clock.move(seconds=seconds)
        run(out)
        assert len(desk.sent) == tries
    line.clock.move(minutes=6)
    run(out)
    out.close()
    assert [view.state for view in line.store.read.deliveries()] == [DeliveryState.DELIVERED] * 4
    assert sorted(view.attempts for view in line.store.read.deliveries()) == [1, 2, 2, 2]


def test_a_message_is_tried_again_as_soon_as_its_receiver_is(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    """Three quarters of a minute of refusals are over for less than eight seconds; the log promises what then happens."""
    desk = line.list_receiver("desk", [DOWN])
    out = dispatcher(line, desk)
    start, tries, promised = line.clock.now(), 0, []
    while line.clock.now() < start + timedelta(seconds=45):
        caplog.clear()
        run(out)
        if len(desk.sent) > tries:
            tries = len(desk.sent)
            assert not promised or promised[-1] <= line.clock.now() < promised[-1] + timedelta(seconds=1)
            wait = float(caplog.records[-1].message.partition("retry_in=")[2].partition("s")[0])
            promised.append(line.clock.now() + timedelta(seconds=wait))
        line.clock.move(seconds=0.5)
    desk.outcomes[:] = [OK]
    back = line.clock.now()
    while states(line) != {"desk": DeliveryState.DELIVERED}:
        line.clock.move(seconds=0.5)
        run(out)
    out.close()
    assert line.clock.now() - back < timedelta(seconds=8)


def test_a_message_that_alone_fails_holds_up_nobody(line: Line) -> None:
    """The most severe one is refused for a while, again and again; the others pass by it."""
    desk = line.list_receiver("desk", [DOWN, OK, DOWN, OK, DOWN, OK, OK])
    out = several(line, desk, count=4)
    for _ in range(4):
        run(out)
        line.clock.move(seconds=5)
    out.close()
    assert sorted(view.state for view in line.store.read.deliveries()).count(DeliveryState.DELIVERED) >= 2


def test_a_receiver_that_fails_for_an_hour_is_told_to_the_operator_once(line: Line) -> None:
    """A certificate that ran out must not be found a day later; its end is told, too."""
    desk, ops = line.list_receiver("desk", [DOWN]), line.list_receiver("ops", [OK])
    out = dispatcher(line, desk, ops)
    for _ in range(40):
        run(out)
        line.clock.move(minutes=5)
    desk.outcomes[:] = [OK]
    line.clock.move(minutes=15)
    run(out)
    run(out)
    out.close()
    assert [message.subject for _, message in ops.sent] == [
        "[tocsin HIGH] Receiver fails: desk",
        "[tocsin HIGH] Over: Receiver fails: desk",
    ]
    assert "Nothing was delivered since 2026-03-02" in ops.sent[0][1].text
    assert "busy" in ops.sent[0][1].text


def test_a_rate_holds_over_every_minute_and_every_restart(line: Line) -> None:
    """Who is sent more than it bears sends everybody away."""
    desk = line.list_receiver("desk", [OK])
    out = several(line, desk, count=7, rates={"desk": 3})
    for minute in range(3):
        run(out)
        out.close()
        out = dispatcher_of(line, desk)
        out.outbound = replace(out.outbound, rates={"desk": 3})
        line.clock.move(seconds=59)
        run(out)
        assert len(desk.sent) == min(7, 3 * (minute + 1))
        line.clock.move(seconds=1)
    out.close()


def test_what_is_silenced_when_it_would_leave_is_suppressed(line: Line) -> None:
    """Read again at send time: a silence of after the commit counts, and one that has ended does not."""
    desk = line.list_receiver("desk", [OK])
    out = several(line, desk, count=4, rates={"desk": 1})
    run(out)
    now = line.clock.now()
    silence = line.store.act.silence([parse("rule=ban")], now, now + timedelta(minutes=2), why="known")
    line.clock.move(seconds=1)
    out.outbound = replace(out.outbound, rates={})
    run(out)
    assert len(desk.sent) == 1
    views = line.store.read.deliveries(DeliveryState.SUPPRESSED)
    assert {in_words(view.reason) for view in views} == {f"suppressed by silence {silence.id} (rule=ban): known"}
    assert len(views) == 3
    again = line.store.act.resend(views[0].id, line.clock.now())
    line.store.act.end_silence(silence.id, line.clock.now())
    with pytest.raises(StoreError, match="has ended already"):
        line.store.act.end_silence(silence.id, line.clock.now())
    run(out)
    assert line.store.read.delivery(again).delivery.state is DeliveryState.DELIVERED
    assert line.store.read.delivery(views[0].id).delivery.state is DeliveryState.SUPPRESSED
    assert len(desk.sent) == 4, "what outlived its silence is told, and what was sent again not twice"
    out.close()


@pytest.mark.parametrize(("minutes", "sent"), [(90, 1), (24 * 60, 0)], ids=["in time", "too late"])
def test_what_outlives_its_silence_is_told_while_it_is_young(line: Line, minutes: int, sent: int) -> None:
    """A silence that ends hides nothing any longer; what is a day old is no news."""
    desk = line.list_receiver("desk", [OK])
    out = several(line, desk, count=1)
    now = line.clock.now()
    line.store.act.silence([parse("rule=ban")], now, now + timedelta(minutes=minutes))
    run(out)
    line.clock.move(minutes=minutes - 1)
    run(out)
    assert desk.sent == []
    line.clock.move(minutes=1)
    run(out)
    out.close()
    assert len(desk.sent) == sent


def test_another_receiver_hears_what_one_did_not_get(line: Line) -> None:
    """Once, with a line that says why; and who was told of it anyway hears nothing twice."""
    desk, mail = line.list_receiver("desk", [DOWN] * 14 + [OK]), line.list_receiver("mail", [OK])
    out = several(line, desk, mail, count=2)
    out.outbound = replace(out.outbound, fallbacks={"desk": (Fallback(to="mail", after=timedelta(minutes=10)), ("",))})
    for _ in range(9):
        run(out)
        line.clock.move(minutes=1)
    assert mail.sent == []
    for _ in range(40):
        line.clock.move(minutes=1)
        run(out)
    out.close()
    assert len(mail.sent) == 2
    assert all(
        message.text.startswith("Sent to you because it could not be delivered to desk") for _, message in mail.sent
    )
    views = line.store.read.deliveries()
    assert sorted((view.receiver, view.state.value) for view in views) == [
        ("desk", "delivered"),
        ("desk", "delivered"),
        ("mail", "delivered"),
        ("mail", "delivered"),
    ]
    late = next(line.store.read.delivery(view.id) for view in views if view.receiver == "desk")
    assert any("sent to mail instead" in in_words(change.reason) for change in late.transitions)


def test_a_daemon_that_sleeps_until_something_is_due_is_in_time_for_a_fallback(line: Line) -> None:
    """When it is due stands in no row, and the next try of a receiver that fails may be minutes later."""
    desk, mail = line.list_receiver("desk", [DOWN]), line.list_receiver("mail", [OK])
    out = several(line, desk, mail, count=1)
    out.outbound = replace(out.outbound, fallbacks={"desk": (Fallback(to="mail", after=timedelta(minutes=10)), ("",))})
    due = line.clock.now() + timedelta(minutes=10)
    while not mail.sent:
        run(out)
        line.clock.time = out.next_due(line.clock.now())
        assert line.clock.now() <= due
        run(out)
    out.close()
    assert line.clock.now() == due
    assert out.next_due(due) > due  # what was handed over is late only once


def test_a_receiver_that_takes_messages_again_is_told_too(line: Line) -> None:
    """Blocked, told once; after a new configuration tried at once; and told when it works."""
    refused = AttemptResult(error_class=ErrorClass.GONE, code=404, words="no_service")
    desk, ops = line.list_receiver("desk", [refused, refused, OK]), line.list_receiver("ops", [OK])
    out = several(line, desk, ops, count=2)
    run(out)
    line.clock.move(minutes=59)
    run(out)
    assert (len(desk.sent), len(ops.sent)) == (1, 1)
    line.clock.move(minutes=1)
    run(out)
    assert (len(desk.sent), len(ops.sent)) == (2, 1)
    line.store.wake_receivers()
    line.clock.move(minutes=20)
    run(out)
    line.clock.move(hours=1)
    run(out)
    out.close()
    assert [message.subject for _, message in ops.sent] == [
        "[tocsin HIGH] Receiver blocked: desk",
        "[tocsin HIGH] Over: Receiver blocked: desk",
    ]
    assert {view.state for view in line.store.read.deliveries()} == {DeliveryState.DELIVERED}


def named(out: Dispatcher, *receivers: Any, to: str = "") -> None:
    """A reload: these receivers, and routes that lead to that one."""
    out.outbound = replace(
        out.outbound,
        receivers={r.name: r for r in receivers},
        routed=lambda _: [(r.name, recipient) for r in receivers if r.name == to for recipient in r.recipients],
    )


@pytest.mark.parametrize("tries", [0, 1])
def test_what_waits_for_a_receiver_that_was_removed_waits_for_its_return(
    line: Line, tries: int, caplog: pytest.LogCaptureFixture
) -> None:
    """A typo in a name loses nothing: it is said how many wait, once, and the receiver that returns gets them."""
    desk, ops = line.list_receiver("desk", [DOWN] * tries + [OK]), line.list_receiver("ops", [OK])
    out = dispatcher(line, desk, ops)
    if tries:
        run(out)
    named(out, ops)
    for _ in range(3):
        line.clock.move(hours=1)
        run(out)
    assert caplog.text.count("messages wait for receivers that are not configured messages=1") == 1
    named(out, desk, ops)
    run(out)
    run(out)
    out.close()
    assert (len(desk.sent), len(ops.sent)) == (tries + 1, 0)
    assert states(line) == {"desk": DeliveryState.DELIVERED}


def test_what_waits_for_a_receiver_that_never_returns_expires(line: Line) -> None:
    """A day later it is given up as everything is, and operators hear of it."""
    ops = line.list_receiver("ops", [OK])
    out = dispatcher(line, ops)
    run(out)
    line.clock.move(hours=25)
    run(out)
    run(out)
    out.close()
    assert states(line)["desk"] is DeliveryState.DEAD
    assert ["gallium: ban" in message.text for _, message in ops.sent] == [True]


@pytest.mark.parametrize("tries", [0, 1])
def test_what_waits_for_a_renamed_receiver_goes_to_whom_the_routes_name(line: Line, tries: int) -> None:
    """Each message once, whatever stops between, and the old name gets nothing when it returns."""
    desk, tower = line.list_receiver("desk", [DOWN, OK]), line.list_receiver("tower", [OK])
    out = several(line, desk, count=3)
    for _ in range(tries):
        run(out)
    for _ in range(2):  # as after a restart
        out = dispatcher_of(line)
        named(out, tower, to="tower")
        line.clock.move(hours=1)
        run(out)
        out.close()
    named(out := dispatcher_of(line), desk, tower, to="tower")
    line.clock.move(hours=1)
    run(out)
    out.close()
    assert (len(desk.sent), len(tower.sent)) == (tries, 3)
    assert all("could not be delivered to desk" in message.text for _, message in tower.sent)
    assert {(view.receiver, view.state.value) for view in line.store.read.deliveries()} == {
        ("desk", "suppressed"),
        ("tower", "delivered"),
    }


def test_a_recipient_taken_out_of_an_address_is_no_reason_to_lose_a_message(line: Line) -> None:
    """The same receiver, another list of people: who is still there hears what the other one missed."""
    mail = line.list_receiver("desk", [OK], recipients=("new@example.org",))
    out = several(line, mail, count=2)
    named(out, mail, to="desk")
    run(out)
    out.close()
    assert len(mail.sent) == 2


def test_whoever_knows_an_alert_does_not_hear_it_twice_when_another_receiver_goes(line: Line) -> None:
    """Routes may name people who were told in the first place."""
    desk = line.list_receiver("desk", [OK])
    out = several(line, desk, count=1)
    run(out)
    other = line.list_receiver("ops", [OK])
    named(out, other, to="ops")
    run(out)
    out.close()
    assert (len(desk.sent), len(other.sent)) == (1, 0)


CONTENT = AttemptResult(error_class=ErrorClass.CONTENT, code=400, words="cannot parse")
NOBODY = AttemptResult(error_class=ErrorClass.NOBODY, code=550, words="no such user")
GONE = AttemptResult(error_class=ErrorClass.GONE, code=404, words="no_service")
AUTH = AttemptResult(error_class=ErrorClass.AUTH, code=401, words="invalid_auth")


@pytest.mark.parametrize(
    ("outcome", "minutes"),
    [
        pytest.param(CONTENT, 1, id="content"),
        pytest.param(replace(CONTENT, code=413), 1, id="too large"),
        pytest.param(NOBODY, 0, id="unknown recipient"),
        pytest.param(GONE, 0, id="gone"),
        pytest.param(AUTH, 0, id="not let in"),
        pytest.param(DOWN, 25 * 60, id="expired"),
    ],
)
def test_a_message_that_dies_is_handed_over_at_once(line: Line, outcome: AttemptResult, minutes: int) -> None:
    """Long before its fallback would be told that it is late; once, and in words that say why."""
    desk, mail = line.list_receiver("desk", [outcome]), line.list_receiver("mail", [OK])
    ops = line.list_receiver("ops", [OK])
    out = several(line, desk, mail, ops, count=1)
    out.outbound = replace(out.outbound, fallbacks={"desk": (Fallback(to="mail", after=timedelta(days=2)), ("",))})
    run(out)
    for _ in range(5):
        line.clock.move(minutes=minutes / 5)
        run(out)
    run(out)
    out.close()
    ((_, message),) = mail.sent
    assert message.text.startswith("Sent to you because it could not be delivered to desk")
    assert ops.sent


def chained(line: Line, *names: str, outcomes: list[AttemptResult], circle: bool) -> list[Any]:
    """Receivers of which each stands in for the one before, after one alert and everything that comes of it."""
    receivers = [line.list_receiver(name, outcomes) for name in names]
    out = several(line, *receivers, count=1)
    pairs = [*pairwise(names), *[(names[-1], names[0])] * circle]
    out.outbound = replace(
        out.outbound, fallbacks={late: (Fallback(to=to, after=timedelta(minutes=10)), ("",)) for late, to in pairs}
    )
    for _ in range(30):
        run(out)
        line.clock.move(minutes=5)
    out.close()
    return receivers


@pytest.mark.parametrize("circle", [False, True])
@pytest.mark.parametrize(("outcome", "tries"), [(CONTENT, 2), (NOBODY, 1)])
def test_a_fallback_that_dies_too_hands_over_to_its_own(
    line: Line, circle: bool, outcome: AttemptResult, tries: int
) -> None:
    """Down the whole chain, each of them once, and a circle ends where it began."""
    receivers = chained(line, "desk", "mail", "phone", outcomes=[outcome], circle=circle)
    assert [len(receiver.sent) for receiver in receivers] == [tries] * 3
    assert {view.state for view in line.store.read.deliveries() if view.receiver != "ops"} == {DeliveryState.DEAD}


def test_a_fallback_that_is_late_too_is_stood_in_for(line: Line) -> None:
    """Nobody down a chain waits for a receiver that is down, and all of them go on trying."""
    receivers = chained(line, "desk", "mail", "phone", outcomes=[DOWN], circle=True)
    assert all(receiver.sent for receiver in receivers)
    assert len({number for number, _ in receivers[2].sent}) == 1
    assert len([view for view in line.store.read.deliveries() if view.receiver != "ops"]) == 3


def test_a_receiver_that_refuses_whatever_it_gets_is_blocked(line: Line) -> None:
    """Twelve alerts for a destination that says no in words that nobody knows: two given up, the others wait."""
    desk, ops = line.list_receiver("desk", [CONTENT] * 18 + [OK]), line.list_receiver("ops", [OK])
    out = several(line, desk, ops, count=12)
    for _ in range(12):
        run(out)
        line.clock.move(seconds=10)
    assert [message.subject for _, message in ops.sent] == [
        "[tocsin HIGH] Message given up: desk",
        "[tocsin HIGH] Message given up: desk",
        "[tocsin HIGH] Receiver blocked: desk",
    ]
    assert len(desk.sent) == 15
    for _ in range(30):
        line.clock.move(minutes=20)
        run(out)
    out.close()
    dead = [view for view in line.store.read.deliveries() if view.state is DeliveryState.DEAD]
    assert len(dead) == 2
    assert [message.subject for _, message in ops.sent][3:] == ["[tocsin HIGH] Over: Receiver blocked: desk"]
    delivered = [view for view in line.store.read.deliveries() if view.receiver == "desk" and view not in dead]
    assert {view.state for view in delivered} == {DeliveryState.DELIVERED}


def test_the_short_form_is_frozen_too(line: Line) -> None:
    """What was refused for its size goes out short, and every later try repeats that."""
    refused = replace(CONTENT, code=413, words="too large")
    desk = line.list_receiver("desk", [refused, DOWN, DOWN, OK])
    out = dispatcher(line, desk)
    line.clock.move(minutes=30)
    for _ in range(5):
        run(out)
        line.clock.move(minutes=10)
    out.close()
    long, *short = (message for _, message in desk.sent)
    assert len(short) == 3
    assert short == [reduced(long)] * 3
    (view,) = line.store.read.deliveries()
    assert (view.state, line.store.read.delivery(view.id).message) == (DeliveryState.DELIVERED, short[0])


def test_a_message_that_was_never_delivered_is_told_to_the_operator(line: Line) -> None:
    """An alert that reached nobody is not a row that nobody reads."""
    desk, ops = line.list_receiver("desk", [DOWN]), line.list_receiver("ops", [OK])
    out = dispatcher(line, desk, ops)
    run(out)
    line.clock.move(hours=25)
    run(out)
    out.close()
    assert states(line)["desk"] is DeliveryState.DEAD
    assert len(ops.sent) == 1
    assert "gallium: ban" in ops.sent[0][1].text
    assert "not delivered within its time, after 1 try" in ops.sent[0][1].text


def test_a_message_that_a_receiver_will_not_take_is_told_too(line: Line) -> None:
    """Tried once more as a short plain text, then given up with the server's own words."""
    refused = AttemptResult(error_class=ErrorClass.CONTENT, code=400, words="invalid_blocks")
    desk, ops = line.list_receiver("desk", [refused], kind=MessageKind.SLACK), line.list_receiver("ops", [OK])
    out = dispatcher(line, desk, ops)
    for _ in range(2):
        run(out)
        line.clock.move(minutes=1)
    run(out)
    out.close()
    assert len(desk.sent) == 2
    first, second = (message for _, message in desk.sent)
    assert (bool(first.payload), json.loads(second.payload)["blocks"][0]["text"]["type"]) == (True, "plain_text")
    assert "China bans gallium exports" in second.text
    assert [("invalid_blocks" in message.text) for _, message in ops.sent] == [True]


def test_news_is_told_with_the_prices_that_share_a_label(line: Line) -> None:
    """A ban stands beside the metal that it is about, and beside no other."""
    desk = line.list_receiver("desk", [OK])
    out = dispatcher(line, desk)
    metals = [
        Instrument(id=f"{mineral}-spot", kind="metal", currency="USD", labels={"mineral": (mineral,)})
        for mineral in ("tin", "gallium", "gallium", "gallium")
    ]
    metals = [replace(metal, id=f"{metal.id}-{n}") for n, metal in enumerate(metals)]
    rule = line.rules(PRICES).prices["p/spike"]
    for metal in metals[:2]:
        series, known = begin(metal), {}
        for n in range(80):
            at = line.clock.now() - timedelta(days=80 - n)
            quote = Quote(instrument=metal.id, price=Decimal(100 + n % 7), at=at, first_seen=at)
            seen = observe([rule], {metal.id: [quote]}, {metal.id: series}, known, at)[metal.id]
            versions = line.store.read.market([metal])[2]
            line.store.observe([(series, seen)], versions, lambda _: Decision(), now=at)
            series, known = seen.series, known | seen.states
    out.outbound = replace(out.outbound, instruments=metals)
    run(out)
    out.close()
    text = desk.sent[0][1].text
    assert "gallium-spot-1" in text
    assert "102 USD" in text
    assert "tin-spot" not in text
    assert "gallium-spot-2" not in text  # of which nothing is known yet


def test_a_receiver_that_raises_stops_nobody(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    """A fault in one receiver's code leaves its delivery in the outbox and the others their messages."""

    class Broken:
        name = "desk"
        recipients = ("",)

        def __init__(self) -> None:
            self.kind = line.list_receiver("x", []).kind

        def send(self, *_: object) -> AttemptResult:
            raise RuntimeError("bug")

    out = dispatcher(line, Broken())
    run(out)
    out.close()
    assert "bug" in caplog.text
    assert states(line) == {"desk": DeliveryState.SENDING}
    line.clock.move(minutes=3)
    good = dispatcher_of(line, line.list_receiver("desk", [OK]))
    run(good)
    good.close()
    (view,) = line.store.read.deliveries()
    assert (view.state, view.attempts) == (DeliveryState.DELIVERED, 2)


def dispatcher_of(line: Line, *receivers: Any) -> Dispatcher:
    """A second daemon's dispatcher on the same database."""
    return line.dispatcher(line.pipeline().inbound.policy.decide, *receivers)


def test_a_reload_between_claim_and_try_sends_nothing_to_whom_it_removed(line: Line) -> None:
    """The claim is given back without a try, and whom the routes name now gets it."""
    desk, tower = line.list_receiver("desk", [OK]), line.list_receiver("tower", [OK])
    out = several(line, desk, count=1)
    claim = line.store.claim_deliveries

    def reloaded(*args: Any, **kwargs: Any) -> Any:
        claimed = claim(*args, **kwargs)
        named(out, tower, to="tower")
        return claimed

    line.store.claim_deliveries = reloaded
    run(out)
    run(out)
    out.close()
    assert (desk.sent, len(tower.sent)) == ([], 1)
    moved = next(view for view in line.store.read.deliveries() if view.receiver == "desk")
    reasons = [in_words(change.reason) for change in line.store.read.delivery(moved.id).transitions]
    assert "returned before an attempt" in reasons
