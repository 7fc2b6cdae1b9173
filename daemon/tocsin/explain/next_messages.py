"""Who is sent an alert next if nobody answers it, in words."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from tocsin.model.alerts import Alert, Answered
from tocsin.model.deliveries import DeliveryKind
from tocsin.policy.notifying.reminders import Reminders, SentMessage, Step, Unanswered
from tocsin.units import local


def next_messages(
    reminders: Reminders,
    alert: Alert,
    answered: Answered,
    messages: tuple[SentMessage, ...],
    *,
    now: datetime,
    zone: ZoneInfo,
) -> str:
    """Return `boss at 14:30; desk at 16:00 (reminder 2 of 5)`, the next first; empty if nobody is sent it again."""
    found: dict[tuple[DeliveryKind, str], tuple[datetime, Step]] = {}
    for step in reminders.steps(Unanswered(alert=alert, answered=answered, messages=messages)):
        timing = reminders.timing(step, alert, now)
        if not timing.dropped:
            found.setdefault((step.kind, step.receiver), (max(timing.due_at, now), step))
    return "; ".join(_words(step, at, now, zone) for at, step in sorted(found.values(), key=lambda item: item[0]))


def _words(step: Step, at: datetime, now: datetime, zone: ZoneInfo) -> str:
    today = at.astimezone(zone).date() == now.astimezone(zone).date()
    shown = f"{at.astimezone(zone):%H:%M}" if today else local(at, zone)
    number = f" (reminder {step.number} of {step.of})" if step.kind is DeliveryKind.REMINDER else ""
    return f"{step.receiver} at {shown}{number}"
