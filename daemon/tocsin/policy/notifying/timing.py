"""The time of a message by the settings of its receiver: digest, quiet hours, wait for more alerts, and limit an hour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo

from tocsin.model.deliveries import DeliveryKind
from tocsin.model.reasons import NO_REASON, Cause, Reason
from tocsin.model.rules import Severity
from tocsin.policy.alerting.facts import Pending, Planned
from tocsin.policy.notifying.quiet import QuietHours, QuietRule, quiet, quiet_rules
from tocsin.policy.notifying.receiver import DigestTimes, ReceiverInfo
from tocsin.policy.notifying.retry import DIGEST_LIFE

#: The time in which messages are counted.
SPAN = timedelta(hours=1)
#: Kinds that are news and may wait; all others (corrections, catch-up, operator messages) are messages of their own.
NEWS = (DeliveryKind.ALERT, DeliveryKind.UPDATE)
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
    quiet_hours: tuple[QuietHours, ...] = ()
    zone: tzinfo = UTC

    def until(self, room: datetime, loudest: Severity) -> datetime:
        """Return when alerts over the limit are sent; *loudest* is their severity, *room* is when an hour has room again.

        Quiet hours with `drop` must not drop alerts that were due before they began.
        """
        at = self.leaves or room
        found = quiet(self.quiet_hours, loudest, self.zone, at)
        return found.until if found else at

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """A message of *kind* is due at *due_at*; *held* is why it is not sent earlier.

    *dropped* is why it is not sent at all.
    """

    kind: DeliveryKind
    due_at: datetime
    held: Reason = NO_REASON
    dropped: Reason = NO_REASON


def timed(
    receiver: ReceiverInfo,
    severity: Severity,
    wanted: Timing,
    *,
    now: datetime,
    pending: Sequence[Pending] = (),
) -> Timing:
    """Return the timing by the settings of *receiver*; *wanted* is the timing of the alert alone.

    News below the severity of the digest waits for it. Other news waits for more to join it, unless it is critical. In
    quiet hours only alerts that break through are sent; other news is sent as a digest at their end, or dropped with
    `drop`. *pending* are messages that already wait for the same recipient.
    """
    if receiver.digest and wanted.kind in NEWS and receiver.digest.takes(severity):
        wanted = _digested(receiver, receiver.digest, wanted.due_at)
    elif wanted.kind in NEWS and wanted.due_at <= now and severity is not Severity.CRITICAL:
        wanted = _grouped(receiver, wanted, now, pending)
    return _awake(receiver, severity, wanted)


def expected(receivers: Iterable[ReceiverInfo], now: datetime) -> tuple[Planned, ...]:
    """Return the next digest of each recipient who wants one even without news; news joins it while it waits."""
    return tuple(
        Planned(
            receiver=receiver.name,
            recipient=recipient,
            kind=DeliveryKind.DIGEST,
            alert_ids=(),
            due_at=timing.due_at,
            expires_at=timing.due_at + DIGEST_LIFE,
            held=timing.held,
        )
        for receiver in receivers
        if receiver.digest and receiver.digest.empty
        for timing in [_awake(receiver, Severity.INFO, _digested(receiver, receiver.digest, now))]
        if not timing.dropped
        for recipient in receiver.recipients
    )


def limits(receivers: Iterable[ReceiverInfo], now: datetime) -> dict[str, Limit]:
    """Return the limits of *receivers* by name, with the next digest, which alerts over the limit join."""
    return {
        receiver.name: Limit(
            most=receiver.max_per_hour,
            leaves=receiver.digest.leaves(receiver.zone, now) if receiver.digest else None,
            quiet_hours=receiver.quiet_hours,
            zone=receiver.zone,
        )
        for receiver in receivers
        if receiver.max_per_hour is not None
    }


def quiet_now(receivers: Iterable[ReceiverInfo], now: datetime) -> dict[str, tuple[QuietRule, ...]]:
    """Return the quiet hours that *now* lies in, by receiver."""
    found = {one.name: quiet_rules(one.quiet_hours, one.zone, now) for one in receivers if one.quiet_hours}
    return {name: rules for name, rules in found.items() if rules}


def _digested(receiver: ReceiverInfo, times: DigestTimes, after: datetime) -> Timing:
    leaves = times.leaves(receiver.zone, after)
    return Timing(
        kind=DeliveryKind.DIGEST, due_at=leaves, held=Reason(cause=Cause.DIGEST, until=leaves, by=receiver.name)
    )


def _awake(receiver: ReceiverInfo, severity: Severity, wanted: Timing) -> Timing:
    """Return *wanted*, moved to the end of the quiet hours that it lies in, or dropped."""
    found = quiet(receiver.quiet_hours, severity, receiver.zone, wanted.due_at)
    if found is None:
        return wanted
    if found.drop:
        return replace(wanted, dropped=Reason(cause=Cause.QUIET, by=receiver.name))
    kind = DeliveryKind.DIGEST if wanted.kind in NEWS else wanted.kind
    held = Reason(cause=Cause.QUIET, until=found.until, by=receiver.name)
    return Timing(kind=kind, due_at=found.until, held=held)


def _grouped(receiver: ReceiverInfo, wanted: Timing, now: datetime, pending: Sequence[Pending]) -> Timing:
    """Wait for more alerts, or for the time of the earliest message that already waits for more."""
    if not receiver.group_wait:
        return wanted
    latest = now + receiver.group_wait
    waiting = [message.due_at for message in pending if message.kind in NEWS and now < message.due_at < latest]
    due_at = min(waiting, default=latest)
    return Timing(kind=wanted.kind, due_at=due_at, held=Reason(cause=Cause.GROUP, until=due_at))
