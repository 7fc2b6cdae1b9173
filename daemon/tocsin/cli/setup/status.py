"""`tocsin status`: whether the daemon runs, and how it does, on one screen."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, read_config
from tocsin.cli.output import FAILED, conclude, dump, item, local, say, say_zone
from tocsin.clock import SystemClock
from tocsin.config.config import Config, salvage
from tocsin.config.database import file_of
from tocsin.config.stores import open_existing
from tocsin.errors import ConfigError, OutdatedError
from tocsin.explain.receivers import rests
from tocsin.policy.notifying.retry import ReceiverStatus
from tocsin.render.objects import plain
from tocsin.rules import builtin
from tocsin.service.selfreport import NO_ROOM, troubles
from tocsin.store import Store
from tocsin.store.db.lock import Running
from tocsin.store.db.opening import running
from tocsin.store.db.place import name_of
from tocsin.store.views import PeriodStatistics
from tocsin.units import counted, duration, size

#: Alerts of this time are counted as unanswered: many people never answer.
_ANSWERED_WITHIN = timedelta(days=7)
_DAY = timedelta(days=1)
#: A daemon claims twice a second: a source that waits longer is late.
_LATE = timedelta(minutes=2)
#: States of sources whose last poll failed.
_UNREAD = frozenset({"failing", "unhealthy", "dead", "gone"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """The *process* of a daemon that runs, and how long it has run."""

    process: Running
    uptime: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The daemon and its work.

    *workers* are the daemons that run, the oldest first. *faults* counts those of the configuration file as it is now. *sources* counts them by state, *late* those whose poll is overdue;
    *offline* is how long no server of the internet has answered, None if one does; *free* are the octets on the disk of the database, None on a server; *blocked* are the receivers that rest now; *last_sent* is the last delivery of each receiver; *day* has the
    statistics of the last day.
    """

    workers: tuple[Worker, ...]
    faults: int
    sources: Mapping[str, int]
    late: int
    unanswered: int
    blocked: Mapping[str, ReceiverStatus]
    last_sent: Mapping[str, datetime]
    day: PeriodStatistics
    free: int | None = None
    offline: timedelta | None = None

    @property
    def verdict(self) -> str:
        """Return the state in one line."""
        if not self.workers:
            return "tocsin does not run: start it with tocsin run, or with systemctl start tocsin"
        found = [
            *[f"the internet cannot be reached for {duration(self.offline or timedelta())}"]
            * (self.offline is not None),
            *["the changed configuration was refused"]
            * (any(worker.process.refused for worker in self.workers) or bool(self.faults)),
            *[f"{counted(self.late, 'source')} not polled in time"] * bool(self.late),
            *[f"only {size(self.free or 0)} free for the database"] * (self.free is not None and self.free < NO_ROOM),
            *["no source can be read"] * (bool(self.sources) and self.sources.keys() <= _UNREAD),
            *troubles(self.day),
        ]
        return f"tocsin runs, but: {'; '.join(found)}" if found else "all is well"


