"""The composition root: builds every object once, starts, reloads, drains. Nothing is decided here."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from tocsin import __version__
from tocsin.config.build import Factories
from tocsin.config.changes import Watched, gone, needs_restart
from tocsin.config.config import Config, complete, load_config
from tocsin.config.loading import LoadedRules, rules_of
from tocsin.deliver.dispatcher import Dispatcher
from tocsin.errors import ConfigError, LostError, UsageError
from tocsin.ingest.poller import Pipeline
from tocsin.log import line
from tocsin.model.deliveries import AttemptResult, Delivery, Settlement
from tocsin.policy.alerting import absence
from tocsin.protocols import Clock, Runtime, runner
from tocsin.redaction import masked
from tocsin.rules import builtin
from tocsin.service.adoption import Adoption
from tocsin.service.assembly import assembled, poller, proposer, taker
from tocsin.service.guard import Guard
from tocsin.service.lastwords import notify_operators, save
from tocsin.service.liveness import Liveness, Notifier
from tocsin.service.loads import facts, log_cycle, log_refusal, status
from tocsin.service.lull import Lull
from tocsin.service.maintenance import Maintenance
from tocsin.service.periodic import EVERY_FIVE_SECONDS, EVERY_MINUTE, HOURLY, PeriodicTasks
from tocsin.service.roles import Role
from tocsin.service.scheduler import Ticker
from tocsin.service.signals import handle_signals
from tocsin.store import CHECKED_WITHIN
from tocsin.store.db.lock import Running
from tocsin.trouble import Trouble
from tocsin.web.daemon import Daemon
from tocsin.web.health import Health, health_of
from tocsin.web.listener import Listener

log = logging.getLogger(__name__)

#: A source waits for half of it on average.
TICK = timedelta(seconds=0.5)
SWEEP = timedelta(hours=1)
WATCH = timedelta(seconds=2)
#: Real time between two checks for a due heartbeat, and for a report.
BEAT = timedelta(seconds=5)
REPORT = timedelta(minutes=1)
#: Real time between two tries to listen at an address that is taken.
LISTEN = timedelta(seconds=15)
#: Real time between two claims of deliveries where workers wake each other.
SHARED_TICK = timedelta(seconds=5)
DRAIN = 20.0


class Service:
    """The daemon on the configuration file at *path*.

    *env* fills `${NAME}`; *clock* governs due times, cooldowns and windows, None is that of the database; *settled* is called
    after every finished attempt; *tick* is the real time between two claims, *sweep* that between two sweeps, and *report* that
    between two checks for a due report. Where several workers share the database, *role* is the one thing that this one does,
    and *name* what it is called.
    """

    def __init__(
        self,
        path: Path,
        *,
        env: Mapping[str, str],
        clock: Clock | None = None,
        makers: Factories | None = None,
        settled: Callable[[Delivery, AttemptResult, Settlement], None] = lambda *_: None,
        tick: timedelta = TICK,
        sweep: timedelta = SWEEP,
        report: timedelta = REPORT,
        role: Role | None = None,
        name: str = "",
    ) -> None:
        self._path = path
        self._env = env
        self._given = clock
        self._makers = makers or Factories()
        self._settled = settled
        self._tick = tick
        self._sweep_every = sweep
        self._report_every = report
        self._notifier = Notifier(env)
        # One of them may wait for the process that reads large documents.
        self._workers = ThreadPoolExecutor(max_workers=3, thread_name_prefix="worker")
        self._trouble = Trouble(time.monotonic)
        self._role = role
        self._name = name
        claims = [claim for claim in (Role.POLL, Role.DELIVER) if self._does(claim)]
        self._liveness = Liveness(*claims, monotonic=time.monotonic)
        self._built = asyncio.Event()

    # ---- life ------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Start, work until `stop`, drain.

        Raises:
            ConfigError: the configuration or a pack has faults, and no earlier good version of the pack is stored.
            StoreError: the database cannot be opened, or another daemon uses it.
            LostError: the files of the database were deleted or replaced while it ran.
        """
        await self._start()
        ticker = Ticker()
        try:
            self._watched = Watched(self._path, self._loaded.folders)
            handle_signals(self.stop, self.reload)
            if self._does(Role.POLL):
                poll = partial(self._tick_of, Role.POLL, self._pipeline.tick)
                ticker.every(self._tick, "poll", partial(self._guard.run, poll))
            if self._does(Role.DELIVER):
                often = SHARED_TICK if self._periodic else self._tick
                deliver = partial(self._tick_of, Role.DELIVER, self._dispatcher.tick)
                ticker.every(often, "deliver", partial(self._guard.run, deliver))
            self._maintain(ticker)
            ticker.every(BEAT, "heartbeat", self._beat)
            if self._notifier.watchdog:
                ticker.every(self._notifier.watchdog / 3, "watchdog", self._feed_watchdog)
            ticker.start()
            self._notifier.ready(status(self._config, self._loaded))
            log.info(line("started", **facts(self._config, self._loaded)))
            # Alerts do not wait for the page, and a reload waits until there is one to change.
            await self._listener.adopt(self._config, self._loaded)
            ticker.every(LISTEN, "listen", partial(self._guard.run, self._listener.keep))
            ticker.every(WATCH, "watch", partial(self._guard.run, self._watch))
            await self._stopping.wait()
            if not self._store.lost:
                self._notifier.stopping()
        finally:
            await ticker.stop(DRAIN)
            if self._periodic:
                await self._periodic.stop(DRAIN)
            await self._finish()

    async def once(self) -> bool:
        """Run one cycle: poll all due sources, send all due messages, stop. Return False if no source could be read.

        Raises:
            ConfigError, StoreError: as `run`.
        """
        await self._start()
        try:
            await self._pipeline.run_due()
            await self._dispatcher.run_due()
            return log_cycle(self._counters)
        finally:
            await self._finish()

    async def catch_up(self) -> None:
        """Poll and send all that is due now, beside the ticks of `run`, and wait for it; before that for the start."""
        await self._built.wait()
        await self._pipeline.tick()
        await self._pipeline.drain(None)
        await self._dispatcher.run_due()

    def stop(self) -> None:
        """Begin to drain; a second call does nothing."""
        self._stopping.set()

    def reload(self) -> None:
        """Request a reload of configuration and rules; a faulty one changes nothing."""
        self._reload_wanted = True

    # ---- building --------------------------------------------------------------------------------------------

    async def _start(self) -> None:
        self._stopping = asyncio.Event()
        self._wake = asyncio.Event()
        self._reload_wanted = False
        self._reloads = 0
        self._work = runner(self._workers)
        config = await self._work(self._read)
        self._store = await self._notifier.wait(self._work(self._makers.store, config), "opening the database")
        self._writer = ThreadPoolExecutor(max_workers=self._store.writers, thread_name_prefix="writer")
        self._write = runner(self._writer)
        self._clock = self._given or self._store.clock
        shared = self._store.parameters
        self._periodic = PeriodicTasks(shared, self._work) if shared else None
        try:
            await self._build(config)
        except BaseException:
            await self._write(self._store.close)
            raise
        self._built.set()

    def _read(self) -> Config:
        return complete(load_config(self._path, self._env))

    def _rules_of(self, config: Config) -> LoadedRules:
        """Return the rules of *config*. Packs that ran before are not tried again: that takes longer than all else."""
        return rules_of(config, self._store.read.kept_pack, known=self._store.read.kept_hash)

    async def _build(self, config: Config) -> None:
        if self._role and not self._periodic:
            raise UsageError("--only is for workers that share a database: name one on a server in `database:`")
        voided = await self._write(self._store.lock, self._clock.now())
        if not voided.checked:
            log.info(line("database checked in part", seconds=CHECKED_WITHIN))
        if voided.doubtful:
            log.warning(line("doubtful deliveries found after a crash", deliveries=voided.doubtful))
        loaded = await self._work(self._rules_of, config)
        self._config, self._loaded = config, loaded
        self._http = self._makers.http(config)
        inbound, outbound = await assembled(config, loaded.rules, self._makers, self._http, self._work)
        runtime = Runtime(
            clock=self._clock, write=self._write, work=self._work, random=random.random, trouble=self._trouble
        )
        self._counters = runtime.counters
        self._pipeline = Pipeline(
            self._store, inbound, runtime, committed=self._wake.set, progress=partial(self._liveness.ran, "poll")
        )
        self._maintenance = Maintenance(self._store, self._pipeline, runtime, wake=self._wake.set)
        self._guard = Guard(
            self._trouble,
            probe=partial(self._write, self._store.probe),
            set_aside=self._maintenance.set_aside,
            lost=self._lose,
            again=self._wake.set,
        )
        self._adoption = Adoption(self._store, self._pipeline, self._maintenance, runtime, activated=self.reload)
        await self._pipeline.resume()
        daemon = Daemon(
            store=self._store,
            config=config,
            rules=loaded,
            clock=self._clock,
            write=self._write,
            health=self._health,
            counters=runtime.counters,
            reload=self.reload,
            wake=self._wake.set,
            poll=poller(self._makers, self._http, self._work, self._clock),
            propose=proposer(self._path, self._env, self._makers),
            push=taker(self._makers, self._pipeline.push),
        )
        self._listener = Listener(daemon, failed=self._page_failed)
        self._dispatcher = Dispatcher(self._store, outbound, runtime, more=self._wake.set, settled=self._settled)
        next_due = {Role.POLL: self._store.read.next_poll, Role.DELIVER: self._dispatcher.next_due}
        self._lulls = {role: Lull(self._store.changes, due, self._work, self._clock) for role, due in next_due.items()}
        await self._http.__aenter__()
        await self._adoption.adopt(config, loaded)
        now, began = self._clock.now(), time.monotonic()
        me = Running(pid=os.getpid(), version=__version__, started=now, loaded=now, began=began, name=self._name)
        await self._note(replace(me, role=self._role or ""))
        self._sender = asyncio.create_task(self._send_when_woken(), name="wake")
        self._store.listen(partial(asyncio.get_running_loop().call_soon_threadsafe, self._wake.set))

    async def _note(self, running: Running) -> None:
        """Keep *running* for `tocsin status`."""
        self._running = replace(running, generation=self._adoption.digest)
        await self._write(self._store.note, self._running)

    async def _finish(self) -> None:
        """Wait a bounded time for work in progress; work that is cut off continues after the next start."""
        log.info(line("draining"))
        self._sender.cancel()
        await self._listener.close()
        with suppress(LostError):  # polls without news are not noted any more
            await self._pipeline.drain(DRAIN)
        await self._dispatcher.drain(DRAIN)
        with suppress(asyncio.CancelledError):
            await self._sender
        await self._http.__aexit__(None, None, None)
        self._dispatcher.close()
        lost = self._store.lost
        if lost:
            words = await save(lost, self._write, self._store)
            self._notifier.status(words)
            await notify_operators(self._dispatcher.outbound, masked(self._config.database), words, self._clock.now())
        await self._write(self._store.close)
        self._writer.shutdown()
        self._workers.shutdown(cancel_futures=True)
        log.info(line("stopped"))
        if lost:
            raise lost

    # ---- ticks -----------------------------------------------------------------------------------------------

    def _maintain(self, ticker: Ticker) -> None:
        """Begin what is done beside the line: by this worker, or by one of those that share the database."""
        sweep = partial(self._guard.run, lambda: self._maintenance.sweep(self._config.retention))
        report = partial(self._guard.run, lambda: self._maintenance.report(self._config))
        ticker.every(absence.EVERY, "absences", partial(self._guard.run, self._pipeline.look_for_absences))
        if self._periodic:
            self._periodic.every(HOURLY, "sweep", sweep)
            self._periodic.every(EVERY_MINUTE, "report", report)
            self._periodic.every(EVERY_FIVE_SECONDS, "take over", partial(self._guard.run, self._maintenance.take_over))
            self._periodic.start()
        else:
            ticker.every(self._sweep_every, "sweep", sweep)
            ticker.every(self._report_every, "report", report)

    def _does(self, role: Role) -> bool:
        return self._role in {None, role}

    async def _tick_of(self, role: Role, claim: Callable[[], Awaitable[None]]) -> None:
        await self._lulls[role].tick(claim)
        await self._adoption.look()
        if self._periodic:
            self._periodic.rest(resting=self._store.standing_by)
        self._liveness.ran(role)

    async def _send_when_woken(self) -> None:
        """Send at once after a commit that planned a delivery, without waiting for the next tick."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            self._listener.changed()
            if self._does(Role.DELIVER):
                await self._guard.run(self._dispatcher.tick)

    def _lose(self, error: LostError) -> None:
        if not self._stopping.is_set():
            log.critical(line("database lost", reason=error))
        self.stop()

    async def _feed_watchdog(self) -> None:
        # A restart does not free space on a full disk.
        if self._liveness.alive or self._trouble.lasts:
            self._notifier.alive()
        else:
            log.error(line("claims stand still"))

    async def _beat(self) -> None:
        await self._liveness.beat(self._http, self._config.heartbeat)

    def _health(self) -> Health:
        return health_of(self._running, self._loaded, alive=self._liveness.alive, claims=self._liveness.ages)

    async def _page_failed(self, words: str) -> None:
        """Notify operators that nobody can see the page."""
        await self._guard.run(partial(self._pipeline.tell, [builtin.about_page(words, self._clock.now())]))

    async def _watch(self) -> None:
        """Reload if requested, or if files have changed and are no longer being written."""
        if await self._work(self._watched.settled) or self._reload_wanted:
            self._reload_wanted = False
            await self._reload()

    # ---- reload ----------------------------------------------------------------------------------------------

    async def _reload(self) -> None:
        """Build the new configuration beside the old one and swap it in; a faulty one is logged and changes nothing."""
        self._notifier.reloading()
        self._reloads += 1  # logged, so that no answer to a person counts as a repeated line
        content = await self._work(self._watched.digest)
        refused: ConfigError | None = None
        try:
            config = await self._work(self._read)
            if problems := needs_restart(self._config, config):
                raise ConfigError(problems)
            loaded = await self._work(self._rules_of, config)
            inbound, outbound = await assembled(config, loaded.rules, self._makers, self._http, self._work)
        except ConfigError as error:
            refused = error
        if not await self._work(self._watched.take, content):
            self._reload_wanted = True  # files changed while they were read
            self._notifier.ready(status(self._config, self._loaded))
        elif refused:
            await self._refuse(refused)
        else:
            before, rules = self._config, self._loaded.rules
            self._config, self._loaded, self._watched.folders = config, loaded, loaded.folders
            self._pipeline.inbound, self._dispatcher.outbound = inbound, outbound
            await self._adoption.adopt(config, loaded, reloaded=True)
            await self._note(replace(self._running, loaded=self._clock.now(), refused=None, words=""))
            await self._miss(gone(before, config, rules, loaded.rules))
            self._wake.set()  # what waits may have other receivers or silences now
            await self._listener.adopt(config, loaded)
            self._notifier.ready(status(self._config, self._loaded))
            log.info(line("reloaded", **facts(self._config, self._loaded), number=self._reloads))

    async def _refuse(self, error: ConfigError) -> None:
        first, words = log_refusal(error, self._reloads)
        await self._note(replace(self._running, refused=self._clock.now(), words=first))
        self._notifier.ready(words)

    async def _miss(self, missing: Mapping[str, Sequence[str]]) -> None:
        """Log and alert removed items: a file that was read half written may still be valid."""
        for kind, names in missing.items():
            log.warning(line("gone with the reload", kind=kind, count=len(names), names=", ".join(names)))
        if missing:
            now = self._clock.now()
            await self._pipeline.tell([builtin.about_gone(kind, names, now) for kind, names in missing.items()])
