"""`tocsin test`: run rule test files, and the examples of the packs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, read_config
from tocsin.cli.output import FAILED, dump, say, shown
from tocsin.config.loading import load_rules
from tocsin.config.testfile import RuleTest, load_tests
from tocsin.errors import ConfigError, Problem, UsageError
from tocsin.replay.trial import run_test
from tocsin.rules.ruleset import RuleSet
from tocsin.units import counted

FilesArgument = Annotated[
    list[Path] | None, typer.Argument(help="Test files. Default: tests/*.yaml of every pack of --config.")
]
RulesOption = Annotated[
    list[Path] | None,
    typer.Option("--rules", help="Rule folders. Default: those of --config, or the parent of the files' folder."),
]


def run_tests(
    files: FilesArgument = None,
    rules: RulesOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """Run rule tests with a simulated clock, and the examples of the packs. Polls and sends nothing."""
    folders = tuple(rules or ()) or _folders(files or (), config)
    loaded = load_rules(folders).rules  # the error names every example that fails
    paths = list(files or ()) or [path for folder in folders for path in sorted((folder / "tests").glob("*.y*ml"))]
    if not paths:
        raise UsageError("there is no test file; write one in the tests folder of a pack")
    tests = _load(paths, loaded)
    failed = sum(not _passes(one, loaded, json=json) for one in tests)
    examples = sum(len(rule.fires) + len(rule.quiet) for rule in loaded.rules.values())
    passed = f"{len(tests) - failed} of {counted(len(tests), 'test')} passed"
    say(f"{passed}; {counted(examples, 'example')} of the packs {'passes' if examples == 1 else 'pass'}.")
    if failed:
        raise typer.Exit(FAILED)


def _folders(files: list[Path] | tuple[Path, ...], config: Path) -> tuple[Path, ...]:
    """Return the packs under test: those whose tests folder holds the files, or else the configured packs."""
    around = tuple(
        dict.fromkeys(path.resolve().parent.parent for path in files if path.resolve().parent.name == "tests")
    )
    return around or read_config(config).rules


def _load(paths: list[Path], rules: RuleSet) -> list[RuleTest]:
    """Return the tests of all files.

    Raises:
        ConfigError: with every fault of every file.
    """
    tests: list[RuleTest] = []
    problems: list[Problem] = []
    for path in paths:
        found, faults = load_tests(path, rules.infos)
        tests += found
        problems += faults
    if any(not item.warning for item in problems):
        raise ConfigError(problems)
    return tests


def _passes(one: RuleTest, rules: RuleSet, *, json: bool) -> bool:
    faults = run_test(one, rules)
    if json:
        dump({"test": one.name, "position": one.position, "passed": not faults, "faults": faults})
    elif faults:
        print(f"FAILED  {shown(one.name)}")
        for fault in faults:
            lines = [shown(line) for line in fault.words.split("\n")]
            print("\n".join(f"    {line}" for line in (f"{fault.position}: {lines[0]}", *lines[1:])))
    return not faults