def status(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """Show whether the daemon runs, its sources, alerts and messages, and a verdict. Exit code 1: it does not run."""
    settings, faults = _settings(config)
    name = name_of(settings.database)
    now = SystemClock().now()
    processes = running(settings.database)
    try:
        store = open_existing(settings)
    except OutdatedError as error:
        if processes:
            words = f"an older tocsin (process {_place(processes[0])}) works on {name}: restart it to use this version"
            _short(words, json=json, runs=True)
            return
        words = f"tocsin does not run, and {name} is of an older version: tocsin run upgrades it after a backup"
        _short(words if file_of(settings.database) else f"tocsin does not run, and {error}", json=json)
        raise typer.Exit(FAILED) from None
    if store is None:
        _short(f"tocsin does not run, and there is no database at {name}: start it with tocsin run", json=json)
        raise typer.Exit(FAILED)
    try:
        file = file_of(settings.database)
        free = shutil.disk_usage(file.parent).free if file else None
        found = replace(look(store, processes, faults, now, time.monotonic()), free=free)
    finally:
        store.close()
    if json:
        dump({"running": bool(found.workers), **plain(found), "verdict": found.verdict})
    else:
        for line in describe(found, settings.zone, now):
            print(line)
        conclude(found.verdict)
        say_zone(settings.zone)
    if not found.workers:
        raise typer.Exit(FAILED)


def _short(verdict: str, *, json: bool, runs: bool = False) -> None:
    """Print the *verdict* where nothing else is known."""
    if json:
        dump({"running": runs, "verdict": verdict})
    else:
        conclude(verdict)


def _settings(path: Path) -> tuple[Config, int]:
    """Return the configuration at *path* and the number of its faults: a daemon runs on after a faulty change."""
    try:
        return read_config(path), 0
    except ConfigError as error:
        faults = [problem for problem in error.problems if not problem.warning]
        say(str(faults[0]))
        return salvage(path, os.environ), len(faults)


def look(store: Store, processes: Sequence[Running], faults: int, now: datetime, monotonic: float) -> Status:
    """Return the status at *now*, *monotonic* by the clock that nobody sets. A command that has locked the database is no daemon."""
    workers = tuple(_worker(process, process.started, now, monotonic) for process in processes if process.started)
    views = [view for view in store.read.sources() if not view.disabled]
    since = store.read.lasts_since(builtin.OFFLINE.id, builtin.ONLINE.id)
    return Status(
        workers=workers,
        faults=faults,
        sources=Counter(view.state for view in views),
        late=sum(view.polled and view.due_at < now - _LATE for view in views) if workers else 0,
        unanswered=store.read.unanswered(now - _ANSWERED_WITHIN),
        blocked=store.read.paused(now),
        last_sent=store.read.last_sent(),
        day=store.read.statistics(now - _DAY, now),
        offline=max(now - since, timedelta(0)) if since else None,
    )


def _worker(process: Running, started: datetime, now: datetime, monotonic: float) -> Worker:
    away = process.host not in {"", socket.gethostname()}  # the clock that nobody sets is of one machine
    uptime = now - started if process.began is None or away else timedelta(seconds=monotonic - process.began)
    return Worker(process=process, uptime=uptime)


def describe(found: Status, zone: ZoneInfo, now: datetime) -> Iterator[str]:
    """Yield the lines above the verdict, each at most 80 characters wide unless a word is longer."""
    for worker in found.workers:
        process = worker.process
        named = f"{process.name}, " if process.name else ""
        yield f"tocsin {process.version}, {named}process {_place(process)}, up {duration(worker.uptime)}"
        yield from item("started", local(process.started, zone))
        yield from item("configuration", *_configuration(process, zone))
    if found.faults:
        yield from item("file", f"{counted(found.faults, 'problem')} in the configuration; see: tocsin check")
    states = [f"{count:,} {name}" for name, count in sorted(found.sources.items(), key=_good_first)]
    yield from item("sources", ", ".join(states) or "none polled yet")
    dropped = f", {found.day.dropped:,} of them dropped by filters" if found.day.dropped else ""
    unread = f"; {counted(found.day.unfetched, 'article')} not fetched" if found.day.unfetched else ""
    yield from item("entries", f"{found.day.entries:,} new in a day{dropped}{unread}")
    yield from item("alerts", f"{found.day.alerts:,} in a day, {found.unanswered:,} unanswered in a week")
    yield from item("outbox", _outbox(found.day))
    yield from item("last message", _last(found.last_sent, zone, now))
    yield from item("blocked", *(rests(name, one, zone) for name, one in found.blocked.items()))


def _place(process: Running) -> str:
    return f"{process.pid} on {process.host}" if process.host else str(process.pid)


def _good_first(state_and_count: tuple[str, int]) -> tuple[bool, int, str]:
    name, count = state_and_count
    return name != "ok", -count, name


def _configuration(process: Running, zone: ZoneInfo) -> Iterator[str]:
    yield f"loaded {local(process.loaded, zone)}"
    if process.refused:
        yield f"refused {local(process.refused, zone)}: {process.words}"


def _outbox(day: PeriodStatistics) -> str:
    late = f", {day.overdue:,} more than an hour late" if day.overdue else ""
    return f"{day.waiting:,} waiting{late}; {day.delivered:,} delivered and {day.dead:,} given up in a day"


def _last(sent: Mapping[str, datetime], zone: ZoneInfo, now: datetime) -> str:
    if not sent:
        return "none yet; try: tocsin notify-test"
    name, at = max(sent.items(), key=lambda one: one[1])
    return f"{local(at, zone)} to {name} ({duration(now - at)} ago)"
