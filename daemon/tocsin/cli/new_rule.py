"""`tocsin rules new`: a file with an example rule and one with its test, to be changed into a rule of one's own."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, read_config
from tocsin.cli.output import say
from tocsin.config.loading import load_rules
from tocsin.config.shipped import SHIPPED
from tocsin.config.testfile import load_tests
from tocsin.config.yaml.file import shown_path
from tocsin.errors import ConfigError, TocsinError, UsageError
from tocsin.replay.trial import run_test

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="The id of the rule: small letters, digits, dashes.", show_default=False)
]
_NAME = re.compile(r"[a-z][a-z0-9-]{0,59}")
_PACK = "pack: {{id: {pack}, version: 0.1.0}}\n"
_RULE = """\
# An example: put your own words in the place of these, in the headlines, too.
# `tocsin check` tries the headlines, `tocsin test` the file of its test.
tocsin: 1
{pack}lists:
  {name}-firm: [Lindqvist Mill, Lindqvist Group]     # one of these ...
rules:
  - id: {name}
    title: "Work stops: {name}"
    severity: medium                # info, low, medium, high or critical
    news:
      match: |
        ${name}-firm NEAR/8 (halt~ OR shut~ OR strike~)
    key: [story]                    # one alert for each story
    fires:                          # ... near halts, halted, shuts, strikes ...
      - Lindqvist Mill halts its second line
    quiet:
      - Lindqvist Mill opens a second line
"""
_TEST = """\
# What the rule does over time: `tocsin test` plays this news to it.
tocsin_test: 1
start: 2026-03-02T08:00:00Z
tests:
  - name: "{name}: a report and its copy are one alert"
    news:
      - {{at: 0m, source: wire, title: Lindqvist Mill halts its second line}}
      - {{at: 10m, source: daily, title: Lindqvist Mill halts its second line}}
    expect:
      - {{rule: {name}, at: 0m}}
"""


def new_rule(name: NameArgument, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Write an example rule NAME and its test into the rules of your own, to change them. Overwrites nothing."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot be the id of a rule: write small letters, digits and dashes, a letter first")
    folder, named = _own_folder(config)
    pack = "" if any(folder.glob("*.y*ml")) else _PACK.format(pack=re.sub(r"[^\w.-]", "-", folder.name)[:64])
    rule, test = folder / f"{name}.yaml", folder / "tests" / f"{name}.yaml"
    if there := [shown_path(path) for path in (rule, test) if path.exists()]:
        raise UsageError(f"nothing was written, because this is there already: {', '.join(there)}; choose another name")
    _write({rule: _RULE.format(name=name, pack=pack), test: _TEST.format(name=name)}, folder)
    print(f"{shown_path(rule)}: an example rule, which is good")
    print(f"{shown_path(test)}: its test, which passes")
    say("")
    if not named:
        say(f"Add ./{folder.name} below rules: in {shown_path(config)}, or it is not read.")
    say("Change its words, then:")
    say("  tocsin check             are the headlines below fires and quiet judged right?")
    say(f"  tocsin test {shown_path(test)}")
    say(f"  tocsin backtest --rule {name}     what it would have sent")


def _own_folder(config: Path) -> tuple[Path, bool]:
    """Return the first pack of one's own of the configuration at *config*, and whether it names one.

    Packs that are copies of shipped ones do not count: they are not replaced with the next copy.
    """
    settings = read_config(config)
    shipped = {path.name for path in SHIPPED.iterdir()}
    own = [path for path in settings.rules if not path.is_relative_to(SHIPPED) and path.name not in shipped]
    return (own[0], True) if own else (config.resolve().parent / "rules", False)


def _write(files: dict[Path, str], folder: Path) -> None:
    """Write *files* of the pack in *folder*, and check them. Nothing is left of them if they or the pack have faults.

    Raises:
        ConfigError: with the faults.
        UsageError: the test fails.
        TocsinError: a file cannot be written.
    """
    written: list[Path] = []
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                written.append(path)
                file.write(text)
        rules = load_rules((folder,)).rules
        tests, faults = load_tests(written[-1], rules.infos)
        if any(not fault.warning for fault in faults):
            raise ConfigError(faults)
        if failed := [fault.words for test in tests for fault in run_test(test, rules)]:
            raise UsageError(f"the other rules in {shown_path(folder)} match the example, too: {failed[0]}")
    except (OSError, ConfigError, UsageError) as error:
        for path in written:
            with suppress(OSError):
                path.unlink()
        if isinstance(error, OSError):
            # A full disk is noticed when a file is closed, and its error has no name.
            raise TocsinError(f"{error.filename or path}: {error.strerror}; nothing was written") from error
        raise
