"""`tocsin match`: run the rules on given entries. Nothing is stored or sent."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, RulesOption, rules_in_force
from tocsin.cli.input_files import read_entries
from tocsin.cli.output import PARTLY, dump, say, shown, written
from tocsin.model.rules import Judged, Match

FileArgument = Annotated[
    Path, typer.Argument(help='JSON Lines: {"id", "title", "text", "date", "labels"} per line. Use - for stdin.')
]


def match(
    file: FileArgument, rules: RulesOption = None, config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False
) -> None:
    """Print which rules match each entry of FILE, in file order. Stores and sends nothing."""
    loaded = rules_in_force(config, rules)
    now = datetime.now(UTC)
    failed = False
    for entry in read_entries(file, now):
        judged = loaded.rules.evaluate(entry, now)
        failed = failed or bool(judged.unevaluated)
        _print(judged, json=json)
    if failed:
        raise typer.Exit(PARTLY)


def _print(judged: Judged, *, json: bool) -> None:
    if json:
        dump({"id": judged.entry.id, "matches": [_record(found) for found in judged.matches]})
        return
    print(shown(judged.entry.title))
    for found in judged.matches:
        words = ", ".join(repr(getattr(judged.entry, s.field)[s.start : s.end]) for s in found.spans)
        print(f"    {found.severity} {found.rule.id} {written(found.labels)} {shown(words)}".rstrip())
    for failed in judged.unevaluated:
        say(f"{judged.entry.id}: {failed.rule}: {failed.error}")


def _record(found: Match) -> dict[str, Any]:
    return {
        "rule": found.rule.id,
        "event": found.rule.event,
        "severity": found.severity,
        "labels": found.labels,
        "spans": found.spans,
    }
