"""Results of polls, many of which are written in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tocsin.store.db.transactions import Serial
from tocsin.store.inbound import decisions, sources
from tocsin.store.inbound.decisions import Decide, Deciding
from tocsin.store.outbox import enqueue
from tocsin.store.values import Committed, JudgedBatch, PollRecord, SourceLease


@dataclass(frozen=True, slots=True, kw_only=True)
class PollResult:
    """Result of one poll: what it *found*, to be decided by *decide* and committed at *now*; *record* ends its *lease*.

    *earlier* counts the new entries of earlier parts of its document, None if it has one part.
    """

    lease: SourceLease
    found: JudgedBatch
    decide: Decide
    now: datetime
    record: PollRecord
    earlier: int | None = None

    @property
    def serial(self) -> Serial | None:
        """Return how the transaction excludes others: not at all if nothing has to be decided."""
        return serial(self.found) if self.earlier is None else Serial.DECISIONS

    def __len__(self) -> int:
        """Return the number of entries to write."""
        return len(self.found.judged) + len(self.found.rewritten) + len(self.found.batch.deleted)


def fitting(polls: Sequence[PollResult], most: int) -> Iterator[PollResult]:
    """Yield the first of *polls* that bring at most *most* entries together; at least one."""
    size = 0
    for number, poll in enumerate(polls):
        size += len(poll)
        if number and size > most:
            return
        yield poll


def serial(found: JudgedBatch) -> Serial | None:
    """Return None for what a poll brought if nothing has to be decided about it."""
    judged = [*found.judged, *found.rewritten]
    telling = any(item.matches or item.unevaluated for item in judged)
    decides = telling or found.rewritten or found.batch.deleted or found.own or found.once
    return Serial.DECISIONS if decides else None


def commit(deciding: Deciding, result: PollResult, *, program: str) -> Committed:
    """Write *result* and the decision about it, and end the lease.

    Raises:
        LeaseLostError: the lease is no longer valid.
    """
    session, found, record, now = deciding.session, result.found, result.record, deciding.now
    row = sources.held(session, result.lease)
    renewed = found.batch.volatile != result.lease.habits.volatile
    committed = decisions.take_in(deciding, row, found, program=program, renewed=renewed)
    if result.earlier is not None:
        enqueue.release_planned(session, now)
    if record.fetch is not None:
        record = replace(record, fetch=replace(record.fetch, new=committed.entries + (result.earlier or 0)))
    sources.succeed(session, row, result.lease, found.batch, record, now=now)
    return committed
