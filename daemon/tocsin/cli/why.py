"""`tocsin why` and `tocsin why-not`: explain one rule on one entry, and what became of the entry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.table import Table
from rich.text import Text

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, read_label
from tocsin.cli.input_files import read_entries, read_time
from tocsin.cli.opening import opened
from tocsin.cli.output import dump, local, say_zone, shown
from tocsin.cli.rule_packs import RulesOption, rules_in_force
from tocsin.cli.tree import console, mark, text_lines, tree
from tocsin.config.reminders import following
from tocsin.errors import UsageError
from tocsin.explain.decision import Explanation, Step, explain_given, explain_stored, explanation_object
from tocsin.model.entries import Entry
from tocsin.model.rules import RuleInfo
from tocsin.rules.ruleset import RuleSet, news_rule_named
from tocsin.units import written

RuleArgument = Annotated[str, typer.Argument(help="A rule: pack/id, or the id alone.", show_default=False)]
EntryArgument = Annotated[
    str | None,
    typer.Argument(
        help="A stored entry (number, id or link), or a JSON Lines file as for `tocsin match`. Use - for stdin.",
        show_default=False,
    ),
]
TitleOption = Annotated[str, typer.Option("--title", help="A headline to explain instead of a stored ENTRY.")]
SummaryOption = Annotated[str, typer.Option("--summary", help="Its summary.")]
BodyOption = Annotated[str, typer.Option("--body", help="Its text.")]
DateOption = Annotated[str, typer.Option("--date", help="When it was published (ISO 8601). Default: now.")]
SourceOption = Annotated[str, typer.Option("--source", help="The source it came from.")]
UnfoldOption = Annotated[bool, typer.Option("--unfold", help="Show the bodies of all named expressions.")]
LabelOption = Annotated[list[str] | None, typer.Option("--label", help="A label of its source, such as tier=primary.")]

_UTC = ZoneInfo("UTC")


def why(
    rule: RuleArgument,
    entry: EntryArgument = None,
    *,
    title: TitleOption = "",
    summary: SummaryOption = "",
    body: BodyOption = "",
    date: DateOption = "",
    source: SourceOption = "",
    label: LabelOption = None,
    unfold: UnfoldOption = False,
    rules: RulesOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """Show why RULE matches an entry or does not. For a stored entry, also show what became of it."""
    written = any((title, summary, body, date, source, label))
    if (entry is None) != written:
        raise UsageError("give either ENTRY or the parts of one, such as --title 'China bans gallium exports'")
    # Whoever asks why an example fails is not to be sent away because it does: none is run.
    loaded = rules_in_force(config, rules)
    info = news_rule_named(rule, loaded)
    now, zone = datetime.now(UTC), _UTC
    if entry is None:
        when = read_time(date, "--date") or now
        given = Entry(
            source=source or "given",
            id="given",
            keys=(),
            title=title,
            summary=summary,
            body=body,
            first_seen=now,
            published=when,
            labels=_labels(label or ()),
        )
        answers: Iterator[Explanation] = iter([explain_given(loaded, info, given, now, unfold=unfold)])
    elif entry == "-" or Path(entry).is_file():
        answers = (explain_given(loaded, info, one, now, unfold=unfold) for one in read_entries(Path(entry), now))
    else:
        found, zone = _stored(loaded, info, entry, config, unfold=unfold)
        answers = iter([found])
    for answer in answers:
        dump(explanation_object(answer)) if json else _print(answer, zone)


def _labels(written: Sequence[str]) -> dict[str, tuple[str, ...]]:
    labels: dict[str, tuple[str, ...]] = {}
    for name, value in map(read_label, written):
        labels[name] = (*labels.get(name, ()), value)
    return labels


def _stored(rules: RuleSet, info: RuleInfo, words: str, config: Path, *, unfold: bool) -> tuple[Explanation, ZoneInfo]:
    """Return the explanation of a stored entry, and the time zone to show it in."""
    with opened(config) as (settings, store):
        found = store.read.find_record(words, info.id)
        if found is None:
            raise UsageError(
                f"no entry has the number, id or link {words}, and there is no such file; see: tocsin alerts show"
            )
        record, entry = found
        ahead = following(settings, store.read, record.alert, datetime.now(UTC))
        return explain_stored(rules, info, record, entry, settings.zone, unfold=unfold, following=ahead), settings.zone


def _print(answer: Explanation, zone: ZoneInfo) -> None:
    out = console()
    evidence, rule = answer.evidence, answer.rule
    verdict = Text()
    if evidence:
        verdict.append_text(mark(evidence.holds))
        verdict.append(f" {rule.id}", style="bold")
        verdict.append(" matches" if evidence.holds else " does not match")
        if evidence.note:
            verdict.append(f": {shown(evidence.note)}")
    else:
        verdict.append(f"· {rule.id}: the text of this entry is older than `retention` and was deleted")
    out.print(verdict)
    if rule.override:
        out.print(Text(f"  overridden: {shown(rule.override)}", style="yellow"))
    out.print()
    out.print(_entry(answer, zone, colour=out.color_system is not None and not out.no_color))
    if evidence:
        out.print()
        out.print(tree(evidence, {f: getattr(answer.entry, f) for f in ("title", "summary", "body")}, zone))
    if answer.decision:
        out.print()
        out.print(_decision(answer.decision))
    say_zone(zone)


def _entry(answer: Explanation, zone: ZoneInfo, *, colour: bool) -> Table:
    entry = answer.entry
    view = _grid()
    for field, line in text_lines(entry, answer.evidence, colour=colour):
        view.add_row(Text(field, style="dim"), line)
    published = local(entry.published, zone)
    view.add_row(
        Text("source", style="dim"), Text(shown(f"{entry.source}, {published} {written(entry.labels)}".rstrip()))
    )
    return view


def _decision(decision: Sequence[Step]) -> Table:
    view = Table.grid(padding=(0, 2, 0, 0))
    view.add_column(width=1)
    view.add_column(no_wrap=True, style="dim")
    view.add_column(overflow="fold")
    for step in decision:
        view.add_row(mark(step.good), step.name, Text(shown(step.words)))
    return view


def _grid() -> Table:
    view = Table.grid(padding=(0, 2, 0, 0))
    view.add_column(no_wrap=True)
    view.add_column(overflow="fold")
    return view
