"""Gate for large documents. Few are in memory at once, and one is parsed at a time, so that small ones need not wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta

from tocsin.errors import Fault, SourceError
from tocsin.protocols import P, Run, T

#: Bytes above which a document is large.
LARGE = 128 * 1024
#: Large documents that may be fetched, waiting or being parsed at once.
PLACES = 3
#: A poll that waits longer than this for a place is ended, before the server or the fetch times out.
PATIENCE = timedelta(seconds=30)


@dataclass(slots=True)
class _Poll:
    """An admitted poll, and whether its document has a place."""

    placed: bool = False


_CURRENT: ContextVar[_Poll | None] = ContextVar("tocsin_poll", default=None)


class LargeDocumentGate:
    """A gate with *places* for documents of more than *large* bytes.

    A document keeps its place from the moment it is large until the end of its poll.
    """

    def __init__(self, *, places: int = PLACES, large: int = LARGE, patience: timedelta = PATIENCE) -> None:
        self._large = large
        self._patience = patience
        self._places = asyncio.Semaphore(places)
        self._reading = asyncio.Lock()

    @asynccontextmanager
    async def admit(self) -> AsyncIterator[None]:
        """Admit one poll. Its place becomes free again at its end."""
        poll = _Poll()
        token = _CURRENT.set(poll)
        try:
            yield
        finally:
            _CURRENT.reset(token)
            if poll.placed:
                self._places.release()

    async def grow(self, size: int) -> None:
        """Wait for a place if the document of the current poll has more than *large* bytes.

        Raises:
            SourceError: BUSY, if no place was free in time.
        """
        poll = _CURRENT.get()
        if poll and not poll.placed and size > self._large:
            try:
                async with asyncio.timeout(self._patience.total_seconds()):
                    await self._places.acquire()
            except TimeoutError as error:
                words = "there was no room for another large document"
                raise SourceError(words, fault=Fault.BUSY, retry_after=self._patience) from error
            poll.placed = True

    def patient(self, run: Run) -> Run:
        """Return *run*, limited to one call at a time with all large documents, for what no other poll waits for."""

        async def read(call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
            async with self._reading:
                return await run(call, *args, **kwargs)

        return read

    def reader(self, run: Run) -> Run:
        """Return *run*, limited to one call at a time for documents that have a place."""

        async def read(call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
            poll = _CURRENT.get()
            if not poll or not poll.placed:
                return await run(call, *args, **kwargs)
            async with self._reading:
                return await run(call, *args, **kwargs)

        return read
