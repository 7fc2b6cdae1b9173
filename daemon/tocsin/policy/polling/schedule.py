"""The schedule of polls, with its reasons.

The interval follows from the rhythm of the source; hints of its server may make it longer, never shorter. After each
failure in a row the wait is longer. A plan has its reasons, so that the schedule can be explained.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from tocsin.errors import Fault
from tocsin.market.session import in_session, next_open
from tocsin.model.prices import Hours
from tocsin.policy.polling.history import PollHistory
from tocsin.units import duration

#: The interval of a source of which nothing is known yet.
UNKNOWN = timedelta(minutes=15)
#: The least time between two polls of a server that can say "nothing new" in a few octets, and of one that cannot.
_LEAST, _LEAST_WHOLE = timedelta(minutes=5), timedelta(minutes=15)
_MOST = timedelta(minutes=60)
#: The shortest intervals that can be configured for other people's servers.
_FLOOR, _FLOOR_WHOLE = timedelta(seconds=60), timedelta(minutes=5)
_HISTORY = timedelta(days=14)
_MOST_WISHED = timedelta(hours=6)
_MOST_SKIPPED = timedelta(hours=12)
_MOST_SPREAD = timedelta(minutes=30)
_DAY = timedelta(hours=24)
_OPENING = timedelta(minutes=5)
_RATE_LIMITED = timedelta(minutes=15)
_WEEKLY = timedelta(days=7)
_HOUR = timedelta(hours=1)
#: An hour with the most jitter.
_HOURLY = timedelta(minutes=50)
#: A source whose last success is this recent is expected to come back.
_WELL_OF_LATE = timedelta(days=3)
#: The most doublings; from five minutes that is far beyond the longest wait.
_DOUBLINGS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The configuration for polling a source.

    *group* names the server that it shares with other sources. It is empty for a private server, which is the operator's
    own: there `every` has no lower limit.
    """

    every: timedelta | None = None
    ignore_hints: bool = False
    group: str = ""
    prices: bool = False  # it gives prices, not entries
    watched: bool = False  # it is a page that is compared, and may stay the same for ever


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The next poll of a source, and the reasons in words, the decisive ones first."""

    due_at: datetime
    reasons: tuple[str, ...]


def interval(terms: Terms, habits: PollHistory, now: datetime) -> tuple[timedelta, tuple[str, ...]]:
    """Return the interval of a healthy source, and the reasons."""
    base, reason = _every(terms, habits) if terms.every is not None else _rhythm(habits, now)
    wish, words = _wish(habits)
    if wish <= base:
        return base, (reason,)
    if terms.ignore_hints:
        return base, (reason, f"its server asks for {duration(wish)} ({words}), which ignore_hints overrules")
    return wish, (f"its server asks for {duration(wish)} ({words})", reason)


def plan(*, name: str, terms: Terms, habits: PollHistory, first: bool, now: datetime, random: float) -> Plan:
    """Return the next poll after a good one; *first* is true for the first one, *random* is in [0, 1).

    Up to a tenth of the interval (30 minutes at most) is added at random, so that sources drift apart. After the first
    poll the next one comes after half an interval to a whole one, by the name: sources that began together are spread.
    """
    span, reasons = interval(terms, habits, now)
    due_at = now + span + min(span * 0.1 * random, _MOST_SPREAD)
    if first and terms.group:
        due_at = now + span * (0.5 + 0.5 * fraction(name))
        reasons = (*reasons, "the second poll comes sooner, at a time derived from its name")
    if terms.ignore_hints:
        return Plan(due_at=due_at, reasons=reasons)
    later = _skip(due_at, habits)
    if later > due_at:
        reasons = (f"skipHours or skipDays of its feed delay it by {duration(later - due_at)}", *reasons)
    return Plan(due_at=later, reasons=reasons)


def in_sessions(due: Plan, sessions: Sequence[Hours | None], *, name: str, now: datetime) -> Plan:
    """Return *due*, moved to the opening of a market if all *sessions* of the instruments of a source are closed.

    None is always in session. After a close one more poll gets the closing price. The first polls of many sources are
    spread over some minutes, by name.
    """
    known = [hours for hours in sessions if hours is not None]
    if not known or len(known) < len(sessions) or any(in_session(hours, now) for hours in known):
        return due
    opens = min(next_open(hours, now) for hours in known) + _OPENING * fraction(name)
    return Plan(due_at=opens, reasons=("its market is closed", *due.reasons)) if opens > due.due_at else due


def fraction(name: str) -> float:
    """Return a number in [0, 1) that is always the same for *name*."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=6).digest()) / 2**48


