"""The days on which clocks change, in Europe and America, both ways: one table for all that goes by local time."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from tocsin.explain.next_messages import next_messages
from tocsin.model.alerts import Alert, Answered
from tocsin.model.dates import DateState, DateUnit, KeptDate
from tocsin.model.deliveries import DeliveryKind, DeliveryState
from tocsin.model.rules import Severity
from tocsin.policy.notifying.date_reminders import ConfirmedDate, DateReminders
from tocsin.policy.notifying.quiet import QuietHours
from tocsin.policy.notifying.receiver import DigestTimes, ReceiverInfo, Repeat
from tocsin.policy.notifying.reminders import Escalation, Reminders, SentMessage, Unanswered
from tocsin.policy.notifying.silence import RecurringSilence, parse
from tocsin.policy.notifying.walltime import DateRange, Window

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")  # both leap at 2 in the morning
HAVANA = ZoneInfo("America/Havana")  # leaps at midnight
SUNDAY = frozenset({6})
HOUR = timedelta(hours=1)


def utc(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def window(start: str = "00:00", end: str = "00:00", **options) -> Window:
    """A window from *start* to *end*; without them, whole days."""
    return Window(start=time.fromisoformat(start), end=time.fromisoformat(end), **options)


def days(first: date, last: date) -> tuple[DateRange, ...]:
    """Days of one year."""
    return (DateRange(first=first, last=last),)


SPRING = days(date(2026, 3, 8), date(2026, 3, 8))
AUTUMN = days(date(2026, 10, 25), date(2026, 10, 25))


@pytest.mark.parametrize(
    ("one", "zone", "before", "begins", "ends"),
    [
        pytest.param(window("22:00", "06:30"), BERLIN, "2026-03-28 12", "2026-03-28 21:00", "2026-03-29 04:30", id="short"),
        pytest.param(window("22:00", "06:30"), BERLIN, "2026-10-24 12", "2026-10-24 20:00", "2026-10-25 05:30", id="long"),
        pytest.param(window("22:00", "06:30"), NEW_YORK, "2026-03-07 18", "2026-03-08 03:00", "2026-03-08 10:30", id="short US"),
        pytest.param(window("22:00", "06:30"), NEW_YORK, "2026-10-31 18", "2026-11-01 02:00", "2026-11-01 11:30", id="long US"),
        pytest.param(window("02:30", "05:00"), NEW_YORK, "2026-03-07 18", "2026-03-08 07:00", "2026-03-08 09:00", id="starts in the gap"),
        pytest.param(window("22:00", "02:30"), NEW_YORK, "2026-03-07 18", "2026-03-08 03:00", "2026-03-08 07:00", id="ends in the gap"),
        pytest.param(window("02:10", "02:50"), NEW_YORK, "2026-03-08 05", "2026-03-09 06:10", "2026-03-09 06:50", id="within the gap: none that day"),
        pytest.param(window("01:10", "01:50"), NEW_YORK, "2026-10-31 18", "2026-11-01 05:10", "2026-11-01 06:50", id="shown twice: from the first to the last"),
        pytest.param(window(days=SUNDAY), BERLIN, "2026-03-28 12", "2026-03-28 23:00", "2026-03-29 22:00", id="a Sunday of 23 hours"),
        pytest.param(window(days=SUNDAY), NEW_YORK, "2026-10-31 18", "2026-11-01 04:00", "2026-11-02 05:00", id="a Sunday of 25 hours"),
        pytest.param(window(days=SUNDAY, dates=SPRING), NEW_YORK, "2026-03-01 12", "2026-03-08 05:00", "2026-03-09 04:00", id="a weekday among dates"),
        pytest.param(window("23:00", "04:00", dates=AUTUMN), BERLIN, "2026-10-24 12", "2026-10-25 22:00", "2026-10-26 03:00", id="the night after"),
        pytest.param(window(dates=SPRING), HAVANA, "2026-03-07 12", "2026-03-08 05:00", "2026-03-09 04:00", id="a day without a midnight"),
    ],
)  # fmt: skip
def test_quiet_hours_and_silences_follow_the_clocks_that_change(one, zone, before, begins, ends) -> None:
    """They begin and end when local clocks say so, once, and what is listed ahead is what comes."""
    silence = RecurringSilence(matchers=(parse("mineral=tin"),), windows=(one,), zone=zone)
    (coming,) = silence.following(utc(f"{before}:00"))
    assert (coming.starts, coming.ends) == (utc(begins), utc(ends))
    for at, inside in ((coming.starts, True), (coming.ends - timedelta(minutes=1), True), (coming.ends, False)):
        assert bool(list(silence.current(at))) is inside
        assert (one.occurrence(zone, at) is not None) is inside
    assert not list(silence.current(coming.starts - timedelta(minutes=1)))
    assert list(silence.current(coming.ends - timedelta(minutes=1))) == [coming]


@pytest.mark.parametrize(
    ("at", "zone", "after", "leaves"),
    [
        pytest.param(("01:30", "03:30"), BERLIN, "2026-03-28 12", ["29 00:30", "29 01:30", "29 23:30"], id="short"),
        pytest.param(("01:30", "02:30"), BERLIN, "2026-03-28 12", ["29 00:30", "29 01:00", "29 23:30"], id="one in the gap"),
        pytest.param(("02:15", "02:45"), NEW_YORK, "2026-03-07 18", ["08 07:00", "09 06:15", "09 06:45"], id="two in the gap are one"),
        pytest.param(("02:15", "03:00"), NEW_YORK, "2026-03-07 18", ["08 07:00", "09 06:15", "09 07:00"], id="the gap and its end are one"),
        pytest.param(("01:15", "01:45"), NEW_YORK, "2026-10-31 18", ["01 05:15", "01 05:45", "02 06:15"], id="shown twice, sent once"),
        pytest.param(("07:00", "16:00"), NEW_YORK, "2026-10-31 21", ["01 12:00", "01 21:00", "02 12:00"], id="after the change"),
    ],
)  # fmt: skip
def test_each_time_of_a_digest_counts_once_a_day(at, zone, after, leaves) -> None:
    """Whoever wants two a day gets two on that day, unless clocks skip both."""
    digest = DigestTimes(at=tuple(map(time.fromisoformat, at)))
    found, now = [], utc(f"{after}:00")
    for _ in leaves:
        now = digest.leaves(zone, now)
        found.append(f"{now:%d %H:%M}")
    assert found == leaves


def alert(at: datetime) -> Alert:
    """An alert that was raised then."""
    times = {"opened_at": at, "updated_at": at, "event_time": at}
    names = {"rule": "p/ban", "rule_hash": "h", "rule_position": "", "title": "ban", "event": "ban"}
    return Alert(id=1, **names, severity=Severity.MEDIUM, labels={}, key=(), story_id=1, **times)


@pytest.mark.parametrize(
    ("zone", "sent", "boss", "desk"),
    [
        pytest.param(BERLIN, "2026-03-29 00:30", "2026-03-29 04:30", "2026-03-29 04:30", id="spring"),
        pytest.param(BERLIN, "2026-10-25 00:30", "2026-10-25 05:30", "2026-10-25 05:30", id="autumn"),
        pytest.param(NEW_YORK, "2026-03-08 06:30", "2026-03-08 10:30", "2026-03-08 10:30", id="spring US"),
        pytest.param(NEW_YORK, "2026-11-01 05:30", "2026-11-01 11:30", "2026-11-01 11:30", id="autumn US"),
        pytest.param(NEW_YORK, "2026-11-01 10:30", "2026-11-01 12:30", "2026-11-01 14:30", id="after the night"),
    ],
)
def test_times_without_an_answer_are_hours_that_pass(zone, sent, boss, desk) -> None:
    """Two hours are two hours, whatever clocks do; the end of the night is that of local clocks, and is what is shown."""
    night = (QuietHours(window=window("22:00", "06:30"), breaks=Severity.HIGH),)
    people = (
        ReceiverInfo(name="desk", recipients=("",), zone=zone, quiet_hours=night, repeat=Repeat(every=4 * HOUR, at_most=5)),
        ReceiverInfo(name="boss", recipients=("",), zone=zone, quiet_hours=night),
    )  # fmt: skip
    reminders = Reminders(people=people, escalations=(Escalation(to=("boss",), after=2 * HOUR),))
    at = utc(sent)
    message = SentMessage(receiver="desk", recipient="", kind=DeliveryKind.ALERT, state=DeliveryState.DELIVERED, at=at)
    one = Unanswered(alert=alert(at), answered=Answered(), messages=(message,))
    shown = next_messages(reminders, one.alert, one.answered, one.messages, now=at, zone=zone)
    steps = {step.receiver: step for step in reminders.steps(one)}
    assert (steps["boss"].at - at, steps["desk"].at - at) == (2 * HOUR, 4 * HOUR)
    leaves = {name: reminders.timing(step, one.alert, step.at).due_at for name, step in steps.items()}
    assert leaves == {"boss": utc(boss), "desk": utc(desk)}
    assert f"boss at {utc(boss).astimezone(zone):%H:%M}" in shown


@pytest.mark.parametrize(
    ("zone", "day", "reminded"),
    [
        pytest.param(BERLIN, date(2026, 3, 30), "2026-03-29 07:00", id="spring"),
        pytest.param(BERLIN, date(2026, 10, 26), "2026-10-25 08:00", id="autumn"),
        pytest.param(NEW_YORK, date(2026, 3, 9), "2026-03-08 13:00", id="spring US"),
        pytest.param(NEW_YORK, date(2026, 11, 2), "2026-11-01 14:00", id="autumn US"),
    ],
)
def test_a_date_is_reminded_of_at_nine_by_local_clocks(zone, day, reminded) -> None:
    """On the day of the change, too, and by the right number of days."""
    at = utc(reminded)
    desk = ReceiverInfo(name="desk", recipients=("",), zone=zone)
    sent = at - 20 * 24 * HOUR
    message = SentMessage(
        receiver="desk", recipient="", kind=DeliveryKind.ALERT, state=DeliveryState.DELIVERED, at=sent
    )
    kept = KeptDate(
        id=1, alert_id=1, entry_id=1, day=day, kind="ends", words="w", counted=False, found_at=sent, title="ban", at=0, length=1,
        unit=DateUnit.DAY,
        state=DateState.CONFIRMED, judged_at=sent, judged_by="ann",
    )  # fmt: skip
    one = ConfirmedDate(date=kept, alert=alert(sent), messages=(message,), reminded=7)
    wanted = DateReminders(people=(desk,), zone=zone)
    planned, _, again = wanted.due([one], at - timedelta(minutes=1))
    assert planned == ()
    assert again == at
    (found,), _, _ = wanted.due([one], at)
    assert found.why.count == 1
