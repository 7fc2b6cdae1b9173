"""The daemon's own events: built-in rules that take the same way out as the news."""

from __future__ import annotations

from datetime import datetime, timedelta

from tocsin.evidence import Evidence
from tocsin.model import Labels, Match, RuleInfo, Severity


def _own(name: str, key: str, severity: Severity, title: str) -> RuleInfo:
    return RuleInfo(
        id=f"tocsin/{name}",
        hash=name,
        title=title,
        severity=severity,
        event=f"tocsin.{name.replace('-', '.', 1)}",
        key=(key,),
        # Each of them is told on the edge only, by whoever watches it: there is nothing to hold back.
        cooldown=timedelta(0),
    )


SOURCE_UNHEALTHY = _own("source-unhealthy", "source", Severity.MEDIUM, "Source unhealthy: {source}")
SOURCE_RECOVERED = _own("source-recovered", "source", Severity.INFO, "Source recovered: {source}")
SOURCE_GONE = _own("source-gone", "source", Severity.HIGH, "Source gone: {source}")
RECEIVER_BLOCKED = _own("receiver-blocked", "receiver", Severity.HIGH, "Receiver blocked: {receiver}")
DELIVERY_DEAD = _own("delivery-dead", "receiver", Severity.HIGH, "Message given up: {receiver}")
PACK_KEPT_BACK = _own("pack-kept-back", "pack", Severity.HIGH, "Rule pack kept back: {pack}")
PRICE_HELD = _own("price-held", "instrument", Severity.MEDIUM, "Price held back: {instrument}")
RULE_UNEVALUATED = _own("rule-unevaluated", "rule", Severity.HIGH, "Rule could not be evaluated: {rule}")


def own_match(info: RuleInfo, labels: Labels, detail: str, now: datetime) -> Match:
    """The event *info* about what *labels* name; *detail* says in words what happened."""
    evidence = Evidence(op="tocsin", text=detail, holds=True)
    return Match(rule=info, severity=info.severity, labels=labels, evidence=evidence, event_time=now, detail=detail)
