"""When an article is worth fetching, and when one that could not be fetched is tried again."""

from __future__ import annotations

from datetime import datetime, timedelta

from tocsin.errors import Fault, SourceError
from tocsin.model.articles import FETCHED_WITHIN
from tocsin.model.entries import Entry

#: An entry that its source gave so many characters of text needs no other.
LONG = 2000
#: Articles of a source that are given up in a row, after which operators are told.
MOST_FAILURES = 5
#: Waits after the first failure and those that follow; after the last one an article is given up.
_WAITS = (timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))
#: Faults that may pass. An article may be linked a moment before its server has it, so that a status is one, too.
_PASSING = frozenset({Fault.UNREACHABLE, Fault.NETWORK, Fault.STATUS, Fault.RATE_LIMITED, Fault.BUSY})


def is_wanted(entry: Entry) -> bool:
    """Return whether the article of a new *entry* may say more than its source did, and may still alert."""
    return entry.link.startswith(("http://", "https://")) and not entry.stale and len(entry.body) < LONG


def next_try(error: SourceError, tries: int, promised_at: datetime, now: datetime) -> datetime | None:
    """Return when an article is fetched again after *error*, the last of so many *tries*; None if it is given up."""
    if error.fault not in _PASSING:
        return None
    if error.fault is not Fault.BUSY and tries > len(_WAITS):
        return None
    wait = _WAITS[0] if error.fault is Fault.BUSY else _WAITS[tries - 1]
    due_at = now + max(wait, error.retry_after or timedelta(0))
    return due_at if due_at < promised_at + FETCHED_WITHIN else None
