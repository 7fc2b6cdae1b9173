"""One person over several receivers: an alert reaches them once, over the receiver that leads there first."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tocsin.explain.decision import steps
from tocsin.model.alerts import AnswerKind
from tocsin.model.deliveries import AttemptResult, DeliveryKind, ErrorClass
from tocsin.model.rules import Severity
from tocsin.policy.decide import Policy
from tocsin.policy.notifying.quiet import QuietHours
from tocsin.policy.notifying.receiver import DigestTimes, Fallback, ReceiverInfo
from tocsin.policy.notifying.route import Route
from tocsin.policy.notifying.walltime import Window
from tocsin.render.reasons import in_words

RULE = """\
  - id: cut
    title: "{mineral}: cut"
    event: supply.cut
    severity: high
    news:
      match: $mineral NEAR/8 cut~
      severity_if: [{critical: total NEAR/3 cut~}]
    key: [mineral]
"""
FIRST = "Congo to cut cobalt output by a tenth, ministry says"
LOUDER = "Congo makes a total cut of cobalt output, ministry says"
OK = AttemptResult(error_class=ErrorClass.OK)
DOWN = AttemptResult(error_class=ErrorClass.TRANSIENT, code=503, words="busy")
DIGEST = DigestTimes(at=(time(7),), below=Severity.CRITICAL)


@dataclass
class Ann:
    """Ann with a phone and a mailbox, and a desk that is nobody's; *to* are the receivers of every alert."""

    world: Any
    phone: dict[str, Any] = field(default_factory=dict)
    mail: dict[str, Any] = field(default_factory=dict)
    to: tuple[str, ...] = ("mail", "phone", "desk")
    person: str | None = "ann"
    outcomes: dict[str, list[AttemptResult]] = field(default_factory=dict)
    lanes: dict[str, Any] = field(default_factory=dict)

    def receivers(self) -> Sequence[ReceiverInfo]:
        """The receivers of the configuration, in its order."""
        own = {"recipients": ("",), "operator": True, "person": self.person}
        return (
            ReceiverInfo(name="phone", **own, **self.phone),
            ReceiverInfo(name="mail", **own, **self.mail),
            ReceiverInfo(name="desk", recipients=("",)),
        )

    def reload(self, **changes: Any) -> None:
        """Take over another configuration."""
        for name, value in changes.items():
            setattr(self, name, value)
        self.world.line.policy = Policy(routes=(Route(to=self.to),), receivers=self.receivers())

    def news(self, title: str, **entry: Any) -> None:
        """An entry comes, and what is due is sent."""
        self.reload()
        self.world.news(title, **entry)
        self.send()

    def send(self, minutes: int = 10) -> None:
        """Send what is due now, then let time pass."""
        line = self.world.line
        for one in self.receivers():
            self.lanes.setdefault(one.name, line.list_receiver(one.name, self.outcomes.get(one.name, [OK])))
        fallbacks = {"phone": (Fallback(to="mail", after=timedelta(minutes=30)), ("",))}
        made = line.dispatcher(
            line.policy.decide,
            *self.lanes.values(),
            people=self.receivers(),
            fallbacks=fallbacks,
            routed=line.policy.routed,
        )
        asyncio.run(made.run_due())
        made.close()
        line.clock.move(minutes=minutes)

    def sent(self, name: str) -> list[str]:
        """The subjects of what a receiver was sent."""
        return [message.subject for _, message in self.lanes[name].sent]

    def counts(self) -> tuple[int, int, int]:
        """How many messages phone, mail and desk got."""
        return len(self.lanes["phone"].sent), len(self.lanes["mail"].sent), len(self.lanes["desk"].sent)

    def why(self) -> str:
        """What the newest match says of its messages."""
        return in_words(self.world.matches()[-1].reason)

    def steps(self, entry: int) -> list[str]:
        """What `tocsin why` says of the receivers of the person."""
        info = self.world.rules.infos["p/cut"]
        record, _ = self.world.line.store.read.record(entry, info.id)
        found = steps(record, info, holds=True, disabled=False, zone=ZoneInfo("UTC"))
        return [one.words for one in found if one.name == "person"]

    def hours(self, length: int = 8, **options: Any) -> tuple[QuietHours, ...]:
        """Quiet hours that began an hour ago."""
        now = self.world.line.clock.now().replace(second=0, microsecond=0)
        start, end = ((now + timedelta(hours=h)).time() for h in (-1, length))
        return (QuietHours(window=Window(start=start, end=end), **options),)


@pytest.fixture
def ann(world: Any) -> Ann:
    """Ann, and a rule about cuts."""
    return Ann(world(RULE))


