"""The time of a message by the settings of its receiver: digest, quiet hours, and wait for more alerts to join."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tocsin.model.deliveries import DeliveryKind
from tocsin.model.reasons import NO_REASON, Cause, Reason
from tocsin.model.rules import Severity
from tocsin.policy.alerting.facts import Pending, Planned
from tocsin.policy.notifying.limit import Limit
from tocsin.policy.notifying.receiver import DigestTimes, ReceiverInfo
from tocsin.policy.notifying.retry import DIGEST_LIFE

#: Kinds that are news; all others (corrections, catch-up, operator messages) are messages of their own.
_NEWS = (DeliveryKind.ALERT, DeliveryKind.UPDATE)


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
    if receiver.digest and wanted.kind in _NEWS and receiver.digest.takes(severity):
        wanted = _digested(receiver, receiver.digest, wanted.due_at)
    elif wanted.kind in _NEWS and wanted.due_at <= now and severity is not Severity.CRITICAL:
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


def _digested(receiver: ReceiverInfo, times: DigestTimes, after: datetime) -> Timing:
    leaves = times.leaves(receiver.zone, after)
    return Timing(
        kind=DeliveryKind.DIGEST, due_at=leaves, held=Reason(cause=Cause.DIGEST, until=leaves, by=receiver.name)
    )


def _awake(receiver: ReceiverInfo, severity: Severity, wanted: Timing) -> Timing:
    """Return *wanted*, moved to the end of the quiet hours that it lies in, or dropped."""
    hours = receiver.quiet_hours
    end = hours.ends(receiver.zone, wanted.due_at) if hours else None
    if hours is None or end is None or hours.let_through(severity):
        return wanted
    if hours.drop:
        return replace(wanted, dropped=Reason(cause=Cause.QUIET, by=receiver.name))
    kind = DeliveryKind.DIGEST if wanted.kind in _NEWS else wanted.kind
    return Timing(kind=kind, due_at=end, held=Reason(cause=Cause.QUIET, until=end, by=receiver.name))


def _grouped(receiver: ReceiverInfo, wanted: Timing, now: datetime, pending: Sequence[Pending]) -> Timing:
    """Wait for more alerts, or for the time of the earliest message that already waits for more."""
    if not receiver.group_wait:
        return wanted
    latest = now + receiver.group_wait
    waiting = [message.due_at for message in pending if message.kind in _NEWS and now < message.due_at < latest]
    due_at = min(waiting, default=latest)
    return Timing(kind=wanted.kind, due_at=due_at, held=Reason(cause=Cause.GROUP, until=due_at))
