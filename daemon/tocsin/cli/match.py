"""`tocsin match`: rules over given entries, nothing stored and nothing sent."""

from __future__ import annotations

import json as jsonlib
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, border, read_config
from tocsin.cli.output import PARTLY, dump, say, shown
from tocsin.config.loading import load_rules
from tocsin.errors import UsageError
from tocsin.model import Entry, Judged, Match

FileArgument = Annotated[
    Path, typer.Argument(help='JSON Lines: {"id", "title", "text", "date", "labels"} a line; - reads standard input.')
]
RulesOption = Annotated[list[Path] | None, typer.Option("--rules", help="Rule folders; default: those of --config.")]
#: A line longer than this is refused before it is parsed.
LONGEST_LINE = 10_000_000


def match(
    file: FileArgument, rules: RulesOption = None, config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False
) -> None:
    """Say which rules each entry of FILE meets, in the order of the file."""
    with border():
        loaded = load_rules(tuple(rules) if rules else read_config(config).rules)
        now = datetime.now(UTC)
        failed = False
        with _opened(file) as stream:
            for entry in _entries(stream, str(file), now):
                judged = loaded.rules.evaluate(entry, now)
                failed = failed or bool(judged.unevaluated)
                _print(judged, json=json)
        if failed:
            raise typer.Exit(PARTLY)


def _opened(file: Path) -> TextIO:
    if str(file) == "-":
        return sys.stdin
    try:
        return file.open(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from error


def _entries(stream: TextIO, name: str, now: datetime) -> Iterator[Entry]:
    for number, line in enumerate(stream, start=1):
        if not line.strip():
            continue
        if len(line) > LONGEST_LINE:
            raise UsageError(f"{name}:{number}: the line is longer than {LONGEST_LINE} characters")
        try:
            record = jsonlib.loads(line)
        except (jsonlib.JSONDecodeError, RecursionError) as error:
            raise UsageError(f"{name}:{number}: not a JSON object: {error}") from error
        yield _entry(record, f"{name}:{number}", now)


def _entry(record: Any, where: str, now: datetime) -> Entry:
    """An entry from one line; a missing date is *now*."""
    if not isinstance(record, dict) or not isinstance(record.get("title"), str):
        raise UsageError(f'{where}: needs an object with a "title"')
    text = record.get("text") or ""
    if not isinstance(text, str):
        raise UsageError(f'{where}: "text" must be a string')
    seen = _date(record.get("date"), where) or now
    return Entry(
        source=str(record.get("source") or "file"),
        id=str(record.get("id", where)),
        keys=(),
        title=record["title"],
        body=text,
        first_seen=seen,
        published=seen,
        language=str(record.get("language") or ""),
        labels=_labels(record.get("labels")),
    )


def _date(value: Any, where: str) -> datetime | None:
    if value in (None, ""):
        return None
    try:
        date = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise UsageError(f'{where}: "date" {value!r} is not an ISO 8601 date') from error
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _labels(value: Any) -> dict[str, tuple[str, ...]]:
    """Labels of a source; a corpus may give a list of classes instead, which are not labels."""
    if not isinstance(value, dict):
        return {}
    return {str(k): tuple(map(str, v)) if isinstance(v, list) else (str(v),) for k, v in value.items()}


def _print(judged: Judged, *, json: bool) -> None:
    if json:
        dump({"id": judged.entry.id, "matches": [_record(found) for found in judged.matches]})
        return
    print(shown(judged.entry.title))
    for found in judged.matches:
        labels = " ".join(f"{name}={','.join(values)}" for name, values in found.labels.items())
        words = ", ".join(repr(getattr(judged.entry, s.field)[s.start : s.end]) for s in found.spans)
        print(f"    {found.severity} {found.rule.id} {labels} {shown(words)}".rstrip())
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
