"""The health of a source: every fault is reported once, and so is its end."""

from __future__ import annotations

from dataclasses import dataclass
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
