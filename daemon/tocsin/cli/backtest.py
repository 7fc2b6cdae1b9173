"""`tocsin backtest`: the live engine over the past, and what would have been sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer
from rich.console import Console
from rich.progress import track

from tocsin.cli import backtest_output as output
from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, border, read_config, rules_in_force
from tocsin.cli.given import read_entries, read_time
from tocsin.cli.output import PARTLY, say
from tocsin.config.durations import PATTERN, parse_duration
from tocsin.config.loading import load_rules
from tocsin.errors import UsageError
from tocsin.model import Entry
from tocsin.policy.decide import Policy
from tocsin.policy.route import ReceiverInfo, Route
from tocsin.replay import report
from tocsin.replay.replay import Poll, Replay, Result, polls, unseen, warm_up
from tocsin.rules.ruleset import RuleSet
from tocsin.service import make_policy, make_receiver
from tocsin.store import Store

SinceOption = Annotated[
    str | None,
    typer.Option("--since", help="From this time on (2026-03-01), or this long before the last entry (30d)."),
]
InputOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--input", help="JSON Lines instead of what is stored: title, date or first_seen, id, text, labels, source ..."
    ),
]
RuleOption = Annotated[str | None, typer.Option("--rule", help="Show this rule alone.")]
RulesOption = Annotated[list[Path] | None, typer.Option("--rules", help="Rule folders; default: those of --config.")]
AgainstOption = Annotated[
    list[Path] | None, typer.Option("--against", help="Other rule folders: show what is gained and lost against them.")
]
CsvOption = Annotated[Path | None, typer.Option("--csv", help="Write every match and what became of it to this file.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Past:
    """Entries to run on, which can be read more than once."""

    entries: Iterable[Entry]
    count: int
    baselines: dict[str, datetime]


def backtest(
    *,
    since: SinceOption = None,
    inputs: InputOption = None,
    rule: RuleOption = None,
    rules: RulesOption = None,
    against: AgainstOption = None,
    csv: CsvOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """Run the rules over stored or given history and show what would have been sent. Changes and sends nothing."""
    with border():
        sets = (rules_in_force(config, rules).rules, *([load_rules(against).rules] if against else []))
        policy = _everybody() if rules and inputs else _policy(config)
        wanted = _rule(rule, sets)
        results = _over_given(inputs, since, policy, sets) if inputs else _over_stored(config, since, policy, sets)
        if wanted:
            results = [report.only_rule(one, wanted) for one in results]
        result = results[0]
        found = report.differences(*results) if against else None
        if csv:
            output.write_csv(csv, result)
        if json:
            output.dump_result(result, found)
        else:
            output.print_result(result, found)
        for failure in result.failures:
            say(
                f"{failure.unevaluated.rule} raised on {failure.entry.source} {failure.entry.id}: {failure.unevaluated.error}"
            )
        if result.failures:
            raise typer.Exit(PARTLY)


def _over_given(files: list[Path], since: str | None, policy: Policy, sets: tuple[RuleSet, ...]) -> list[Result]:
    for file in files:
        if file.suffix == ".csv":
            raise UsageError(f"{file}: prices cannot be replayed yet; give entries as JSON Lines")
    entries = unseen(entry for file in files for entry in read_entries(file, None))
    start = _start(since, entries[-1].first_seen if entries else None)
    kept = [entry for entry in entries if start is None or entry.first_seen >= start - _warm_up(sets)]
    past = _Past(entries=kept, count=len(kept), baselines={})
    return _runs(past, start, policy, sets)


def _over_stored(config: Path, since: str | None, policy: Policy, sets: tuple[RuleSet, ...]) -> list[Result]:
    url = read_config(config).database
    with closing(Store.open_copy(url, real_now=lambda: datetime.now(UTC), new_id=lambda: uuid4().hex)) as store:
        start = _start(since, store.history().last)
        begin = start - _warm_up(sets) if start else None
        outline = store.history(begin)
        past = _Past(entries=_Stored(store, begin), count=outline.entries, baselines=dict(outline.baselines))
        return _runs(past, start, policy, sets)


@dataclass(frozen=True, slots=True)
class _Stored:
    """The entries of a store, read anew for every run."""

    store: Store
    since: datetime | None

    def __iter__(self) -> Iterator[Entry]:
        return self.store.history_entries(self.since)


def _runs(past: _Past, start: datetime | None, policy: Policy, sets: tuple[RuleSet, ...]) -> list[Result]:
    """One result a rule set, the first that of the rules under test."""
    names = ("backtest", "against")
    return [
        Replay(rules, policy).run(_shown(past, words), start=start) for rules, words in zip(sets, names, strict=False)
    ]


def _warm_up(sets: Iterable[RuleSet]) -> timedelta:
    return max(map(warm_up, sets))


def _shown(past: _Past, words: str) -> Iterator[Poll]:
    """The polls of *past*, with a progress bar on a terminal."""
    console = Console(stderr=True)
    entries = track(
        past.entries,
        description=words,
        total=past.count,
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    return polls(entries, past.baselines)


def _start(since: str | None, last: datetime | None) -> datetime | None:
    if since is None:
        return None
    if re.match(PATTERN, since):
        return last - parse_duration(since) if last else None
    return read_time(since, "--since")


def _rule(name: str | None, sets: Iterable[RuleSet]) -> str | None:
    """The full id of the rule that *name* means.

    Raises:
        UsageError: there is no such rule.
    """
    if name is None:
        return None
    found = next((info for rules in sets if (info := rules.find(name))), None)
    if found is None:
        known = sorted({known for rules in sets for known in rules.infos})
        raise UsageError(f"there is no rule {name!r}; there are: {', '.join(known)}")
    return found.id


def _policy(config: Path) -> Policy:
    settings = read_config(config)
    return make_policy(settings, {receiver.name: make_receiver(receiver) for receiver in settings.receivers})


def _everybody() -> Policy:
    """One receiver that is told everything, where no configuration says who is told what."""
    return Policy(routes=(Route(to=("everybody",)),), receivers=(ReceiverInfo(name="everybody", recipients=("",)),))
