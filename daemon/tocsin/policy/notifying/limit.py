"""The most messages an hour: what is over the limit of a receiver waits, and is sent together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from tocsin.model.deliveries import DeliveryKind
from tocsin.model.reasons import Cause, Reason
from tocsin.model.rules import Severity
from tocsin.policy.notifying.receiver import QuietHours

#: The time in which messages are counted.
SPAN = timedelta(hours=1)
#: What waits when it is over a limit: the daemon's own, corrections and what gathers news already are sent all the same.
LIMITED = (DeliveryKind.ALERT, DeliveryKind.UPDATE)
#: What never waits.
ALWAYS = Severity.CRITICAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most *most* messages an hour to each recipient of a receiver.

    What is over waits for the digest that *leaves* then; None: until an hour has room again. It may wait longer for the end
    of *quiet_hours*, by the clocks of *zone*.
    """

    most: int
    leaves: datetime | None = None
    quiet_hours: QuietHours | None = None
    zone: tzinfo = UTC

    def until(self, room: datetime, loudest: Severity) -> datetime:
        """When what is over leaves, of which this is the highest severity, where an hour has *room* then.

        Quiet hours that drop what is due in them must not drop what was due before they began.
        """
        at, hours = self.leaves or room, self.quiet_hours
        return at if hours is None or hours.let_through(loudest) else hours.ends(self.zone, at) or at

    def reason(self, receiver: str, until: datetime | None = None) -> Reason:
        """Return why something to *receiver* waits, *until* then if that is known."""
        return Reason(cause=Cause.LIMIT, until=until, by=receiver, count=self.most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """More for *receiver* than its *limit* lets through: *alerts* of them wait, the first until then."""

    receiver: str
    limit: Limit
    alerts: int
    until: datetime


def room(sent: Iterable[datetime], most: int) -> datetime | None:
    """When somebody who was *sent* messages at those times of the last hour may get one more; None at once."""
    latest = sorted(sent, reverse=True)
    return latest[most - 1] + SPAN if len(latest) >= most else None


def begins(last: datetime | None, now: datetime) -> bool:
    """Whether what is over a limit *now* is a storm of its own: *last* something was over it, or never."""
    return last is None or last <= now - SPAN
