"""The rule packs of commands that judge entries."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.common import read_config
from tocsin.cli.output import progress
from tocsin.config.config import Config
from tocsin.config.loading import Kept, load_rules, rules_of
from tocsin.config.shipped import find_pack
from tocsin.rules.ruleset import RuleSet


def pack_folders(written: list[Path] | None) -> list[Path] | None:
    """Return folders of packs as people type them: folders that exist, and the names of shipped packs."""
    return [path if path.is_dir() else find_pack(str(path)) or path for path in written] if written else written


RulesOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--rules", help="Rule packs: folders or shipped ones. Default: those of --config.", callback=pack_folders
    ),
]


def read_rules(config: Config, kept: Kept = lambda _: None) -> RuleSet:
    """Return the rules of *config*; *kept* is as for `load_rules`. Their examples are not run: `tocsin check` does that."""
    with progress("reading the rules"):
        return rules_of(config, kept, tried=False).rules


def rules_in_force(path: Path, folders: Sequence[Path] | None) -> RuleSet:
    """Return the rules in *folders*. Without *folders*, return those of the configuration at *path* with its overrides."""
    if not folders:
        return read_rules(read_config(path))
    with progress("reading the rules"):
        return load_rules(tuple(folders), tried=False).rules
