"""`tocsin rules list` and `show`: the rules in force and those that are off."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, read_config
from tocsin.cli.opening import opened
from tocsin.cli.output import dump, item, listing, shown
from tocsin.cli.rule_packs import read_rules
from tocsin.config.config import Config
from tocsin.explain.learning import unknown
from tocsin.explain.rule_views import RuleView, rule_object, rule_views
from tocsin.model.rules import Correlation, RuleInfo
from tocsin.rules.ruleset import rule_named
from tocsin.store.views import RuleStats
from tocsin.units import counted

NameArgument = Annotated[str, typer.Argument(metavar="RULE", help="A rule: pack/id, or the id alone.")]
PackOption = Annotated[str, typer.Option("--pack", help="Only the rules of this pack.")]


def list_rules(pack: PackOption = "", config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """List the rules with their severity, and what an override changed."""
    settings = read_config(config)
    views = [view for view in rule_views(read_rules(settings)) if pack in ("", view.id.rpartition("/")[0])]
    listing(
        views,
        {
            "rule": lambda v: v.id,
            "severity": lambda v: v.severity if v.enabled else "off",
            "kind": lambda v: v.kind,
            "cooldown": lambda v: v.cooldown,
        },
        json=json,
        empty=f"There is no pack {shown(pack)}." if pack else "There are no rules; name packs in rules: of the file.",
    )


def show_rule(name: NameArgument, config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """Show one rule: its condition, where it is written, to whom it goes, and what came of it."""
    with opened(config) as (settings, store):
        rules = read_rules(settings)
        info = rule_named(name, rules)
        view = next(view for view in rule_views(rules) if view.id == info.id)
        stats = store.read.rule_stats(None).get(info.id, RuleStats(rule=info.id))
        rule = rules.every[info.id]
        first = store.read.first_matches() if isinstance(rule, Correlation) else {}
        lacks = unknown(rule, first.get(rule.members[0]), datetime.now(UTC)) if isinstance(rule, Correlation) else ""
        if json:
            dump(rule_object(view, info, stats))
            return
        for line in _describe(view, info, stats, settings, lacks):
            print(line)


def _describe(view: RuleView, info: RuleInfo, stats: RuleStats, settings: Config, lacks: str) -> Iterator[str]:
    """Yield the lines about a rule, each at most 80 characters wide unless a word is longer."""
    yield f"{view.id}  ({view.kind}, {view.severity}{'' if view.enabled else ', off'})"
    yield from item("title", view.title)
    yield from item("written at", *filter(None, (view.position,)))
    yield from item("condition", view.condition)
    yield from item("history", *filter(None, (lacks,)))
    yield from item("event", *filter(None, (view.event,)))
    yield from item("key", *filter(None, (", ".join(view.key),)))
    yield from item("cooldown", view.cooldown)
    yield from item("override", *filter(None, (view.override,)))
    yield from item("goes to", _goes_to(info, settings))
    yield from item("note", *filter(None, (info.note, *info.references)))
    judged = f"; {stats.useful:,} useful, {stats.noise:,} noise" if stats.useful or stats.noise else ""
    yield from item("so far", f"{counted(stats.alerts, 'alert')}, {stats.sent:,} sent{judged}")


def _goes_to(info: RuleInfo, settings: Config) -> str:
    if info.to:
        return f"{', '.join(info.to)}, by an override"
    routes = [route for route in settings.routes if route.which.rule in ("", info.id, *info.id.split("/"))]
    names = dict.fromkeys(name for route in routes for name in route.to)
    some = any(one.which.severity or one.which.labels or one.which.event for one in routes)
    return f"{', '.join(names) or 'nobody'}{', as the routes decide by alert' * some}"
