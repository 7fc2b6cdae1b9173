"""Values of a label that no match of a rule had before. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from tocsin.model.rules import Correlation
from tocsin.policy.alerting.correlation import SILENT, Completion, Member
from tocsin.policy.alerting.usual import FEWEST, WEEK

#: As long after its first match a rule has seen what is not new.
LEARNED = FEWEST * WEEK


def complete(
    correlation: Correlation, known: Collection[str], new: Iterable[Member], since: datetime | None
) -> list[Completion]:
    """Return a completion for each of the *new* matches with a value that is not *known*, and was in none before it.

    Until a while after the first match, *since* then, nearly every value would be new: it is unknown, and completes nothing.
    A match that is no news makes its values known, too.
    """
    assert correlation.new is not None
    seen = set(known)
    found = []
    for member in sorted(new, key=lambda item: item.event_time):
        fresh = tuple(value for value in member.labels.get(correlation.new, ()) if value not in seen)
        seen.update(fresh)
        learned = since is not None and since + LEARNED <= member.event_time
        if fresh and learned and member.outcome not in SILENT:
            labels = {**member.labels, correlation.new: fresh}
            found.append(Completion(correlation=correlation, newest=member, witnesses=(member,), labels=labels))
    return found
