"""What every command shares: its options, the configuration, the store, and the border where errors become exit codes."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.output import BAD_CONFIG, FAILED, LOST, USAGE, say, shown
from tocsin.config.build import open_store
from tocsin.config.config import Config, load_config
from tocsin.config.loading import LoadedRules, load_rules, rules_of
from tocsin.errors import ConfigError, LostError, TocsinError, UsageError, meant
from tocsin.model.rules import RuleInfo
from tocsin.rules.ruleset import RuleSet
from tocsin.store import Store
from tocsin.units import counted

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The configuration file.", envvar="TOCSIN_CONFIG")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line, for machines.")]
SinceOption = Annotated[
    str | None, typer.Option("--since", help="Only those from this time on (2026-03-01), or of the last 24h.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="On a copy of the database, to the console only.")]
RulesOption = Annotated[list[Path] | None, typer.Option("--rules", help="Rule folders; default: those of --config.")]
LimitOption = Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at most, the newest first.")]
ForOption = Annotated[str, typer.Option("--for", help="For how long: 30m, 4h, 2d.")]
WhyOption = Annotated[str, typer.Option("--why", help="The reason, in a few words.")]
ByOption = Annotated[
    str, typer.Option("--by", help="Your name; default: the user.", envvar=["SUDO_USER", "USER"], show_envvar=False)
]
DEFAULT_CONFIG = Path("config.yaml")


@contextmanager
def border() -> Iterator[None]:
    """Where errors become messages and exit codes.

    Raises:
        typer.Exit: with 78 for a bad configuration, 2 for a wrong call, 74 for a database that was taken away, 1 for everything else raised on purpose.
    """
    try:
        yield
    except ConfigError as error:
        say(str(error))
        count = sum(not problem.warning for problem in error.problems)
        say(f"{counted(count, 'problem')}; nothing was started.")
        raise typer.Exit(BAD_CONFIG) from error
    except UsageError as error:
        say(str(error))
        raise typer.Exit(USAGE) from error
    except LostError as error:
        say(str(error))
        raise typer.Exit(LOST) from error
    except TocsinError as error:
        say(str(error))
        raise typer.Exit(FAILED) from error


def read_config(path: Path) -> Config:
    """The configuration at *path*, with the environment's values; its warnings go to stderr."""
    config = load_config(path, os.environ)
    for problem in config.problems:
        say(str(problem))
    return config


def rules_in_force(path: Path, folders: Sequence[Path] | None) -> LoadedRules:
    """The rules in *folders*, else those of the configuration at *path* with its overrides."""
    if folders:
        return load_rules(tuple(folders))
    return rules_of(read_config(path))


def rule_named(rules: RuleSet, name: str) -> RuleInfo:
    """The rule that *name*, a full id or a bare one, means, switched off or not.

    Raises:
        UsageError: there is none, or there are several.
    """
    infos = {full: rule.info for full, rule in rules.disabled.items()} | rules.infos
    found = infos.get(name) or rules.find(name)
    if found:
        return found
    bare = [info for full, info in infos.items() if full.rpartition("/")[2] == name]
    if len(bare) == 1:
        return bare[0]
    if bare:
        raise UsageError(f"several packs have a rule {name}: write {' or '.join(info.id for info in bare)}")
    likely = meant(name, infos if "/" in name else [full.rpartition("/")[2] for full in infos])
    raise UsageError(f"there is no rule {name}{likely}")


def read_label(text: str) -> tuple[str, str]:
    """Return name and value of a label as people type it, `mineral=gallium`.

    Raises:
        UsageError: it is none.
    """
    name, _, value = text.partition("=")
    if not name or not value:
        raise UsageError(f"--label {shown(text)[:80]}: write name=value, such as mineral=gallium")
    return name, value


@contextmanager
def opened(path: Path) -> Iterator[tuple[Config, Store]]:
    """The configuration and its store, beside a running daemon; closed at the end."""
    config = read_config(path)
    store = open_store(config)
    try:
        yield config, store
    finally:
        store.close()


def log_to_stderr(verbose: bool) -> None:
    """Log lines on stderr; under systemd without a time of their own, since the journal has one."""
    form = "%(levelname)s %(message)s" if "JOURNAL_STREAM" in os.environ else "%(asctime)s %(levelname)s %(message)s"
    logging.basicConfig(level=logging.WARNING, format=form, stream=sys.stderr, force=True)
    logging.getLogger("tocsin").setLevel(logging.DEBUG if verbose else logging.INFO)
