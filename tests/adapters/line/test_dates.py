"""Dates that news announces, on the real line: found with their entry, kept with its alert, and reminded of."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any

import pytest

from tocsin.model.dates import DateState
from tocsin.model.deliveries import AttemptResult, DeliveryKind, DeliveryState, ErrorClass
from tocsin.model.entries import Batch, Cursor
from tocsin.policy.decide import Policy
from tocsin.policy.notifying.date_reminders import DateReminders
from tocsin.policy.notifying.quiet import QuietHours, quiet_rules
from tocsin.policy.notifying.receiver import ReceiverInfo
from tocsin.policy.notifying.route import Route
from tocsin.policy.notifying.walltime import Window
from tocsin.render.reasons import in_words

BAN = "China bans gallium exports"
TEXT = "The ban is suspended until 10 November 2026. A hearing is held on 20 May 2026."


class Wire:
    """A source of entries with text, past its first poll."""

    name = "wire"

    def __init__(self, line: Any) -> None:
        self.line, self.found, self.polls = line, (), 0

    async def poll(self, cursor: Cursor, now: Any) -> Batch:
        """The entries of *found*, by title and text."""
        self.polls += 1
        entries = tuple(replace(self.line.entry("wire", title, now), summary=text) for title, text in self.found)
        return Batch(source="wire", entries=entries, cursor=Cursor(etag=str(self.polls)), changed=True)


def _brought(line: Any, *news: tuple[str, str]) -> list[tuple[int, str, str]]:
    """Poll *news* after a first poll that was empty; the dates that are kept then."""
    wire = Wire(line)
    pipeline = line.pipeline(wire)
    for found in ((), news):
        wire.found = found
        asyncio.run(pipeline.run_due())
        line.clock.move(minutes=16)
    return [(one.alert_id, str(one.day), one.kind) for one in line.store.read.dates()]


@pytest.mark.everywhere
def test_the_dates_of_a_matched_entry_are_kept_with_its_alert(line):
    """The next one first, with the words; nobody has said anything of them yet."""
    assert _brought(line, (BAN, TEXT)) == [(1, "2026-05-20", "hearing"), (1, "2026-11-10", "ends")]
    (hearing, _) = line.store.read.dates()
    assert hearing.words == "A hearing is held on 20 May 2026."
    assert (hearing.title, hearing.state) == ("gallium: ban", DateState.FOUND)
    assert line.store.read.alert(1).dates == line.store.read.dates()


def test_an_entry_that_met_no_rule_has_no_dates(line):
    """They are those of alerts."""
    assert _brought(line, ("The fair is closed", TEXT)) == []


def test_a_date_that_several_reports_give_is_one(line):
    """Twenty copies of a headline are one alert, and one date."""
    found = _brought(line, (BAN, TEXT), (f"{BAN} again", f"Again: {TEXT}"))
    assert sorted(day for number, day, _ in found if number == 1) == ["2026-05-20", "2026-11-10"]


def test_the_dates_of_one_alert_are_bounded(line):
    """A feed that gives each of its reports other dates does not fill the page."""
    news = [
        (f"{BAN} {'a' * n}", ". ".join(f"The ban ends {day} {month} 2026" for day in range(1, 13)))
        for n, month in enumerate(("April", "May", "June", "July"))
    ]
    found = _brought(line, *news)
    assert found
    assert max(sum(number == one for one, _, _ in found) for number, _, _ in found) <= 20


OK = AttemptResult(error_class=ErrorClass.OK)
DESK = ReceiverInfo(name="desk", recipients=("",))
OTHER = ReceiverInfo(name="other", recipients=("",))


class Office:
    """A desk that was told of a ban that ends on 10 November 2026, and of whom nobody else knows."""

    def __init__(self, line: Any, *people: ReceiverInfo, text: str = "The ban ends 10 November 2026.") -> None:
        self.line, self.people = line, people or (DESK, OTHER)
        self.policy = Policy(routes=(Route(to=("desk",)),), receivers=self.people)
        self.receivers = {name: line.list_receiver(name, [OK]) for name in ("desk", "other")}
        line.policy = self.policy
        self.sender = self.started()
        _brought(line, (BAN, text))
        self.at("2026-03-02T12:40")

    def started(self) -> Any:
        """A dispatcher that was started just now."""
        return self.line.dispatcher(
            self.policy.decide, *self.receivers.values(), people=self.people, dates=DateReminders(people=self.people)
        )

    def at(self, when: str) -> list[str]:
        """Send what is due then; the subjects that the desk has had."""
        then = datetime.fromisoformat(when).replace(tzinfo=UTC)
        self.line.clock.move(seconds=(then - self.line.clock.now()).total_seconds())
        asyncio.run(self.sender.run_due())
        assert not self.receivers["other"].sent
        return [message.subject for _, message in self.receivers["desk"].sent]

    def say(self, state: DateState) -> None:
        """Confirm or reject the date, as the command and the page do."""
        self.line.store.act.judge_dates([1], state, self.line.clock.now(), by="ann")

    def waiting(self) -> list[str]:
        """Reminders that wait, and why."""
        found = self.line.store.read.deliveries()
        return [in_words(one.reason) for one in found if one.state is DeliveryState.HELD]


def test_those_who_were_told_are_reminded_of_a_confirmed_date(line):
    """30, 7 and 1 days before, at nine, with the words; nobody else, and no more."""
    office = Office(line)
    office.say(DateState.CONFIRMED)
    assert len(office.at("2026-10-11T08:59")) == 1
    assert office.at("2026-10-11T09:00")[1:] == ["[HIGH] Date ahead: gallium: ban - China bans gallium exports"]
    _, message = office.receivers["desk"].sent[1]
    words = "Confirmed date 1 is 30 days ahead: 2026-11-10 ends: “The ban ends 10 November 2026.”"
    assert message.text.startswith(words)
    assert len(office.at("2026-11-02T23:00")) == 2
    assert len(office.at("2026-11-03T09:10")) == 3
    assert len(office.at("2026-11-09T09:10")) == 4
    assert len(office.at("2026-11-12T09:00")) == 4
    kinds = {one.kind for one in line.store.read.deliveries()}
    assert kinds == {DeliveryKind.ALERT, DeliveryKind.DATE}


@pytest.mark.parametrize("state", [None, DateState.REJECTED], ids=["found", "rejected"])
def test_a_date_that_nobody_confirmed_reminds_nobody(line, state):
    """A program read it."""
    office = Office(line)
    if state:
        office.say(state)
    assert len(office.at("2026-11-09T10:00")) == 1


def test_a_restart_in_the_middle_reminds_once(line):
    """What was planned is noted with it, whoever comes next; several workers may ask at once."""
    office = Office(line)
    office.say(DateState.CONFIRMED)
    asked = line.store.remind_of_dates
    office.line.clock.move(days=223)  # the eleventh of October
    for _ in range(3):
        asked(DateReminders(people=office.people), line.clock.now())
    office.sender = office.started()
    assert len(office.at("2026-10-12T09:00")) == 2


def test_after_a_long_stop_the_last_reminder_that_was_left_out_is_sent(line):
    """With the days that are really left; and one that was past when somebody confirmed is not sent."""
    office = Office(line)
    office.say(DateState.CONFIRMED)
    office.sender = office.started()
    assert len(office.at("2026-11-05T12:00")) == 2
    assert "is 5 days ahead" in office.receivers["desk"].sent[1][1].text
    assert len(office.at("2026-11-05T13:00")) == 2


def test_what_was_past_when_somebody_confirmed_is_not_sent(line):
    """Who confirms a date four days before it knows it."""
    office = Office(line)
    office.at("2026-11-06T12:00")
    office.say(DateState.CONFIRMED)
    assert len(office.at("2026-11-06T13:00")) == 1
    assert len(office.at("2026-11-09T09:10")) == 2


def test_quiet_hours_hold_a_reminder_and_a_rejection_calls_it_off(line):
    """It waits for the end, with both reasons."""
    quiet = QuietHours(window=Window(start=time(8), end=time(10)))
    office = Office(line, replace(DESK, quiet_hours=(quiet,)))
    office.say(DateState.CONFIRMED)
    assert len(office.at("2026-10-11T09:00")) == 1
    assert office.waiting() == [
        (
            "held until 2026-10-11 10:00 UTC by the quiet hours of desk: confirmed date 1 is 30 days ahead: "
            "2026-11-10 ends: “The ban ends 10 November 2026.”"
        )
    ]
    office.say(DateState.REJECTED)
    assert office.waiting() == []
    assert len(office.at("2026-10-11T10:00")) == 1
    office.say(DateState.CONFIRMED)
    assert len(office.at("2026-11-03T10:00")) == 2


def test_a_reminder_that_quiet_hours_catch_when_it_leaves_keeps_its_reason(line):
    """As after a restart or a reload between the plan and the message: it says which date is near, and is called off by it."""
    office = Office(line)
    office.say(DateState.CONFIRMED)
    line.clock.time = datetime.fromisoformat("2026-10-11T09:00+00:00")
    line.store.remind_of_dates(DateReminders(people=office.people), line.clock.now())
    quiet = QuietHours(window=Window(start=time(8), end=time(10)))
    late = QuietHours(window=Window(start=time(9, 30), end=time(11)))
    line.store.apply_quiet_hours({"desk": quiet_rules((quiet,), UTC, line.clock.now())}, line.clock.now())
    line.clock.move(hours=1)
    line.store.apply_quiet_hours({"desk": quiet_rules((late,), UTC, line.clock.now())}, line.clock.now())
    assert office.waiting() == [
        (
            "held until 2026-10-11 11:00 UTC by the quiet hours of desk: confirmed date 1 is 30 days ahead: "
            "2026-11-10 ends: “The ban ends 10 November 2026.”"
        )
    ]
    office.say(DateState.REJECTED)
    assert office.waiting() == []


def test_two_dates_of_an_alert_on_one_day_are_two_reminders(line):
    """None is lost because it looks like the other."""
    office = Office(line, text="The ban ends 10 November 2026. A hearing is held on 10 November 2026.")
    line.store.act.judge_dates([1, 2], DateState.CONFIRMED, line.clock.now())
    assert len(office.at("2026-10-11T09:00")) == 3
    assert len(office.at("2026-11-03T09:10")) == 5


def test_hostile_words_call_nobody_in_a_chat(line):
    """The line above a message is plain, whatever strangers wrote."""
    office = Office(line, text="<!channel> @everyone the ban ends 10 November 2026\r\nBcc: all")
    office.say(DateState.CONFIRMED)
    office.at("2026-10-11T09:00")
    first = office.receivers["desk"].sent[1][1].text.split("\n\n")[0]
    assert "10 November 2026" in first
    assert "<!channel>" not in first
    assert "@everyone" not in first
