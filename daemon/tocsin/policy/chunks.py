"""Chunks of a document, one a transaction, so that a large document does not block other work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tocsin.model.alerts import MatchOutcome
from tocsin.model.entries import Entry
from tocsin.policy.alerting.facts import Decision

#: The most entries in one transaction.
MOST = 100
#: The fewest, even if it takes too long: the facts of a decision cost the same for any number.
LEAST = 10
#: The intended seconds of work in a transaction; other work waits for at most two of them.
AIM = 0.05
#: Deliveries that take this long, as measured.
_DELIVERIES = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """The part of a document in one transaction: *new* entries, *rewritten* ones, and the ids of those *deleted*."""

    new: tuple[Entry, ...] = ()
    rewritten: tuple[Entry, ...] = ()
    deleted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The result of several transactions: the number of new *entries*, *dropped* ones, and matches for each outcome."""

    entries: int = 0
    dropped: int = 0
    outcomes: Counter[MatchOutcome] = field(default_factory=Counter)

    def and_also(self, entries: int, decision: Decision, dropped: int = 0) -> Taken:
        """Return the result with one more transaction."""
        return Taken(
            entries=self.entries + entries,
            dropped=self.dropped + dropped,
            outcomes=self.outcomes + Counter(one.outcome for one in decision.decided),
        )

    def tally(self) -> dict[str, int]:
        """Return the number of dropped entries, if there are any, and of matches for each outcome."""
        outcomes = {outcome.value.replace("-", "_"): count for outcome, count in sorted(self.outcomes.items())}
        return {"dropped": self.dropped, **outcomes} if self.dropped else outcomes


class Backlog:
    """The part of a document that is not committed yet, to be taken in chunks, the oldest event first. It has state.

    *people* is the most recipients that may be notified of each entry.
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
        """Return whether more chunks follow the next one."""
        return len(self) > self._size

    def cut(self) -> Chunk:
        """Remove and return the next chunk; that of an empty document is empty."""
        room = self._size
        new, self._new = self._new[:room], self._new[room:]
        room -= len(new)
        rewritten, self._rewritten = self._rewritten[:room], self._rewritten[room:]
        room -= len(rewritten)
        deleted, self._deleted = self._deleted[:room], self._deleted[room:]
        return Chunk(new=tuple(new), rewritten=tuple(rewritten), deleted=tuple(deleted))

    def took(self, seconds: float) -> None:
        """Choose the size of the next chunk from the *seconds* that the last one took."""
        fitting = self._size * AIM / max(seconds, 1e-6)
        self._size = round(min(MOST, max(LEAST, fitting)))
