"""Entries and quotes from files, for commands that do not poll."""

from __future__ import annotations

import csv
import itertools
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from tocsin.cli.output import say
from tocsin.errors import FileError, UsageError
from tocsin.files import open_regular
from tocsin.market.session import end_of
from tocsin.model.entries import Entry
from tocsin.model.prices import Instrument, Labels, Quote
from tocsin.sources.documents.dates import read_moment
from tocsin.sources.http import urls
from tocsin.sources.prices.extract import delimiter_of
from tocsin.sources.prices.table import MISSING, read_number
from tocsin.text.titles import split_outlet
from tocsin.units import DURATION, parse_duration, parse_time

#: Names that the columns of a file of quotes can have.
_COLUMNS = {
    "date": ("date", "time", "at"),
    "close": ("close", "price", "last"),
    "volume": ("volume",),
    "high": ("high",),
    "low": ("low",),
    "instrument": ("instrument", "symbol"),
    "class": ("class",),
}
_UTC = ZoneInfo("UTC")
#: A file with more quotes is refused, because they are kept in memory.
MOST_QUOTES = 2_000_000
#: A larger file is refused, because reading it would take hours.
LARGEST = 4 * 1024**3
#: A line with more bytes is refused before it is parsed.
LONGEST_LINE = 10_000_000


def read_entries(file: Path, now: datetime | None) -> Iterator[Entry]:
    """Yield the entries of *file*, one per line, in file order. `-` is standard input.

    A line is an object with `title`, and may have `id`, `text`, `date` (when it was published), `first_seen`,
    `labels`, `source`, `link`, `publisher`, `author`, `category` (a text or a list of them) and `language`. If one of the two times is missing, the other is used for it.
    If both are missing, *now* is used. If *now* is None, a line without a time is an error. With *now*, a time that
    cannot be read is only reported on stderr, and the line is used without it.

    Raises:
        UsageError: with file and line of the first fault.
    """
    with _lines(file) as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            where = f"{file}:{number}"
            try:
                record = json.loads(line)
            except (json.JSONDecodeError, RecursionError) as error:
                raise UsageError(f"{where}: not a JSON object: {error}") from error
            yield _entry(record, where, now)


def read_quotes(
    file: Path, name: str, instruments: Mapping[str, Instrument]
) -> tuple[tuple[Quote, ...], dict[str, Instrument]]:
    """Return the quotes of a CSV file in order of time, and their instruments.

    The file must have the columns `date` (or `time`) and `close` (or `price`). It may have `volume`, `high`, `low`, `instrument` (else
    all quotes are of *name*) and `class` (for an instrument that is not in *instruments*). A day means the end of its
    session, or of the day in UTC. Other times are read as in a price table. A row without a price is left out.

    Raises:
        UsageError: with file and line of the first fault.
    """
    quotes: list[Quote] = []
    found: dict[str, Instrument] = {}
    with _lines(file) as lines:
        head = next(lines, "")
        rows = csv.DictReader(itertools.chain([head], lines), delimiter=delimiter_of(head), skipinitialspace=True)
        try:
            columns = _columns(rows.fieldnames or (), str(file))
            for row in rows:
                where = f"{file}:{rows.line_num}"
                if len(quotes) >= MOST_QUOTES:
                    raise UsageError(f"{where}: more than {MOST_QUOTES:,} quotes; split the file")
                known = _instrument(row, columns, name, instruments, found)
                quote = _quote(row, columns, known, where)
                quotes += [quote] if quote else []
        except (csv.Error, UnicodeError) as error:
            raise UsageError(f"{file}:{rows.line_num}: not CSV: {error}") from error
    return tuple(sorted(quotes, key=lambda quote: quote.at)), found


def _columns(names: Sequence[str], file: str) -> dict[str, str]:
    """Return the file's column names by role: date, close, volume, instrument, class."""
    known = {name.strip().casefold(): name for name in names if name}
    found = {}
    for wanted, others in _COLUMNS.items():
        name = next((known[other] for other in others if other in known), None)
        if name is not None:
            found[wanted] = name
        elif wanted in ("date", "close"):
            raise UsageError(f"{file}:1: there is no column {' or '.join(others)}; there are: {', '.join(known)}")
    return found


def _instrument(
    row: Mapping[str, str | None],
    columns: Mapping[str, str],
    name: str,
    instruments: Mapping[str, Instrument],
    found: dict[str, Instrument],
) -> Instrument:
    own = _cell(row, columns, "instrument") or name
    if own not in found:
        found[own] = instruments.get(own) or Instrument(id=own, kind=_cell(row, columns, "class"))
    return found[own]


