"""Reminders and escalations until somebody answers: from the first message to the last, on a real database."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from tocsin.deliver.dispatcher import Dispatcher
from tocsin.model.alerts import AnswerKind
from tocsin.model.deliveries import AttemptResult, DeliveryKind, DeliveryState, ErrorClass
from tocsin.model.rules import Severity
from tocsin.policy.decide import Policy
from tocsin.policy.notifying.quiet import QuietHours
from tocsin.policy.notifying.receiver import DigestTimes, ReceiverInfo, Repeat
from tocsin.policy.notifying.reminders import Escalation, Reminders
from tocsin.policy.notifying.route import Route, Selection
from tocsin.policy.notifying.walltime import Window
from tocsin.render.reasons import in_words

Line = Any
OK = AttemptResult(error_class=ErrorClass.OK)
DOWN = AttemptResult(error_class=ErrorClass.TRANSIENT, code=503, words="busy")
HOUR = timedelta(hours=1)
DESK = ReceiverInfo(name="desk", recipients=("",), repeat=Repeat(every=4 * HOUR, at_most=2))
BOSS = ReceiverInfo(name="boss", recipients=("",))
TO_BOSS = Escalation(to=("boss",), after=HOUR / 2, which=Selection(severity=(">=", Severity.HIGH)))


class Office:
    """A desk that is told of gallium at a quarter past twelve, and a boss to whom alerts are escalated."""

    def __init__(
        self, line: Line, *people: ReceiverInfo, escalations: tuple[Escalation, ...] = (), desk: AttemptResult = OK
    ) -> None:
        self.line = line
        self.people = people or (DESK, BOSS)
        self.escalations = escalations
        self.policy = Policy(routes=(Route(to=("desk",)),), receivers=self.people)
        self.receivers = {"desk": line.list_receiver("desk", [desk]), "boss": line.list_receiver("boss", [OK])}
        self.source = line.list_source("wire", [[]])
        self.pipeline = line.pipeline(self.source)
        self.pipeline.inbound = replace(self.pipeline.inbound, policy=self.policy)
        asyncio.run(self.pipeline.run_due())
        self.sender = self.started()

    def started(self) -> Dispatcher:
        """A dispatcher that was started just now."""
        made: Dispatcher = self.line.dispatcher(
            self.policy.decide,
            *self.receivers.values(),
            people=self.people,
            reminders=Reminders(people=self.people, escalations=self.escalations),
        )
        return made

    def news(self, *headlines: str) -> None:
        """Poll them a quarter of an hour later, and send what is due."""
        self.source.answers.append(headlines or ["China bans gallium exports"])
        self.line.clock.move(minutes=16)
        asyncio.run(self.pipeline.run_due())
        self.send()

    def send(self, **later: float) -> tuple[int, int]:
        """Send what is due so much later; return how many messages the desk and the boss have had."""
        self.line.clock.move(**later)
        asyncio.run(self.sender.run_due())
        return len(self.receivers["desk"].sent), len(self.receivers["boss"].sent)

    def answer(self, kind: AnswerKind = AnswerKind.ACK, until: datetime | None = None) -> None:
        """Answer the first alert, as the command, the page and the links in messages do."""
        self.line.store.act.answer([1], kind, self.line.clock.now(), by="ann", until=until)

    def waiting(self) -> list[str]:
        """Messages that wait, and why."""
        found = self.line.store.read.deliveries()
        return [f"{one.kind}: {in_words(one.reason)}" for one in found if one.state is DeliveryState.HELD]


def test_a_message_is_sent_again_until_somebody_answers(line: Line) -> None:
    """In the thread of the first, saying what it is; an answer is the end of it."""
    office = Office(line)
    office.news()
    assert office.send(hours=3, minutes=59) == (1, 0)
    assert office.send(minutes=1) == (2, 0)
    (first, _), (_, again) = office.receivers["desk"].sent
    assert again.thread == first
    assert again.subject.startswith("[HIGH] Reminder: gallium: ban")
    assert again.text.startswith("Reminder 1 of 2: nobody has answered since 2026-03-02 12:16")
    office.answer()
    assert office.send(hours=5) == (2, 0)


def test_a_daemon_that_sleeps_until_something_is_due_sends_it_in_time(line: Line) -> None:
    """Escalations and reminders stand in no row before they are due."""
    office = Office(line, escalations=(TO_BOSS,))
    office.news()
    began = line.clock.now()
    for after, sent in ((HOUR / 2, (1, 1)), (4 * HOUR, (2, 1))):
        while office.send() != sent:
            line.clock.time = office.sender.next_due(line.clock.now())
            assert line.clock.now() <= began + after
        assert line.clock.now() == began + after


def test_an_escalation_is_in_time_after_the_clock_was_set_back(line: Line) -> None:
    """The time at which nobody had to look before may be a day away by then."""
    office = Office(line, escalations=(TO_BOSS,))
    office.news()
    line.clock.move(days=-1)
    office.news("China halts cobalt exports")
    assert office.send(minutes=29) == (2, 0)
    assert office.send(minutes=1) == (2, 1)


def test_there_are_at_most_so_many_reminders(line: Line) -> None:
    """Nobody is told for ever what nobody wants to answer."""
    office = Office(line)
    office.news()
    assert [office.send(hours=4)[0] for _ in range(4)] == [2, 3, 3, 3]


def test_an_alert_that_nobody_answers_goes_to_others_once(line: Line) -> None:
    """The shortest time wins, and it says to whom it was sent before."""
    later = Escalation(to=("boss", "desk"), after=HOUR)
    office = Office(line, replace(DESK, repeat=None), BOSS, escalations=(later, TO_BOSS))
    office.news()
    assert office.send(minutes=29) == (1, 0)
    assert office.send(minutes=1) == (1, 1)
    ((_, message),) = office.receivers["boss"].sent
    assert message.subject.startswith("[HIGH] Escalated: gallium: ban")
    assert "Escalated: it was sent to desk at 2026-03-02 12:16, and nobody has answered." in message.text
    assert office.send(hours=2) == (1, 1)


def test_a_restart_forgets_no_reminder_and_sends_none_twice(line: Line) -> None:
    """What was sent stands in rows; what became due while the daemon was away is sent at its start."""
    office = Office(line, escalations=(TO_BOSS,))
    office.news()
    office.sender = office.started()
    assert office.send(minutes=30) == (1, 1)
    office.sender = office.started()
    assert office.send() == (1, 1)
    line.clock.move(hours=10)
    office.sender = office.started()
    assert office.send() == (2, 1)
    office.sender = office.started()
    assert office.send() == (2, 1)


def test_an_answer_calls_off_what_waits_for_the_end_of_quiet_hours(line: Line) -> None:
    """The boss finds nothing in the morning that was settled at night."""
    night = QuietHours(window=Window(start=time(12), end=time(20)), breaks=Severity.CRITICAL)
    office = Office(line, DESK, replace(BOSS, quiet_hours=(night,)), escalations=(TO_BOSS,))
    office.news()
    assert office.send(minutes=30) == (1, 0)
    (held,) = office.waiting()
    assert held.startswith("escalation: held until 2026-03-02 20:00 UTC by the quiet hours of boss: escalated: ")
    office.answer(AnswerKind.USEFUL)
    assert office.waiting() == []
    assert office.send(hours=9) == (1, 0)


def test_what_may_break_through_quiet_hours_is_escalated_in_them(line: Line) -> None:
    """`except: high` lets a high alert out, and the others at the end."""
    night = QuietHours(window=Window(start=time(12), end=time(20)), breaks=Severity.HIGH)
    office = Office(line, DESK, replace(BOSS, quiet_hours=(night,)), escalations=(TO_BOSS,))
    office.news()
    assert office.send(minutes=30) == (1, 1)


def test_a_message_that_quiet_hours_hold_is_not_escalated_before_it_was_sent(line: Line) -> None:
    """The boss is not woken for what the desk is spared."""
    night = QuietHours(window=Window(start=time(12), end=time(20)))
    office = Office(line, replace(DESK, quiet_hours=(night,)), BOSS, escalations=(TO_BOSS,))
    office.news()
    assert office.send(hours=7) == (0, 0)
    line.clock.time = datetime(2026, 3, 2, 20, 29, tzinfo=UTC)
    assert office.send() == (1, 0)
    assert office.send(minutes=1) == (1, 1)


def test_a_receiver_that_cannot_be_reached_does_not_stop_the_escalation(line: Line) -> None:
    """That is when somebody else has to know; and the desk gets no second message while the first is on its way."""
    office = Office(line, escalations=(TO_BOSS,), desk=DOWN)
    office.news()
    assert office.send(minutes=30)[1] == 1
    office.send(hours=5)
    kinds = [one.kind for one in line.store.read.deliveries() if one.receiver == "desk"]
    assert DeliveryKind.REMINDER not in kinds


def test_a_snooze_puts_reminders_off(line: Line) -> None:
    """Not now is an answer for now."""
    office = Office(line)
    office.news()
    office.answer(AnswerKind.SNOOZE, line.clock.now() + 6 * HOUR)
    assert office.send(hours=5) == (1, 0)
    assert office.send(hours=1) == (2, 0)


def test_alerts_that_are_due_together_are_one_reminder(line: Line) -> None:
    """Twenty alerts of one morning are not twenty messages at noon, and an answered one is not among them."""
    office = Office(line)
    office.news("China bans gallium exports", "Chile halts cobalt sales")
    assert len(office.receivers["desk"].sent) == 2
    office.send(hours=4)
    assert len(office.receivers["desk"].sent) == 3
    office.answer()
    office.send(hours=4)
    last = office.receivers["desk"].sent[-1][1].text
    assert "cobalt" in last
    assert "gallium" not in last


def test_what_waits_for_the_digest_is_not_urgent(line: Line) -> None:
    """The digest itself shows what nobody answered."""
    desk = replace(DESK, digest=DigestTimes(at=(time(13),), below=Severity.CRITICAL))
    office = Office(line, desk, BOSS)
    office.news()
    office.send(hours=2)
    assert office.send(hours=5) == (1, 0)


def test_a_reload_that_removes_them_calls_off_what_waits(line: Line) -> None:
    """Neither the held one nor the next is sent."""
    night = QuietHours(window=Window(start=time(12), end=time(20)))
    office = Office(line, DESK, replace(BOSS, quiet_hours=(night,)), escalations=(TO_BOSS,))
    office.news()
    office.send(minutes=30)
    office.sender.outbound = replace(office.sender.outbound, reminders=Reminders(people=(BOSS,)))
    assert office.send(minutes=1) == (1, 0)
    assert office.waiting() == []
    assert office.send(hours=9) == (1, 0)


def test_old_alerts_are_not_asked_about_when_it_is_switched_on(line: Line) -> None:
    """A reload with `repeat` brings no flood of last month's alerts."""
    office = Office(line, replace(DESK, repeat=None), BOSS)
    office.news()
    line.clock.move(days=3)
    office.people = (DESK, BOSS)
    office.sender = office.started()
    assert office.send() == (1, 0)


@pytest.mark.parametrize("headline", ["China bans gallium exports <script>", "China bans gallium @everyone \x1b[2J"])
def test_hostile_headlines_stay_text_in_reminders(line: Line, headline: str) -> None:
    """They are rendered as any message is."""
    office = Office(line, escalations=(TO_BOSS,))
    office.news(headline)
    office.send(minutes=30)
    ((_, message),) = office.receivers["boss"].sent
    assert "\x1b" not in message.text + message.subject
    assert "@everyone" not in message.text
