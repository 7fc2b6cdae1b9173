"""Caching: conditional requests with validators (ETag, Last-Modified), and hints about when to poll again."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.hints import PollHints, ResponseHints, date
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
    dated = date(modified)
    modified = "" if dated and dated > now + _AHEAD else modified
    if fetched.unchanged:
        return dataclasses.replace(asked, etag=etag or asked.etag, last_modified=modified or asked.last_modified)
    return Cursor(
        etag=etag,
        last_modified=modified,
        body_hash=hashlib.sha256(fetched.body).hexdigest(),
        validated_at=now,
        moved_to=asked.moved_to,
        kept=asked.kept,
    )


def _sendable(validator: str) -> str:
    """Return *validator* unchanged, or empty if it cannot be sent back."""
    good = validator.isascii() and validator.isprintable() and len(validator) <= _LONGEST_VALIDATOR
    return validator if good else ""


#: Longer spans are cut anyway. This prevents a forged number from overflowing a timedelta.
_MOST = timedelta(days=365)
#: The end of the head of a feed, and the end of its entries.
_BEGIN = re.compile(rb"<(?:[\w.-]+:)?(?:item|entry)[\s>]", re.IGNORECASE)
_END = re.compile(rb"</(?:[\w.-]+:)?(?:item|entry)\s*>", re.IGNORECASE)
#: Most bytes of a head. The bound keeps the search cheap.
_HEAD = 65_536
_TAG = rb"<(?:[\w.-]+:)?%s(?:\s[^<>]*)?>\s*([^<>\s]{1,32})\s*</"
_TTL = re.compile(_TAG % rb"ttl", re.IGNORECASE)
_PERIOD = re.compile(_TAG % rb"updatePeriod", re.IGNORECASE)
_FREQUENCY = re.compile(_TAG % rb"updateFrequency", re.IGNORECASE)
_HOUR = re.compile(_TAG % rb"hour", re.IGNORECASE)
_DAY = re.compile(_TAG % rb"day", re.IGNORECASE)
_SKIP_HOURS = re.compile(rb"<skipHours\s*>(.{0,1024}?)</skipHours\s*>", re.IGNORECASE | re.DOTALL)
_SKIP_DAYS = re.compile(rb"<skipDays\s*>(.{0,1024}?)</skipDays\s*>", re.IGNORECASE | re.DOTALL)
_PERIODS = {b"hourly": 1, b"daily": 24, b"weekly": 168, b"monthly": 720, b"yearly": 8760}
_DAYS = (b"monday", b"tuesday", b"wednesday", b"thursday", b"friday", b"saturday", b"sunday")


def fresh(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Return how long an answer stays fresh (RFC 9111, 4.2), less its age. Zero for not at all, None if unspecified.

    *headers* have names in lower case. A max-age overrides `Expires`. *now* replaces a missing `Date`.
    """
    directives = {
        name.strip().lower(): value.strip(' "')
        for name, _, value in (part.partition("=") for part in headers.get("cache-control", "").split(","))
    }
    if "no-cache" in directives or "no-store" in directives:
        return timedelta(0)
    age = _seconds(directives.get("max-age", ""))
    if age is not None:
        return max(timedelta(0), age - (_seconds(headers.get("age", "")) or timedelta(0)))
    if "expires" not in headers:
        return None
    until = date(headers["expires"])
    return min(_MOST, max(timedelta(0), until - (date(headers.get("date", "")) or now))) if until else timedelta(0)


def poll_hints(body: bytes) -> PollHints:
    """Return the hints of the RSS document *body*: `ttl`, `sy:updatePeriod`, `skipHours` and `skipDays` outside of its items.

    Hours count from 0. 24, which some write for midnight, is 0. Anything that is not a number is ignored.
    """
    begin, ends = _BEGIN.search(body), list(_END.finditer(body, max(0, len(body) - _HEAD)))
    head = body[: min(begin.start() if begin else len(body), _HEAD)]
    outside = head + (body[ends[-1].end() :] if begin and ends else b"")
    ttl, frequency = _number(_TTL, outside), _number(_FREQUENCY, outside)
    period = _PERIOD.search(outside)
    hours = _PERIODS.get(period[1].lower()) if period else None
    skip_hours, skip_days = _SKIP_HOURS.search(outside), _SKIP_DAYS.search(outside)
    found = [int(hour) for hour in _HOUR.findall(skip_hours[1]) if hour.isdigit()] if skip_hours else []
    days = [day.lower() for day in _DAY.findall(skip_days[1])] if skip_days else []
    return PollHints(
        ttl=min(timedelta(minutes=ttl), _MOST) if ttl else None,
        period=timedelta(hours=hours) / max(1, frequency or 1) if hours else None,
        skip_hours=frozenset(hour % 24 for hour in found if hour <= 24),
        skip_days=frozenset(_DAYS.index(day) for day in days if day in _DAYS),
    )


def _seconds(value: str) -> timedelta | None:
    return timedelta(seconds=int(value[:9])) if value.isascii() and value.isdigit() else None


def _number(pattern: re.Pattern[bytes], text: bytes) -> int | None:
    found = pattern.search(text)
    return int(found[1][:9]) if found and found[1].isdigit() else None
