"""Work after every commit: its decisions are counted for monitoring, and new deliveries wake the dispatcher."""

from __future__ import annotations

from collections.abc import Callable

from tocsin.model.alerts import OPENING
from tocsin.model.counters import Counted, Counters
from tocsin.store.values import Committed


def follow_up(committed: Committed, counters: Counters, wake: Callable[[], None]) -> None:
    """Count the decisions of *committed*, and call *wake* if it planned a delivery."""
    _count(counters, committed)
    if committed.delivery_ids:
        wake()


def _count(counters: Counters, committed: Committed) -> None:
    """Count the matches of *committed* by rule and outcome, and the alerts that they opened by rule and severity."""
    for decided in committed.decision.decided:
        counters.add(Counted.MATCHES, decided.match.rule.id, decided.outcome)
        if decided.outcome in OPENING:
            counters.add(Counted.ALERTS, decided.match.rule.id, decided.match.severity)
