"""Reasons: why a match or a message is as it is. `tocsin.render.reasons` puts them into words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Cause(StrEnum):
    """What a reason names."""

    NONE = ""
    # What keeps a message back, for a time or for good
    SILENCE = "silence"
    QUIET = "quiet hours"
    LIMIT = "limit"  # of messages an hour
    DIGEST = "digest"
    COOLDOWN = "cooldown"
    SNOOZE = "snooze"
    GROUP = "group wait"
    CORRECTION = "correction"  # of what was corrected a short while ago
    # What became of a match
    BASELINE = "baseline"
    FLOOD = "flood"
    OLD = "old"
    COVERAGE = "coverage"  # more of an open alert
    NOTIFIED = "notified"
    OPERATORS = "operators"
    NO_ROUTE = "no route"
    NO_OPERATOR = "no operator"
    GROWTH = "growth"
    UNREACHABLE = "unreachable"  # its source was, when the entry was published
    # What became of a message
    PLANNED = "planned"
    CLAIMED = "claimed"
    UNTRIED = "untried"
    IN_DOUBT = "in doubt"
    FAILED = "failed"
    NO_TIME = "no time"
    EXPIRED = "expired"
    DAMAGED = "damaged"
    MERGED = "merged"
    GATHERED = "gathered"  # in a message about other alerts, too
    EARLIER = "earlier"
    RELEASED = "released"
    LAPSED = "lapsed"  # what it was about is over
    UNCHANGED = "unchanged"
    SILENCE_ENDED = "silence ended"
    REROUTED = "rerouted"
    REMOVED = "removed"  # its receiver, from the configuration
    FALLBACK = "fallback"
    HANDED_OVER = "handed over"
    COPY = "copy"
    OTHER = "other"


_KEEPING = (
    Cause.SILENCE,
    Cause.QUIET,
    Cause.LIMIT,
    Cause.DIGEST,
    Cause.COOLDOWN,
    Cause.SNOOZE,
    Cause.GROUP,
    Cause.CORRECTION,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why something is as it is; false where there is nothing to say.

    A message is held *until* then; *at* is a time of the past. *by* names what brought it about: a rule, a receiver, a
    delivery, or the number of an alert or a silence. *words* are those of others: of a server, of an operator, of a rule.
    *because* is what lies behind it.
    """

    cause: Cause = Cause.NONE
    until: datetime | None = None
    at: datetime | None = None
    by: str = ""
    count: int = 0
    words: str = ""
    because: Reason | None = None

    def __bool__(self) -> bool:
        return self.cause is not Cause.NONE

    @property
    def main(self) -> Cause:
        """The cause that keeps a message back, be it behind another; where none does, that of the reason itself."""
        behind = self.because.main if self.because else Cause.NONE
        return behind if behind in _KEEPING and self.cause not in _KEEPING else self.cause


#: Nothing to say.
NO_REASON = Reason()
