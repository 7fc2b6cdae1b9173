"""The least time between messages about one rule and key value. A cooldown delays alerts and never drops them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from tocsin.model.rules import RuleInfo, Severity
from tocsin.policy.alerting.facts import LastNotified


def standing(last: LastNotified | None, rule: RuleInfo, now: datetime) -> LastNotified | None:
    """Return *last*, or None if it is further in the future than a held message can be: then the clock was wrong."""
    return None if last is not None and last.at > now + rule.cooldown else last


def due(
    rule: RuleInfo,
    keys: tuple[str, ...],
    severity: Severity,
    notified: Mapping[tuple[str, str], LastNotified],
    now: datetime,
) -> datetime:
    """Return when an alert under *keys* may be sent: *now*, or the end of the cooldown.

    One key value without a cooldown, or whose last severity was lower, is enough. A time in the future is that of a held
    message, which this alert can join.
    """
    ends = []
    for key in keys:
        last = standing(notified.get((rule.id, key)), rule, now)
        if last is None or severity.rank > last.severity.rank:
            return now
        ends.append(last.at if last.at > now else last.at + rule.cooldown)
    return max(now, min(ends, default=now))
