"""More news than a receiver takes in an hour: on a real database, by a clock moved by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import time, timedelta
from typing import Any

import pytest

from tocsin.deliver.dispatcher import Dispatcher
from tocsin.errors import StoreError
from tocsin.model.deliveries import AttemptResult, DeliveryKind, DeliveryState, ErrorClass
from tocsin.model.reasons import Cause
from tocsin.policy.decide import Policy
from tocsin.policy.notifying.quiet import QuietHours
from tocsin.policy.notifying.receiver import DigestTimes, ReceiverInfo
from tocsin.policy.notifying.route import Route
from tocsin.policy.notifying.timing import Limit
from tocsin.policy.notifying.walltime import Window
from tocsin.render.reasons import in_words
from tocsin.store.values import Claimable

Line = Any
OK = AttemptResult(error_class=ErrorClass.OK)
DOUBTFUL = AttemptResult(error_class=ErrorClass.AMBIGUOUS, words="the connection was lost")
DOWN = AttemptResult(error_class=ErrorClass.TRANSIENT, code=503, words="busy")
METALS = ("gallium", "cobalt", "tin", "zinc", "nickel", "tungsten", "antimony", "indium", "lithium", "copper")
RULES = f"""\
tocsin: 1
pack: {{id: p, version: 1.0.0}}
lists:
  mineral: {{{", ".join(f"{metal}: [{metal}]" for metal in METALS)}}}
rules:
  - id: ban
    title: "{{mineral}}: ban"
    severity: high
    event: trade.ban
    news:
      match: $mineral NEAR/8 ban~
      severity_if:
        - critical: $mineral NEAR/8 war
        - medium: $mineral NEAR/8 rumours
    key: [mineral]
    cooldown: 1m
