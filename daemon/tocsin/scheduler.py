"""Ticks: the only importer of APScheduler.

The rows of the database say what is due; the scheduler only wakes the claims up. A tick may be late or lost without
harm, so jobs live in memory, late runs collapse into one, and no run is ever skipped for being late.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler


class Ticker:
    """Calls coroutine functions at fixed intervals of real time, on the running event loop."""

    def __init__(self) -> None:
        # A tick that comes while the one before still runs is left out by design; that is no news.
        logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
        self._scheduler = AsyncIOScheduler(
            timezone="UTC",
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def every(self, interval: timedelta, name: str, call: Callable[[], Awaitable[None]]) -> None:
        """Call *call* every *interval*; a run that is still going on is not started again."""
        self._scheduler.add_job(call, "interval", seconds=interval.total_seconds(), id=name, name=name)

    def start(self) -> None:
        """Begin to tick."""
        self._scheduler.start()

    def stop(self) -> None:
        """End ticking; running calls go on."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
