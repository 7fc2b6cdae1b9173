"""Conditional requests: validators (ETag, Last-Modified) that are sent back, and the cursor after an answer."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.hints import ResponseHints, date
from tocsin.model.entries import Cursor
from tocsin.sources.http.client import Fetched

#: Validators are dropped after this long without a full answer, because some servers answer 304 for ever.
VALIDATORS_LAST = timedelta(days=7)
#: A Last-Modified further in the future than this would hide all newer documents.
_AHEAD = timedelta(hours=24)
_LONGEST_VALIDATOR = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditional:
    """The answer to a conditional request, and the *cursor* after it. *unchanged* means the same document as before."""

    fetched: Fetched
    cursor: Cursor
    unchanged: bool

    @property
    def hints(self) -> ResponseHints:
        """The hints of the answer."""
        validators = bool(self.cursor.etag or self.cursor.last_modified)
        return ResponseHints(status=self.fetched.status, validators=validators)


async def ask_since(cursor: Cursor, now: datetime, fetch: Callable[..., Awaitable[Fetched]]) -> Conditional:
    """Fetch the document if it changed since *cursor*. *fetch* takes the validators `etag` and `last_modified`.

    Raises:
        SourceError: as *fetch*.
    """
    asked = asked_of(cursor, now)
    fetched = await fetch(etag=asked.etag, last_modified=asked.last_modified)
    following = following_of(asked, fetched, now)
    unchanged = fetched.unchanged or following.body_hash == cursor.body_hash
    return Conditional(fetched=fetched, cursor=following, unchanged=unchanged)


def asked_of(cursor: Cursor, now: datetime) -> Cursor:
    """Return the *cursor* for a request, without its validators if they are old."""
    if cursor.validated_at and now - cursor.validated_at <= VALIDATORS_LAST:
        return cursor
    return dataclasses.replace(cursor, etag="", last_modified="")


def following_of(asked: Cursor, fetched: Fetched, now: datetime) -> Cursor:
    """Return the cursor after an answer. Validators that a 304 does not repeat stay. Those that a 200 omits are dropped."""
    etag = _sendable(fetched.headers.get("etag", ""))
    modified = _sendable(fetched.headers.get("last-modified", ""))
    modified = "" if _lies_ahead(modified, now) else modified
    if fetched.unchanged:
        return dataclasses.replace(asked, etag=etag or asked.etag, last_modified=modified or asked.last_modified)
    return Cursor(
        etag=etag,
        last_modified=modified,
        body_hash=hashlib.sha256(fetched.body).hexdigest(),
        validated_at=now,
        moved_to=asked.moved_to,
    )


def _sendable(validator: str) -> str:
    """Return *validator* unchanged, or empty if it cannot be sent back."""
    good = validator.isascii() and validator.isprintable() and len(validator) <= _LONGEST_VALIDATOR
    return validator if good else ""


def _lies_ahead(modified: str, now: datetime) -> bool:
    time = date(modified)
    return time is not None and time > now + _AHEAD
