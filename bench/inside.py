"""What a bench gives to a pipeline that it runs in its own process: a clock, and threads."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime


@dataclass
class Clock:
    """The time, set by hand."""

    time: datetime

    def now(self) -> datetime:
        """Return the time."""
        return self.time


def runner(pool: ThreadPoolExecutor):
    """Return a function that runs a call in *pool*."""

    async def run(call, /, *args, **kwargs):
        return await asyncio.get_running_loop().run_in_executor(pool, lambda: call(*args, **kwargs))

    return run
