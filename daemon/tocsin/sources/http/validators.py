"""Validators (ETag, Last-Modified): what of them is sent back, and what an answer leaves for the next time."""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import datetime, timedelta

from tocsin.hints import date
from tocsin.model.sources import Cursor
from tocsin.sources.http.client import Fetched

#: After so long without a whole answer the validators are not believed any more: some servers answer 304 for ever.
VALIDATORS_LAST = timedelta(days=7)
#: A Last-Modified later than this from now would never be followed by a newer one.
_AHEAD = timedelta(hours=24)
_LONGEST_VALIDATOR = 1024


def asked_of(cursor: Cursor, now: datetime) -> Cursor:
    """What to ask with: *cursor* without its validators when they are old."""
    if cursor.validated_at and now - cursor.validated_at <= VALIDATORS_LAST:
        return cursor
    return dataclasses.replace(cursor, etag="", last_modified="")


def following_of(asked: Cursor, fetched: Fetched, now: datetime) -> Cursor:
    """The cursor after an answer: what a 304 does not repeat stays, what a 200 does not send goes."""
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
    """*validator* as it is, or nothing when it could not be sent back."""
    good = validator.isascii() and validator.isprintable() and len(validator) <= _LONGEST_VALIDATOR
    return validator if good else ""


def _lies_ahead(modified: str, now: datetime) -> bool:
    time = date(modified)
    return time is not None and time > now + _AHEAD
