"""The history of a source: its rhythm, the hints of its server, and its address."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from itertools import pairwise

from tocsin.errors import Fault
from tocsin.hints import PollHints, ResponseHints
from tocsin.model.entries import KeyKind
from tocsin.policy.polling.findings import Findings

#: Gaps between arrivals that count.
_GAPS = 20
#: The longest silence is remembered for this time; then half of it.
_REMEMBERED = timedelta(days=35)
#: A permanent redirect is followed after this time and so many sightings.
_LASTS = timedelta(days=7)
_SIGHTINGS = 5
_NO_MORE = frozenset({HTTPStatus.NOT_FOUND.value, HTTPStatus.GONE.value})
#: Failures that mean that an address has no feed, not that its server has a temporary problem.
_WRONG_PLACE = frozenset({Fault.NOT_A_FEED, Fault.BAD_REDIRECT, Fault.BLOCKED_ADDRESS})
#: After so many failures to reach a server in a row, it counts as gone.
_UNREACHABLE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A new address that permanent redirects lead to; *used* is true when it is polled instead of the old one."""

    url: str
    since: datetime
    count: int
    used: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PollHistory:
    """The history of a source, as its polls showed it.

    *arrivals* are the times of polls that found new entries, ascending, the last 21. *longest* is the longest silence
    between two of them, *longest_at* when it ended. *fresh* and *validators* are those of the last answer, *poll_hints*
    those of the last document. *empty* counts polls in a row whose document had no entries, *lulls* the times that this
    ended by itself. *silent* and *hollow* are true when it was reported that the source is silent, or suddenly empty.
    *volatile* are the kinds of key that change from one poll to the next. *shown* is the beginning of its last document,
    see `tocsin.policy.polling.findings`; *unfinished* are the findings about a document that is only partly committed.
    """

    arrivals: tuple[datetime, ...] = ()
    longest: timedelta = timedelta(0)
    longest_at: datetime | None = None
    fresh: timedelta | None = None
    validators: bool = False
    poll_hints: PollHints = PollHints()  # noqa: RUF009 (frozen)
    empty: int = 0
    lulls: int = 0
    silent: bool = False
    hollow: bool = False
    volatile: frozenset[KeyKind] = frozenset()
    shown: str = ""
    moved: Moved | None = None
    unfinished: Findings | None = None

    @property
    def gaps(self) -> tuple[timedelta, ...]:
        """Return the times between arrivals, the oldest first."""
        return tuple(later - earlier for earlier, later in pairwise(self.arrivals))


def learn(habits: PollHistory, answer: ResponseHints, *, held: int | None, new: int, now: datetime) -> PollHistory:
    """Return *habits* after a good answer at *now*.

    *held* is the number of entries in its document, None if it has not changed; *new* is how many of them are new.
    """
    poll_hints = answer.poll_hints or habits.poll_hints
    # Most polls change nothing, and a copy costs more than a comparison.
    if (habits.fresh, habits.validators, habits.poll_hints) != (answer.fresh, answer.validators, poll_hints):
        habits = replace(habits, fresh=answer.fresh, validators=answer.validators, poll_hints=poll_hints)
    if held is None:
        return replace(habits, empty=habits.empty + 1) if habits.empty else habits
    if held == 0:
        return replace(habits, empty=habits.empty + 1)
    if habits.empty:
        habits = replace(habits, empty=0, lulls=habits.lulls + 1)
    return arrived(habits, now) if new else habits


def arrived(habits: PollHistory, now: datetime) -> PollHistory:
    """Return *habits* after news came at *now*."""
    arrivals = (*habits.arrivals, now)[-_GAPS - 1 :]
    if not habits.arrivals:
        return replace(habits, arrivals=arrivals)
    gap = now - habits.arrivals[-1]
    known = habits.longest
    if habits.longest_at is not None and now - habits.longest_at > _REMEMBERED:
        known, habits = known / 2, replace(habits, longest=known / 2, longest_at=now)
    if gap >= known:
        habits = replace(habits, longest=gap, longest_at=now)
    return replace(habits, arrivals=arrivals)


def redirected(moved: Moved | None, url: str, *, secure: bool, now: datetime) -> Moved | None:
    """Return the redirect after the old address led to *url* by permanent redirects alone; empty if it did not.

    *secure* means that only http became https. A redirect is used after seven days and five sightings, a secure one at
    once.
    """
    if moved is not None and moved.used:
        return moved
    if not url:
        return None
    if moved is None or moved.url != url:
        return Moved(url=url, since=now, count=1, used=secure)
    count = moved.count + 1
    return replace(moved, count=count, used=count >= _SIGHTINGS and now - moved.since >= _LASTS)


def failed_at(moved: Moved | None, fault: Fault, status: int | None, errors: int) -> Moved | None:
    """Return the redirect after a failed poll, the *errors*-th in a row.

    A new address that is used and has no feed is forgotten; one that is not used yet is used when the old one is gone.
    """
    if moved is None:
        return None
    if moved.used:
        lost = fault is Fault.UNREACHABLE and errors >= _UNREACHABLE
        return None if lost or fault in _WRONG_PLACE or status in _NO_MORE else moved
    return replace(moved, used=True) if status in _NO_MORE else moved
