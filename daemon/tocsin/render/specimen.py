"""What a test shows: an alert that is none."""

from __future__ import annotations

from datetime import datetime

from tocsin.model.alerts import Alert, AlertContent, Coverage
from tocsin.model.rules import Severity


def specimen(now: datetime) -> AlertContent:
    """Return an alert about nothing, in the form of all others."""
    alert = Alert(
        id=0,
        rule="tocsin/notify-test",
        rule_hash="",
        rule_position="",
        title="Test: this is how an alert arrives",
        event="tocsin.test",
        severity=Severity.INFO,
        labels={"receiver": ("test",)},
        key=("receiver",),
        story_id=0,
        opened_at=now,
        updated_at=now,
        event_time=now,
        note="Nothing happened. Somebody ran `tocsin notify-test`.",
    )
    lead = Coverage(
        title="tocsin can reach you here", link="", publisher="tocsin", source="test", published=now, first_seen=now
    )
    return AlertContent(alert=alert, lead=lead)
