"""`tocsin check`: configuration and rules, examples included."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, border, read_config
from tocsin.cli.output import BAD_CONFIG, dump, say
from tocsin.config.config import Config
from tocsin.config.instruments import check_rules
from tocsin.config.loading import load_rules
from tocsin.errors import ConfigError, Problem
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
        settings = None
        if not folders:
            try:
                settings = read_config(config)
                folders = settings.rules
                problems += _receivers(settings)
            except ConfigError as error:
                problems += error.problems
        count = 0
        try:
            loaded = load_rules(folders)
            problems += loaded.warnings
            count = len(loaded.rules.infos)
            if settings:
                problems += check_rules(loaded.rules, settings.instruments)
        except ConfigError as error:
            problems += error.problems
        _report(problems, count, json=json)
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


def _report(problems: list[Problem], rules: int, *, json: bool) -> None:
    if json:
        for problem in problems:
            dump(problem)
        return
    for problem in problems:
        say(str(problem))
    faults = sum(not problem.warning for problem in problems)
    warnings = len(problems) - faults
    ending = f", {warnings} warnings" if warnings else ""
    say(f"{faults} problems{ending}" if faults else f"{rules} rules are good{ending}.")
