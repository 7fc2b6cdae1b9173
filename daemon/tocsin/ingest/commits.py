"""Commits of polls, and the work after every commit: decisions are counted, and new deliveries wake the dispatcher."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from tocsin.model.alerts import OPENING
from tocsin.model.counters import Counted, Counters
from tocsin.protocols import Run
from tocsin.store import Store
from tocsin.store.inbound.results import PollResult
from tocsin.store.values import Committed

#: Most polls in one transaction, also of those that bring no entries.
_MOST = 50


class CommitQueue:
    """Queue of results of polls: those that wait while *store* is written to, by *write*, share the next transaction.

    A result waits for no other one if nothing is being written.
    """

    def __init__(self, store: Store, write: Run) -> None:
        self._store = store
        self._write = write
        self._waiting: list[tuple[PollResult, asyncio.Future[Committed]]] = []
        self._writers: set[asyncio.Task[None] | None] = set()

    async def commit(self, poll: PollResult) -> Committed:
        """Return what came of *poll*.

        Raises:
            StoreError: as `Store.commit`; nothing of it was written.
        """
        done: asyncio.Future[Committed] = asyncio.get_running_loop().create_future()
        self._waiting.append((poll, done))
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
                results = await self._written([poll for poll, _ in group])
            except asyncio.CancelledError:
                for _, done in (*group, *self._waiting):
                    done.cancel()
                raise
            self._waiting[:0] = group[len(results) :]
            for (_, done), result in zip(group, results, strict=False):
                if done.done():  # it was given up meanwhile
                    continue
                if isinstance(result, Exception):
                    done.set_exception(result)
                else:
                    done.set_result(result)

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

    def _next(self) -> list[tuple[PollResult, asyncio.Future[Committed]]]:
        """Remove and return the results that are written next, all of one serial kind, the first of all among them."""
        waiting = [pair for pair in self._waiting if not pair[1].done()]  # some may have been given up
        same = [pair for pair in waiting if pair[0].serial == waiting[0][0].serial][:_MOST]
        taken = {id(done) for _, done in same}
        self._waiting = [pair for pair in waiting if id(pair[1]) not in taken]
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
