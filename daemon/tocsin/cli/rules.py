"""`tocsin rules`, `tocsin test` and `tocsin match`: rules judged by people's answers, by test files, and on given entries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli import rule_views
from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, SinceOption, read_config
from tocsin.cli.input_files import read_entries, read_since
from tocsin.cli.new_rule import new_rule
from tocsin.cli.new_word import new_word
from tocsin.cli.opening import opened
from tocsin.cli.output import FAILED, PARTLY, dump, listing, progress, say, shown
from tocsin.cli.rule_packs import RulesOption, pack_folders, read_rules, rules_in_force
from tocsin.config.loading import load_rules
from tocsin.config.testfile import Case, RuleTest, load_tests, write_cases
from tocsin.errors import ConfigError, Problem, UsageError
from tocsin.explain.one_poll import judged_object
from tocsin.model.alerts import Alert, Answered, AnswerKind
from tocsin.model.rules import Judged
from tocsin.replay.trial import Fault, run_test
from tocsin.rules.news.terms import TermError, compile_term
from tocsin.rules.ruleset import RuleSet, rule_named
from tocsin.store import Store
from tocsin.store.views import RuleStats
from tocsin.units import counted, written

app = typer.Typer(help="List and show rules, judge them by answers, and list word forms.", no_args_is_help=True)
app.command("list")(rule_views.list_rules)
app.command("show")(rule_views.show_rule)
app.command("new")(new_rule)
app.command("word")(new_word)

RuleArgument = Annotated[str | None, typer.Argument(help="Only this rule.")]
TermArgument = Annotated[
    str, typer.Argument(help="A term as in a list: ban~, 'letter of interest'.", show_default=False)
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Forms:
    """One word of a term, and the forms in which it is found."""

    word: str
    forms: tuple[str, ...]


@app.command("stats")
def print_stats(config: ConfigOption = DEFAULT_CONFIG, since: SinceOption = None, json: JsonOption = False) -> None:
    """Count the alerts of each rule: how many were sent, and how many were marked useful or noise."""
    with opened(config) as (settings, store):
        found = store.read.rule_stats(read_since(since, datetime.now(UTC)))
        known = [name for name in read_rules(settings).infos if name not in found]
        stats = [*sorted(found.values(), key=lambda one: (-one.alerts, one.rule)), *(RuleStats(rule=n) for n in known)]
        listing(
            stats,
            {
                **{field.name: attrgetter(field.name) for field in fields(RuleStats)},
                "precision": lambda one: "-" if one.precision is None else f"{one.precision:.0%}",
            },
            json=json,
            empty="There are no rules.",
        )
        if not json and not any(one.useful or one.noise for one in stats):
            say("No alert has been marked yet. Mark one: tocsin alerts useful ID, or tocsin alerts noise ID.")


@app.command("forms")
def print_forms(term: TermArgument, json: JsonOption = False) -> None:
    """List the forms in which each word of TERM is found."""
    try:
        compiled = compile_term(term)
    except TermError as error:
        raise UsageError(str(error)) from error
    if compiled.pattern is not None:
        raise UsageError(f"{term} is a regular expression, which has no forms")
    words = (
        _Forms(word=word.prefix or min(word.forms, key=len), forms=(f"{word.prefix}*",) if word.prefix else word.forms)
        for word in compiled.words
    )
    listing(words, {"word": attrgetter("word"), "forms": lambda one: ", ".join(one.forms)}, json=json, empty="")


@app.command("export-cases")
def export_cases(rule: RuleArgument = None, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Print a rule test file in which useful alerts must be raised again and noise must no longer match."""
    with opened(config) as (settings, store):
        judged = store.read.verdicts(rule_named(rule, read_rules(settings)).id if rule else None)
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


FilesArgument = Annotated[
    list[Path] | None, typer.Argument(help="Test files. Default: tests/*.yaml of every pack of --config.")
]
PacksOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--rules",
        help="Rule packs. Default: those of --config, or the parent of the files' folder.",
        callback=pack_folders,
    ),
]


def run_tests(
    files: FilesArgument = None,
    rules: PacksOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """Run rule tests with a simulated clock, and the examples of the packs. Polls and sends nothing.

    Exit code 1: a test failed. 78: an example failed, or a file has a fault.
    """
    folders = tuple(rules or ()) or _folders(files or (), config)
    with progress("running the examples"):
        loaded = load_rules(folders).rules  # the error names every example that fails
    paths = list(files or ()) or [path for folder in folders for path in sorted((folder / "tests").glob("*.y*ml"))]
    if not paths:
        raise UsageError("there is no test file; write one in the tests folder of a pack")
    tests = _load(paths, loaded)
    with progress("running the tests") as tick:
        results = list(_run(tests, loaded, tick))
    failed = sum(not _passes(one, faults, json=json) for one, faults in zip(tests, results, strict=True))
    shown = [(one.fires, one.quiet) for one in loaded.rules.values()]
    shown += [(one.fires, one.quiet) for one in loaded.expressions.values()]
    examples = sum(len(fires) + len(quiet) for fires, quiet in shown)
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


def _run(tests: Sequence[RuleTest], rules: RuleSet, tick: Callable[[int, int], None]) -> Iterator[tuple[Fault, ...]]:
    for number, one in enumerate(tests):
        tick(len(tests) - number, len(tests))
        yield run_test(one, rules)


def _passes(one: RuleTest, faults: Sequence[Fault], *, json: bool) -> bool:
    if json:
        dump({"test": one.name, "position": one.position, "passed": not faults, "faults": faults})
    elif faults:
        print(f"FAILED  {shown(one.name)}")
        for fault in faults:
            lines = [shown(line) for line in fault.words.split("\n")]
            print("\n".join(f"    {line}" for line in (f"{fault.position}: {lines[0]}", *lines[1:])))
    return not faults


FileArgument = Annotated[
    Path, typer.Argument(help='JSON Lines: {"id", "title", "text", "date", "labels"} per line. Use - for stdin.')
]


def match(
    file: FileArgument, rules: RulesOption = None, config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False
) -> None:
    """Print which rules match each entry of FILE, in file order. Stores and sends nothing.

    Exit code 3: a rule failed on an entry.
    """
    loaded = rules_in_force(config, rules)
    now = datetime.now(UTC)
    failed = False
    for entry in read_entries(file, now):
        judged = loaded.evaluate(entry, now, proofs=False)
        failed = failed or bool(judged.unevaluated)
        _print(judged, json=json)
    if failed:
        raise typer.Exit(PARTLY)


def _print(judged: Judged, *, json: bool) -> None:
    if json:
        dump(judged_object(judged))
        return
    print(shown(judged.entry.title))
    for found in judged.matches:
        words = ", ".join(repr(getattr(judged.entry, s.field)[s.start : s.end]) for s in found.spans)
        print(f"    {found.severity} {found.rule.id} {written(found.labels)} {shown(words)}".rstrip())
    for failed in judged.unevaluated:
        say(f"{judged.entry.id}: {failed.rule}: {failed.error}")
