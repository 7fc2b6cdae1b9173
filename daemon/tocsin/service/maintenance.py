"""Work on the database beside the line: unreadable rows are set aside, old ones swept, operators get a report."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from datetime import timedelta

from tocsin.config.config import Config
from tocsin.config.database import file_of
from tocsin.ingest.poller import Pipeline
from tocsin.log import line
from tocsin.protocols import Runtime
from tocsin.rules import builtin
from tocsin.service.selfreport import self_report
from tocsin.store import Store

log = logging.getLogger(__name__)


class Maintenance:
    """Keeps *store* in order; operators are notified by *pipeline*. *wake* is called when deliveries wait again.

    Its methods raise `StoreError` when the database fails.
    """

    def __init__(self, store: Store, pipeline: Pipeline, runtime: Runtime, *, wake: Callable[[], None]) -> None:
        self._store = store
        self._pipeline = pipeline
        self._runtime = runtime
        self._wake = wake

    async def set_aside(self) -> None:
        """Take unreadable rows out of use, so that the others work on, and notify operators."""
        found = await self._runtime.write(self._store.set_aside, self._runtime.clock.now())
        for row in found:
            log.error(line("row damaged, not used any more", kind=row.kind, name=row.name, reason=row.words))
        if found:
            now = self._runtime.clock.now()
            await self._pipeline.tell([builtin.about_damage(row.kind, row.name, row.words, now) for row in found])

    async def take_over(self) -> None:
        """Make what workers had claimed that are gone free for the others."""
        voided = await self._runtime.write(self._store.take_over, self._runtime.clock.now())
        if voided.sources or voided.deliveries:
            what = {"sources": voided.sources, "deliveries": voided.deliveries, "doubtful": voided.doubtful}
            log.warning(line("took over from a worker that is gone", **what))
            self._wake()

    async def sweep(self, retention: timedelta) -> None:
        """Delete what is kept no longer than *retention*, a piece at a time, and look for damage and for silent sources."""
        if await self._runtime.work(self._store.stands_by):
            return  # another worker has the retention that counts
        await self.set_aside()
        await self._swept(retention)
        await self._pipeline.look_at_pushes()

    async def _swept(self, retention: timedelta) -> None:
        swept = 0
        while piece := await self._runtime.write(self._store.sweep, self._runtime.clock.now(), retention):
            swept += piece
        if swept:
            log.info(line("swept", rows=swept))

    async def report(self, config: Config) -> None:
        """Notify operators of what was checked, sent and lost, if a report is due."""
        now = self._runtime.clock.now()
        file = file_of(config.database)
        free = shutil.disk_usage(file.parent).free if file else None
        due = await self._runtime.work(self_report, self._store, config.report, now, free=free)
        if due and not await self._runtime.work(self._store.stands_by):
            await self._pipeline.report(*due)
