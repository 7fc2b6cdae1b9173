"""The health of a source: every fault is reported once, and so is its end; and of our own network.

When no host can be reached, our network is down, and no source is to blame.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus

from tocsin.errors import Fault, SourceError
from tocsin.policy.polling.history import PollHistory
from tocsin.policy.polling.schedule import Terms

_FAILURES = 3
_SILENCE = timedelta(hours=6)
_DEAD = timedelta(days=30)
#: The rhythm is known after so many days and arrivals; a silence is reported at so many times the longest one.
_KNOWN = timedelta(days=14)
_ARRIVALS = 6
_TIMES = 3
_SHORTEST_SILENCE = timedelta(hours=24)
_EMPTY = 3
_USUAL_LULLS = 2


class News(StrEnum):
    """The events of a source that may be reported."""

    UNHEALTHY = "unhealthy"
    NOT_A_FEED = "not-a-feed"
    GONE = "gone"
    DEAD = "dead"
    SILENT = "silent"
    EMPTY = "empty"
    RECOVERED = "recovered"
    MOVED = "moved"
    MOVED_BACK = "moved-back"
    FLOOD = "flood"
    VOLATILE = "volatile"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStatus:
    """The state of a source before a poll.

    *last_success* is None before the first good poll at this address; *first_polled* is the time of its first poll.
    """

    name: str
    terms: Terms
    habits: PollHistory
    first_polled: datetime
    last_success: datetime | None = None
    errors: int = 0
    last_fault: Fault | None = None
    unhealthy: bool = False
    gone: bool = False
    dead: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The health of a source after a failure, and the event to report."""

    unhealthy: bool
    gone: bool
    dead: bool
    news: News | None


def after_failure(before: SourceStatus, error: SourceError, now: datetime) -> Verdict:
    """Return the state of a source after one more failure, *error*.

    Unhealthy: three failures or more, and six hours without a success; answers that are no feed need no six hours.
    Gone: two answers of 410 in a row. Dead: not found or not reachable after thirty days without a success.
    """
    fault, lasted = error.fault, now - (before.last_success or before.first_polled)
    gone = fault is Fault.GONE and (before.gone or before.last_fault is Fault.GONE)
    missing = error.status == HTTPStatus.NOT_FOUND or fault is Fault.UNREACHABLE
    dead = missing and (before.dead or lasted >= _DEAD)
    no_feed = fault is Fault.NOT_A_FEED and before.last_fault is Fault.NOT_A_FEED
    ill = before.errors + 1 >= _FAILURES and (no_feed or lasted >= _SILENCE)
    news = None
    if gone:
        news = None if before.gone else News.GONE
    elif dead:
        news = None if before.dead else News.DEAD
    elif ill and not before.unhealthy:
        news = News.NOT_A_FEED if fault is Fault.NOT_A_FEED else News.UNHEALTHY
    return Verdict(unhealthy=before.unhealthy or gone or dead or ill, gone=gone, dead=dead, news=news)


def is_silent(habits: PollHistory, *, first_polled: datetime, now: datetime) -> bool:
    """Return whether nothing new came for far longer than ever: three times the longest silence, a day at least."""
    if len(habits.arrivals) < _ARRIVALS or now - first_polled < _KNOWN or habits.empty:
        return False
    return now - habits.arrivals[-1] > max(_TIMES * habits.longest, _SHORTEST_SILENCE)


def is_hollow(habits: PollHistory) -> bool:
    """Return whether a document that had entries had none at three polls, and is not often empty."""
    return bool(habits.arrivals) and habits.empty >= _EMPTY and habits.lulls < _USUAL_LULLS


def is_flood(*, held: int, new: int, late: int) -> bool:
    """Return whether a document of *held* entries has too many *new* ones to be news.

    *late* of them were published over a day ago and before the last poll, which did not see them.
    """
    return new > max(20, held / 2) and late > new / 2


#: The wait between two polls while no server can be reached.
PROBE = timedelta(seconds=60)
_WINDOW = timedelta(seconds=60)
_MEMORY = timedelta(hours=1)
_HOSTS = 5
_SHARE = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The results of polls of public hosts in the last hour: *tries* are (time, host, whether it was reached).

    While it is offline, *probed_at* is the time of the last poll.
    """

    tries: tuple[tuple[datetime, str, bool], ...] = ()
    offline_since: datetime | None = None
    probed_at: datetime | None = None


def probe(network: Network, now: datetime) -> Network | None:
    """Return *network* if a host may be polled at *now*, else None: offline, one poll a minute is tried."""
    if network.offline_since is None:
        return network
    if network.probed_at is not None and now - network.probed_at < PROBE:
        return None
    return replace(network, probed_at=now)


def after_try(network: Network, host: str, *, reached: bool, hosts: int, now: datetime) -> Network:
    """Return *network* after *host*, one of so many *hosts*, was *reached* or not.

    Offline: of at least five hosts (or all, if there are fewer; two at least) four fifths could not be reached within
    a minute, or none at all within an hour. Reaching one host ends it.
    """
    if network.offline_since is not None:
        return Network(tries=((now, host, True),)) if reached else network
    kept = [item for item in network.tries if now - item[0] <= _MEMORY and item[1] != host]
    tries = (*kept, (now, host, reached))
    if reached:
        return replace(network, tries=tries)
    needed = max(2, min(_HOSTS, hosts))
    last_minute = [ok for time, _, ok in tries if now - time <= _WINDOW]
    most_fail = len(last_minute) >= needed and last_minute.count(False) >= _SHARE * len(last_minute)
    all_fail = len(tries) >= needed and not any(ok for _, _, ok in tries)
    return replace(network, tries=tries, offline_since=now if most_fail or all_fail else None, probed_at=now)
