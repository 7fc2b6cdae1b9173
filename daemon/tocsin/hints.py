"""What a server says beside its news: when to come back, and where the document lives now."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_LONGEST_DATE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PollHints:
    """What a document says of when to come back; a 304 does not repeat it.

    *ttl* and *period* (`sy:updatePeriod` by `sy:updateFrequency`) are the least time between two polls. *skip_hours*
    (0 to 23) and *skip_days* (0 is Monday) are in GMT.
    """

    ttl: timedelta | None = None
    period: timedelta | None = None
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseHints:
    """How a server answered; *status* is 0 where nobody was asked by HTTP.

    *fresh* is how long the answer may be kept (`Cache-Control`, `Expires`), zero for "not at all", None when it does not
    say. *wishes* is None when the document was not read. *moved_to* is where permanent redirects alone led, else empty;
    *secured* says that this only put https in place of http.
    """

    status: int = 0
    fresh: timedelta | None = None
    validators: bool = False
    wishes: PollHints | None = field(default=None)
    moved_to: str = ""
    secured: bool = False


def date(value: str) -> datetime | None:
    """The time that a header of a server names, in UTC; None when it names none, or one beyond the calendar."""
    try:
        time = parsedate_to_datetime(value[:_LONGEST_DATE])
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError, TypeError, IndexError):  # all of which the library lets out
        return None
