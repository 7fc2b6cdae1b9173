"""A composition root of the tests: the real service on a store that ends the process at a chosen point.

python killing.py POINT CONFIG      POINT: before-commit | before-push | after-push | before-send | before-settle | after-answer
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

from tocsin.cli.log_output import log_to_stderr
from tocsin.clock import SystemClock
from tocsin.config.build import Factories
from tocsin.config.config import Config
from tocsin.service.service import Service
from tocsin.store import Store
from tocsin.store.access import Commands

POINT = sys.argv[1]


def die() -> None:
    """End as if the plug had been pulled."""
    os.kill(os.getpid(), signal.SIGKILL)


class KillingCommands(Commands):
    """The commands of people, with one that never returns."""

    def answer(self, *args: Any, **rest: Any) -> None:
        """Die when an answer is written; whoever gave it is not told."""
        super().answer(*args, **rest)
        if POINT == "after-answer":
            die()


class KillingStore(Store):
    """The store, with one step that never returns."""

    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        self.act = KillingCommands(self.database)

    def commit(self, lease: Any, found: Any, *args: Any, **rest: Any) -> Any:
        """Die between evaluate and commit, once there is a match that would alert, or a headline to correct."""
        news = any(item.matches for item in found.judged) or found.rewritten
        if POINT == "before-commit" and not lease.baseline and news:
            die()
        return super().commit(lease, found, *args, **rest)

    def push(self, *args: Any) -> Any:
        """Die before or after the commit of what a program hands in; it gets no answer."""
        if POINT == "before-push":
            die()
        found = super().push(*args)
        if POINT == "after-push":
            die()
        return found

    def begin_attempt(self, delivery: Any, message: Any, now: Any) -> bool:
        """Die between commit and send."""
        if POINT == "before-send":
            die()
        return super().begin_attempt(delivery, message, now)

    def settle(self, delivery: Any, outcome: Any, judge: Any, now: Any, **rest: Any) -> Any:
        """Die between send and settle."""
        if POINT == "before-settle":
            die()
        return super().settle(delivery, outcome, judge, now, **rest)

    def go_on(self, *args: Any) -> Any:
        """Die between send and settle, where another message follows."""
        if POINT == "before-settle":
            die()
        return super().go_on(*args)


def open_store(config: Config) -> Store:
    """As the service does it."""
    return KillingStore.open(config.database)


if __name__ == "__main__":
    log_to_stderr()
    service = Service(Path(sys.argv[2]), env=os.environ, clock=SystemClock(), makers=Factories(store=open_store))
    asyncio.run(service.run())
