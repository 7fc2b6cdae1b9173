"""Who is told next if nobody answers: as tables of messages and steps."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tocsin.explain.next_messages import next_messages
from tocsin.model.alerts import Alert, Answered, AnswerKind
from tocsin.model.deliveries import DeliveryKind, DeliveryState
from tocsin.model.rules import Severity
from tocsin.policy.notifying.quiet import QuietHours
from tocsin.policy.notifying.receiver import ReceiverInfo, Repeat
from tocsin.policy.notifying.reminders import MOST_ALERTS, Escalation, Reminders, SentMessage, Unanswered
from tocsin.policy.notifying.route import Selection
from tocsin.policy.notifying.walltime import Window

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ALERT = Alert(
    id=1,
    rule="p/ban",
    rule_hash="h",
    rule_position="p.yaml:1",
    title="gallium: ban",
    event="trade.ban",
    severity=Severity.HIGH,
    labels={},
    key=(),
    story_id=1,
    opened_at=NOON,
    updated_at=NOON,
    event_time=NOON,
)
DESK = ReceiverInfo(name="desk", recipients=("a",), repeat=Repeat(every=4 * HOUR, at_most=2))
BOSS = ReceiverInfo(name="boss", recipients=("x", "y"))
ALL = Reminders(
    people=(DESK, BOSS),
    escalations=(
        Escalation(to=("boss", "desk"), after=2 * HOUR),
        Escalation(to=("boss",), after=HOUR, which=Selection(severity=("=", Severity.HIGH))),
        Escalation(to=("boss",), after=HOUR / 2, which=Selection(severity=("=", Severity.CRITICAL))),
    ),
)


def message(to: str = "desk", recipient: str = "a", hours: float = 0, **fields: Any) -> SentMessage:
    """A message so many hours after noon."""
    values = {"kind": DeliveryKind.ALERT, "state": DeliveryState.DELIVERED, "at": NOON + hours * HOUR, **fields}
    return SentMessage(receiver=to, recipient=recipient, **values)


AGAIN = message(hours=4, kind=DeliveryKind.REMINDER)
SUPPRESSED, SENDING = DeliveryState.SUPPRESSED, DeliveryState.SENDING


@pytest.mark.parametrize(
    ("messages", "answered", "steps"),
    [
        pytest.param((), Answered(), [], id="nobody was told"),
        pytest.param((message(),), Answered(), ["desk 16", "boss 13", "boss 13"], id="the shortest time"),
        pytest.param((message(state=SUPPRESSED),), Answered(), [], id="suppressed: nobody was told"),
        pytest.param((message(), AGAIN), Answered(), ["desk 20", "boss 13", "boss 13"], id="after the last one"),
        pytest.param(
            (message(), AGAIN, replace(AGAIN, state=SUPPRESSED, at=NOON + 8 * HOUR)),
            Answered(),
            ["boss 13", "boss 13"],
            id="no more than asked for, whatever became of them",
        ),
        pytest.param((message(), message("boss", "x", 1)), Answered(), ["desk 16"], id="the boss knows"),
        pytest.param((message(), message("ops", "o", 3)), Answered(), ["desk 16", "boss 13", "boss 13"], id="others"),
        pytest.param((message(),), Answered(acked_at=NOON), [], id="seen"),
        pytest.param((message(),), Answered(verdict=AnswerKind.NOISE), [], id="judged"),
        pytest.param(
            (message(),), Answered(snoozed_until=NOON + 5 * HOUR), ["desk 17", "boss 17", "boss 17"], id="snoozed"
        ),
    ],
)
def test_the_next_steps_follow_from_what_was_sent(messages, answered, steps) -> None:
    """Nothing but the messages and answers decides, so that no restart can forget it."""
    found = ALL.steps(Unanswered(alert=ALERT, answered=answered, messages=messages))
    assert [f"{one.receiver} {one.at:%H}" for one in found] == steps


def test_what_is_over_or_about_the_daemon_is_not_repeated() -> None:
    """Nobody has to answer it."""
    for alert in (replace(ALERT, over_at=NOON), replace(ALERT, rule="tocsin/storm")):
        assert not list(ALL.steps(Unanswered(alert=alert, answered=Answered(), messages=(message(),))))


def test_nothing_is_due_twice_nor_a_day_late() -> None:
    """While a message is on its way, and after a long stop."""
    sending = Unanswered(alert=ALERT, answered=Answered(), messages=(message(state=SENDING), message("boss", "x")))
    planned, again = ALL.due([sending], NOON + 5 * HOUR)
    assert (planned, again) == ((), NOON + 5.5 * HOUR)
    old = replace(sending, messages=(message(),))
    assert ALL.due([old], NOON + 29 * HOUR)[0] == ()
    assert [one.recipient for one in ALL.due([old], NOON + 5 * HOUR)[0]] == ["a", "x", "y"]


def test_a_message_has_a_bounded_number_of_alerts_the_most_severe_first() -> None:
    """A night without an answer is some messages, not one of a megabyte."""
    many = [
        Unanswered(
            alert=replace(ALERT, id=number, severity=Severity.CRITICAL if number == 25 else Severity.LOW),
            answered=Answered(),
            messages=(message(), message("boss", "x")),
        )
        for number in range(1, 31)
    ]
    planned, _ = ALL.due(many, NOON + 4 * HOUR)
    assert [len(one.alert_ids) for one in planned] == [MOST_ALERTS, 10]
    assert planned[0].alert_ids[0] == 25


def test_who_is_next_is_said_with_the_time_at_which_it_can_leave() -> None:
    """At the end of quiet hours, in the zone of the reader, and with a date if it is not today."""
    night = QuietHours(window=Window(start=time(12), end=time(7)))
    people = (DESK, replace(BOSS, quiet_hours=(night,)))
    words = next_messages(
        replace(ALL, people=people), ALERT, Answered(), (message(),), now=NOON, zone=ZoneInfo("Europe/Berlin")
    )
    assert words == "desk at 17:00 (reminder 1 of 2); boss at 2026-03-03 08:00"
    dropping = (replace(BOSS, quiet_hours=(replace(night, drop=True),)),)
    assert not next_messages(
        replace(ALL, people=dropping), ALERT, Answered(), (message(),), now=NOON, zone=ZoneInfo("UTC")
    )
