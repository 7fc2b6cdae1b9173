"""`tocsin rules`: how good the rules are, by people's answers to their alerts."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from operator import attrgetter
from typing import Annotated

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, SinceOption, opened, rule_named
from tocsin.cli.input_files import read_since
from tocsin.cli.output import listing, say, shown
from tocsin.config.loading import rules_of
from tocsin.config.testfile import Case, write_cases
from tocsin.errors import UsageError
from tocsin.model.alerts import Alert, Answered, AnswerKind
from tocsin.store import RuleStats, Store

app = typer.Typer(help="Judge rules by the answers to their alerts.", no_args_is_help=True)

RuleArgument = Annotated[str | None, typer.Argument(help="Only this rule.")]


@app.command("stats")
def print_stats(config: ConfigOption = DEFAULT_CONFIG, since: SinceOption = None, json: JsonOption = False) -> None:
    """Count the alerts of each rule: how many were sent, and how many were marked useful or noise."""
    with opened(config) as (settings, store):
        found = store.read.rule_stats(read_since(since, datetime.now(UTC)))
        known = [name for name in rules_of(settings).rules.infos if name not in found]
        stats = [*sorted(found.values(), key=lambda one: (-one.alerts, one.rule)), *(RuleStats(rule=n) for n in known)]
        listing(
            stats,
            {
                **{field.name: attrgetter(field.name) for field in fields(RuleStats)},
                "precision": lambda one: "-" if one.precision is None else f"{one.precision:.0%}",
            },
            json=json,
            empty="There are no rules.",
            more=lambda one: {"precision": one.precision},
        )
        if not json and not any(one.useful or one.noise for one in stats):
            say("No alert has been marked yet. Mark one: tocsin alerts useful ID, or tocsin alerts noise ID.")


@app.command("export-cases")
def export_cases(rule: RuleArgument = None, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Print a rule test file in which useful alerts must be raised again and noise must no longer match."""
    with opened(config) as (settings, store):
        judged = store.read.verdicts(rule_named(rules_of(settings).rules, rule).id if rule else None)
        cases = [case for alert, answered in judged if (case := _case(store, alert, answered))]
        if left := len(judged) - len(cases):
            say(f"{left} left out: prices, correlations and news whose text was deleted cannot become tests.")
        if not cases:
            raise UsageError(
                "there is nothing to export: mark alerts with tocsin alerts useful ID or tocsin alerts noise ID"
            )
        print(write_cases(cases), end="")


def _case(store: Store, alert: Alert, answered: Answered) -> Case | None:
    """Return the entry that opened *alert* as a test case. None if no single entry opened it, or its text is gone."""
    opening = next((match for match in store.read.matches(alert_id=alert.id, limit=1)), None)
    if opening is None or opening.entry_id is None or opening.evidence is None or opening.evidence.witnesses:
        return None
    entry = store.read.entry(opening.entry_id, opening.decided_at)
    if entry is None:
        return None
    useful = answered.verdict is AnswerKind.USEFUL
    why = f", {answered.why}" if answered.why else ""
    name = f"alert {alert.id} was {'useful' if useful else 'noise'}{why}: {shown(entry.title)}"
    return Case(name=name, rule=alert.rule, entry=entry, labels=opening.labels, wanted=useful)