def test_an_alert_reaches_a_person_once_and_others_as_ever(ann: Ann) -> None:
    """Both of hers are as soon, so the first in the file it is, whatever the order in the route."""
    ann.news(FIRST)
    assert ann.counts() == (1, 0, 1)
    assert ann.why() == "planned for 2 recipients: ann gets it over phone, the first of theirs"
    ann.news(LOUDER, feed="post")
    assert ann.counts() == (2, 0, 2)
    assert ann.sent("phone")[1].startswith("[CRITICAL] Update:")
    assert [ann.steps(number) for number in (1, 2)] == [["ann gets it over phone, the first of theirs"]] * 2


@pytest.mark.parametrize("drop", [False, True])
def test_quiet_hours_of_one_receiver_send_over_the_other(ann: Ann, drop: bool) -> None:
    """What is sent sooner wins, and what would be dropped never does; in the morning the phone is first again."""
    ann.phone = {"quiet_hours": ann.hours(drop=drop)}
    ann.news(FIRST)
    assert ann.counts() == (0, 1, 1)
    assert ann.why().endswith("ann gets it over mail, which is sooner")
    ann.world.line.clock.move(hours=9)
    ann.news(LOUDER, feed="post")
    assert ann.counts() == (1, 1, 2)
    assert ann.sent("phone")[0].startswith("[CRITICAL] cobalt: cut"), "it does not know the first, so it is no update"


def test_a_digest_leaves_what_the_other_receiver_sends_at_once(ann: Ann) -> None:
    """The morning does not repeat what the phone said; with both in a digest the earlier one has it."""
    ann.mail = {"digest": DIGEST}
    ann.to = ("mail", "desk")
    ann.news(FIRST)
    assert ann.counts() == (0, 0, 1)
    ann.to = ("mail", "phone", "desk")
    ann.news("Congo to cut cobalt and tin output by a tenth, ministry says", feed="post")
    assert ann.counts() == (1, 0, 2)
    ann.send(minutes=60 * 24)
    ann.send()
    assert ann.counts() == (1, 0, 2), "what waited in the digest was withdrawn"


def test_a_person_who_answered_on_one_receiver_is_left_alone_on_the_other(ann: Ann) -> None:
    """Snoozed is snoozed for her, not for her phone."""
    ann.phone = {"quiet_hours": ann.hours(length=1)}
    ann.news(FIRST)
    line = ann.world.line
    (alert,) = line.store.read.alerts()
    until = line.clock.now() + timedelta(hours=6)
    line.store.act.answer([alert.id], AnswerKind.SNOOZE, line.clock.now(), until=until)
    line.clock.move(hours=2)
    ann.news(LOUDER, feed="post")
    assert ann.counts()[:2] == (0, 1)
    line.clock.time = until
    ann.send()
    assert ann.counts()[:2] == (1, 1)


def test_what_one_receiver_does_not_get_reaches_the_person_over_the_other(ann: Ann) -> None:
    """That she has two must never cost her an alert."""
    ann.outcomes = {"phone": [DOWN]}
    ann.news(FIRST)
    for _ in range(4):
        ann.send()
    assert len(ann.sent("mail")) == 1
    assert ann.lanes["mail"].sent[0][1].text.startswith("Sent to you because it could not be delivered to phone")


def test_a_restart_and_a_reload_send_nothing_twice(ann: Ann) -> None:
    """The choice is in the outbox; after a reload that parts the two each gets what comes then."""
    ann.reload()
    ann.world.news(FIRST)
    ann.world.restart()
    ann.send()
    assert ann.counts() == (1, 0, 1)
    ann.reload(person=None)
    ann.news(LOUDER, feed="post")
    assert ann.counts() == (2, 1, 2)


def test_messages_of_a_receiver_that_a_reload_removes_reach_the_person_once(ann: Ann) -> None:
    """They go to whom the routes name, one to a person."""
    ann.phone = ann.mail = {"quiet_hours": ann.hours()}
    ann.reload()
    ann.world.news(FIRST)
    policy = ann.world.line.policy
    names = ("tablet", "mail")
    own = [replace(policy.receivers[0], name=name, quiet_hours=()) for name in names]
    ann.world.line.policy = Policy(routes=(Route(to=names),), receivers=own)
    ann.receivers = lambda: own  # type: ignore[method-assign]
    ann.send()
    assert [(name, len(lane.sent)) for name, lane in ann.lanes.items()] == [("tablet", 0), ("mail", 0)]
    ann.world.line.clock.move(hours=9)
    ann.send()
    assert {name: len(lane.sent) for name, lane in ann.lanes.items()} == {"tablet": 1, "mail": 0}


def test_health_is_told_over_all_receivers_of_an_operator(ann: Ann) -> None:
    """One of them may be what fails."""
    ann.outcomes = {"phone": [AttemptResult(error_class=ErrorClass.AUTH, code=403, words="invalid_token")]}
    ann.news(FIRST)
    kinds = {(one.receiver, one.kind) for one in ann.world.line.store.read.deliveries()}
    assert {("phone", DeliveryKind.OPERATOR), ("mail", DeliveryKind.OPERATOR)} <= kinds
