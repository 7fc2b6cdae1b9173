"""The kind `feed`: an RSS, Atom or JSON Feed document at a web address."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from tocsin.hints import Answer, Wishes
from tocsin.model import Batch, Cursor, Entry
from tocsin.prices import Labels
from tocsin.protocols import Run
from tocsin.sources.cell import parse
from tocsin.sources.entries import entries
from tocsin.sources.hints import date, fresh, wishes
from tocsin.sources.http import Fetched, HttpClient, public_headers, same_origin
from tocsin.sources.parse import Parsed

#: After so long without a whole answer the validators are not believed any more: some servers answer 304 for ever.
VALIDATORS_LAST = timedelta(days=7)
#: A Last-Modified later than this from now would never be followed by a newer one.
_AHEAD = timedelta(hours=24)
_LONGEST_VALIDATOR = 1024


class FeedSource:
    """A feed that is polled.

    *run* takes the parsing to a worker. *labels* go to every entry. *headers* are sent along, to this host only.
    *allow_private* permits loopback and private networks. The address of a *secret* one is not to be written down
    anywhere, so that permanent redirects, which may repeat it, are followed but not remembered.
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
        secret: bool = False,
    ) -> None:
        self._name = name
        self._url = url
        self._http = http
        self._run = http.room.reader(run)
        self._labels = labels
        self._allow_private = allow_private
        self._headers = dict(headers or {})
        self._secret = secret

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
        url = cursor.moved_to or self._url
        fetched = await self._http.fetch(
            url,
            headers=self._headers if same_origin(url, self._url) else public_headers(self._headers),
            etag=asked.etag,
            last_modified=asked.last_modified,
            allow_private=self._allow_private,
        )
        following = _following(asked, fetched, now)
        answer = self._answer(fetched, following, now)
        same = fetched.unchanged or following.body_hash == cursor.body_hash
        if same:
            size = len(fetched.body)
            return Batch(source=self._name, entries=(), cursor=following, changed=False, size=size, answer=answer)
        parsed, found, wished = await self._run(self._read, fetched, now)
        if not parsed.complete:
            # Its end is still to come: neither a 304 nor an equal body may hide it.
            following = Cursor(validated_at=following.validated_at, moved_to=following.moved_to)
        return Batch(
            source=self._name,
            entries=found,
            cursor=following,
            changed=True,
            size=len(fetched.body),
            notes=parsed.notes,
            has_ids=any(item.id for item in parsed.items),
            answer=dataclasses.replace(answer, wishes=wished),
        )

    def _answer(self, fetched: Fetched, following: Cursor, now: datetime) -> Answer:
        moved_to = fetched.final_url if fetched.moved and not self._secret else ""
        return Answer(
            status=fetched.status,
            fresh=fresh(fetched.headers, now),
            validators=bool(following.etag or following.last_modified),
            moved_to=moved_to,
            secured=self._url.startswith("http:") and moved_to == f"https:{self._url.removeprefix('http:')}",
        )

    def _read(self, fetched: Fetched, now: datetime) -> tuple[Parsed, tuple[Entry, ...], Wishes]:
        parsed = parse(
            fetched.body,
            url=fetched.final_url,
            content_type=fetched.headers.get("content-type", ""),
            content_language=fetched.headers.get("content-language", ""),
        )
        found = entries(parsed, source=self._name, url=self._url, labels=self._labels, now=now)
        return parsed, found, wishes(fetched.body)


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
        moved_to=asked.moved_to,
    )


def _sendable(validator: str) -> str:
    """*validator* as it is, or nothing when it could not be sent back."""
    good = validator.isascii() and validator.isprintable() and len(validator) <= _LONGEST_VALIDATOR
    return validator if good else ""


def _lies_ahead(modified: str, now: datetime) -> bool:
    time = date(modified)
    return time is not None and time > now + _AHEAD
