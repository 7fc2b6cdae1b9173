"""Prices that a server is asked for, whoever provides them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tocsin.errors import Fault, SourceError
from tocsin.hints import ResponseHints
from tocsin.model.prices import Prints
from tocsin.model.sources import Batch, Cursor
from tocsin.protocols import Run
from tocsin.sources.http.client import Fetched, HttpClient
from tocsin.sources.http.validators import asked_of, following_of
from tocsin.sources.prices import Provider

_ACCEPT = "application/json, text/csv, text/html;q=0.9, */*;q=0.5"


class PriceSource:
    """Prices of *symbols* that are polled at a *provider*'s; the name is that of its row.

    *run* takes the parsing to a worker. *allow_private* permits loopback and private networks.
    """

    def __init__(
        self,
        name: str,
        symbols: Sequence[str],
        provider: Provider,
        *,
        http: HttpClient,
        run: Run,
        allow_private: bool = False,
    ) -> None:
        self._name = name
        self._symbols = tuple(symbols)
        self._provider = provider
        self._http = http
        self._run = http.gate.reader(run)
        self._allow_private = allow_private

    @property
    def name(self) -> str:
        """The name of its row."""
        return self._name

    async def poll(self, cursor: Cursor, now: datetime) -> Batch:
        """The prices of the symbols, or that the answer is the same as at *cursor*.

        Raises:
            SourceError: the fetch failed, or what came holds no prices.
        """
        async with self._http.gate.admit():
            return await self._poll(cursor, now)

    async def _poll(self, cursor: Cursor, now: datetime) -> Batch:
        asked = asked_of(cursor, now)
        request = self._provider.request(self._symbols, now, first=cursor.validated_at is None)
        is_get = request.method == "GET"
        fetched = await self._http.fetch(
            request.url,
            headers={"Accept": _ACCEPT, **request.headers},
            etag=asked.etag if is_get else "",
            last_modified=asked.last_modified if is_get else "",
            allow_private=self._allow_private,
            method=request.method,
            body=request.body,
            explain=self._explain,
        )
        following = following_of(asked, fetched, now)
        # A price that did not change is no news, but that it was asked for is: `observe` knows how old it is.
        same = fetched.unchanged or following.body_hash == cursor.body_hash
        found = Prints() if same else await self._run(self._read, fetched)
        return Batch(
            source=self._name,
            entries=(),
            cursor=following,
            changed=not same,
            size=len(fetched.body),
            prints=found.prints,
            missing=found.missing,
            answer=ResponseHints(status=fetched.status, validators=bool(following.etag or following.last_modified)),
        )

    def _read(self, fetched: Fetched) -> Prints:
        found = self._provider.parse(fetched.body, fetched.headers.get("content-type", ""), self._symbols)
        if found.prints or not found.missing:
            return found
        first = found.missing[0]
        raise SourceError(first.words, fault=first.fault)

    def _explain(self, body: bytes, content_type: str) -> SourceError | None:
        """What a refusal says in the provider's own form; None when that is nothing."""
        try:
            self._provider.parse(body, content_type, self._symbols)
        except SourceError as error:
            return None if error.fault is Fault.NOT_DATA else error
        return None
