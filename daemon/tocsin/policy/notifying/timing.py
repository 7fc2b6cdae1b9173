"""The time of a message, as its receiver wants it: its digest, its quiet hours, its wait for others that may join."""

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

#: What is new to somebody; all else (corrections, what comes late, the daemon's own) is a message of its own.
_NEWS = (DeliveryKind.ALERT, DeliveryKind.UPDATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """A message of *kind* is due at *due_at*; *held* says why not earlier, if something holds it.

    *dropped* says why it is not to be sent at all.
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
    """The timing that *receiver* asks for where *wanted* is what the alert alone asks for.

    News below a severity waits for the digest; other news waits for more to join it, unless it is critical; nothing that
    does not break through leaves in quiet hours, and news held by them leaves as a digest at their end, or not at all with
    `drop`. *pending* are messages that wait already for the same recipient.
    """
    if receiver.digest and wanted.kind in _NEWS and receiver.digest.takes(severity):
        wanted = _digested(receiver, receiver.digest, wanted.due_at)
    elif wanted.kind in _NEWS and wanted.due_at <= now and severity is not Severity.CRITICAL:
        wanted = _grouped(receiver, wanted, now, pending)
    return _awake(receiver, severity, wanted)


def expected(receivers: Iterable[ReceiverInfo], now: datetime) -> tuple[Planned, ...]:
    """The next digest of each recipient who wants one without news, too; news joins it while it waits."""
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
    """The limits of those receivers, by name, that have one, with the next digest that what is over them joins."""
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
    """Not before quiet hours end that *wanted* lies in, or not at all."""
    hours = receiver.quiet_hours
    end = hours.ends(receiver.zone, wanted.due_at) if hours else None
    if hours is None or end is None or hours.let_through(severity):
        return wanted
    if hours.drop:
        return replace(wanted, dropped=Reason(cause=Cause.QUIET, by=receiver.name))
    kind = DeliveryKind.DIGEST if wanted.kind in _NEWS else wanted.kind
    return Timing(kind=kind, due_at=end, held=Reason(cause=Cause.QUIET, until=end, by=receiver.name))


def _grouped(receiver: ReceiverInfo, wanted: Timing, now: datetime, pending: Sequence[Pending]) -> Timing:
    """Wait for others, or leave with the earliest message that waits for others already."""
    if not receiver.group_wait:
        return wanted
    latest = now + receiver.group_wait
    waiting = [message.due_at for message in pending if message.kind in _NEWS and now < message.due_at < latest]
    due_at = min(waiting, default=latest)
    return Timing(kind=wanted.kind, due_at=due_at, held=Reason(cause=Cause.GROUP, until=due_at))
