"""Receivers as people see them: their state, what keeps messages from them, and what ends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from tocsin.model.deliveries import DeliveryState
from tocsin.model.reasons import Cause, Reason
from tocsin.model.records import DeliveryView
from tocsin.policy.notifying.receiver import ReceiverInfo
from tocsin.policy.notifying.retry import ReceiverStatus
from tocsin.units import counted, local


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverView:
    """A receiver as a listing shows it.

    *rests* is when a blocked or failing one is tried again, *reason* is why, and *ends* is what ends it.
    """

    name: str
    state: str
    kind: str
    place: str
    recipients: tuple[str, ...]
    operator: bool
    waiting: int
    last_sent: datetime | None
    rests: datetime | None
    reason: str
    ends: str


def rests(name: str, status: ReceiverStatus, zone: ZoneInfo) -> str:
    """Return why the receiver *name* rests, and until when, in words."""
    blocked = "is blocked" if status.refused else "is paused"
    failures = f"{counted(status.failures, 'failure')}{' in a row' * (status.failures > 1)}"
    words = status.refused or (failures if status.failures else "it limits our rate")
    since = f"; nothing was delivered since {local(status.since, zone)}" if status.since else ""
    return f"{name} {blocked} until {local(status.rests, zone) if status.rests else '-'}: {words}{since}"


def state_of(status: ReceiverStatus, rest: datetime | None, *, never: bool) -> str:
    """Return the state of a receiver in a word; *rest* is the end of its pause, *never* is true if nothing arrived yet."""
    if rest:
        return "blocked" if status.refused else "failing" if status.failures else "limited"
    if status.failures or status.refused:
        return "failing"
    return "unused" if never else "ok"


def ends(name: str, status: ReceiverStatus) -> str:
    """Return what ends the rest of the receiver *name*."""
    if status.refused:
        return f"correct its address or account, then: tocsin notify-test {name}"
    return "the next message that arrives; it is tried by itself then"


def next_digest(info: ReceiverInfo, zone: ZoneInfo, now: datetime) -> str:
    """Return when the next digest of a receiver leaves, or why it has none, as the end of a sentence."""
    if info.digest is None:
        return "it has no digest, so everything is sent at once"
    condition = "also without news" if info.digest.empty else "if something comes by then"
    return f"the next one leaves {local(info.digest.leaves(info.zone, now), zone)}, {condition}"


def explain_waiting(
    views: Sequence[DeliveryView], statuses: Mapping[str, ReceiverStatus], now: datetime, zone: ZoneInfo
) -> list[DeliveryView]:
    """Return *views*. Deliveries that wait for a receiver that is paused *now* get that as their reason."""
    paused = {name: status for name, status in statuses.items() if status.rests and status.rests > now}
    return [
        replace(view, reason=Reason(cause=Cause.OTHER, words=rests(view.receiver, paused[view.receiver], zone)))
        if view.receiver in paused and view.state in (DeliveryState.READY, DeliveryState.RETRY)
        else view
        for view in views
    ]
