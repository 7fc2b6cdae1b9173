"""Rules as screens list them: what each is about, and where it is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tocsin.model.rules import Correlation, RuleInfo
from tocsin.policy.alerting.correlation import condition
from tocsin.render.objects import with_more
from tocsin.rules.news.evaluate import CompiledRule
from tocsin.rules.prices.edge import PriceRule
from tocsin.rules.ruleset import RuleSet
from tocsin.units import duration


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleView:
    """A rule as a listing shows it; *kind* is news, price or correlation."""

    id: str
    kind: str
    severity: str
    enabled: bool
    event: str
    key: tuple[str, ...]
    cooldown: str
    title: str
    position: str
    override: str
    condition: str


def rule_views(rules: RuleSet) -> Iterator[RuleView]:
    """Yield the rules by id, also those that are disabled."""
    for name, rule in sorted(rules.every.items()):
        info = rule.info
        yield RuleView(
            id=name,
            kind=_kind(rule),
            severity=info.severity.value,
            enabled=name not in rules.disabled,
            event=info.event,
            key=info.key,
            cooldown=duration(info.cooldown),
            title=info.title,
            position=str(info.position or ""),
            override=info.override,
            condition=_condition(rule),
        )


def rule_object(view: RuleView, info: RuleInfo, stats: object) -> dict[str, Any]:
    """Return one rule as an object of JSON, with *stats*, what came of it."""
    return with_more(view, note=info.note, references=info.references, to=info.to, stats=stats)


def _kind(rule: CompiledRule | PriceRule | Correlation) -> str:
    if isinstance(rule, CompiledRule):
        return "news"
    return "price" if isinstance(rule, PriceRule) else "correlation"


def _condition(rule: CompiledRule | PriceRule | Correlation) -> str:
    if isinstance(rule, CompiledRule):
        return " ".join(rule.match.place.text.split()) if rule.match.place else ""
    if isinstance(rule, PriceRule):
        return rule.when.text
    by = f" by {', '.join(rule.by)}" if rule.by else ""
    return f"{condition(rule)}{by}"
