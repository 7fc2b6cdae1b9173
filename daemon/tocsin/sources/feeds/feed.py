"""The kinds `feed` (RSS, Atom or JSON Feed) and `page`: a document with entries at a web address."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime

from tocsin.hints import PollHints, ResponseHints
from tocsin.model.entries import Entry
from tocsin.model.prices import Labels
from tocsin.model.sources import Batch, Cursor
from tocsin.protocols import Run
from tocsin.sources.documents.items import Parsed
from tocsin.sources.documents.page import Selectors
from tocsin.sources.documents.parser_process import parse
from tocsin.sources.feeds.entries import entries
from tocsin.sources.http.client import Fetched, HttpClient, public_headers, same_origin
from tocsin.sources.http.hints import fresh, wishes
from tocsin.sources.http.validators import asked_of, following_of


class FeedSource:
    """A feed that is polled, or with *selectors* a page.

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
        selectors: Selectors | None = None,
    ) -> None:
        self._name = name
        self._url = url
        self._http = http
        self._run = http.gate.reader(run)
        self._labels = labels
        self._allow_private = allow_private
        self._headers = dict(headers or {})
        self._secret = secret
        self._selectors = selectors

    @property
    def name(self) -> str:
        """The name that the configuration gives it."""
        return self._name

    async def poll(self, cursor: Cursor, now: datetime) -> Batch:
        """The entries of the document, or that it is the same as at *cursor*.

        Raises:
            SourceError: the fetch failed, or what came is no feed.
        """
        async with self._http.gate.admit():
            return await self._poll(cursor, now)

    async def _poll(self, cursor: Cursor, now: datetime) -> Batch:
        asked = asked_of(cursor, now)
        url = cursor.moved_to or self._url
        fetched = await self._http.fetch(
            url,
            headers=self._headers if same_origin(url, self._url) else public_headers(self._headers),
            etag=asked.etag,
            last_modified=asked.last_modified,
            allow_private=self._allow_private,
        )
        following = following_of(asked, fetched, now)
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
            deleted=parsed.deleted,
            form=parsed.form,
            has_ids=any(item.id for item in parsed.items),
            answer=dataclasses.replace(answer, wishes=wished),
        )

    def _answer(self, fetched: Fetched, following: Cursor, now: datetime) -> ResponseHints:
        moved_to = fetched.final_url if fetched.moved and not self._secret else ""
        return ResponseHints(
            status=fetched.status,
            fresh=fresh(fetched.headers, now),
            validators=bool(following.etag or following.last_modified),
            moved_to=moved_to,
            secured=self._url.startswith("http:") and moved_to == f"https:{self._url.removeprefix('http:')}",
        )

    def _read(self, fetched: Fetched, now: datetime) -> tuple[Parsed, tuple[Entry, ...], PollHints]:
        parsed = parse(
            fetched.body,
            url=fetched.final_url,
            content_type=fetched.headers.get("content-type", ""),
            content_language=fetched.headers.get("content-language", ""),
            selectors=self._selectors,
        )
        found = entries(parsed, source=self._name, url=self._url, labels=self._labels, now=now)
        return parsed, found, wishes(fetched.body)
