"""Is a source well, and what of that is news: every trouble is told once, and so is its end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus

from tocsin.errors import Fault
from tocsin.policy.polling.history import PollHistory

_FAILURES = 3
_SILENCE = timedelta(hours=6)
_DEAD = timedelta(days=30)
#: A rhythm is known after so many days and arrivals; silence is worth a word beyond this many times the longest one.
_KNOWN = timedelta(days=14)
_ARRIVALS = 6
_TIMES = 3
_SHORTEST_SILENCE = timedelta(hours=24)
_EMPTY = 3
_USUAL_LULLS = 2


class News(StrEnum):
    """What may have to be told of a source."""

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
class Verdict:
    """What a failure makes of a source, and what of it is news."""

    unhealthy: bool
    gone: bool
    dead: bool
    news: News | None


def after_failure(
    *,
    errors: int,
    fault: Fault,
    status: int | None,
    last_fault: Fault | None,
    unhealthy: bool,
    gone: bool,
    dead: bool,
    since: datetime,
    now: datetime,
) -> Verdict:
    """The state after the *errors*-th failure in a row, *since* being the last success (or the first poll).

    Unhealthy: three failures or more, and six hours without a success; answers that are no feed need no six hours.
    Gone: two answers of 410 in a row. Dead: not found or not reachable after thirty days without a success.
    """
    is_gone = fault is Fault.GONE and (gone or last_fault is Fault.GONE)
    missing = status == HTTPStatus.NOT_FOUND or fault is Fault.UNREACHABLE
    is_dead = missing and (dead or now - since >= _DEAD)
    no_feed = fault is Fault.NOT_A_FEED and last_fault is Fault.NOT_A_FEED
    ill = errors >= _FAILURES and (no_feed or now - since >= _SILENCE)
    news = None
    if is_gone:
        news = None if gone else News.GONE
    elif is_dead:
        news = None if dead else News.DEAD
    elif ill and not unhealthy:
        news = News.NOT_A_FEED if fault is Fault.NOT_A_FEED else News.UNHEALTHY
    return Verdict(unhealthy=unhealthy or is_gone or is_dead or ill, gone=is_gone, dead=is_dead, news=news)


def is_silent(habits: PollHistory, *, first_polled: datetime, now: datetime) -> bool:
    """Whether nothing new came for far longer than ever: three times the longest silence, a day at least."""
    if len(habits.arrivals) < _ARRIVALS or now - first_polled < _KNOWN or habits.empty:
        return False
    return now - habits.arrivals[-1] > max(_TIMES * habits.longest, _SHORTEST_SILENCE)


def is_hollow(habits: PollHistory) -> bool:
    """Whether a document that used to have entries has had none at three polls, and not because it often has none."""
    return bool(habits.arrivals) and habits.empty >= _EMPTY and habits.lulls < _USUAL_LULLS


def is_flood(*, held: int, new: int, late: int) -> bool:
    """Whether a document of *held* entries shows more *new* ones than news can be.

    *late* of them were published over a day ago and before the last poll, which did not see them.
    """
    return new > max(20, held / 2) and late > new / 2
