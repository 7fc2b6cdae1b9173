"""The composition root: builds every object once, starts, reloads, drains. Nothing is decided here."""

from __future__ import annotations

import asyncio
import logging
import random
import shutil
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

from tocsin.assembly import Makers, assemble, make_heartbeat
from tocsin.config.config import Config, load_config
from tocsin.config.loading import LoadedRules, rules_of
from tocsin.delivery import Dispatcher
from tocsin.errors import ConfigError, StoreError
from tocsin.log import line
from tocsin.model import Delivery, Outcome, Settlement
from tocsin.pipeline import Pipeline
from tocsin.protocols import Clock, P, Run, T
from tocsin.pulse import Pulse
from tocsin.rules import builtin
from tocsin.scheduler import Ticker
from tocsin.selfreport import self_report
from tocsin.systemd import Notifier

log = logging.getLogger(__name__)

#: A source waits for half of it on average; a tick that finds nothing due costs a thousandth of a second.
TICK = timedelta(seconds=0.5)
SWEEP = timedelta(hours=1)
WATCH = timedelta(seconds=2)
#: How often it is looked whether a heartbeat or a report is due.
BEAT = timedelta(seconds=5)
REPORT = timedelta(minutes=1)
DRAIN = 20.0
#: A start or reload logs no more of them: a large pack may have thousands.
MOST_WARNINGS = 20


