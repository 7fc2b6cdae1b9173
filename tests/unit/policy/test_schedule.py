"""When a source is polled next, and why then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from tocsin.errors import Fault
from tocsin.hints import PollHints
from tocsin.policy.polling import schedule
from tocsin.policy.polling.history import PollHistory
from tocsin.policy.polling.schedule import Plan, Terms
from tocsin.units import duration

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def habits(gap: timedelta, *, idle: timedelta = timedelta(0), count: int = 8, **fields: object) -> PollHistory:
    """News every *gap*, the last of it *idle* ago."""
    times = tuple(NOON - idle - gap * n for n in reversed(range(count)))
    return PollHistory(arrivals=times, **{"validators": True, **fields})  # type: ignore[arg-type]


def interval(known: PollHistory, terms: Terms | None = None) -> tuple[timedelta, str]:
    """How often, and why in one line."""
    span, reasons = schedule.interval(terms or Terms(group="e.com"), known, NOON)
    return span, "; ".join(reasons)


@pytest.mark.parametrize(
    ("known", "expected", "why"),
    [
        (PollHistory(validators=True), 15 * MINUTE, "not known yet"),
        (habits(40 * MINUTE), 20 * MINUTE, "news every 40m (median of 7)"),
        (habits(2 * MINUTE), 5 * MINUTE, "5m is the least"),
        (habits(2 * MINUTE, validators=False), 15 * MINUTE, "always sends the whole document"),
        (habits(DAY), 60 * MINUTE, "at least once in 1h"),
        (habits(30 * MINUTE, idle=12 * HOUR), 30 * MINUTE, "nothing new for 12h"),
        (habits(30 * MINUTE, idle=9 * DAY), 60 * MINUTE, "at least once in 1h"),
        (habits(20 * MINUTE, idle=30 * DAY), 60 * MINUTE, "nothing new for 30d"),
        (habits(HOUR, count=1), 15 * MINUTE, "not known yet"),
    ],
    ids=[
        "unknown",
        "half the gap",
        "least",
        "least without validators",
        "most",
        "asleep",
        "long asleep",
        "older than its history",
        "one arrival is no rhythm",
    ],
)
def test_a_source_is_polled_in_its_own_rhythm(known: PollHistory, expected: timedelta, why: str) -> None:
    """Who publishes twice an hour is asked four times; who sleeps is asked less; nobody is asked all the time."""
    span, reasons = interval(known)
    assert span == expected
    assert why in reasons


def test_a_burst_does_not_change_the_rhythm() -> None:
    """The median, not the mean: one quiet weekend between busy days says little."""
    times = tuple(NOON - 3 * DAY - 20 * MINUTE * n for n in reversed(range(6)))
    later = tuple(NOON - 20 * MINUTE * n for n in reversed(range(6)))
    span, _ = interval(PollHistory(arrivals=times + later, validators=True))
    assert span == 10 * MINUTE


def test_only_a_fortnight_counts() -> None:
    """A feed that woke up is not asked as if it still slept."""
    old = tuple(NOON - 40 * DAY - DAY * n for n in reversed(range(10)))
    new = tuple(NOON - 20 * MINUTE * n for n in reversed(range(4)))
    span, reasons = interval(PollHistory(arrivals=old + new, validators=True))
    assert (span, "median of 3" in reasons) == (10 * MINUTE, True)


@pytest.mark.parametrize(
    ("terms", "validators", "expected"),
    [
        (Terms(every=2 * MINUTE, group="e.com"), True, 2 * MINUTE),
        (Terms(every=timedelta(seconds=5), group="e.com"), True, MINUTE),
        (Terms(every=timedelta(seconds=5), group="e.com"), False, 5 * MINUTE),
        (Terms(every=timedelta(seconds=5)), False, timedelta(seconds=5)),
        (Terms(every=6 * HOUR, group="e.com"), True, 6 * HOUR),
    ],
    ids=["as configured", "floor", "floor without validators", "one's own server", "rarely"],
)
def test_every_is_honoured_within_good_manners(terms: Terms, validators: bool, expected: timedelta) -> None:
    """The operator decides how often, down to a floor on other people's servers."""
    span, reasons = interval(habits(40 * MINUTE, validators=validators), terms)
    assert span == expected
    assert duration(terms.every or HOUR) in reasons


