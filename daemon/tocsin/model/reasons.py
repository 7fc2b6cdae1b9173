"""Reasons for the outcome of a match or the state of a message. `tocsin.render.reasons` puts them into words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Cause(StrEnum):
    """The cause that a reason names."""

    NONE = ""
    # What keeps a message back, for a time or for good
    SILENCE = "silence"
    INHIBITED = "inhibited"  # by an alert
    QUIET = "quiet hours"
    LIMIT = "limit"  # of messages an hour
    DIGEST = "digest"
    COOLDOWN = "cooldown"
    SNOOZE = "snooze"
    GROUP = "group wait"
    CORRECTION = "correction"  # of an alert that was corrected a short while ago
    # What became of a match
    BASELINE = "baseline"
    FLOOD = "flood"
    OLD = "old"
    COVERAGE = "coverage"  # more of an open alert
    LANGUAGE = "language"  # another one, but the same rule, key values and particulars
    NOTIFIED = "notified"
    OPERATORS = "operators"
    SOONEST = "soonest"  # of several receivers of one person
    FIRST = "first"  # of several receivers of one person that are as soon
    NO_ROUTE = "no route"
    NO_OPERATOR = "no operator"
    GROWTH = "growth"
    OVER = "over"  # the end of an alert
    ENDED = "ended"  # an alert, so that nobody is asked about it
    UNREACHABLE = "unreachable"  # the source, when the entry was published
    # What a filter of its source did with an entry
    DROPPED = "dropped"
    NOT_KEPT = "not kept"
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
    REMINDER = "reminder"
    ESCALATION = "escalation"
    ANSWERED = "answered"
    DATE = "date"  # that an alert announces, and that is near
    REJECTED = "rejected"  # that date
    UNWANTED = "unwanted"  # by the configuration, any more
    GATHERED = "gathered"  # into a message that is also about other alerts
    EARLIER = "earlier"
    RELEASED = "released"
    LAPSED = "lapsed"  # its event is over
    UNCHANGED = "unchanged"
    SILENCE_ENDED = "silence ended"
    UNINHIBITED = "no longer inhibited"
    REROUTED = "rerouted"
    REMOVED = "removed"  # its receiver, from the configuration
    FALLBACK = "fallback"
    HANDED_OVER = "handed over"
    COPY = "copy"
    OTHER = "other"


_KEEPING = (
    Cause.SILENCE,
    Cause.INHIBITED,
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
    """A cause with its details; false if there is none.

    *until* is the end of a hold, *at* a time in the past. *by* names the rule, receiver or delivery that is the cause, or
    the number of an alert or a silence. *words* are quoted: from a server, an operator or a rule. *because* is the reason
    behind this one.
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
    def root(self) -> Reason:
        """Return the last of the reasons behind this one, or itself: for what a message was planned, whatever held it since."""
        return self.because.root if self.because else self

    @property
    def main(self) -> Cause:
        """Return the cause that keeps a message back, even behind another one; if there is none, its own cause."""
        behind = self.because.main if self.because else Cause.NONE
        return behind if behind in _KEEPING and self.cause not in _KEEPING else self.cause


#: No reason.
NO_REASON = Reason()
