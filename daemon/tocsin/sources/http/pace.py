"""Pace of requests to servers: one request at a time per host, with a gap between two starts.

A server that does not answer promptly loses its place among the requests in flight, so that hanging servers never block
the others.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from tocsin.errors import Fault, SourceError
from tocsin.sources.http import urls

#: Hosts that need a longer gap.
_GAPS = {
    "reddit.com": timedelta(seconds=60),
    "openrss.org": timedelta(seconds=60),
    "query1.finance.yahoo.com": timedelta(seconds=2),
}
#: Domains whose sites share one server.
_GROUPS = ("reddit.com", "openrss.org", "tumblr.com", "substack.com", "wordpress.com")
#: Requests that may be in flight at once, to all hosts that answer promptly: no fewer, and no more than one process can read ...
FEWEST, MOST = 16, 128
#: ... and prompt is within this number of seconds.
PROMPT = 0.5
#: Open files for each of them: its connection, those kept for the next request, and those of slow servers.
_FILES = 32
#: A request that would wait longer is given up, well before the lease of its poll ends.
PATIENCE = timedelta(seconds=90)


def group(host: str, more: Sequence[str] = ()) -> str:
    """Return the group of *host*: the name under which requests to its server take turns.

    *more* are further domains whose hosts are one server.
    """
    return next((name for name in (*more, *_GROUPS) if host == name or host.endswith(f".{name}")), host)


def host_group(url: str, more: Sequence[str] = ()) -> str:
    """Return the `group` of the host of *url*. Empty if it has none."""
    name = urls.host(urls.escape(url))
    return group(name, more) if name else ""


def places(files: int) -> int:
    """Return how many requests a process that may open so many *files* can have in flight."""
    return max(FEWEST, min(MOST, files // _FILES))


class Pace:
    """Turns of requests, in real time. *gap* is the time between two starts of a group, *patience* the longest wait.

    *in_flight* requests to hosts that answer promptly are made at once.
    """

    def __init__(self, *, gap: timedelta, patience: timedelta = PATIENCE, in_flight: int = FEWEST) -> None:
        self._gap = gap
        self._patience = patience
        self._all = asyncio.Semaphore(in_flight)
        self._locks: dict[str, asyncio.Lock] = {}
        self._next: dict[str, float] = {}
        self._slow: set[str] = set()

    @asynccontextmanager
    async def turn(self, name: str, *, spaced: bool = True) -> AsyncIterator[None]:
        """Wait for the turn of the group *name*, which ends with the block. If not *spaced*, there is no gap.

        Raises:
            SourceError: BUSY, if that would take too long.
        """
        lock = self._locks.setdefault(name, asyncio.Lock())
        try:
            async with asyncio.timeout(self._patience.total_seconds()):
                await lock.acquire()
        except TimeoutError as error:
            raise _crowded(name, self._patience) from error
        try:
            wait = timedelta(seconds=max(0.0, self._next.get(name, 0.0) - time.monotonic()))
            if wait > self._patience:
                raise _crowded(name, wait)
            await asyncio.sleep(wait.total_seconds())
            async with self._place(name):
                gap = _GAPS.get(name, self._gap) if spaced else timedelta()
                self._next[name] = time.monotonic() + gap.total_seconds()
                yield
        finally:
            lock.release()

    @asynccontextmanager
    async def _place(self, name: str) -> AsyncIterator[None]:
        """Take a place in flight. A server that did not answer promptly the last time needs none."""
        held = name not in self._slow
        if held:
            await self._all.acquire()

        def give_back() -> None:
            nonlocal held
            if held:
                held = False
                self._all.release()

        def overstay() -> None:
            self._slow.add(name)
            give_back()

        self._slow.discard(name)
        timer = asyncio.get_running_loop().call_later(PROMPT, overstay)
        try:
            yield
        finally:
            timer.cancel()
            give_back()

    def asked(self, name: str, ago: timedelta) -> None:
        """Note that another process last asked the group *name* so long *ago*."""
        left = _GAPS.get(name, self._gap) - ago
        self._next[name] = max(self._next.get(name, 0.0), time.monotonic() + left.total_seconds())

    def hold(self, name: str, span: timedelta) -> None:
        """Start no request of the group *name* for *span*, because its server asked for a pause."""
        self._next[name] = max(self._next.get(name, 0.0), time.monotonic() + span.total_seconds())


def _crowded(name: str, wait: timedelta) -> SourceError:
    return SourceError(f"{name} is not asked again so soon", fault=Fault.BUSY, retry_after=wait)
