"""Entries that are given as JSON Lines instead of polled."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from tocsin.errors import UsageError
from tocsin.model import Entry, Labels
from tocsin.sources import urls
from tocsin.text.titles import split_outlet

#: A line longer than this is refused before it is parsed.
LONGEST_LINE = 10_000_000


def read_entries(file: Path, now: datetime | None) -> Iterator[Entry]:
    """The entries of *file*, one a line, in its order; `-` is standard input.

    A line is an object with `title`, and may have `id`, `text`, `date` (when it was published), `first_seen`,
    `labels`, `source`, `link`, `publisher` and `language`. One of the two times stands for the other where that is
    missing, and *now* for both; where *now* is None, a line without a time is a fault.

    Raises:
        UsageError: with file and line of the first fault.
    """
    with _opened(file) as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            where = f"{file}:{number}"
            if len(line) > LONGEST_LINE:
                raise UsageError(f"{where}: the line is longer than {LONGEST_LINE} characters")
            try:
                record = json.loads(line)
            except (json.JSONDecodeError, RecursionError) as error:
                raise UsageError(f"{where}: not a JSON object: {error}") from error
            yield _entry(record, where, now)


def _opened(file: Path) -> TextIO:
    if str(file) == "-":
        return sys.stdin
    try:
        return file.open(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from error


def _entry(record: Any, where: str, now: datetime | None) -> Entry:
    if not isinstance(record, dict) or not isinstance(record.get("title"), str):
        raise UsageError(f'{where}: needs an object with a "title"')
    date, first_seen = (read_time(record.get(name), f'{where}: "{name}"') for name in ("date", "first_seen"))
    seen = first_seen or date or now
    if seen is None:
        raise UsageError(f'{where}: needs a "date" or a "first_seen", such as 2026-03-02T08:00:00Z')
    title, link = record["title"], _text(record, "link", where)
    source = _text(record, "source", where) or "file"
    return Entry(
        source=source,
        id=str(record.get("id", where)),
        keys=(),
        title=title,
        body=_text(record, "text", where),
        link=link,
        canonical_link=urls.canonical(link),
        publisher=_text(record, "publisher", where) or split_outlet(title)[1],
        first_seen=seen,
        published=date if first_seen else seen,
        language=_text(record, "language", where),
        labels=_labels(record.get("labels")),
    )


def _text(record: dict[str, Any], name: str, where: str) -> str:
    value = record.get(name) or ""
    if not isinstance(value, str):
        raise UsageError(f'{where}: "{name}" must be a string')
    return value


def read_time(value: Any, what: str) -> datetime | None:
    """The time that *value* says, in UTC unless it names a zone; None for nothing. *what* begins the error.

    Raises:
        UsageError: it is no ISO 8601 date or time.
    """
    if value in (None, ""):
        return None
    try:
        time = datetime.fromisoformat(str(value))
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{what} {value!r} is not an ISO 8601 date") from error


def _labels(value: Any) -> Labels:
    """Labels of a source; a corpus may give a list of classes instead, which are not labels."""
    if not isinstance(value, dict):
        return {}
    return {str(k): tuple(map(str, v)) if isinstance(v, list) else (str(v),) for k, v in value.items()}