def back_off(
    *,
    errors: int,
    interval: timedelta,
    fault: Fault,
    retry_after: timedelta | None,
    given_up: bool,
    failed_for: timedelta | None,
    jitter: float,
) -> timedelta:
    """Return the wait after the *errors*-th failure in a row.

    max(interval, 5 min) doubles with every failure up to 24 h, 20 % more or less by *jitter* in [0, 1). A source whose
    last success was *failed_for* ago (None: it never had one), at most three days, is polled at least hourly, or as often
    as when it is healthy, so that the end of an outage is noticed the same day. The wait that a server asks for is
    honoured up to 24 h. A server that limits our rate without a time gets 15 minutes. One that answers 410 is polled
    again after a day, and once a week when it is *given_up* as gone or dead.
    """
    if given_up:
        return _WEEKLY
    if fault is Fault.GONE:
        return _DAY
    factor: int = 2 ** min(errors - 1, _DOUBLINGS)
    lately = failed_for is not None and failed_for <= _WELL_OF_LATE and fault is not Fault.RATE_LIMITED
    longest = max(interval, _HOURLY) if lately else _DAY
    delay = min(max(interval, _LEAST) * factor, longest) * (0.8 + 0.4 * jitter)
    if retry_after is not None:
        return max(delay, min(retry_after, _DAY))
    return max(delay, _RATE_LIMITED) if fault is Fault.RATE_LIMITED else delay


def hold(fault: Fault, retry_after: timedelta | None, refusals: int = 0) -> timedelta | None:
    """Return how long the other sources of a host group wait after one failed with *fault*; None if they need not.

    A host of prices that limited our rate *refusals* times in a row is not polled for 15, 30 and then 60 minutes.
    """
    if refusals:
        escalated = min(_RATE_LIMITED * 2 ** (refusals - 1), _HOUR) if refusals < _DOUBLINGS else _HOUR
        return max(escalated, min(retry_after or timedelta(0), _DAY))
    if retry_after is not None:
        return min(retry_after, _DAY)
    if fault is Fault.RATE_LIMITED:
        return _RATE_LIMITED
    return _LEAST if fault is Fault.UNREACHABLE else None


def _every(terms: Terms, habits: PollHistory) -> tuple[timedelta, str]:
    assert terms.every is not None
    floor = _FLOOR if habits.validators else _FLOOR_WHOLE
    if terms.group and terms.every < floor:
        return (
            floor,
            f"every: {duration(terms.every)} is configured, and {duration(floor)} is the least for another's server",
        )
    return terms.every, f"every: {duration(terms.every)} is configured"


def _rhythm(habits: PollHistory, now: datetime) -> tuple[timedelta, str]:
    """Return half the median gap between arrivals, or longer if nothing has come for long."""
    least = _LEAST if habits.validators else _LEAST_WHOLE
    recent = [time for time in habits.arrivals if now - time <= _HISTORY]
    gaps = habits.gaps[len(habits.arrivals) - len(recent) :] if len(recent) > 1 else ()
    if gaps:
        gap = timedelta(seconds=median(gap.total_seconds() for gap in gaps))
        base, reason = gap / 2, f"it has news every {duration(gap)} (median of {len(gaps)}): polled twice in that time"
    else:
        base, reason = UNKNOWN, "its rhythm is not known yet"
    idle = now - habits.arrivals[-1] if habits.arrivals else timedelta(0)
    if idle / 24 > max(base, least):
        base, reason = idle / 24, f"nothing new for {duration(idle)}: polled less often"
    if base < least:
        kind = "" if habits.validators else " for a server that always sends the whole document"
        return least, f"{reason}, but {duration(least)} is the least{kind}"
    return (base, reason) if base <= _MOST else (_MOST, f"{reason}, but at least once in {duration(_MOST)}")


def _wish(habits: PollHistory) -> tuple[timedelta, str]:
    """Return the longest interval that its server asks for."""
    asked = (
        (habits.fresh, "Cache-Control or Expires"),
        (habits.poll_hints.ttl, "ttl"),
        (habits.poll_hints.period, "sy:updatePeriod"),
    )
    given = [(span, words) for span, words in asked if span]
    if not given:
        return timedelta(0), ""
    longest, words = max(given)
    return (longest, words) if longest <= _MOST_WISHED else (_MOST_WISHED, f"{words}, {duration(longest)}, cut")


def _skip(due_at: datetime, habits: PollHistory) -> datetime:
    """Return the end of the hours and days in which the server does not want polls, at most twelve hours later."""
    hours, days = habits.poll_hints.skip_hours, habits.poll_hints.skip_days
    time = due_at
    while (time.hour in hours or time.weekday() in days) and time - due_at < _MOST_SKIPPED:
        time = time.replace(minute=0, second=0, microsecond=0) + _HOUR
    return min(time, due_at + _MOST_SKIPPED)
