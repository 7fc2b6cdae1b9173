"""Quiet hours and digests by the clock on the wall, as tables of instants."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from tocsin.model.alerts import MatchOutcome
from tocsin.model.deliveries import DeliveryKind
from tocsin.model.rules import Severity
from tocsin.policy.decide import Policy
from tocsin.policy.notifying.quiet import QuietHours, QuietRule, quiet
from tocsin.policy.notifying.receiver import DigestTimes, ReceiverInfo
from tocsin.policy.notifying.route import Route
from tocsin.policy.notifying.timing import quiet_now
from tocsin.policy.notifying.walltime import DateRange, Window
from tocsin.render.reasons import in_words

LONDON, LORD_HOWE, TOKYO = ZoneInfo("Europe/London"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Tokyo")


def utc(text: str) -> datetime:
    """An instant in UTC, as `2026-03-29 01:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def hours(start: str, end: str, **options) -> QuietHours:
    """Quiet hours from *start* to *end*."""
    return QuietHours(window=window(start, end), **options)


def window(start: str, end: str, **options) -> Window:
    """A window from *start* to *end*."""
    return Window(start=time.fromisoformat(start), end=time.fromisoformat(end), **options)


@pytest.mark.parametrize(
    ("interval", "zone", "at", "end"),
    [
        pytest.param(("22:00", "06:30"), LONDON, "2026-01-05 21:59", None, id="before"),
        pytest.param(("22:00", "06:30"), LONDON, "2026-01-05 22:00", "2026-01-06 06:30", id="its start belongs to it"),
        pytest.param(("22:00", "06:30"), LONDON, "2026-01-06 06:29", "2026-01-06 06:30", id="after midnight"),
        pytest.param(("22:00", "06:30"), LONDON, "2026-01-06 06:30", None, id="its end does not"),
        pytest.param(("09:00", "17:00"), TOKYO, "2026-01-06 00:00", "2026-01-06 08:00", id="within a day elsewhere"),
        pytest.param(("22:00", "06:30"), LONDON, "2026-03-28 23:00", "2026-03-29 05:30", id="a short night"),
        pytest.param(("22:00", "06:30"), LONDON, "2026-10-24 22:00", "2026-10-25 06:30", id="a long night"),
        pytest.param(("22:00", "01:30"), LONDON, "2026-03-28 23:00", "2026-03-29 01:00", id="ends in the leap"),
        pytest.param(("01:30", "06:00"), LONDON, "2026-03-29 00:59", None, id="before a start in the leap"),
        pytest.param(("01:30", "06:00"), LONDON, "2026-03-29 01:00", "2026-03-29 05:00", id="starts in the leap"),
        pytest.param(("22:00", "01:30"), LONDON, "2026-10-25 01:15", "2026-10-25 01:30", id="ends when shown last"),
        pytest.param(("01:30", "06:00"), LONDON, "2026-10-25 00:30", "2026-10-25 06:00", id="starts when shown first"),
        pytest.param(
            ("22:00", "02:15"), LORD_HOWE, "2026-10-03 15:00", "2026-10-03 15:30", id="a leap of half an hour"
        ),
    ],
)
def test_quiet_hours_follow_the_clock_on_the_wall(interval, zone, at, end) -> None:
    """Nobody is woken an hour early because clocks changed, nor kept waiting an hour longer."""
    found = quiet([hours(*interval)], Severity.HIGH, zone, utc(at))
    assert (found and found.until) == (utc(end) if end else None)


@pytest.mark.parametrize(
    ("at", "days", "after", "leaves"),
    [
        pytest.param("07:00", range(7), "2026-01-05 06:59", "2026-01-05 07:00", id="today"),
        pytest.param("07:00", range(7), "2026-01-05 07:00", "2026-01-06 07:00", id="not the one that leaves now"),
        pytest.param("07:00", {0}, "2026-01-05 07:00", "2026-01-12 07:00", id="a week later"),
        pytest.param("07:00", {0, 3}, "2026-01-06 00:00", "2026-01-08 07:00", id="on the next of its days"),
        pytest.param("07:00", range(7), "2026-03-28 07:00", "2026-03-29 06:00", id="a day of 23 hours"),
        pytest.param("07:00", range(7), "2026-10-24 06:00", "2026-10-25 07:00", id="a day of 25 hours"),
        pytest.param("01:30", range(7), "2026-03-28 02:00", "2026-03-29 01:00", id="in the leap: just after it"),
        pytest.param("01:30", range(7), "2026-10-25 00:30", "2026-10-26 01:30", id="a time shown twice counts once"),
    ],
)
def test_a_digest_leaves_once_on_each_of_its_days(at, days, after, leaves) -> None:
    """A reader at breakfast gets one every morning, on the days that clocks change, too."""
    times = DigestTimes(at=(time.fromisoformat(at),), days=frozenset(days))
    assert times.leaves(LONDON, utc(after)) == utc(leaves)


def receive(world, **options) -> None:
    """Let the desk ask for *options*; it is noon in London."""
    desk = ReceiverInfo(name="desk", recipients=("a",), zone=LONDON, **options)
    world.policy = Policy(routes=(Route(to=("desk",)),), receivers=(desk,))


def planned(decision) -> list[tuple[str, str, int]]:
    """Kind, time and number of alerts of each new message."""
    return [(plan.kind.value, f"{plan.due_at:%d %H:%M}", len(plan.alert_ids)) for plan in decision.planned]


BAN, CAP = "China bans exports of gallium", "Chile caps the output of lithium at two mines"
GALLIUM, LITHIUM = {"mineral": ("gallium",)}, {"mineral": ("lithium",)}


def test_what_is_not_urgent_leaves_together_in_the_digest(world) -> None:
    """One message in the morning, not one for each; and why it waits stands with the match."""
    receive(world, digest=DigestTimes(at=(time(7),)))
    first = world.decide(world.match(BAN, severity=Severity.LOW, labels=GALLIUM))
    world.keep(first)
    assert planned(first) == [("digest", "03 07:00", 1)]
    assert first.decided[0].outcome is MatchOutcome.HELD
    assert in_words(first.decided[0].reason) == "held until 2026-03-03 07:00 UTC by the digest of desk"
    assert first.planned[0].expires_at == utc("2026-03-05 07:00"), "what is held lives from the end of the hold"
    world.later(hours=2)
    second = world.decide(world.match(CAP, severity=Severity.LOW, labels=LITHIUM))
    assert second.planned == ()
    assert second.joined == (("d0", (2,)),)


def test_what_is_urgent_does_not_wait_for_the_digest(world) -> None:
    """High and critical are told at once."""
    receive(world, digest=DigestTimes(at=(time(7),)))
    assert planned(world.decide(world.match(BAN, severity=Severity.HIGH))) == [("alert", "02 12:00", 1)]


def test_an_alert_that_becomes_urgent_leaves_the_digest_alone(world) -> None:
    """The critical news is told now, once; the others in the digest go on waiting."""
    receive(world, digest=DigestTimes(at=(time(7),)))
    world.keep(world.decide(world.match(BAN, severity=Severity.LOW, labels=GALLIUM)))
    louder = world.decide(world.match(BAN, severity=Severity.CRITICAL, labels=GALLIUM, publisher="Post"))
    assert planned(louder) == [("alert", "02 12:00", 1)]
    assert louder.cancelled == (("d0", 1),)
    assert louder.released == ()


def test_an_alert_that_becomes_urgent_at_once_is_in_no_digest(world) -> None:
    """Two reports of one poll, of which the second is critical: one message."""
    receive(world, digest=DigestTimes(at=(time(7),)))
    both = [
        world.match(BAN, severity=Severity.LOW, labels=GALLIUM, published=world.now - timedelta(minutes=2)),
        world.match(BAN, severity=Severity.CRITICAL, labels=GALLIUM, publisher="Post"),
    ]
    assert planned(world.decide(*both)) == [("alert", "02 12:00", 1)]


def test_quiet_hours_hold_all_news_and_flush_it_as_one_digest(world) -> None:
    """In the morning there is one message about the night."""
    receive(world, quiet_hours=(hours("11:00", "14:30"),))
    world.keep(world.decide(world.match(BAN, labels=GALLIUM)))
    later = world.decide(world.match(CAP, labels=LITHIUM))
    assert [(m.kind, m.due_at) for m in world.pending] == [(DeliveryKind.DIGEST, utc("2026-03-02 14:30"))]
    assert later.joined == (("d0", (2,)),)
    assert in_words(later.decided[0].reason) == "held until 2026-03-02 14:30 UTC by the quiet hours of desk"


@pytest.mark.parametrize(
    ("breaks", "severity", "due"),
    [
        pytest.param(None, Severity.CRITICAL, ("digest", "02 14:30", 1), id="nothing breaks through"),
        pytest.param(Severity.CRITICAL, Severity.HIGH, ("digest", "02 14:30", 1), id="not loud enough"),
        pytest.param(Severity.HIGH, Severity.CRITICAL, ("alert", "02 12:00", 1), id="louder than asked"),
        pytest.param(Severity.CRITICAL, Severity.CRITICAL, ("alert", "02 12:00", 1), id="as loud as asked"),
    ],
)
def test_only_what_may_breaks_through_quiet_hours(world, breaks, severity, due) -> None:
    """`except: critical` means critical, and nothing else."""
    receive(world, quiet_hours=(hours("11:00", "14:30", breaks=breaks),))
    assert planned(world.decide(world.match(BAN, severity=severity))) == [due]


def test_a_digest_that_would_leave_in_quiet_hours_leaves_at_their_end(world) -> None:
    """Quiet hours stand above the time of the digest."""
    receive(world, digest=DigestTimes(at=(time(13),)), quiet_hours=(hours("12:30", "15:00"),))
    assert planned(world.decide(world.match(BAN, severity=Severity.LOW))) == [("digest", "02 15:00", 1)]


def test_a_first_message_waits_for_others_that_join_it(world) -> None:
    """Twenty alerts of one minute are one message; those after it are not put off by it."""
    receive(world, group_wait=timedelta(seconds=30))
    first = world.decide(world.match(BAN, labels=GALLIUM))
    world.keep(first)
    assert first.planned[0].due_at == world.now + timedelta(seconds=30)
    assert in_words(first.planned[0].held) == "held until 2026-03-02 12:00:30 UTC: others may join it"
    world.later(seconds=20)
    assert world.decide(world.match(CAP, labels=LITHIUM)).joined == (("d0", (2,)),)


def test_a_critical_alert_waits_for_no_others(world) -> None:
    """Nothing is gained by holding back the worst."""
    receive(world, group_wait=timedelta(seconds=30))
    assert planned(world.decide(world.match(BAN, severity=Severity.CRITICAL))) == [("alert", "02 12:00", 1)]


def test_those_whose_quiet_hours_last_are_known_at_any_time() -> None:
    """What is sent is judged by the quiet hours that last when it is sent."""
    night = ReceiverInfo(name="night", recipients=("",), zone=LONDON, quiet_hours=(hours("22:00", "06:30", drop=True),))
    people = (
        night,
        replace(night, name="day", quiet_hours=(hours("09:00", "17:00"),)),
        replace(night, name="never", quiet_hours=()),
    )
    found = quiet_now(people, utc("2026-01-05 23:00"))
    assert found == {"night": (QuietRule(ends=utc("2026-01-06 06:30"), severities=tuple(Severity), drop=True),)}


SANTIAGO, SYDNEY, HAVANA = (ZoneInfo(name) for name in ("America/Santiago", "Australia/Sydney", "America/Havana"))
WEEKEND = (window("00:00", "00:00", days=frozenset({5, 6})), window("22:00", "06:30"))


@pytest.mark.parametrize(
    ("windows", "zone", "at", "end"),
    [
        pytest.param(WEEKEND, LONDON, "2026-01-09 21:59", None, id="before the weekend"),
        pytest.param(WEEKEND, LONDON, "2026-01-09 22:00", "2026-01-12 06:30", id="a night, a weekend, a night"),
        pytest.param(WEEKEND, LONDON, "2026-01-12 06:30", None, id="monday morning"),
        pytest.param(WEEKEND, LONDON, "2026-03-28 12:00", "2026-03-30 05:30", id="a weekend of 47 hours"),
        pytest.param(WEEKEND, SYDNEY, "2026-04-03 20:00", "2026-04-05 20:30", id="southern autumn: 49 hours"),
        pytest.param(WEEKEND, SYDNEY, "2026-10-03 02:00", "2026-10-04 19:30", id="southern spring: 47 hours"),
        pytest.param(WEEKEND[:1], SANTIAGO, "2026-09-06 03:59", "2026-09-07 03:00", id="midnight is skipped"),
        pytest.param(
            WEEKEND[:1], SANTIAGO, "2026-04-05 02:30", "2026-04-06 04:00", id="the hour before is shown twice"
        ),
        pytest.param(WEEKEND[:1], HAVANA, "2026-11-02 04:59", "2026-11-02 05:00", id="a day after midnight twice"),
        pytest.param(
            [window("22:00", "06:00", days=frozenset({4}))],
            LONDON,
            "2026-01-10 05:00",
            "2026-01-10 06:00",
            id="its day",
        ),
        pytest.param(
            [window("22:00", "06:00", days=frozenset({5}))], LONDON, "2026-01-10 05:00", None, id="not its day"
        ),
    ],
)
def test_windows_one_after_another_are_one_night(windows, zone, at, end) -> None:
    """Nobody is woken at midnight because one window ended, also where clocks change then, in either hemisphere."""
    found = quiet([QuietHours(window=one) for one in windows], Severity.HIGH, zone, utc(at))
    assert (found and found.until) == (utc(end) if end else None)


@pytest.mark.parametrize(
    ("dates", "at", "inside"),
    [
        pytest.param("2026-12-24 2026-12-26", "2026-12-24 00:00", True, id="first day"),
        pytest.param("2026-12-24 2026-12-26", "2026-12-26 23:59", True, id="last day"),
        pytest.param("2026-12-24 2026-12-26", "2026-12-27 00:00", False, id="after"),
        pytest.param("2026-12-24 2026-12-26", "2027-12-24 00:00", False, id="another year"),
        pytest.param("2000-12-24 2000-01-02", "2027-01-02 12:00", True, id="every year, over its end"),
        pytest.param("2000-12-24 2000-01-02", "2027-06-02 12:00", False, id="not in summer"),
        pytest.param("2000-02-29 2000-02-29", "2028-02-29 12:00", True, id="leap day"),
    ],
)
def test_dates_are_those_on_which_a_window_begins(dates, at, inside) -> None:
    """Holidays are quiet, and the day after them is not."""
    first, last = (datetime.fromisoformat(text).date() for text in dates.split())
    holiday = Window(dates=(DateRange(first=first, last=last, yearly=first.year == 2000),))
    assert (holiday.occurrence(UTC, utc(at)) is not None) is inside


def test_each_window_lets_through_what_it_says() -> None:
    """Critical alerts at night and high ones at the weekend: on Saturday night the stricter one counts."""
    both = [
        QuietHours(window=WEEKEND[0], breaks=Severity.HIGH),
        QuietHours(window=WEEKEND[1], breaks=Severity.CRITICAL),
    ]
    found = quiet_now([ReceiverInfo(name="desk", recipients=("",), quiet_hours=tuple(both))], utc("2026-01-10 23:00"))
    below = (Severity.INFO, Severity.LOW, Severity.MEDIUM)
    assert found["desk"] == (
        QuietRule(ends=utc("2026-01-12 06:30"), severities=below, drop=False),
        QuietRule(ends=utc("2026-01-11 06:30"), severities=(Severity.HIGH,), drop=False),
    )
    assert quiet(both, Severity.CRITICAL, UTC, utc("2026-01-10 23:00")) is None


def test_a_window_that_drops_drops_nothing_that_was_due_before_it() -> None:
    """The first window holds it, so it was due before the second began: it is sent at the end, not lost."""
    both = [hours("20:00", "22:00"), hours("22:00", "06:30", drop=True)]
    held = quiet(both, Severity.HIGH, UTC, utc("2026-01-10 21:00"))
    assert held is not None
    assert (held.until, held.drop) == (utc("2026-01-11 06:30"), False)
    late = quiet(both, Severity.HIGH, UTC, utc("2026-01-10 23:00"))
    assert late is not None
    assert late.drop


def test_a_digest_with_several_times_leaves_at_the_next_of_them() -> None:
    """Morning and afternoon; two times that clocks skip together are one digest."""
    times = DigestTimes(at=(time(16), time(7)))
    assert times.leaves(LONDON, utc("2026-01-05 07:00")) == utc("2026-01-05 16:00")
    assert times.leaves(LONDON, utc("2026-01-05 16:00")) == utc("2026-01-06 07:00")
    skipped = DigestTimes(at=(time(1, 10), time(1, 50)))
    assert skipped.leaves(LONDON, utc("2026-03-29 00:00")) == utc("2026-03-29 01:00")
    assert skipped.leaves(LONDON, utc("2026-03-29 01:00")) == utc("2026-03-30 00:10")
