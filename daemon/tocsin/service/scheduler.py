"""Ticks: the only importer of APScheduler.

The rows of the database say what is due; the scheduler only wakes the claims up. A tick may be late or lost without
harm, so jobs live in memory, late runs collapse into one, and no run is ever skipped for being late.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import timedelta
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler


class Ticker:
    """Calls coroutine functions at fixed intervals of real time, on the running event loop."""

    def __init__(self) -> None:
        # A tick that comes while the one before still runs is left out by design; it is not logged.
        logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
        self._scheduler = AsyncIOScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        self._running: set[asyncio.Task[None]] = set()
        self._stopped = False

    def every(self, interval: timedelta, name: str, call: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Call *call* every *interval*; it is not called again while it runs."""

        async def run() -> None:
            if self._stopped:  # handed out in the turn of the loop in which the stop came
                return
            task = asyncio.create_task(call(), name=name)
            self._running.add(task)
            task.add_done_callback(self._running.discard)
            with suppress(asyncio.CancelledError):  # stopping cancels the wait, not the call
                await asyncio.shield(task)

        self._scheduler.add_job(run, "interval", seconds=interval.total_seconds(), id=name, name=name)

    def start(self) -> None:
        """Start the ticks."""
        self._scheduler.start()

    async def stop(self, within: float) -> None:
        """Stop the ticks, and wait at most *within* seconds for running calls, so that no claim is cut off."""
        self._stopped = True
        if self._scheduler.running:
            # Hand nothing out any more, and let what was handed out begin: a run that is cancelled before its first
            # step counts as a job that failed, and is logged with a traceback.
            self._scheduler.pause()
            await asyncio.sleep(0)
            self._scheduler.shutdown(wait=False)
        if self._running:
            await asyncio.wait(self._running, timeout=within)
