"""A good configuration becomes that of the daemon: its rows, its packs, and its place among those of other workers."""

from __future__ import annotations

import logging
from collections.abc import Callable

from tocsin.config.config import Config
from tocsin.config.loading import LoadedRules
from tocsin.ingest.poller import Pipeline
from tocsin.log import line
from tocsin.protocols import Runtime
from tocsin.rules import builtin
from tocsin.service.loads import log_warnings
from tocsin.service.maintenance import Maintenance
from tocsin.store import Store

log = logging.getLogger(__name__)

_OTHER = line(
    "another configuration is active, nothing is claimed",
    remedy="give this worker the files of the others, or make its own the active ones: tocsin workers activate",
)


class Adoption:
    """Brings *store* in line with each good configuration; *activated* is called when that of this worker becomes active again.

    *digest* is that of the configuration, where several workers share the database.
    """

    def __init__(
        self,
        store: Store,
        pipeline: Pipeline,
        maintenance: Maintenance,
        runtime: Runtime,
        *,
        activated: Callable[[], None],
    ) -> None:
        self.digest = ""
        self._store = store
        self._pipeline = pipeline
        self._maintenance = maintenance
        self._runtime = runtime
        self._activated = activated
        self._stood_by = False
        self._adopting = False

    async def adopt(self, config: Config, loaded: LoadedRules, *, reloaded: bool = False) -> None:
        """Bring the rows in line with a good configuration, keep its packs, and evaluate again where a rule failed.

        Nothing of that is done while another configuration is active. A person who changes the files of a worker that works,
        so that it is *reloaded*, wants them to be active.
        """
        log_warnings((*config.problems, *loaded.warnings))
        write, now = self._runtime.write, self._runtime.clock.now()
        if self._store.shared:
            from tocsin.config.fingerprint import fingerprint  # noqa: PLC0415 (a start on a file need not wait for it)

            self.digest = await self._runtime.work(fingerprint, config, loaded)
            wanted = reloaded and not self._stood_by
            self._adopting = True
            try:
                self._stood_by = not await write(self._store.enter_generation, self.digest, now, wanted=wanted)
            finally:
                self._adopting = False
            if self._stood_by:
                log.warning(_OTHER)
                return
        named = [(s.name, s.identity, s.kind) for s in config.every_source]
        groups = {name: terms.group for name, terms in self._pipeline.inbound.terms.items()}
        await write(self._store.sync_sources, named, now, groups)
        await self._maintenance.set_aside()
        for pack in loaded.packs:
            if not pack.kept_back:
                await write(self._store.keep_pack, pack.folder, pack.hash, pack.files, now)
        own = [
            builtin.own_match(builtin.PACK_KEPT_BACK, {"pack": (pack.folder,)}, pack.words, now)
            for pack in loaded.packs
            if pack.kept_back
        ]
        if own:
            await self._pipeline.tell(own)
        await write(self._store.wake_receivers)
        await self._pipeline.rejudge()

    async def look(self) -> None:
        """Notice that another configuration became active, or that of this worker again."""
        if self._adopting or self._store.standing_by == self._stood_by:
            return
        # A tick may have looked just when a reload made its own configuration the active one.
        standing_by = await self._runtime.work(self._store.stands_by)
        if self._adopting or standing_by == self._stood_by:
            return
        self._stood_by = standing_by
        if self._stood_by:
            log.warning(_OTHER)
        else:
            log.info(line("the configuration of this worker is active again"))
            self._activated()
