"""`tocsin check`: configuration and rules, examples included."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, border, read_config
from tocsin.cli.output import BAD_CONFIG, dump, say
from tocsin.config.config import Config
from tocsin.config.loading import load_rules
from tocsin.errors import ConfigError, Problem
from tocsin.rules.spec import Override
from tocsin.service import make_receiver

RulesOption = Annotated[
    list[Path] | None,
    typer.Option("--rules", help="Check these rule folders only, without a configuration.", exists=False),
]


def check(config: ConfigOption = DEFAULT_CONFIG, rules: RulesOption = None, json: JsonOption = False) -> None:
    """Check the configuration and its rules, and run the rules' own examples. Polls and sends nothing."""
    with border():
        problems: list[Problem] = []
        folders = tuple(rules or ())
        overrides: tuple[Override, ...] = ()
        overridden: list[str] = []
        if not folders:
            try:
                settings = read_config(config)
                folders, overrides = settings.rules, settings.overrides
                problems += _receivers(settings)
            except ConfigError as error:
                problems += error.problems
        count = 0
        try:
            loaded = load_rules(folders, overrides=overrides)
            problems += loaded.warnings
            count = len(loaded.rules.rules)
            changed = [*loaded.rules.rules.values(), *loaded.rules.disabled.values()]
            overridden = [
                f"{rule.info.id} is overridden: {rule.info.override}" for rule in changed if rule.info.override
            ]
        except ConfigError as error:
            problems += error.problems
        _report(problems, overridden, count, json=json)
        if any(not problem.warning for problem in problems):
            raise typer.Exit(BAD_CONFIG)


def _receivers(settings: Config) -> list[Problem]:
    """What is wrong with the addresses of receivers; nothing is sent."""
    problems: list[Problem] = []
    for receiver in settings.receivers:
        try:
            make_receiver(receiver)
        except ConfigError as error:
            problems += error.problems
    return problems


def _report(problems: list[Problem], overridden: list[str], rules: int, *, json: bool) -> None:
    if json:
        for problem in problems:
            dump(problem)
        return
    for problem in problems:
        say(str(problem))
    for words in overridden:
        say(words)
    faults = sum(not problem.warning for problem in problems)
    warnings = len(problems) - faults
    ending = f", {warnings} warnings" if warnings else ""
    say(f"{faults} problems{ending}" if faults else f"{rules} rules are good{ending}.")
