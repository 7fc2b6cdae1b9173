"""What a commit decided, counted for monitoring."""

from __future__ import annotations

from tocsin.model.alerts import OPENING
from tocsin.model.counters import Counted, Counters
from tocsin.store.values import Committed


def count(counters: Counters, committed: Committed) -> None:
    """Count the matches of *committed* by rule and outcome, and the alerts that they opened by rule and severity."""
    for decided in committed.decision.decided:
        counters.add(Counted.MATCHES, decided.match.rule.id, decided.outcome)
        if decided.outcome in OPENING:
            counters.add(Counted.ALERTS, decided.match.rule.id, decided.match.severity)
