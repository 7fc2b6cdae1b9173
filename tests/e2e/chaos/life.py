"""A composition root of the tests: the real service, whose store, sources and receivers pass through a trap.

What it is asked for is an `Order`; nothing in the product knows of it.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
import resource
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from chaos import people
from chaos.clock import WorldClock
from chaos.points import Side
from tocsin import __version__, clock
from tocsin.cli import app
from tocsin.cli.log_output import log_to_stderr
from tocsin.config.build import Factories, make_price_source, make_source
from tocsin.config.config import Config
from tocsin.config.contacts import make_receiver
from tocsin.errors import StoreError, TocsinError
from tocsin.service.service import Service
from tocsin.store import Store
from tocsin.store.access import Queries
from tocsin.store.db import schema
from tocsin.store.db.opening import upgrade_tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One life of the daemon: on which *folder*, with which *env*, and where it ends.

    At the *count*-th time that it passes *side* of *call* it gets the signal *act*; behind a claim that found nothing
    it passes nothing. *lease* shortens the leases to so many seconds; *tick* and *sweep* are the seconds between two
    claims, and two sweeps or looks for a report. No file can grow past *space* bytes, if that is not 0. Each point that is passed is written
    to *trace* once. Of lives with the same *token*, a file that is not there yet, only the first gets the signal. The clock
    of the machine, by which no news is judged, is *wrong* by so many seconds. It reads its configuration in *config*, and
    is a program that knows the *migrations* of a folder; if it *upgrades*, it brings the tables to their version, and ends. If it has *said* something
    as a person does (what, of what, and its numbers) or is a *command*, it ends, too.
    """

    folder: str
    env: Mapping[str, str]
    call: str = ""
    side: str = ""
    count: int = 1
    act: int = signal.SIGKILL
    lease: float = 0.0
    tick: float = 0.1
    sweep: float = 0.3
    space: int = 0
    trace: str = ""
    token: str = ""
    wrong: float = 0.0
    config: str = ""
    migrations: str = ""
    upgrades: bool = False
    said: tuple[str, str, list[int]] | None = None
    command: tuple[str, ...] = ()


class Trap:
    """Ends, or stops, this process at one point of its life."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._left = order.count
        self._passed: set[tuple[str, str]] = set()
        self._trace = os.open(order.trace, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if order.trace else None

    def passes(self, call: str, side: Side, result: Any = None) -> None:
        """Note that this point is reached; if it is the one, act."""
        if side is Side.AFTER and call.startswith("store.claim_") and not result:
            return
        if self._trace is not None and (call, side) not in self._passed:
            self._passed.add((call, side))
            os.write(self._trace, f"{side} {call}\n".encode())
        if (call, side) != (self._order.call, self._order.side):
            return
        self._left -= 1
        if self._left == 0 and self._is_first():
            os.kill(os.getpid(), self._order.act)

    def _is_first(self) -> bool:
        if self._order.token:
            try:
                os.close(os.open(self._order.token, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            except FileExistsError:
                return False
        return True


class Watched:
    """*inner*, whose public methods all pass the trap before and after."""

    def __init__(self, inner: Any, name: str, trap: Trap) -> None:
        self._inner = inner
        self._name = name
        self._trap = trap

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name)
        if isinstance(value, Queries):
            return Watched(value, f"{self._name}.{name}", self._trap)
        if not inspect.ismethod(value):
            return value
        call, trap = f"{self._name}.{name}", self._trap

        @functools.wraps(value)
        def watched(*args: Any, **kwargs: Any) -> Any:
            trap.passes(call, Side.BEFORE)
            result = value(*args, **kwargs)
            trap.passes(call, Side.AFTER, result)
            return result

        @functools.wraps(value)
        async def awaited(*args: Any, **kwargs: Any) -> Any:
            trap.passes(call, Side.BEFORE)
            result = await value(*args, **kwargs)
            trap.passes(call, Side.AFTER)
            return result

        return awaited if inspect.iscoroutinefunction(value) else watched


#: Real seconds that the commit of one poll takes, so that others wait for it.
_SLOWNESS = 0.03


class HastyStore(Store):
    """The store with leases that end after *lease*, so that a test can wait for it, on a disk that is slow."""

    lease = timedelta(0)

    def claim_sources(self, now: datetime, lease: timedelta, limit: int) -> Any:
        """As the store does it, for a shorter time."""
        return super().claim_sources(now, self.lease or lease, limit)

    def claim_deliveries(self, now: datetime, lease: timedelta, *which: Any) -> Any:
        """As the store does it, for a shorter time."""
        return super().claim_deliveries(now, self.lease or lease, *which)

    def commit(self, *args: Any, **options: Any) -> Any:
        """As the store does it, and later."""
        time.sleep(_SLOWNESS)
        return super().commit(*args, **options)


def _misdate(by: timedelta) -> None:
    """Set the clock of this process; there is no other way than to change what asks it."""

    class Misdated(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) + by

    clock.datetime = Misdated  # type: ignore[attr-defined]


def _renew(migrations: Path) -> str:
    """Make this process one of a newer program, which knows other *migrations*; its version."""
    schema._MIGRATIONS = migrations
    return schema.newest()


def _command(order: Order, program: str, now: datetime) -> int:
    """Be no daemon but a command of a person; the exit status."""
    if order.command:
        os.environ.update(order.env)
        app(order.command, standalone_mode=False)
    elif order.said:
        store = _opened(order.env["DATABASE"], program)
        people.say(store, *order.said, now)
        store.close()
    else:
        upgrade_tables(order.env["DATABASE"], now)
    return 0


def _opened(url: str, program: str) -> Store:
    """Return the store for a person, who tries again while a fault keeps it away."""
    for _ in range(50):
        with suppress(StoreError):
            return Store.open(url, program=program)
        time.sleep(0.2)
    return Store.open(url, program=program)


def live(order: Order) -> int:
    """Live until the trap springs or somebody ends it; the exit status."""
    log_to_stderr()
    program = _renew(Path(order.migrations)) if order.migrations else __version__
    folder, trap = Path(order.folder), Trap(order)
    if order.upgrades or order.said or order.command:
        try:
            return _command(order, program, WorldClock(folder / "clock.json").now())
        except StoreError as error:  # a line, as of every command
            print(error, file=sys.stderr)
            return 1
    if order.space:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order.space, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    if order.wrong:
        _misdate(timedelta(seconds=order.wrong))

    def open_store(config: Config) -> Any:
        store = HastyStore.open(config.database, program=program)
        store.lease = timedelta(seconds=order.lease)
        return Watched(store, "store", trap)

    makers = Factories(
        store=open_store,
        source=lambda *args: Watched(make_source(*args), "source", trap),
        prices=lambda *args: Watched(make_price_source(*args), "source", trap),
        receiver=lambda config: Watched(make_receiver(config), "receiver", trap),
    )
    service = Service(
        folder / order.config,
        env={**os.environ, **order.env},
        clock=WorldClock(folder / "clock.json"),
        makers=makers,
        tick=timedelta(seconds=order.tick),
        sweep=timedelta(seconds=order.sweep),
        report=timedelta(seconds=order.sweep),
    )
    try:
        asyncio.run(service.run())
    except TocsinError as error:
        print(error, file=sys.stderr)
        return 1
    return 0
