"""Deadlines, for all of which one thread waits: starting a thread for each takes longer than much of what has one."""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections.abc import Callable
from itertools import count

from tocsin.log import line

log = logging.getLogger(__name__)


class Deadline:
    """A function that is called at a time, by the monotonic clock, unless it is cancelled before."""

    __slots__ = ("function",)

    def __init__(self, function: Callable[[], object]) -> None:
        self.function: Callable[[], object] | None = function

    def cancel(self) -> None:
        """Call nothing, and keep nothing of what would have been called."""
        self.function = None


class Deadlines:
    """Calls functions in a thread of its own, which ends when there is nothing to wait for."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, int, Deadline]] = []
        self._numbers = count()
        self._runs = False

    def add(self, seconds: float, function: Callable[[], object]) -> Deadline:
        """Return the deadline at which *function*, which must be quick, is called: *seconds* from now."""
        at, deadline = time.monotonic() + seconds, Deadline(function)
        with self._changed:
            first = not self._waiting or at < self._waiting[0][0]
            heapq.heappush(self._waiting, (at, next(self._numbers), deadline))
            if not self._runs:
                threading.Thread(target=self._run, name="deadlines", daemon=True).start()
                self._runs = True
            elif first:
                self._changed.notify()
        return deadline

    def _run(self) -> None:
        while (deadline := self._next()) is not None:
            if function := deadline.function:
                try:
                    function()
                except Exception:  # the others must be kept
                    log.exception(line("deadline failed"))

    def _next(self) -> Deadline | None:
        """Wait for the next deadline and return it, None if there is none."""
        with self._changed:
            while self._waiting:
                at, _, deadline = self._waiting[0]
                left = at - time.monotonic()
                if left <= 0 or deadline.function is None:
                    heapq.heappop(self._waiting)
                    return deadline
                self._changed.wait(left)
            self._runs = False
            return None
