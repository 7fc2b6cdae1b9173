"""The most messages an hour: alerts over the limit of a receiver wait, and are sent together."""

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
#: Kinds that wait when they are over a limit; operator messages, corrections and digests do not wait.
LIMITED = (DeliveryKind.ALERT, DeliveryKind.UPDATE)
#: The severity that never waits.
ALWAYS = Severity.CRITICAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most *most* messages an hour to each recipient of a receiver.

    Alerts over the limit wait for the digest at *leaves*; if that is None, until an hour has room again. They may wait
    longer, for the end of *quiet_hours* in *zone*.
    """

    most: int
    leaves: datetime | None = None
    quiet_hours: QuietHours | None = None
    zone: tzinfo = UTC

    def until(self, room: datetime, loudest: Severity) -> datetime:
        """Return when alerts over the limit are sent; *loudest* is their severity, *room* is when an hour has room again.

        Quiet hours with `drop` must not drop alerts that were due before they began.
        """
        at, hours = self.leaves or room, self.quiet_hours
        return at if hours is None or hours.let_through(loudest) else hours.ends(self.zone, at) or at

    def reason(self, receiver: str, until: datetime | None = None) -> Reason:
        """Return the reason for which a message to *receiver* waits, *until* then if that is known."""
        return Reason(cause=Cause.LIMIT, until=until, by=receiver, count=self.most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """More alerts for *receiver* than its *limit*: *alerts* is how many wait, *until* when the first is sent."""

    receiver: str
    limit: Limit
    alerts: int
    until: datetime


def room(sent: Iterable[datetime], most: int) -> datetime | None:
    """Return when a recipient may get one more message after those *sent* in the last hour; None means at once."""
    latest = sorted(sent, reverse=True)
    return latest[most - 1] + SPAN if len(latest) >= most else None


def begins(last: datetime | None, now: datetime) -> bool:
    """Return whether a new storm begins *now*; *last* is when an alert was last over the limit, None if never."""
    return last is None or last <= now - SPAN
