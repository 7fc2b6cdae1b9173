"""Rules whose past is still too short to fire, in words."""

from __future__ import annotations

from datetime import datetime, timedelta

from tocsin.model.rules import Correlation
from tocsin.policy.alerting.novelty import LEARNED
from tocsin.policy.alerting.usual import FEWEST, WEEK
from tocsin.units import duration

_DAY = timedelta(days=1)


def unknown(rule: Correlation, first: datetime | None, now: datetime) -> str:
    """Return why *rule* cannot fire yet, empty if it can; *first* is the first match of the rule that it counts.

    Only those that ask what is usual, new or missing need a past.
    """
    needs = _needs(rule)
    if needs is None:
        return ""
    counted = rule.members[0].rpartition("/")[2]
    if first is None:
        return f"fires nothing before the first match of {counted}" + (f", and {duration(needs)} more" if needs else "")
    if now - first >= needs:
        return ""
    seen, wanted = max(0, (now - first) // _DAY), -(-needs // _DAY)
    return f"fires nothing before {first + needs:%Y-%m-%d}: {counted} has been seen for {seen} of {wanted} days"


def _needs(rule: Correlation) -> timedelta | None:
    """Return how long a past *rule* needs, None if it needs none."""
    if rule.more_than is not None:
        return FEWEST * WEEK + rule.within
    if rule.new is not None:
        return LEARNED
    return timedelta(0) if rule.none_within is not None else None