@pytest.mark.parametrize(
    ("fields", "expected", "why"),
    [
        ({"fresh": 30 * MINUTE}, 30 * MINUTE, "asks for 30m (Cache-Control or Expires)"),
        ({"poll_hints": PollHints(ttl=HOUR)}, HOUR, "asks for 1h (ttl)"),
        ({"poll_hints": PollHints(period=2 * HOUR, ttl=HOUR)}, 2 * HOUR, "sy:updatePeriod"),
        ({"fresh": 9 * DAY}, 6 * HOUR, "9d, cut"),
        ({"fresh": MINUTE}, 20 * MINUTE, "news every 40m"),
        ({"fresh": timedelta(0)}, 20 * MINUTE, "news every 40m"),
    ],
    ids=["max-age", "ttl", "the longest counts", "no longer than 6 h", "never sooner than ours", "no-cache"],
)
def test_a_server_may_ask_for_less(fields: dict[str, object], expected: timedelta, why: str) -> None:
    """What its headers and its feed say is honoured, up to a bound."""
    span, reasons = interval(habits(40 * MINUTE, **fields))
    assert span == expected
    assert why in reasons


def test_hints_can_be_overruled_and_that_is_said() -> None:
    """A feed behind a careless cache is still polled in time, and `sources show` says whose doing that is."""
    span, reasons = interval(habits(40 * MINUTE, fresh=3 * HOUR), Terms(group="e.com", ignore_hints=True))
    assert span == 20 * MINUTE
    assert "ignore_hints overrules" in reasons


def plan(known: PollHistory, *, at: datetime = NOON, random: float = 0.0, **fields: object) -> Plan:
    """The next poll of a source that is asked every hour."""
    values = {"name": "wire", "terms": Terms(every=HOUR, group="e.com"), "first": False, **fields}
    return schedule.plan(habits=known, now=at, random=random, **values)  # type: ignore[arg-type]


def test_sources_drift_apart_by_a_tenth() -> None:
    """Sources with one interval do not hit their servers together for ever; nobody waits half an hour for that."""
    assert plan(PollHistory()).due_at == NOON + HOUR
    assert plan(PollHistory(), random=0.5).due_at == NOON + 63 * MINUTE
    assert plan(PollHistory(), random=0.99, terms=Terms(every=12 * HOUR)).due_at == NOON + 12 * HOUR + 30 * MINUTE


def test_the_second_polls_of_many_sources_are_spread_by_their_names() -> None:
    """Five hundred sources that are added at once are not asked at once again, and a restart changes nothing."""
    times = [plan(PollHistory(), first=True, name=f"source {n}").due_at for n in range(200)]
    assert times == [plan(PollHistory(), first=True, name=f"source {n}", random=0.7).due_at for n in range(200)]
    spread = sorted((time - NOON) / HOUR for time in times)
    assert 0.5 <= spread[0] < 0.55
    assert 0.95 < spread[-1] < 1.0
    assert max(later - earlier for earlier, later in pairwise(spread)) < 0.05


def test_a_private_source_needs_no_spreading() -> None:
    """One's own server is asked when it was said."""
    assert plan(PollHistory(), first=True, terms=Terms(every=MINUTE)).due_at == NOON + MINUTE


@pytest.mark.parametrize(
    ("hints", "at", "expected"),
    [
        (PollHints(skip_hours=frozenset({13, 14})), NOON + 10 * MINUTE, datetime(2026, 3, 2, 15, tzinfo=UTC)),
        (PollHints(skip_hours=frozenset({3})), NOON, NOON + HOUR),
        (PollHints(skip_hours=frozenset({23, 0, 1})), NOON + 10.5 * HOUR, datetime(2026, 3, 3, 2, tzinfo=UTC)),
        (PollHints(skip_days=frozenset({1})), NOON + 11 * HOUR, NOON + 24 * HOUR),
        (PollHints(skip_days=frozenset({0})), NOON + 2 * HOUR, datetime(2026, 3, 3, tzinfo=UTC)),
        (PollHints(skip_hours=frozenset(range(24))), NOON, NOON + 13 * HOUR),
    ],
    ids=["hours", "other hours", "over midnight", "a day, twelve hours of it", "the rest of a day", "all hours"],
)
def test_hours_and_days_to_skip_are_left_out(hints: PollHints, at: datetime, expected: datetime) -> None:
    """Who asks for quiet nights gets them; who asks for silence altogether does not."""
    found = plan(PollHistory(poll_hints=hints), at=at)
    assert found.due_at == expected
    assert any("skipHours" in reason for reason in found.reasons) == (expected != at + HOUR)
    ignoring = plan(PollHistory(poll_hints=hints), at=at, terms=Terms(every=HOUR, ignore_hints=True))
    assert ignoring.due_at == at + HOUR


