"""The daemon as its pages see it: what they read, what they may do, and what only one of them does at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tocsin.clock import SystemClock
from tocsin.config.additions import Propose
from tocsin.config.config import Config
from tocsin.config.discovery import Poll
from tocsin.config.loading import LoadedRules
from tocsin.ingest.pushes import Push
from tocsin.model.counters import Counters
from tocsin.protocols import Clock, Run, runner
from tocsin.store import Store
from tocsin.store.programs import RequestAnswer
from tocsin.web.allowance import Allowance
from tocsin.web.health import Health

#: Takes in what a program hands in, and returns the answer to it.
TakePush = Callable[[Push], Awaitable[RequestAnswer]]
_REAL = SystemClock()
_READERS = 2


class Changes:
    """A number that grows with every change that a page may show; it begins with *first* at a start."""

    def __init__(self, first: int) -> None:
        self.number = first

    def add(self) -> None:
        """Record that something changed."""
        self.number += 1


@dataclass(slots=True, kw_only=True)
class Daemon:
    """The daemon as pages see it: its store, and the configuration and rules in force.

    *clock* is that of alerts and polls, *real* that of logins. *read* runs queries beside each other, *write* runs acts
    one after the other. *counters* are for monitoring. *wake* makes the daemon look for work at once, *reload* makes it
    read its files, *push* makes it take in what a program hands in. *poll* polls a source that may be none of its own,
    and *propose* says what an addition to its configuration file would be.
    A rule is tried while *trial* is held, texts are searched while *searching* is, an address is polled while *discovery*
    is, one at a time.
    """

    store: Store
    config: Config
    rules: LoadedRules
    clock: Clock
    write: Run
    health: Callable[[], Health]
    reload: Callable[[], None]
    wake: Callable[[], None]
    poll: Poll
    propose: Propose
    push: TakePush
    counters: Counters
    real: Clock = _REAL
    changes: Changes = field(init=False)
    read: Run = field(init=False)
    trial: asyncio.Lock = field(default_factory=asyncio.Lock)
    searching: asyncio.Lock = field(default_factory=asyncio.Lock)
    discovery: asyncio.Lock = field(default_factory=asyncio.Lock)
    pushed: Allowance = field(default_factory=Allowance)
    _readers: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        self.changes = Changes(int(self.real.now().timestamp() * 1000))
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="reader")
        self.read = runner(self._readers)

    def close(self) -> None:
        """End the readers; what waits for one is given up."""
        self._readers.shutdown(wait=False, cancel_futures=True)
