"""Prices from servers, for every provider."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from functools import partial

from tocsin.errors import Fault, SourceError
from tocsin.model.entries import Batch, Cursor
from tocsin.model.prices import Prints
from tocsin.protocols import Run
from tocsin.sources.http.client import Fetched, HttpClient
from tocsin.sources.http.validators import ask_since
from tocsin.sources.prices import Provider, some

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
            body=request.body,
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
