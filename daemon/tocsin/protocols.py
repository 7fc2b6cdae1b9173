"""Protocols that the edges are given: the time, and a way to run blocking calls elsewhere."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import ParamSpec, Protocol, TypeVar

from tocsin.model.counters import Counters
from tocsin.trouble import Trouble

P = ParamSpec("P")
T = TypeVar("T")


class Clock(Protocol):
    """The one source of the time that governs due times, cooldowns and windows."""

    def now(self) -> datetime:
        """Return the time, aware and in UTC."""
        ...


class Run(Protocol):
    """Runs a blocking call elsewhere (a worker thread) and waits for its result."""

    def __call__(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        """Return the result of *call*; what it raises is raised here."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """The means of a step of the daemon.

    *write* and *work* run blocking calls in the writer thread and in worker threads; *random* gives [0, 1); *trouble*
    is where failures of the store are reported, *counters* count for monitoring.
    """

    clock: Clock
    write: Run
    work: Run
    random: Callable[[], float]
    trouble: Trouble = field(default_factory=lambda: Trouble(time.monotonic))
    counters: Counters = field(default_factory=Counters)


def runner(pool: Executor) -> Run:
    """Return a way to run blocking calls in *pool*."""

    async def run(call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(pool, partial(call, *args, **kwargs))

    return run