class Service:
    """The daemon on the configuration file at *path*.

    *env* fills `${NAME}`; *clock* governs due times, cooldowns and windows; *settled* is told of every finished
    attempt; *tick* is the real time between two claims, *sweep* that between two sweeps, and
    *report* that between two looks whether a report is due.
    """

    def __init__(
        self,
        path: Path,
        *,
        env: Mapping[str, str],
        clock: Clock,
        makers: Makers | None = None,
        settled: Callable[[Delivery, Outcome, Settlement], None] = lambda *_: None,
        tick: timedelta = TICK,
        sweep: timedelta = SWEEP,
        report: timedelta = REPORT,
    ) -> None:
        self._path = path
        self._env = env
        self._clock = clock
        self._makers = makers or Makers()
        self._settled = settled
        self._tick = tick
        self._sweep_every = sweep
        self._report_every = report
        self._notifier = Notifier(env)
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")
        # One of them may wait for the process that reads large documents.
        self._workers = ThreadPoolExecutor(max_workers=3, thread_name_prefix="worker")
        self._seen: frozenset[tuple[str, int, int]] = frozenset()
        self._trouble = ""  # of the store, as it was last said
        self._pulse = Pulse("poll", "deliver", monotonic=time.monotonic)

    # ---- life ------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Start, work until `stop`, drain.

        Raises:
            ConfigError: the configuration or a pack has faults, and no earlier good version of the pack is stored.
            StoreError: the database cannot be opened, or another daemon holds it.
        """
        await self._start()
        ticker = Ticker()
        try:
            self._listen()
            ticker.every(self._tick, "poll", partial(self._try, self._poll_tick))
            ticker.every(self._tick, "deliver", partial(self._try, self._deliver_tick))
            ticker.every(self._sweep_every, "sweep", partial(self._try, self._sweep))
            ticker.every(self._report_every, "report", partial(self._try, self._report))
            ticker.every(WATCH, "watch", self._watch)
            ticker.every(BEAT, "heartbeat", self._beat)
            if self._notifier.watchdog:
                ticker.every(self._notifier.watchdog / 3, "watchdog", self._feed_watchdog)
            ticker.start()
            self._notifier.ready(self._status())
            log.info(line("started", **self._facts()))
            await self._stopping.wait()
            self._notifier.stopping()
        finally:
            await ticker.stop(DRAIN)
            await self._finish()

    async def once(self) -> None:
        """One cycle: poll everything that is due, send everything that is due, end.

        Raises:
            ConfigError: as `run`.
            StoreError: as `run`.
        """
        await self._start()
        try:
            await self._pipeline.run_due()
            await self._dispatcher.run_due()
        finally:
            await self._finish()

    async def catch_up(self) -> None:
        """Poll and send what is due now, beside the ticks of `run`, and wait for what is under way."""
        await self._pipeline.tick()
        await self._pipeline.drain(None)
        await self._dispatcher.run_due()

    def stop(self) -> None:
        """Begin to drain; safe to call twice."""
        self._stopping.set()

    def reload(self) -> None:
        """Read the configuration and the rules again soon; a faulty one changes nothing."""
        self._reload_wanted = True

    # ---- building --------------------------------------------------------------------------------------------

    async def _start(self) -> None:
        self._stopping = asyncio.Event()
        self._wake = asyncio.Event()
        self._reload_wanted = False
        self._write = _runner(self._writer)
        self._work = _runner(self._workers)
        config = await self._work(load_config, self._path, self._env)
        self._store = await self._write(self._makers.store, config)
        try:
            await self._build(config)
        except BaseException:
            await self._write(self._store.close)
            raise

    async def _build(self, config: Config) -> None:
        voided = await self._write(self._store.lock, self._clock.now())
        if voided.doubtful:
            log.warning(line("doubtful deliveries found after a crash", deliveries=voided.doubtful))
        loaded = await self._work(rules_of, config, self._store.read.kept_pack)
        self._config, self._loaded = config, loaded
        self._http = self._makers.http(config)
        inbound, outbound = assemble(config, loaded.rules, self._makers, self._http, self._work)
        self._pipeline = Pipeline(
            self._store,
            inbound,
            clock=self._clock,
            write=self._write,
            work=self._work,
            random=random.random,
            committed=self._wake.set,
        )
        await self._pipeline.resume()
        self._dispatcher = Dispatcher(
            self._store,
            outbound,
            clock=self._clock,
            write=self._write,
            work=self._work,
            random=random.random,
            more=self._wake.set,
            settled=self._settled,
        )
        await self._http.__aenter__()
        await self._adopt(config, loaded)
        self._sender = asyncio.create_task(self._send_when_woken(), name="wake")

    async def _adopt(self, config: Config, loaded: LoadedRules) -> None:
        """Make the rows agree with a good configuration, keep its packs, and judge again what raised before."""
        warnings = (*config.problems, *loaded.warnings)
        for problem in warnings[:MOST_WARNINGS]:
            log.warning("%s", problem)
        if len(warnings) > MOST_WARNINGS:
            log.warning(line("more warnings, all told by tocsin check", count=len(warnings) - MOST_WARNINGS))
        now = self._clock.now()
        feeds = [(s.name, s.address, s.kind) for s in config.sources]
        prices = [(s.name, s.address, s.kind) for s in config.prices]
        groups = {name: terms.group for name, terms in self._pipeline.inbound.terms.items()}
        await self._write(self._store.sync_sources, [*feeds, *prices], now, groups)
        for pack in loaded.packs:
            if not pack.kept_back:
                await self._write(self._store.keep_pack, pack.folder, pack.hash, pack.files, now)
        own = [
            builtin.own_match(builtin.PACK_KEPT_BACK, {"pack": (pack.folder,)}, pack.words, now)
            for pack in loaded.packs
            if pack.kept_back
        ]
        if own:
            await self._pipeline.tell(own)
        await self._write(self._store.wake_receivers)
        await self._pipeline.rejudge()

    async def _finish(self) -> None:
        """Let what is under way end, within a bound; what is cut off is taken up again at the next start."""
        log.info(line("draining"))
        self._sender.cancel()
        await self._pipeline.drain(DRAIN)
        await self._dispatcher.drain(DRAIN)
        with suppress(asyncio.CancelledError):
            await self._sender
        await self._http.__aexit__(None, None, None)
        self._dispatcher.close()
        await self._write(self._store.close)
        self._writer.shutdown()
        self._workers.shutdown(cancel_futures=True)
        log.info(line("stopped"))

    # ---- ticks -----------------------------------------------------------------------------------------------

    async def _poll_tick(self) -> None:
        await self._pipeline.tick()
        self._pulse.ran("poll")

    async def _deliver_tick(self) -> None:
        await self._dispatcher.tick()
        self._pulse.ran("deliver")

    async def _send_when_woken(self) -> None:
        """A commit that planned a delivery does not wait for the next tick."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._try(self._dispatcher.tick)

    async def _try(self, claim: Callable[[], Awaitable[None]]) -> None:
        """Run *claim*; that the store fails is said once until it works again, and the next tick tries again."""
        try:
            await claim()
        except StoreError as error:
            if str(error) != self._trouble:
                log.error(line("store failed", reason=error))
            self._trouble = str(error)
        else:
            self._trouble = ""

    async def _sweep(self) -> None:
        swept = 0
        while piece := await self._write(self._store.sweep, self._clock.now(), self._config.retention):
            swept += piece
        if swept:
            log.info(line("swept", rows=swept))

    async def _feed_watchdog(self) -> None:
        if self._pulse.alive:
            self._notifier.alive()
        else:
            log.error(line("claims stand still"))

    async def _beat(self) -> None:
        await self._pulse.beat(self._http, make_heartbeat(self._config))

    async def _report(self) -> None:
        config, now = self._config, self._clock.now()
        report = await self._write(self_report, self._store, config.report, now, free=_free(config))
        if report:
            await self._pipeline.tell([report])

    async def _watch(self) -> None:
        """Reload when it was asked for or when a file changed."""
        marks = await self._work(_marks, self._path, self._config.rules)
        if self._reload_wanted or marks != self._seen:
            self._reload_wanted, self._seen = False, marks
            await self._reload()

    # ---- reload ----------------------------------------------------------------------------------------------

    async def _reload(self) -> None:
        """Build the new configuration aside and swap it in; a faulty one changes nothing and says so."""
        self._notifier.reloading()
        try:
            config = await self._work(load_config, self._path, self._env)
            loaded = await self._work(rules_of, config, self._store.read.kept_pack)
            inbound, outbound = assemble(config, loaded.rules, self._makers, self._http, self._work)
        except ConfigError as error:
            log.error(line("reload refused", problems=len(error.problems), first=error.problems[0]))
            for problem in error.problems:
                log.error("%s", problem)
            self._notifier.ready(
                f"running on the last good configuration; {len(error.problems)} problems in the new one"
            )
            return
        if config.http != self._config.http:
            log.warning(line("changes of http: count after a restart"))
        self._config, self._loaded = config, loaded
        self._pipeline.inbound, self._dispatcher.outbound = inbound, outbound
        await self._adopt(config, loaded)
        self._notifier.ready(self._status())
        log.info(line("reloaded", **self._facts()))

    def _listen(self) -> None:
        self._seen = _marks(self._path, self._config.rules)
        loop = asyncio.get_running_loop()
        for name, act in ((signal.SIGTERM, self.stop), (signal.SIGINT, self.stop), (signal.SIGHUP, self.reload)):
            # Only the main thread may listen to signals; elsewhere whoever started the service stops it.
            with suppress(ValueError, RuntimeError):
                loop.add_signal_handler(name, act)

    def _facts(self) -> dict[str, object]:
        return {
            "sources": len(self._config.sources) + len(self._config.prices),
            "rules": len(self._loaded.rules.rules),
            "receivers": ",".join(r.name for r in self._config.receivers),
        }

    def _status(self) -> str:
        return f"watching {self._facts()['sources']} sources with {len(self._loaded.rules.rules)} rules"


def _runner(pool: Executor) -> Run:
    async def run(call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(pool, partial(call, *args, **kwargs))

    return run


def _free(config: Config) -> int:
    """The room on the disk of the database, in bytes."""
    return shutil.disk_usage(Path(config.database.removeprefix("sqlite:///")).parent).free


def _marks(path: Path, folders: tuple[Path, ...]) -> frozenset[tuple[str, int, int]]:
    """What a change of any file that is read at a reload changes: names, sizes and times."""
    marks = set()
    for file in (path, *(f for folder in folders for f in folder.glob("*.y*ml"))):
        with suppress(OSError):
            stat = file.stat()
            marks.add((str(file), stat.st_mtime_ns, stat.st_size))
    return frozenset(marks)
