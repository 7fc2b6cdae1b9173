"""Lesser alerts that an open one suppresses, as the outbox sees them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tocsin.deliver.dispatcher import Dispatcher
from tocsin.model.alerts import AnswerKind
from tocsin.model.deliveries import AttemptResult, DeliveryState, ErrorClass
from tocsin.model.rules import Severity
from tocsin.policy.decide import Policy
from tocsin.policy.notifying.inhibition import Inhibition
from tocsin.policy.notifying.receiver import ReceiverInfo
from tocsin.policy.notifying.route import Route, Selection
from tocsin.render.reasons import in_words

Line = Any
OK = AttemptResult(error_class=ErrorClass.OK)
GONE = AttemptResult(error_class=ErrorClass.NOBODY, code=404)
RULES = """\
tocsin: 1
pack: {id: p, version: 1.0.0}
lists:
  mineral: {gallium: [gallium], cobalt: [cobalt]}
rules:
  - {id: ban, title: "{mineral}: ban", severity: critical, news: {match: $mineral NEAR/8 bans}, key: [mineral]}
  - {id: talk, title: "{mineral}: talk", severity: medium, news: {match: $mineral NEAR/8 talks}, key: [mineral], cooldown: 1m}
"""
CRITICAL, MEDIUM = Selection(severity=("=", Severity.CRITICAL)), Selection(severity=("<=", Severity.MEDIUM))
LESSER = Inhibition(by=CRITICAL, silences=MEDIUM, same=("mineral",), lasts=timedelta(hours=6))
BAN, TALK = "China bans gallium exports", "Ministers hold gallium talks in Lima"


class Desk:
    """A desk that hears of everything, and a boss who hears of what is critical, under one inhibition."""

    def __init__(self, line: Line, *outcomes: AttemptResult) -> None:
        self.line = line
        people = tuple(ReceiverInfo(name=name, recipients=("",)) for name in ("desk", "boss"))
        routes = (Route(to=("desk",)), Route(to=("boss",), which=CRITICAL))
        self.policy = Policy(routes=routes, receivers=people)
        self.source = line.list_source("wire", [[]])
        self.pipeline = line.pipeline(self.source, ruleset=line.rules(RULES))
        self.pipeline.inbound = replace(self.pipeline.inbound, policy=self.policy)
        asyncio.run(self.pipeline.run_due())
        self.receiver = line.list_receiver("desk", list(outcomes) or [OK])
        self.sender = self.started()

    def started(self, *inhibitions: Inhibition) -> Dispatcher:
        """A dispatcher that was started just now."""
        made: Dispatcher = self.line.dispatcher(
            self.policy.decide,
            self.receiver,
            self.line.list_receiver("boss", [OK]),
            inhibitions=inhibitions or (LESSER,),
        )
        return made

    def news(self, *headlines: str) -> list[str]:
        """Poll them, send what is due, and return the subjects that the desk has had."""
        self.source.answers.append(list(headlines))
        self.line.clock.move(minutes=16)
        asyncio.run(self.pipeline.run_due())
        return self.send()

    def send(self, **later: int) -> list[str]:
        """Send what is due so much later; return what the desk has heard of."""
        self.line.clock.move(**later)
        asyncio.run(self.sender.run_due())
        return [message.subject.split(" - ")[0] for _, message in self.receiver.sent]

    def reasons(self) -> list[str]:
        """Why messages are suppressed."""
        found = self.line.store.read.deliveries()
        return [in_words(one.reason) for one in found if one.state is DeliveryState.SUPPRESSED]


def test_a_lesser_alert_about_the_same_is_suppressed_while_the_greater_is_open(line: Line) -> None:
    """What it is about is news enough; other minerals are told, and so is what comes when it is open no longer."""
    desk = Desk(line)
    assert desk.news(BAN) == ["[CRITICAL] gallium: ban"]
    assert desk.news(TALK) == ["[CRITICAL] gallium: ban"]
    assert desk.reasons() == ["suppressed by the open alert 1 (gallium: ban)"]
    assert desk.news("Ministers hold cobalt talks in Rome")[1:] == ["[MEDIUM] cobalt: talk"]
    # That it is open no longer brings nothing old back.
    assert len(desk.send(hours=6)) == 2
    line.clock.move(hours=6)
    assert desk.news("Envoys end gallium talks without result")[2:] == ["[MEDIUM] gallium: talk"]


def test_what_is_about_more_than_the_greater_is_sent(line: Line) -> None:
    """Cobalt is news."""
    desk = Desk(line)
    desk.news(BAN)
    assert len(desk.news("Ministers hold talks on gallium and cobalt supplies, gallium talks, cobalt talks")) == 2


def test_a_greater_alert_that_was_noise_gives_back_what_it_suppressed(line: Line) -> None:
    """A false alarm hides nothing."""
    desk = Desk(line)
    desk.news(BAN)
    desk.news(TALK)
    line.store.act.answer([1], AnswerKind.NOISE, line.clock.now())
    assert desk.send(minutes=1) == ["[CRITICAL] gallium: ban", "[MEDIUM] gallium: talk"]


def test_only_who_was_told_of_the_greater_alert_is_spared_the_lesser(line: Line) -> None:
    """A message that could not be delivered suppresses nothing, and gives back what it suppressed."""
    desk = Desk(line, GONE, OK)
    desk.news(BAN)
    assert desk.news(TALK)[1:] == ["[MEDIUM] gallium: talk"]


def test_a_restart_in_the_middle_goes_on_suppressing(line: Line) -> None:
    """The alerts are rows."""
    desk = Desk(line)
    desk.news(BAN)
    desk.news(TALK)
    desk.sender = desk.started()
    assert len(desk.news("Envoys praise gallium talks")) == 1
    assert len(desk.reasons()) == 2


def test_a_reload_that_removes_it_gives_back_what_it_suppressed(line: Line) -> None:
    """Who does not want it any more wants what it hid, while that is fresh."""
    desk = Desk(line)
    desk.news(BAN)
    desk.news(TALK)
    desk.sender.outbound = replace(desk.sender.outbound, inhibitions=())
    assert len(desk.send(minutes=1)) == 2
    assert desk.reasons() == []


def test_a_copy_that_somebody_asks_for_is_sent(line: Line) -> None:
    """It is sent once: not again when the inhibition goes."""
    desk = Desk(line)
    desk.news(BAN)
    desk.news(TALK)
    (hidden,) = [one.id for one in line.store.read.deliveries() if one.state is DeliveryState.SUPPRESSED]
    line.store.act.resend(hidden, line.clock.now())
    assert len(desk.send(minutes=1)) == 2
    desk.sender.outbound = replace(desk.sender.outbound, inhibitions=())
    assert len(desk.send(minutes=1)) == 2


@pytest.mark.parametrize("headline", ["<script>gallium</script> talks", "gallium talks \x1b[31m @everyone"])
def test_hostile_headlines_are_suppressed_like_others(line: Line, headline: str) -> None:
    """Labels come from lists, so that no text can make itself an exception."""
    desk = Desk(line)
    desk.news(BAN)
    assert len(desk.news(headline)) == 1
