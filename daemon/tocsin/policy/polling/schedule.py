"""The schedule of polls, with its reasons.

Its own rhythm says how often; what its server asks for may make it less often, never more often. After a failure it is
left alone for longer and longer. A plan carries its reasons, so that the schedule explains itself.
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

#: How often a source is polled of which nothing is known yet.
UNKNOWN = timedelta(minutes=15)
#: The least time between two polls of a server that can say "nothing new" in a few octets, and of one that cannot.
_LEAST, _LEAST_WHOLE = timedelta(minutes=5), timedelta(minutes=15)
_MOST = timedelta(minutes=60)
#: What an operator may ask of other people's servers.
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
#: Who had a success so lately is expected back.
_WELL_OF_LATE = timedelta(days=3)
#: Doubling ends here; with five minutes it is far beyond the most.
_DOUBLINGS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the configuration says about polling a source.

    *group* names the server behind it, together with all that share it; it is empty for a private one, which is the
    operator's own: there `every` has no floor and nobody else is concerned.
    """

    every: timedelta | None = None
    ignore_hints: bool = False
    group: str = ""
    prices: bool = False  # it gives prices, not entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """When a source is due, and the reasons in words, the decisive ones first."""

    due_at: datetime
    reasons: tuple[str, ...]


def interval(terms: Terms, habits: PollHistory, now: datetime) -> tuple[timedelta, tuple[str, ...]]:
    """How often a source that is well is polled, and why."""
    base, reason = _every(terms, habits) if terms.every is not None else _rhythm(habits, now)
    wish, words = _wish(habits)
    if wish <= base:
        return base, (reason,)
    if terms.ignore_hints:
        return base, (reason, f"its server asks for {duration(wish)} ({words}), which ignore_hints overrules")
    return wish, (f"its server asks for {duration(wish)} ({words})", reason)


def plan(*, name: str, terms: Terms, habits: PollHistory, first: bool, now: datetime, random: float) -> Plan:
    """When a source is due after a good poll; *first* says that this was the first one, *random* is in [0, 1).

    A tenth of the interval (30 minutes at most) is spread, so that sources drift apart. After the first poll the name
    decides where between half an interval and a whole one the next lies: many that began together are spread at once.
    """
    span, reasons = interval(terms, habits, now)
    due_at = now + span + min(span * 0.1 * random, _MOST_SPREAD)
    if first and terms.group:
        due_at = now + span * (0.5 + 0.5 * fraction(name))
        reasons = (*reasons, "the second poll comes sooner, at a time that its name decides")
    if terms.ignore_hints:
        return Plan(due_at=due_at, reasons=reasons)
    later = _skip(due_at, habits)
    if later > due_at:
        reasons = (f"skipHours or skipDays move it by {duration(later - due_at)}", *reasons)
    return Plan(due_at=later, reasons=reasons)


def in_sessions(due: Plan, sessions: Sequence[Hours | None], *, name: str, now: datetime) -> Plan:
    """*due*, but not before one of the *sessions* of what a source has prices of is in progress.

    None is always in session. After a close one more poll asks for the closing price. The name spreads many sources
    over the first minutes.
    """
    known = [hours for hours in sessions if hours is not None]
    if not known or len(known) < len(sessions) or any(in_session(hours, now) for hours in known):
        return due
    opens = min(next_open(hours, now) for hours in known) + _OPENING * fraction(name)
    return Plan(due_at=opens, reasons=("its market is closed", *due.reasons)) if opens > due.due_at else due


def fraction(name: str) -> float:
    """A number in [0, 1) that *name* always gives."""
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
    """How long to leave a source alone after the *errors*-th failure in a row.

    max(interval, 5 min) doubles with every failure up to 24 h, less or more 20 % by *jitter* in [0, 1). A source whose
    last success was *failed_for* ago (None: it never had one), three days at most, is asked at least hourly, or as often
    as when it is well, so that the end of an outage is not noticed the next day. What the
    server asks for is honoured up to 24 h; one that limits our rate without saying for how long gets 15 minutes; one
    that says 410 is asked again after a day, and once a week when it is *given_up* as gone or dead.
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
    """How long the other sources of a host group are left alone after one met *fault*; None when they need not be.

    A host of prices that limited our rate *refusals* times in a row is left alone for 15, 30 and then 60 minutes.
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
    """Half the median gap between arrivals, less often the longer nothing came."""
    least = _LEAST if habits.validators else _LEAST_WHOLE
    recent = [time for time in habits.arrivals if now - time <= _HISTORY]
    gaps = habits.gaps[len(habits.arrivals) - len(recent) :] if len(recent) > 1 else ()
    if gaps:
        gap = timedelta(seconds=median(gap.total_seconds() for gap in gaps))
        base, reason = gap / 2, f"it has news every {duration(gap)} (median of {len(gaps)}): asked twice in that time"
    else:
        base, reason = UNKNOWN, "its rhythm is not known yet"
    idle = now - habits.arrivals[-1] if habits.arrivals else timedelta(0)
    if idle / 24 > max(base, least):
        base, reason = idle / 24, f"nothing new for {duration(idle)}: asked less often"
    if base < least:
        kind = "" if habits.validators else " for a server that always sends the whole document"
        return least, f"{reason}, but {duration(least)} is the least{kind}"
    return (base, reason) if base <= _MOST else (_MOST, f"{reason}, but at least once in {duration(_MOST)}")


def _wish(habits: PollHistory) -> tuple[timedelta, str]:
    """The longest that its server asks for."""
    wishes = (
        (habits.fresh, "Cache-Control or Expires"),
        (habits.wishes.ttl, "ttl"),
        (habits.wishes.period, "sy:updatePeriod"),
    )
    said = [(span, words) for span, words in wishes if span]
    if not said:
        return timedelta(0), ""
    longest, words = max(said)
    return (longest, words) if longest <= _MOST_WISHED else (_MOST_WISHED, f"{words}, {duration(longest)}, cut")


def _skip(due_at: datetime, habits: PollHistory) -> datetime:
    """The end of the hours and days in which the server does not want to be asked, at most twelve hours later."""
    hours, days = habits.wishes.skip_hours, habits.wishes.skip_days
    time = due_at
    while (time.hour in hours or time.weekday() in days) and time - due_at < _MOST_SKIPPED:
        time = time.replace(minute=0, second=0, microsecond=0) + _HOUR
    return min(time, due_at + _MOST_SKIPPED)
