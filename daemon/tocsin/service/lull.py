"""Lulls: while nobody writes to the database and nothing in it becomes due, a claim would find nothing and is left out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from tocsin.protocols import Clock, Run

#: Ticks that are left out at most, one after another: a few things become due that nothing tells, such as the end of a lease.
MOST_LEFT_OUT = 20


class Lull:
    """Leaves out claims in vain.

    *changes* gives a number that another commit, of whomever, changes, or None if there is none; *next_due* the time at
    which a claim will find something if nobody commits before. Both block, and are called by *work*.
    """

    def __init__(
        self,
        changes: Callable[[], int | None],
        next_due: Callable[[datetime], datetime | None],
        work: Run,
        clock: Clock,
    ) -> None:
        self._changes = changes
        self._next_due = next_due
        self._work = work
        self._clock = clock
        self._seen: int | None = None  # at the last claim, if it changed nothing
        self._from = self._until = clock.now()
        self._left_out = 0

    async def tick(self, claim: Callable[[], Awaitable[None]]) -> None:
        """Call *claim*, unless it would find nothing."""
        changes, now = await self._work(self._changes), self._clock.now()
        # A clock that was set back is noticed by the claim.
        quiet = changes is not None and changes == self._seen and self._from <= now < self._until
        if quiet and self._left_out < MOST_LEFT_OUT:
            self._left_out += 1
            return
        self._seen = None
        await claim()
        if changes is not None:
            due_at, after = await self._work(self._look, now)
            if after == changes:
                self._seen, self._from, self._until, self._left_out = changes, now, due_at, 0

    def _look(self, now: datetime) -> tuple[datetime, int | None]:
        """Return when the next row is due, and the number of the changes once that was read."""
        due_at = self._next_due(now)
        return due_at or datetime.max.replace(tzinfo=now.tzinfo), self._changes()
