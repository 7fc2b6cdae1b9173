"""`tocsin backtest`: run the rules over the past and show what would have been sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from tocsin.cli import backtest_output as output
from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, read_config
from tocsin.cli.input_files import read_entries, read_quotes, read_since
from tocsin.cli.output import PARTLY, say
from tocsin.cli.rule_packs import RulesOption, pack_folders, read_rules, rules_in_force
from tocsin.config.build import make_policy
from tocsin.config.config import Config
from tocsin.config.contacts import make_receivers, view_receiver
from tocsin.config.stores import open_copy
from tocsin.model.entries import Entry
from tocsin.model.prices import Instrument, Quote
from tocsin.policy.decide import Policy
from tocsin.replay import report
from tocsin.replay.replay import EVERYBODY, Poll, Replay, Result, merged, polls, quoted, unseen, warm_up
from tocsin.rules.filters import NO_FILTERS, Filters
from tocsin.rules.ruleset import RuleSet, rule_named
from tocsin.store import Store

SinceOption = Annotated[
    str | None,
    typer.Option("--since", help="From this date on (2026-03-01), or this long before the last entry (30d)."),
]
InputOption = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        help="A file to use instead of the stored history: JSON Lines (title, date or first_seen, id, text, labels, "
        "source ...), or prices as CSV (date, close, volume, instrument, class). tin=FILE.csv names the instrument.",
    ),
]
RuleOption = Annotated[str | None, typer.Option("--rule", help="Show only this rule.")]
AgainstOption = Annotated[
    list[Path] | None,
    typer.Option("--against", help="Other rule packs to compare with: show gains and losses.", callback=pack_folders),
]
CsvOption = Annotated[Path | None, typer.Option("--csv", help="Write every match and what became of it to this file.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Past:
    """Entries and quotes to run on. They can be read more than once. *count* is the number of both together."""

    entries: Iterable[Entry]
    quotes: Sequence[Quote]
    instruments: Sequence[Instrument]
    count: int
    baselines: dict[str, datetime]
    filters: Filters = field(default_factory=dict)


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
    """Run the rules over stored or given history and show what would have been sent. Changes and sends nothing.

    Exit code 3: a rule failed on an entry, which is named.
    """
    own, policy, settings = _judged_by(config, rules, inputs)
    sets = (own, *([rules_in_force(config, against)] if against else []))
    wanted = rule_named(rule, *sets).id if rule else None
    if settings and not inputs:
        results = _over_stored(settings, since, policy, sets)
    else:
        results = _over_given(inputs or [], since, policy, sets, settings)
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
        say(f"{failure.unevaluated.rule} raised on {failure.source} {failure.observation}: {failure.unevaluated.error}")
    if result.failures:
        raise typer.Exit(PARTLY)


def _judged_by(
    config: Path, rules: list[Path] | None, inputs: list[str] | None
) -> tuple[RuleSet, Policy, Config | None]:
    """Return the rules and the policy. If rules and history are both given, no configuration is read."""
    if rules and inputs:
        return rules_in_force(config, rules), EVERYBODY, None
    settings = read_config(config)
    own = rules_in_force(config, rules) if rules else read_rules(settings)
    return own, make_policy(settings, make_receivers(settings, view_receiver)), settings


def _over_given(
    inputs: list[str], since: str | None, policy: Policy, sets: tuple[RuleSet, ...], settings: Config | None
) -> list[Result]:
    known = {item.id: item for item in settings.instruments} if settings else {}
    news: list[Path] = []
    quotes: list[Quote] = []
    instruments: dict[str, Instrument] = {}
    for text in inputs:
        name, _, path = text.rpartition("=") if not Path(text).exists() else ("", "", text)
        file = Path(path)
        if file.suffix.casefold() != ".csv":
            news.append(file)
            continue
        some, of = read_quotes(file, name or file.stem, {**known, **instruments})
        quotes += some
        instruments |= of
    _warn(instruments, sets[0])
    entries = unseen(entry for file in news for entry in read_entries(file, None))
    quotes.sort(key=lambda quote: quote.first_seen)
    ends = [one[-1].first_seen for one in (entries, quotes) if one]
    start = read_since(since, max(ends, default=None))
    kept = [entry for entry in entries if start is None or entry.first_seen >= start - _warm_up(sets)]
    count = len(kept) + len(quotes)
    past = _Past(
        entries=kept,
        quotes=quotes,
        instruments=tuple(instruments.values()),
        count=count,
        baselines={},
        filters=settings.filters if settings else NO_FILTERS,
    )
    return _runs(past, start, policy, sets)


def _warn(instruments: Mapping[str, Instrument], rules: RuleSet) -> None:
    """Warn of given prices that no rule is about."""
    for instrument in instruments.values():
        if not any(rule.needs(instrument) for rule in rules.prices.values()):
            known = sorted({rule.kind for rule in rules.prices.values() if rule.kind})
            remedy = f"; give it a class: {', '.join(known)}" if known and not instrument.kind else ""
            say(f"warning: no rule is about the instrument {instrument.id}{remedy}")


def _over_stored(settings: Config, since: str | None, policy: Policy, sets: tuple[RuleSet, ...]) -> list[Result]:
    with closing(open_copy(settings)) as store:
        # The state of price rules builds up from the first quote, so all quotes are needed. There are not many.
        quotes = store.read.history_quotes([item.id for item in settings.instruments])
        ends = [at for at in (store.read.history().last, quotes[-1].first_seen if quotes else None) if at]
        start = read_since(since, max(ends, default=None))
        begin = start - _warm_up(sets) if start else None
        outline = store.read.history(begin)
        past = _Past(
            entries=_Stored(store, begin),
            quotes=quotes,
            instruments=settings.instruments,
            count=outline.entries + len(quotes),
            baselines=dict(outline.baselines),
            filters=settings.filters,
        )
        return _runs(past, start, policy, sets)


@dataclass(frozen=True, slots=True)
class _Stored:
    """The entries of a store, read again for every run."""

    store: Store
    since: datetime | None

    def __iter__(self) -> Iterator[Entry]:
        return self.store.read.history_entries(self.since)


def _runs(past: _Past, start: datetime | None, policy: Policy, sets: tuple[RuleSet, ...]) -> list[Result]:
    """Return one result per rule set. The first is that of the rules under test."""
    names = ("backtest", "against")
    return [
        Replay(rules, policy, past.instruments, past.filters).run(_shown(past, words), start=start)
        for rules, words in zip(sets, names, strict=False)
    ]


def _warm_up(sets: Iterable[RuleSet]) -> timedelta:
    return max(map(warm_up, sets))


def _shown(past: _Past, words: str) -> Iterator[Poll]:
    """Yield the polls of *past*, with a progress bar on a terminal."""
    console = Console(stderr=True)
    off = not console.is_terminal
    with Progress(console=console, transient=True, disable=off) as progress:
        task = progress.add_task(words, total=past.count)
        for poll in merged(polls(past.entries, past.baselines), quoted(past.quotes)):
            yield poll
            progress.advance(task, len(poll.entries) + len(poll.quotes))
