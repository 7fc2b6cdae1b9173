"""Hints that a server sends along with its news: when to poll again, and where the document is now."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_LONGEST_DATE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PollHints:
    """Hints of a document on when to poll again; a 304 does not repeat them.

    *ttl* and *period* (`sy:updatePeriod` by `sy:updateFrequency`) are the least time between two polls. *skip_hours*
    (0 to 23) and *skip_days* (0 is Monday) are in GMT.
    """

    ttl: timedelta | None = None
    period: timedelta | None = None
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """The *url* of a hub, which tells its subscribers when there is news, and the address of the feed there: its *topic*."""

    url: str
    topic: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseHints:
    """Hints in the response of a server. *status* is 0 if there was no HTTP request.

    *fresh* is how long the response may be kept (`Cache-Control`, `Expires`): zero for "not at all", None if it does not
    say. *poll_hints* is None if the document was not read. *moved_to* is the address that permanent redirects alone led to,
    else empty. *secured* is True if they only replaced http by https. *hub* is the hub that the document names.
    """

    status: int = 0
    fresh: timedelta | None = None
    validators: bool = False
    poll_hints: PollHints | None = None
    moved_to: str = ""
    secured: bool = False
    hub: Hub | None = None


def date(value: str) -> datetime | None:
    """Return the time in a header of a server, in UTC; None if there is none, or if it is beyond the calendar."""
    try:
        time = parsedate_to_datetime(value[:_LONGEST_DATE])
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError, TypeError, IndexError):  # the library raises each of them
        return None


def retry_after(value: str, now: datetime) -> timedelta | None:
    """Return the pause that a `Retry-After` asks for (RFC 9110, 10.2.3); None if it asks for none.

    The value is a number of seconds (some servers send fractions) or a date, measured from *now*.
    """
    if re.fullmatch(r"[0-9]{1,100}(\.[0-9]{1,9})?", value.strip()):
        return timedelta(seconds=min(float(value), 999_999_999))
    until = date(value)
    return max(until - now, timedelta(0)) if until else None
