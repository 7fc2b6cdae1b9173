"""Parts of a document, one a transaction, so that none of them keeps all others waiting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tocsin.model.alerts import MatchOutcome
from tocsin.model.entries import Entry
from tocsin.policy.alerting.facts import Decision

#: Entries that one transaction takes in at most.
MOST = 100
#: And at least, where it takes longer than it should: reading what a decision looks at costs the same for each.
LEAST = 10
#: Seconds of work at which a transaction aims; others wait for at most two such.
AIM = 0.05
#: Deliveries that take so long, by experience.
_DELIVERIES = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """What one transaction takes in of a document: *new* entries, *rewritten* ones, and the ids of those *deleted*."""

    new: tuple[Entry, ...] = ()
    rewritten: tuple[Entry, ...] = ()
    deleted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The result of several transactions: how many new *entries* they took in, and what became of how many matches."""

    entries: int = 0
    outcomes: Counter[MatchOutcome] = field(default_factory=Counter)

    def and_also(self, entries: int, decision: Decision) -> Taken:
        """Return the result of these and of one more."""
        return Taken(
            entries=self.entries + entries, outcomes=self.outcomes + Counter(one.outcome for one in decision.decided)
        )

    def tally(self) -> dict[str, int]:
        """Return how many matches met which outcome."""
        return {outcome.value.replace("-", "_"): count for outcome, count in sorted(self.outcomes.items())}


class Backlog:
    """What of a document is not committed yet, to be taken in chunks, the oldest event first. It holds state.

    *people* is how many may be notified of each entry.
    """

    def __init__(
        self,
        new: Sequence[Entry],
        rewritten: Sequence[Entry] = (),
        deleted: Sequence[str] = (),
        *,
        people: int = 1,
    ) -> None:
        self._new = sorted(new, key=lambda entry: entry.event_time)
        self._rewritten = list(rewritten)
        self._deleted = list(deleted)
        self._size = min(MOST, max(LEAST, _DELIVERIES // max(people, 1)))
        self.several = len(self) > self._size

    def __len__(self) -> int:
        return len(self._new) + len(self._rewritten) + len(self._deleted)

    @property
    def more(self) -> bool:
        """Whether the next chunk is not the last one."""
        return len(self) > self._size

    def cut(self) -> Chunk:
        """Return the next chunk, and take it out; an empty document has one that is empty."""
        room = self._size
        new, self._new = self._new[:room], self._new[room:]
        room -= len(new)
        rewritten, self._rewritten = self._rewritten[:room], self._rewritten[room:]
        room -= len(rewritten)
        deleted, self._deleted = self._deleted[:room], self._deleted[room:]
        return Chunk(new=tuple(new), rewritten=tuple(rewritten), deleted=tuple(deleted))

    def took(self, seconds: float) -> None:
        """Let the next chunk be as large as the time suggests that the last one took."""
        fitting = self._size * AIM / max(seconds, 1e-6)
        self._size = round(min(MOST, max(LEAST, fitting)))
