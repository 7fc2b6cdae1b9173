"""Attempts to log in: each is looked at after the delay that earlier failures have earned."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiohttp import web

from tocsin.protocols import Clock
from tocsin.web.wall.throttle import DELAY, Throttle

T = TypeVar("T")
#: Delayed attempts that may wait at a time; the next is asked to come again.
MOST_WAITING = 20


class Attempts:
    """The attempts to log in on this listener; *clock* counts failures, *sleep* waits for seconds."""

    def __init__(self, clock: Clock, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._clock = clock
        self._sleep = sleep
        self._throttle = Throttle()
        self._waiting = 0

    async def judge(self, client: str, check: Callable[[], Awaitable[T | None]]) -> T | None:
        """Return the result of *check* for *client*, for which None is a failure.

        Raises:
            HTTPTooManyRequests: too many attempts wait already.
        """
        if delay := self._throttle.delay(client, self._clock.now()):
            if self._waiting >= MOST_WAITING:
                seconds = str(int(DELAY.total_seconds()))
                raise web.HTTPTooManyRequests(text="Too many logins failed.", headers={"Retry-After": seconds})
            self._waiting += 1
            try:
                await self._sleep(delay.total_seconds())
            finally:
                self._waiting -= 1
        found = await check()
        if found is None:
            self._throttle.failed(client, self._clock.now())
        return found
