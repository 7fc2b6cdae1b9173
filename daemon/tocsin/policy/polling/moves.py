"""Where a source lives now: permanent redirects are believed when they last, and doubted when they fail."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus

from tocsin.errors import Fault

_LASTS = timedelta(days=7)
_SIGHTINGS = 5
_NO_MORE = frozenset({HTTPStatus.NOT_FOUND.value, HTTPStatus.GONE.value})
#: Failures that say that there is no feed at an address, not that its server has a bad hour.
_WRONG_PLACE = frozenset({Fault.NOT_A_FEED, Fault.BAD_REDIRECT, Fault.BLOCKED_ADDRESS})
#: A server that cannot be reached so often is not there; once could be the weather.
_UNREACHABLE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A new address that permanent redirects lead to; *used* when it is asked in place of the old one."""

    url: str
    since: datetime
    count: int
    used: bool = False


def sight(moved: Moved | None, url: str, *, secure: bool, now: datetime) -> Moved | None:
    """What is known after the old address led to *url* by permanent redirects alone, or, when that is empty, did not.

    *secure* says that only http became https. A redirect is used after seven days and five sightings, that one at once.
    """
    if moved is not None and moved.used:
        return moved
    if not url:
        return None
    if moved is None or moved.url != url:
        return Moved(url=url, since=now, count=1, used=secure)
    count = moved.count + 1
    return replace(moved, count=count, used=count >= _SIGHTINGS and now - moved.since >= _LASTS)


def doubt(moved: Moved | None, fault: Fault, status: int | None, errors: int) -> Moved | None:
    """What is known after a failed poll, the *errors*-th in a row.

    A new address that is used and holds no feed is forgotten; one that was only seen is used when the old one is gone.
    """
    if moved is None:
        return None
    if moved.used:
        lost = fault is Fault.UNREACHABLE and errors >= _UNREACHABLE
        return None if lost or fault in _WRONG_PLACE or status in _NO_MORE else moved
    return replace(moved, used=True) if status in _NO_MORE else moved
