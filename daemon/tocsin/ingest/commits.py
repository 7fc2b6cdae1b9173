"""Commits of polls, and the work after every commit: decisions are counted, and new deliveries wake the dispatcher."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from itertools import count
from typing import NamedTuple

from tocsin.model.alerts import OPENING
from tocsin.model.counters import Counted, Counters
from tocsin.protocols import Run
from tocsin.store import Store
from tocsin.store.inbound.results import PollResult
from tocsin.store.values import Committed

#: Most polls in one transaction, also of those that bring no entries.
_MOST = 50


class _Waiting(NamedTuple):
    """A *poll* that was the *number*-th to come; what came of it is set in *done*."""

    number: int
    poll: PollResult
    done: asyncio.Future[Committed]


class CommitQueue:
    """Queue of results of polls: those that wait while *store* is written to, by *write*, share the next transaction.

    A result waits for no other one if nothing is being written.
    """

    def __init__(self, store: Store, write: Run) -> None:
        self._store = store
        self._write = write
        self._numbers = count()
        self._waiting: list[_Waiting] = []  # as they came
        self._writers: set[asyncio.Task[None] | None] = set()

    async def commit(self, poll: PollResult) -> Committed:
        """Return what came of *poll*.

        Raises:
            StoreError: as `Store.commit`; nothing of it was written.
        """
        done: asyncio.Future[Committed] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(next(self._numbers), poll, done))
        if len(self._writers) < self._store.writers:
            self._writers.add(asyncio.create_task(self._write_all(), name="commit polls"))
        return await done

    async def _write_all(self) -> None:
        try:
            await self._write_waiting()
        finally:
            # Not when the task is done, which is a moment later: whoever comes in between would wait for nobody.
            self._writers.remove(asyncio.current_task())

    async def _write_waiting(self) -> None:
        while group := self._next():
            try:
                results = await self._written([one.poll for one in group])
            except asyncio.CancelledError:
                for one in (*group, *self._waiting):
                    one.done.cancel()
                raise
            # In their old places: those of the other kind that came before some of them would wait for all of them.
            self._waiting = sorted([*group[len(results) :], *self._waiting])
            for one, result in zip(group, results, strict=False):
                if one.done.done():  # it was given up meanwhile
                    continue
                if isinstance(result, Exception):
                    one.done.set_exception(result)
                else:
                    one.done.set_result(result)

    async def _written(self, polls: list[PollResult]) -> Sequence[Committed | Exception]:
        """Return what came of the first of *polls*, as many as were written."""
        try:
            if len(polls) > 1:
                return await self._write(self._store.commit_together, polls)
            (one,) = polls
            return [
                await self._write(
                    self._store.commit, one.lease, one.found, one.decide, one.now, one.record, earlier=one.earlier
                )
            ]
        except Exception as error:  # noqa: BLE001  # it is raised where the result is awaited
            return [error] * len(polls)

    def _next(self) -> list[_Waiting]:
        """Remove and return the results that are written next, all of one serial kind, the first of all among them."""
        waiting = [one for one in self._waiting if not one.done.done()]  # some may have been given up
        same = [one for one in waiting if one.poll.serial == waiting[0].poll.serial][:_MOST]
        taken = {one.number for one in same}
        self._waiting = [one for one in waiting if one.number not in taken]
        return same


def follow_up(committed: Committed, counters: Counters, wake: Callable[[], None]) -> None:
    """Count the decisions of *committed*, and call *wake* if it planned a delivery."""
    _count(counters, committed)
    if committed.delivery_ids:
        wake()


def _count(counters: Counters, committed: Committed) -> None:
    """Count the matches of *committed* by rule and outcome, and the alerts that they opened by rule and severity."""
    for decided in committed.decision.decided:
        counters.add(Counted.MATCHES, decided.match.rule.id, decided.outcome)
        if decided.outcome in OPENING:
            counters.add(Counted.ALERTS, decided.match.rule.id, decided.match.severity)