@pytest.mark.parametrize(
    ("errors", "interval", "fault", "retry_after", "given_up", "expected"),
    [
        (1, MINUTE, Fault.NETWORK, None, False, 5 * MINUTE),
        (2, 15 * MINUTE, Fault.STATUS, None, False, 30 * MINUTE),
        (50, 15 * MINUTE, Fault.STATUS, None, False, DAY),
        (1, 15 * MINUTE, Fault.RATE_LIMITED, 2 * HOUR, False, 2 * HOUR),
        (1, 15 * MINUTE, Fault.STATUS, MINUTE, False, 15 * MINUTE),
        (1, MINUTE, Fault.RATE_LIMITED, None, False, 15 * MINUTE),
        (1, 15 * MINUTE, Fault.RATE_LIMITED, 90 * DAY, False, DAY),
        (1, 15 * MINUTE, Fault.GONE, None, False, DAY),
        (2, 15 * MINUTE, Fault.GONE, None, True, 7 * DAY),
    ],
    ids=[
        "short interval",
        "doubles",
        "never more than a day",
        "what the server asks",
        "never sooner than ours",
        "429 without a time",
        "no server puts us off for a season",
        "410 once",
        "gone or dead",
    ],
)
def test_a_failing_source_is_left_alone(
    errors: int, interval: timedelta, fault: Fault, retry_after: timedelta | None, given_up: bool, expected: timedelta
) -> None:
    """Back-off doubles, is bounded, and honours the server."""
    delay = schedule.back_off(
        errors=errors,
        interval=interval,
        fault=fault,
        retry_after=retry_after,
        given_up=given_up,
        failed_for=None,
        jitter=0.5,
    )
    assert delay == expected


@pytest.mark.parametrize(
    ("fault", "interval", "failed_for", "retry_after", "most"),
    [
        (Fault.STATUS, 15 * MINUTE, 8 * HOUR, None, HOUR),
        (Fault.NETWORK, MINUTE, 2 * DAY, None, HOUR),
        (Fault.AUTH, HOUR / 2, 3 * DAY, None, HOUR),
        (Fault.NOT_A_FEED, 12 * HOUR, DAY, None, 12 * HOUR * 1.2),
        (Fault.STATUS, 15 * MINUTE, 4 * DAY, None, DAY * 1.2),
        (Fault.STATUS, 15 * MINUTE, 8 * HOUR, 5 * HOUR, 5 * HOUR),
        (Fault.RATE_LIMITED, 15 * MINUTE, 8 * HOUR, None, DAY * 1.2),
    ],
    ids=["404", "cut off", "403", "polled twice a day", "for days", "its server asks", "our rate is limited"],
)
def test_a_source_that_was_well_within_days_is_asked_at_least_hourly(
    fault: Fault, interval: timedelta, failed_for: timedelta, retry_after: timedelta | None, most: timedelta
) -> None:
    """The end of an outage is not noticed as long after it as it lasted, however often it failed."""
    for jitter in (0.0, 0.5, 0.999):
        delay = schedule.back_off(
            errors=30,
            interval=interval,
            fault=fault,
            retry_after=retry_after,
            given_up=False,
            failed_for=failed_for,
            jitter=jitter,
        )
        assert most * 0.6 < delay <= most


@pytest.mark.parametrize(
    ("fault", "retry_after", "expected"),
    [
        (Fault.RATE_LIMITED, None, 15 * MINUTE),
        (Fault.RATE_LIMITED, 2 * HOUR, 2 * HOUR),
        (Fault.STATUS, 40 * MINUTE, 40 * MINUTE),
        (Fault.RATE_LIMITED, 90 * DAY, DAY),
        (Fault.UNREACHABLE, None, 5 * MINUTE),
        (Fault.STATUS, None, None),
        (Fault.NOT_A_FEED, None, None),
    ],
    ids=["429", "429 with a time", "500 with a time", "bounded", "host down", "one page's trouble", "no feed"],
)
def test_a_host_in_trouble_is_left_alone_as_a_whole(
    fault: Fault, retry_after: timedelta | None, expected: timedelta | None
) -> None:
    """Ten feeds of a host that said "slow down" do not ask ten times more; one bad page harms no other."""
    assert schedule.hold(fault, retry_after) == expected
