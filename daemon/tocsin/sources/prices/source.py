"""Sources of prices: a server, for every provider, and a file that another program writes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from tocsin.errors import Fault, FileError, SourceError
from tocsin.files import read_regular
from tocsin.model.entries import Batch, Cursor
from tocsin.model.prices import Prints
from tocsin.protocols import Run
from tocsin.sources.http.caching import ask_since
from tocsin.sources.http.client import Fetched, HttpClient
from tocsin.sources.prices import Provider, some
from tocsin.sources.prices.table import Table

_ACCEPT = "application/json, text/csv, text/html;q=0.9, */*;q=0.5"


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class PriceSource:
    """Prices of *symbols* that are polled at a *provider*. The name is that of the row.

    *run* runs the parsing in a worker. *allow_private* permits loopback and private networks.
    """

    name: str
    symbols: Sequence[str]
    provider: Provider
    _: KW_ONLY
    http: HttpClient
    run: Run
    allow_private: bool = False

    async def poll(self, cursor: Cursor, now: datetime) -> Batch:
        """Return the prices of the symbols, or that the answer has not changed since *cursor*.

        Raises:
            SourceError: the fetch failed, or the answer has no prices.
        """
        request = self.provider.request(self.symbols, now, first=cursor.validated_at is None)
        fetch = partial(
            self.http.fetch,
            request.url,
            headers={"Accept": _ACCEPT, **request.headers},
            allow_private=self.allow_private,
            method=request.method,
            body=request.body.encode(),
            explain=self._explain,
        )
        async with self.http.gate.admit():
            answer = await ask_since(cursor, now, fetch)
            # An unchanged price is not news, but the time of the poll is, so that `observe` knows how old the price is.
            read = self.http.gate.reader(self.run)
            found = Prints() if answer.unchanged else await read(self._read, answer.fetched)
        return Batch(
            source=self.name,
            entries=(),
            cursor=answer.cursor,
            changed=not answer.unchanged,
            size=len(answer.fetched.body),
            prints=found.prints,
            missing=found.missing,
            answer=answer.hints,
        )

    def _read(self, fetched: Fetched) -> Prints:
        return some(self.provider.parse(fetched.body, fetched.headers.get("content-type", ""), self.symbols))

    def _explain(self, body: bytes, content_type: str) -> SourceError | None:
        """Return the error in a refusal in the provider's own format. None if there is none."""
        try:
            self.provider.parse(body, content_type, self.symbols)
        except SourceError as error:
            return None if error.fault is Fault.NOT_DATA else error
        return None


_LARGEST = 10 * 1024 * 1024
#: Prefix of a cursor after which the last line was still incomplete.
_OPEN = "open:"


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class WatchedFile:
    """Prices of *symbols* in the file at *path*, read by *table*. *run* runs that in a worker.

    A last line without a line break may still be incomplete, so it counts only if the file has not changed for a poll.
    """

    name: str
    path: Path
    symbols: Sequence[str]
    table: Table
    _: KW_ONLY
    run: Run

    async def poll(self, cursor: Cursor, now: datetime) -> Batch:
        """Return the prices of the symbols, or that the file has not changed since *cursor*.

        Raises:
            SourceError: the file cannot be read, is too large, or has no prices.
        """
        return await self.run(self._poll, cursor, now)

    def _poll(self, cursor: Cursor, now: datetime) -> Batch:
        body = self._read()
        mark = hashlib.sha256(body).hexdigest()
        batch = Batch(source=self.name, entries=(), cursor=cursor, changed=False, size=len(body))
        if cursor.body_hash == mark:
            return batch
        rested = cursor.body_hash == _OPEN + mark
        ended = body.endswith((b"\n", b"\r")) or rested
        try:
            found = some(self.table.parse(body if ended else body[: body.rfind(b"\n") + 1], "", self.symbols))
        except SourceError as error:
            raise SourceError(f"{self.path.name}: {error}", fault=error.fault) from error
        following = Cursor(body_hash=mark if ended else _OPEN + mark, validated_at=now)
        return replace(batch, cursor=following, changed=True, prints=found.prints, missing=found.missing)

    def _read(self) -> bytes:
        try:
            return read_regular(self.path, _LARGEST)
        except FileError as error:
            fault = Fault.TOO_LARGE if error.too_large else Fault.NOT_FOUND
            raise SourceError(f"{self.path.name} {error}", fault=fault) from error