def _quote(
    row: Mapping[str, str | None], columns: Mapping[str, str], instrument: Instrument, where: str
) -> Quote | None:
    price = _decimal(_cell(row, columns, "close"), f"{where}: {columns['close']}")
    if price is None:
        return None
    text = _cell(row, columns, "date")
    if not text:
        raise UsageError(f"{where}: the {columns['date']} is missing")
    try:
        at = read_moment(text, "", _UTC)
    except ValueError as error:
        raise UsageError(f"{where}: {columns['date']} {error}") from error
    at = end_of(instrument.session, at.date()) if re.fullmatch(r"\d{4}-?\d\d-?\d\d", text) else at
    names = ("volume", "high", "low")
    volume, high, low = (_decimal(_cell(row, columns, name), f"{where}: {name}") for name in names)
    return Quote(instrument=instrument.id, price=price, at=at, first_seen=at, volume=volume, high=high, low=low)


def _cell(row: Mapping[str, str | None], columns: Mapping[str, str], name: str) -> str:
    found = row.get(columns[name]) if name in columns else None
    return found.strip() if isinstance(found, str) else ""


def _decimal(text: str, what: str) -> Decimal | None:
    if text in MISSING:
        return None
    try:
        return read_number(text)
    except ValueError as error:
        raise UsageError(f"{what}: {error}") from error


@contextmanager
def _lines(file: Path) -> Iterator[Iterator[str]]:
    """Open *file* and give its lines. No more of an endless line is read than a line may be long."""
    try:
        with nullcontext(sys.stdin.buffer) if str(file) == "-" else open_regular(file, LARGEST) as stream:
            yield _decoded(stream, file)
    except FileError as error:
        piped = "" if error.too_large else "; - reads standard input"
        raise UsageError(f"{file} {error}{piped}") from error


def _decoded(stream: BinaryIO, file: Path) -> Iterator[str]:
    for number in itertools.count(1):
        line = stream.readline(LONGEST_LINE + 1)
        if not line:
            return
        if len(line) > LONGEST_LINE:
            raise UsageError(f"{file}:{number}: the line is longer than {LONGEST_LINE:,} bytes")
        text = line.decode("utf-8", "replace")
        yield text.removeprefix("\ufeff") if number == 1 else text


def _entry(record: Any, where: str, now: datetime | None) -> Entry:
    if not isinstance(record, dict) or not isinstance(record.get("title"), str):
        raise UsageError(f'{where}: needs an object with a "title"')
    date, first_seen = (_time(record, name, where, now) for name in ("date", "first_seen"))
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
        canonical_link=urls.canonical(link) if link else "",
        publisher=_text(record, "publisher", where) or split_outlet(title)[1],
        authors=_texts(record, "author", where),
        categories=_texts(record, "category", where),
        first_seen=seen,
        published=date if first_seen else seen,
        language=_text(record, "language", where),
        labels=_labels(record.get("labels")),
    )


def _time(record: dict[str, Any], name: str, where: str, now: datetime | None) -> datetime | None:
    try:
        return read_time(record.get(name), f'{where}: "{name}"')
    except UsageError as error:
        if now is None:
            raise
        say(f"{error}; the line is used without it")
        return None


def _text(record: dict[str, Any], name: str, where: str) -> str:
    value = record.get(name) or ""
    if not isinstance(value, str):
        raise UsageError(f'{where}: "{name}" must be a string')
    return value


def _texts(record: dict[str, Any], name: str, where: str) -> tuple[str, ...]:
    value = record.get(name)
    if not value:
        return ()
    found = value if isinstance(value, list) else [value]
    if not all(isinstance(text, str) for text in found):
        raise UsageError(f'{where}: "{name}" must be a string or a list of strings')
    return tuple(found)


def read_time(value: Any, what: str) -> datetime | None:
    """Return the time in *value*, in UTC unless it names a zone. None for an empty value. *what* begins the error.

    Raises:
        UsageError: *value* is not an ISO 8601 date or time.
    """
    if value in (None, ""):
        return None
    try:
        return parse_time(str(value))
    except ValueError as error:
        raise UsageError(f"{what} {value!r} {error}") from error


def read_span(text: str, what: str) -> timedelta:
    """Return the length of time in *text*, such as `4h`. *what* begins the error.

    Raises:
        UsageError: *text* is not a length of time.
    """
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"{what} {text!r} {error}") from error


def read_since(text: str | None, end: datetime | None) -> datetime | None:
    """Return the time in *text*: a date such as `2026-03-01`, or a span before *end*. None without text or *end*.

    Raises:
        UsageError: *text* is neither.
    """
    if text is None:
        return None
    if re.match(DURATION, text):
        return end - parse_duration(text) if end else None
    return read_time(text, "--since")


def _labels(value: Any) -> Labels:
    """Return the labels of a source. A corpus may give a list of classes instead, which are not labels."""
    if not isinstance(value, dict):
        return {}
    return {str(k): tuple(map(str, v)) if isinstance(v, list) else (str(v),) for k, v in value.items()}
