"""`tocsin check`, `tocsin config` and `tocsin schema`: check the configuration and the rules, and show what tocsin reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, read_config, say_problems, with_credentials
from tocsin.cli.output import BAD_CONFIG, dump, progress, say
from tocsin.cli.rule_packs import pack_folders
from tocsin.config.cautions import cautions
from tocsin.config.config import Config
from tocsin.config.contacts import view_receiver
from tocsin.config.copies import outdated
from tocsin.config.database import file_of
from tocsin.config.loading import load_rules, rules_of
from tocsin.config.show import Kind, schema, show, write_config
from tocsin.errors import ConfigError, Problem, StoreError
from tocsin.explain.learning import unknown
from tocsin.files import there
from tocsin.rules.lint.history import History
from tocsin.rules.ruleset import RuleSet
from tocsin.units import counted

app = typer.Typer(help="Show the configuration.", no_args_is_help=True)


@app.command("show")
def show_config(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """Print the configuration as tocsin reads it: defaults filled in, secrets masked."""
    settings = read_config(config)
    if json:
        dump(show(settings))
    else:
        print(write_config(settings), end="")


def print_schema(kind: Annotated[Kind, typer.Argument(help="The kind of file.")]) -> None:
    """Print the JSON Schema (2020-12) of a kind of file, for editors."""
    print(json.dumps(schema(kind), indent=2, ensure_ascii=False))


#: Span of the stored history that shows how often a rule matches.
_LOOK_BACK = timedelta(days=30)

RulesOption = Annotated[
    list[Path] | None,
    typer.Option("--rules", help="Check these packs only, without a configuration.", callback=pack_folders),
]


def check(config: ConfigOption = DEFAULT_CONFIG, rules: RulesOption = None, json: JsonOption = False) -> None:
    """Check the configuration and its rules, and run the rules' own examples. Polls and sends nothing.

    Exit code 78: there is a fault. Warnings do not count.
    """
    problems: list[Problem] = []
    notes: list[str] = []
    judged = ""
    try:
        if rules:
            with progress("running the examples"):
                loaded = load_rules(tuple(rules))
        else:
            settings = read_config(config)
            if names := dict.fromkeys(one.credential for one in settings.missing if one.credential):
                notes.append(with_credentials(tuple(names)))
            problems += [*_receivers(settings), *cautions(settings)]
            with progress("running the examples"):
                history = _history(settings)
                loaded = rules_of(settings, history=history)
            notes += _unknown(loaded.rules, history.first if history else {})
        problems += (*loaded.warnings, *outdated(loaded.folders))
        judged = f"{loaded} {'is' if len(loaded.rules.infos) == 1 else 'are'} good"
        notes += loaded.waiting
        changed = [rule.info for rule in loaded.rules.every.values() if rule.info.override]
        notes += [f"{info.id} is overridden: {info.override}" for info in changed]
    except ConfigError as error:
        problems += error.problems
    _report(problems, notes, judged, json=json)
    if any(not problem.warning for problem in problems):
        raise typer.Exit(BAD_CONFIG)


def _history(settings: Config) -> History | None:
    """Return what the rules matched recently, read from a copy of a file or from the server, or None if nothing is there yet."""
    file = file_of(settings.database)
    if file and not there(file):
        return None
    # A check before the first start does without the database, which takes a third of its time to import.
    from tocsin.config.stores import open_copy, open_existing  # noqa: PLC0415

    now = datetime.now(UTC)
    try:
        opened = open_copy(settings) if file else open_existing(settings)
        if opened is None:
            return None
        with closing(opened) as store:
            tally, first = store.read.tally(now - _LOOK_BACK, now), store.read.first_matches()
    except StoreError as error:
        say(f"warning: cannot read the history of the rules: {error}")
        return None
    return History(days=tally.length / timedelta(days=1), matches=tally.matches, alerts=tally.alerts, first=first)


def _unknown(rules: RuleSet, first: Mapping[str, datetime]) -> list[str]:
    """Return which rules in force cannot fire yet, because their past is too short."""
    now = datetime.now(UTC)
    found = {name: unknown(rule, first.get(rule.members[0]), now) for name, rule in rules.correlations.items()}
    return [f"{name} {words}" for name, words in found.items() if words]


def _receivers(settings: Config) -> list[Problem]:
    """Return the problems in the addresses of receivers. Nothing is sent."""
    problems: list[Problem] = []
    for receiver in settings.receivers:
        try:
            view_receiver(receiver)
        except ConfigError as error:
            problems += error.problems
    return problems


def _report(problems: list[Problem], notes: list[str], judged: str, *, json: bool) -> None:
    if json:
        for problem in problems:
            dump(problem)
        return
    say_problems(problems)
    for words in notes:
        say(words)
    faults = sum(not problem.warning for problem in problems)
    warnings = len(problems) - faults
    ending = f", {counted(warnings, 'warning')}" if warnings else ""
    say(f"{counted(faults, 'problem') if faults else judged}{ending}.")
