"""The kind `feed`: an RSS, Atom or JSON Feed document at a web address."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from tocsin.model import Batch, Cursor, Entry, Labels
from tocsin.protocols import Run
from tocsin.sources.cell import parse
from tocsin.sources.entries import entries
from tocsin.sources.http import Fetched, HttpClient
from tocsin.sources.parse import Parsed

#: After so long without a whole answer the validators are not believed any more: some servers answer 304 for ever.
VALIDATORS_LAST = timedelta(days=7)
#: A Last-Modified later than this from now would never be followed by a newer one.
_AHEAD = timedelta(hours=24)
_LONGEST_VALIDATOR = 1024


class FeedSource:
    """A feed that is polled.

    *run* takes the parsing to a worker. *labels* go to every entry. *headers* are sent along, to this host only.
    *allow_private* permits loopback and private networks.
    """

    def __init__(
        self,
        name: str,
        url: str,
        *,
        http: HttpClient,
        run: Run,
        labels: Labels,
        allow_private: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._name = name
        self._url = url
        self._http = http
        self._run = http.room.reader(run)
        self._labels = labels
        self._allow_private = allow_private
        self._headers = dict(headers or {})

    @property
    def name(self) -> str:
        """The name that the configuration gives it."""
        return self._name

    async def poll(self, cursor: Cursor, now: datetime) -> Batch:
        """The entries of the document, or that it is the same as at *cursor*.

        Raises:
            SourceError: the fetch failed, or what came is no feed.
        """
        async with self._http.room.stay():
            return await self._poll(cursor, now)

    async def _poll(self, cursor: Cursor, now: datetime) -> Batch:
        asked = _asked(cursor, now)
        fetched = await self._http.fetch(
            self._url,
            headers=self._headers,
            etag=asked.etag,
            last_modified=asked.last_modified,
            allow_private=self._allow_private,
        )
        following = _following(asked, fetched, now)
        same = fetched.unchanged or following.body_hash == cursor.body_hash
        if same:
            return Batch(source=self._name, entries=(), cursor=following, changed=False, size=len(fetched.body))
        parsed, found = await self._run(self._read, fetched, now)
        if not parsed.complete:
            # Its end is still to come: neither a 304 nor an equal body may hide it.
            following = Cursor(validated_at=following.validated_at)
        return Batch(
            source=self._name,
            entries=found,
            cursor=following,
            changed=True,
            size=len(fetched.body),
            notes=parsed.notes,
            has_ids=any(item.id for item in parsed.items),
        )

    def _read(self, fetched: Fetched, now: datetime) -> tuple[Parsed, tuple[Entry, ...]]:
        parsed = parse(
            fetched.body,
            url=fetched.final_url,
            content_type=fetched.headers.get("content-type", ""),
            content_language=fetched.headers.get("content-language", ""),
        )
        return parsed, entries(parsed, source=self._name, url=self._url, labels=self._labels, now=now)


def _asked(cursor: Cursor, now: datetime) -> Cursor:
    """*cursor* without its validators when they are old."""
    if cursor.validated_at and now - cursor.validated_at <= VALIDATORS_LAST:
        return cursor
    return dataclasses.replace(cursor, etag="", last_modified="")


def _following(asked: Cursor, fetched: Fetched, now: datetime) -> Cursor:
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
    )


def _sendable(validator: str) -> str:
    """*validator* as it is, or nothing when it could not be sent back."""
    good = validator.isascii() and validator.isprintable() and len(validator) <= _LONGEST_VALIDATOR
    return validator if good else ""


def _lies_ahead(modified: str, now: datetime) -> bool:
    try:
        time = parsedate_to_datetime(modified)
    except ValueError:
        return False
    return (time if time.tzinfo else time.replace(tzinfo=UTC)) > now + _AHEAD
