"""Who is sent an alert next if nobody answers it, by the present configuration."""

from __future__ import annotations

from datetime import datetime

from tocsin.config.config import Config
from tocsin.explain.next_messages import next_messages
from tocsin.model.records import AlertDetail
from tocsin.policy.notifying.reminders import Reminders
from tocsin.store.access import Queries


def following(config: Config, read: Queries, detail: AlertDetail | None, now: datetime) -> str:
    """Return who is sent the alert next, as `boss at 14:30`; empty without an alert, or if nobody is.

    Raises:
        StoreError: the messages about it cannot be read.
    """
    reminders = Reminders(people=tuple(one.info for one in config.receivers), escalations=config.escalations)
    if detail is None or not reminders.spans:
        return ""
    alert = detail.content.alert
    messages = read.messages_about([alert.id]).get(alert.id, ())
    return next_messages(reminders, alert, detail.answered, messages, now=now, zone=config.zone)
