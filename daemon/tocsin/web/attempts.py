"""Attempts to log in: each is looked at at once, and the answer to a wrong one comes late if the client failed often."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiohttp import web

from tocsin.protocols import Clock
from tocsin.web.wall.throttle import DELAY, Throttle

T = TypeVar("T")
#: Failures whose answers may wait at a time; the next one is asked to come again.
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

        What is right never waits, whoever failed before: a code is signed and a token is long, so that neither can be
        guessed however quickly guesses are answered.

        Raises:
            HTTPTooManyRequests: it failed, and the answers to too many failures wait already.
        """
        found = await check()
        if found is not None:
            return found
        delay = self._throttle.delay(client, self._clock.now())
        self._throttle.failed(client, self._clock.now())
        if delay and self._waiting >= MOST_WAITING:
            seconds = str(int(DELAY.total_seconds()))
            raise web.HTTPTooManyRequests(text="Too many logins failed.", headers={"Retry-After": seconds})
        if delay:
            self._waiting += 1
            try:
                await self._sleep(delay.total_seconds())
            finally:
                self._waiting -= 1
        return None
