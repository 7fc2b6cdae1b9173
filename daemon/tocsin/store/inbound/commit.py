"""The commit of a poll: its entries and the decisions about them."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.model.entries import KeyKind
from tocsin.model.rules import Judged
from tocsin.policy.alerting.facts import Arrival
from tocsin.store.db.values import Committed, JudgedBatch, Once, Reopened
from tocsin.store.inbound import entries, identity, revisions, unevaluated
from tocsin.store.inbound.decisions import Deciding, total
from tocsin.store.inbound.sources import Held


def take_in(deciding: Deciding, source: Held, found: JudgedBatch, *, program: str, renewed: bool = False) -> Committed:
    """Write the entries *found* that are still new, and the decisions about them and about the daemon's own events.

    Corrections of rewritten and withdrawn entries are decided with them. *renewed* is true if the ids of the source have
    just changed.
    """
    session, now, source_id, batch, rewritten = deciding.session, deciding.now, source.id, found.batch, found.rewritten
    known = identity.known(session, source_id, [item.entry for item in found.judged], batch)
    fresh = known.sift(found.judged, entry_of=lambda item: item.entry)
    new = [item.entry for item in fresh]
    numbers = entries.add(session, source_id, new)
    identity.add(session, source_id, known, new, now)
    taken = revisions.take_in(session, source_id, rewritten, batch.deleted, now, by_link=KeyKind.ID in batch.volatile)
    if rewritten:
        identity.reword(session, source_id, known, [item.entry for item in rewritten], now)
    if renewed:  # perhaps for good: then the new ids identify the entries from now on
        identity.add(session, source_id, known, batch.entries, now)
    if source.document_at is None or source.document_at.date() != now.date():
        identity.touch(session, source_id, batch, now)
    first = unevaluated.first_time(session, found.once)
    circumstance = (source.last_success is None, source.last_success)
    failed = [(number, failure) for number, item in zip(numbers, fresh, strict=True) for failure in item.unevaluated]
    failed += [
        (taken.numbers[item.entry.id], f)
        for item in rewritten
        if item.entry.id in taken.numbers
        for f in item.unevaluated
    ]
    unevaluated.add(session, failed, circumstance, now=now, program=program)
    arrivals = [
        Arrival(entry_id=number, matches=item.matches, flood=item.entry.id in found.flood)
        for number, item in zip(numbers, fresh, strict=True)
    ]
    parts = [
        deciding.about([*arrivals, *taken.arrivals], circumstance, taken.corrections),
        deciding.about_own([*found.own, *first]),
    ]
    return total(parts, entries=len(new))


def take_again(deciding: Deciding, again: Sequence[tuple[Reopened, Judged]], *, once: Once, program: str) -> Committed:
    """Write the result of a second judgement, only for the rules that could not be evaluated before."""
    session = deciding.session
    circumstances = unevaluated.close(session, [reopened for reopened, _ in again])
    parts = [deciding.about_own(unevaluated.first_time(session, once))]
    for circumstance in dict.fromkeys(circumstances.values()):
        arrivals = []
        for reopened, judged in again:
            if circumstances.get(reopened.entry_id) == circumstance:
                matches = tuple(match for match in judged.matches if match.rule.id in reopened.rules)
                arrivals.append(Arrival(entry_id=reopened.entry_id, matches=matches))
                failed = [(reopened.entry_id, item) for item in judged.unevaluated if item.rule in reopened.rules]
                unevaluated.add(session, failed, circumstance, now=deciding.now, program=program)
        parts.append(deciding.about(arrivals, circumstance))
    return total(parts)