"""
OVER = "over the limit of 3 messages an hour of desk"


@dataclass
class Desk:
    """A desk with a limit beside operators; headlines arrive with `news`."""

    line: Line
    pipeline: Any
    source: Any
    receiver: Any
    operators: Any
    dispatcher: Dispatcher

    def news(self, *headlines: str) -> None:
        """Poll them, and send what is due."""
        self.source.answers.append(list(headlines))
        self.line.clock.move(minutes=16)
        asyncio.run(self.pipeline.run_due())
        self.send()

    def send(self) -> None:
        """Send what is due."""
        asyncio.run(self.dispatcher.run_due())

    def later(self, **span: float) -> None:
        """Time passes, and what is due leaves."""
        self.line.clock.move(**span)
        self.send()

    @property
    def subjects(self) -> list[str]:
        """What the desk was sent."""
        return [message.subject for _, message in self.receiver.sent]

    @property
    def last(self) -> str:
        """The text of the last message."""
        return str(self.receiver.sent[-1][1].text)

    @property
    def storms(self) -> list[str]:
        """What operators were told."""
        return [message.text for _, message in self.operators.sent]

    def of(self, kind: DeliveryKind) -> Any:
        """The deliveries of a kind to the desk, the newest first."""
        return [view for view in self.line.store.read.deliveries() if view.receiver == "desk" and view.kind is kind]


@pytest.fixture
def desk(line: Line) -> Callable[..., Desk]:
    """Makes a desk that takes three messages an hour."""

    def make(*, outcomes: Sequence[AttemptResult] = (OK,), recipients: tuple[str, ...] = ("",), **options: Any) -> Desk:
        people = (
            ReceiverInfo(name="desk", recipients=recipients, max_per_hour=3, **options),
            ReceiverInfo(name="ops", recipients=("",), operator=True),
        )
        policy = Policy(routes=(Route(to=("desk",)),), receivers=people)
        source = line.list_source("wire", [[]])
        pipeline = line.pipeline(source, ruleset=line.rules(RULES))
        pipeline.inbound = replace(pipeline.inbound, policy=policy)
        asyncio.run(pipeline.run_due())
        receiver = line.list_receiver("desk", list(outcomes), recipients=recipients)
        operators = line.list_receiver("ops", [OK])
        dispatcher = line.dispatcher(policy.decide, receiver, operators, people=people)
        return Desk(line, pipeline, source, receiver, operators, dispatcher)

    return make


def bans(*metals: str) -> list[str]:
    """A headline about each."""
    return [f"China bans {metal} exports" for metal in metals]


def test_what_is_over_the_limit_leaves_as_one_message_when_the_hour_has_room(desk: Callable[..., Desk]) -> None:
    """Nobody reads seven messages a minute; the eighth minute must not bring the rest one by one either."""
    one = desk()
    one.news(*bans(*METALS[:7]))
    assert len(one.subjects) == 3
    (held,) = one.of(DeliveryKind.DIGEST)
    assert held.state is DeliveryState.HELD
    assert held.due_at == one.line.clock.now() + timedelta(hours=1)
    assert in_words(held.reason) == f"held until {held.due_at:%Y-%m-%d %H:%M} UTC: {OVER}"
    one.later(minutes=59)
    assert len(one.subjects) == 3
    one.later(minutes=1)
    assert len(one.subjects) == 4
    assert one.subjects[-1].startswith("[HIGH] Digest: ")
    assert f"4 alerts were {OVER}." in one.last
    assert all(f"{metal}: ban" in one.last for metal in METALS[3:7])
    assert one.last.count("· over the limit ·") == 4


def test_what_comes_while_a_storm_lasts_joins_what_waits(desk: Callable[..., Desk]) -> None:
    """One storm is one message, however long it takes to come in."""
    one = desk()
    one.news(*bans(*METALS[:5]))
    one.news(*bans(*METALS[5:7]))
    one.news(*bans(*METALS[7:9]))
    assert [view.state for view in one.of(DeliveryKind.DIGEST)] == [DeliveryState.HELD]
    one.later(minutes=28)
    assert len(one.subjects) == 4
    assert f"6 alerts were {OVER}." in one.last


def test_what_is_over_the_limit_waits_for_the_digest_of_who_has_one(desk: Callable[..., Desk]) -> None:
    """It stands there among what was not urgent, and says why it does."""
    one = desk(digest=DigestTimes(at=(time(7),)))
    one.news("Rumours of a gallium ban", *bans(*METALS[1:6]))
    assert len(one.subjects) == 3
    (held,) = one.of(DeliveryKind.DIGEST)
    assert held.due_at.hour == 7
    assert len(held.alert_ids) == 3
    one.line.clock.time = held.due_at
    one.send()
    assert len(one.subjects) == 4
    assert f"2 alerts were {OVER}." in one.last
    assert one.last.count("· over the limit ·") == 2


def test_what_is_critical_is_told_over_any_limit(desk: Callable[..., Desk]) -> None:
    """The one message that counts must not wait behind a storm; it counts among those that were sent."""
    one = desk()
    one.news(*bans(*METALS[:4]))
    one.news("China bans lithium exports as war begins")
    assert one.subjects[3].startswith("[CRITICAL] lithium: ban")
    one.news(*bans("copper"))
    assert len(one.subjects) == 4


def test_operators_hear_of_a_storm_once(desk: Callable[..., Desk]) -> None:
    """Whoever set the limit learns that it is reached, and not twenty times; the next storm is news again."""
    one = desk()
    one.news(*bans(*METALS[:5]))
    until = f"{one.of(DeliveryKind.DIGEST)[0].due_at:%Y-%m-%d %H:%M} UTC"
    one.news(*bans(*METALS[5:7]))
    (told,) = one.storms
    assert "Storm: more than desk wants at once" in told
    assert f"2 alerts wait, {OVER}: they are sent together at {until}, with all that comes until then." in told
    one.later(hours=3)
    one.news(*bans(*METALS[7:10]))
    assert len(one.storms) == 2
    assert "1 alert waits" in one.storms[1]


def test_a_calm_day_knows_no_limit(desk: Callable[..., Desk]) -> None:
    """Three an hour, all day long: everything is told at once."""
    one = desk()
    for metal in METALS:
        one.later(minutes=5)
        one.news(*bans(metal))
    assert len(one.subjects) == len(METALS)
    assert one.storms == []


def test_each_recipient_has_a_limit_of_their_own(desk: Callable[..., Desk]) -> None:
    """Three people behind one address of mail hear three messages each, and not one each."""
    one = desk(recipients=("ann", "ben"))
    one.news(*bans(*METALS[:5]))
    assert len(one.subjects) == 6
    assert sorted(view.recipient for view in one.of(DeliveryKind.DIGEST)) == ["ann", "ben"]
    assert len(one.storms) == 1


@pytest.mark.parametrize(("outcome", "later"), [(DOUBTFUL, 1), (DOWN, 2)], ids=["may have arrived", "did not arrive"])
def test_what_may_have_arrived_counts(desk: Callable[..., Desk], outcome: AttemptResult, later: int) -> None:
    """A limit is kept for whoever reads; a message that a server refused was read by nobody."""
    one = desk(outcomes=[outcome, OK])
    one.news(*bans("gallium"))
    one.later(minutes=1)
    assert len(one.subjects) == 2, "it was tried again"
    one.news(*bans(*METALS[1:5]))
    assert len(one.subjects) == 2 + later


def test_what_somebody_asks_for_is_sent_over_any_limit(desk: Callable[..., Desk]) -> None:
    """Who sends a message again wants it now."""
    one = desk()
    one.news(*bans(*METALS[:4]))
    first = one.receiver.sent[0][0]
    one.line.store.act.resend(first, one.line.clock.now())
    one.send()
    assert len(one.subjects) == 4
    gathered = next(view for view in one.of(DeliveryKind.ALERT) if view.state is DeliveryState.DELIVERED)
    assert gathered.alert_ids


def test_what_was_told_with_others_cannot_be_sent_again(desk: Callable[..., Desk]) -> None:
    """Its alerts are in another message, which can."""
    one = desk()
    one.news(*bans(*METALS[:5]))
    (empty,) = one.line.store.read.deliveries(DeliveryState.SUPPRESSED)
    (digest,) = one.of(DeliveryKind.DIGEST)
    assert in_words(empty.reason).startswith(f"merged into delivery {digest.id}: held until ")
    with pytest.raises(StoreError, match=f"no alerts of its own any more: merged into delivery {digest.id}"):
        one.line.store.act.resend(empty.id, one.line.clock.now())


def test_an_alert_that_grows_while_it_waits_is_told_once(desk: Callable[..., Desk]) -> None:
    """What came first and what came then stand in one place."""
    one = desk()
    one.news(*bans(*METALS[:5]))
    waiting = {number for view in one.of(DeliveryKind.DIGEST) for number in view.alert_ids}
    one.news("China bans antimony exports", "China bans nickel and antimony exports")
    one.later(hours=1)
    text = one.last
    assert len(one.of(DeliveryKind.DIGEST)) == 1
    assert waiting <= set(one.of(DeliveryKind.DIGEST)[0].alert_ids)
    assert text.count("zinc: ban") == 1


def test_nothing_slips_through_between_counting_and_claiming(desk: Callable[..., Desk]) -> None:
    """News may be committed after the step that lets the overflow wait: the claim itself keeps the limit."""
    one = desk()
    one.news(*bans(*METALS[:3]))
    one.source.answers.append(bans("lithium"))
    one.line.clock.move(minutes=16)
    asyncio.run(one.pipeline.run_due())
    now = one.line.clock.now()
    limits = {"desk": Limit(most=3)}
    assert one.line.store.claim_deliveries(now, timedelta(minutes=1), Claimable(exclude=["ops"], limits=limits)) == []
    (claimed,) = one.line.store.claim_deliveries(now, timedelta(minutes=1), Claimable(exclude=["ops"]))
    assert [item.alert.title for item in claimed.content] == ["lithium: ban"]


def test_quiet_hours_that_drop_spare_what_waits_because_of_a_limit(desk: Callable[..., Desk]) -> None:
    """It was due in the daytime: who asked for fewer messages an hour did not ask for fewer alerts."""
    one = desk(quiet_hours=(QuietHours(window=Window(start=time(13), end=time(20)), drop=True),))
    one.news(*bans(*METALS[:5]))
    one.later(hours=2)
    assert len(one.subjects) == 3
    one.line.clock.time = one.line.clock.now().replace(hour=20, minute=0)
    one.send()
    assert len(one.subjects) == 4
    assert f"2 alerts were {OVER}." in one.last


def test_every_listing_says_that_a_limit_keeps_an_alert_waiting(desk: Callable[..., Desk]) -> None:
    """Also in a digest that waits for other reasons; and later on, why it was told with others."""
    one = desk(digest=DigestTimes(at=(time(7),)))
    one.news("Rumours of a gallium ban", *bans(*METALS[1:5]))
    held = {found.title: found for found in one.line.store.read.held(50)}
    assert {title: found.reason.main for title, found in held.items()} == {
        "gallium: ban": Cause.DIGEST,
        "nickel: ban": Cause.LIMIT,
    }
    number = held["nickel: ban"].alert_id
    until = one.of(DeliveryKind.DIGEST)[0].due_at
    (before,) = one.line.store.read.alert(number).deliveries
    assert in_words(before.reason) == f"held until {until:%Y-%m-%d %H:%M} UTC: {OVER}"
    one.line.clock.time = until
    one.send()
    (after,) = one.line.store.read.alert(number).deliveries
    assert (after.state, in_words(after.reason)) == (DeliveryState.DELIVERED, f"sent in a digest: {OVER}")
    assert after.reason.main is Cause.LIMIT
