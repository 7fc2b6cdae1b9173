"""Entries that programs hand in: they are taken in as those of a poll are, without a lease and without a baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tocsin.store import requests
from tocsin.store.inbound import decisions, entries, sources
from tocsin.store.inbound.decisions import Deciding
from tocsin.store.programs import HandedIn, Pushed, Receipt, RequestAnswer
from tocsin.store.values import NOTHING_NEW, Committed


def take_in(deciding: Deciding, pushed: Pushed, *, program: str) -> tuple[Committed, RequestAnswer]:
    """Write the entries of *pushed* that are new, and the decisions about them; return the answer too.

    Raises:
        ConflictError: the source takes no entries now.
    """
    committed = NOTHING_NEW

    def work() -> RequestAnswer:
        nonlocal committed
        session, batch = deciding.session, pushed.found.batch
        row, last = sources.pushed(session, batch.source), entries.last(session)
        # Nothing that is handed in is history, as the first document of a polled source is.
        known = replace(row, last_success=row.last_success or deciding.now)
        committed = decisions.take_in(deciding, known, pushed.found, program=program)
        sources.note_push(session, row, replace(pushed.fetch, new=committed.entries), pushed.habits)
        return pushed.answer(_handed_in(pushed, entries.numbers(session, row.id, batch.entries), last))

    answer = requests.once(deciding.session, pushed.request, deciding.now, work)
    return committed, answer


def _handed_in(pushed: Pushed, numbers: Sequence[int | None], last: int) -> tuple[HandedIn, ...]:
    """Return what became of each entry; *last* was the highest number before."""
    rewritten = {item.entry.id for item in pushed.found.rewritten}
    dropped = {item.entry.id for item in pushed.found.judged if item.entry.dropped}

    def state(entry_id: str, number: int | None) -> Receipt:
        if number is not None and number > last:
            return Receipt.DROPPED if entry_id in dropped else Receipt.NEW
        return Receipt.REWRITTEN if entry_id in rewritten else Receipt.KNOWN

    return tuple(
        HandedIn(id=entry.id, number=number, state=state(entry.id, number))
        for entry, number in zip(pushed.found.batch.entries, numbers, strict=True)
    )
