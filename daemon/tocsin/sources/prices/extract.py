"""Rows and fields of a document: JSON and JSON Lines by JMESPath, CSV by column, HTML by CSS selector.

Expressions are compiled before anything is fetched. A field that is found twice is an error, because nothing is guessed.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from tocsin.errors import SourceError
from tocsin.sources.documents import parser_process
from tocsin.sources.documents.charset import decode
from tocsin.sources.documents.page import MOST_ROWS, Row, check_selector
from tocsin.sources.documents.paths import compiled_path, look_up

#: For a JSON object whose members are the rows: names of a member's key and of the member itself.
KEY, VALUE = "@key", "@value"
#: Prefix of an expression about the whole JSON document instead of a row.
ROOT = "$."
_JSONP = re.compile(r"(?:/\*.*?\*/\s*+)?[\w$.=\s]{1,80}\(", re.DOTALL)
_SHOWN = 12


class Format(StrEnum):
    """The format of a document."""

    JSON = "json"
    CSV = "csv"
    HTML = "html"
    JSONL = "jsonl"


#: Formats whose rows are lines, in words.
_BY_LINE = {Format.CSV: "CSV", Format.JSONL: "JSON Lines"}


class NotDataError(ValueError):
    """A document is not in the expected format."""


#: Function that returns the text or number of a field in a row, or None. Raises NotDataError if there are two.
Field = Callable[[Any], str | int | float | None]


class Extractor(Protocol):
    """Reader of the documents of one format."""

    def rows(self, body: bytes, content_type: str) -> Sequence[Any]:
        """Return the rows of a document.

        Raises:
            NotDataError: it is not a document of this format, or has nothing where the rows should be.
        """
        ...

    def field(self, expression: str) -> Field:
        """Return the field of a row for *expression*.

        Raises:
            ValueError: *expression* is invalid.
        """
        ...

    def condition(self, expression: str) -> Callable[[bytes, str], bool]:
        """Return a function that says whether a document matches *expression*, or raises NotDataError.

        Raises:
            ValueError: as for `field`.
        """
        ...


def extractor(form: Format, rows: str, delimiter: str = "") -> Extractor:
    """Return the extractor for documents in *form* with the expression *rows*. Without it there is one row, or one per line.

    Raises:
        ValueError: *rows* is not an expression of that format.
    """
    if rows and form in _BY_LINE:
        raise ValueError(f"every line of a {_BY_LINE[form]} file is a row: remove `rows`")
    match form:
        case Format.JSON:
            return _Json(rows)
        case Format.CSV:
            return _Csv(delimiter)
        case Format.JSONL:
            return _JsonLines(rows)
        case Format.HTML:
            return _Html(rows)


class _Row(NamedTuple):
    """A row. *shared* caches values of the *root* of its document, by expression."""

    key: str
    value: Any
    root: Any
    shared: dict[str, Any]


class _Json:
    def __init__(self, rows: str) -> None:
        self._rows = compiled_path(rows) if rows else None

    def rows(self, body: bytes, content_type: str) -> Sequence[Any]:
        root = _json(body, content_type)
        if self._rows is None:
            return [_Row("", root, root, {})]
        found: Any = _search(self._rows, root)
        members = found if isinstance(found, list) else []
        pairs = found.items() if isinstance(found, dict) else (("", row) for row in members)
        shared: dict[str, Any] = {}
        rows = [_Row(key, value, root, shared) for key, value in itertools.islice(pairs, MOST_ROWS)]
        if not rows:
            raise NotDataError("there is nothing where the rows should be")
        return rows

    def field(self, expression: str) -> Field:
        if expression in (KEY, VALUE):
            return lambda row: row.key if expression == KEY else _single(row.value, expression)
        whole = expression.startswith(ROOT)
        path = compiled_path(expression.removeprefix(ROOT))

        def read(row: _Row) -> str | int | float | None:
            if not whole:
                return _single(_search(path, row.value), expression)
            if expression not in row.shared:
                row.shared[expression] = _search(path, row.root)
            return _single(row.shared[expression], expression)

        return read

    def condition(self, expression: str) -> Callable[[bytes, str], bool]:
        path = compiled_path(expression)
        return lambda body, content_type: bool(_search(path, _json(body, content_type)))


class _JsonLines(_Json):
    """A JSON document on every line."""

    def rows(self, body: bytes, content_type: str) -> Sequence[Any]:
        lines = [line for line in body.splitlines() if line.strip()][-MOST_ROWS:]
        if not lines:
            raise NotDataError("it has no line")
        return [self._row(number, line, content_type) for number, line in enumerate(lines, 1)]

    def _row(self, number: int, line: bytes, content_type: str) -> _Row:
        try:
            root = _json(line, content_type)
        except NotDataError as error:
            raise NotDataError(f"line {number}: {error}") from None
        return _Row("", root, root, {})


def _single(found: Any, expression: str) -> str | int | float | None:
    if isinstance(found, list):
        if len(found) > 1:
            raise NotDataError(f"{expression} names {len(found)} values, and one is wanted")
        found = found[0] if found else None
    if isinstance(found, bool | dict | list):
        raise NotDataError(f"{expression} names no single value")
    return found if isinstance(found, str | int | float) else None


def _json(body: bytes, content_type: str) -> Any:
    text = decode(body, content_type)[0]
    try:
        return json.loads(_unwrapped(text), parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        raise NotDataError(_promised("JSON", text)) from None


def _unwrapped(text: str) -> str:
    """Return the argument of *text* if it is a call (JSONP), else *text*."""
    inner = text.strip()
    call = None if inner[:1] in ("{", "[") else _JSONP.match(inner)
    inner = inner.removesuffix(";").rstrip()
    return inner[call.end() : -1] if call and inner.endswith(")") else text


def _promised(form: str, text: str) -> str:
    page = text.lstrip()[:1] == "<"
    return f"it answers with {'an HTML page' if page else 'something else'} where {form} was promised"


def _search(path: Any, value: Any) -> Any:
    try:
        return look_up(path, value)
    except ValueError as error:
        raise NotDataError(str(error)) from None


def delimiter_of(head: str) -> str:
    """Return the column separator of a CSV file with the first line *head*."""
    return max(",;\t|", key=head.count)


class _Csv:
    def __init__(self, delimiter: str) -> None:
        self._delimiter = delimiter

    def rows(self, body: bytes, content_type: str) -> Sequence[Any]:
        text = decode(body, content_type)[0]
        if text.lstrip()[:1] == "<":
            raise NotDataError(_promised("CSV", text))
        delimiter = self._delimiter or delimiter_of(text.lstrip().split("\n", 1)[0])
        reader = csv.DictReader(io.StringIO(text.lstrip(), newline=""), delimiter=delimiter, skipinitialspace=True)
        rows = []
        try:
            for row in reader:
                rows.append({str(name).strip(): value for name, value in row.items()})
                if len(rows) >= MOST_ROWS:
                    break
        except csv.Error as error:
            raise NotDataError(f"line {reader.line_num} is not CSV: {error}") from None
        if not rows:
            raise NotDataError("it has no line below its header")
        return rows

    def field(self, expression: str) -> Field:
        def read(row: Any) -> str | None:
            if expression not in row:
                names = ", ".join(name for name in list(row)[:_SHOWN] if name)
                raise NotDataError(f"there is no column {expression}; there are: {names}")
            found = row[expression]
            return found if isinstance(found, str) else None

        return read

    def condition(self, expression: str) -> Callable[[bytes, str], bool]:
        return lambda body, content_type: expression in decode(body, content_type)[0]


class _Html:
    def __init__(self, rows: str) -> None:
        self._rows = check_selector(rows) if rows else ""
        self._fields: list[str] = []

    def rows(self, body: bytes, content_type: str) -> Sequence[Any]:
        named = _nodes(body, content_type, self._rows, self._fields)
        found = [dict(zip(self._fields, row, strict=True)) for row in named]
        if not found:
            raise NotDataError(f"nothing on the page is {self._rows}")
        return found

    def field(self, expression: str) -> Field:
        selector = check_selector(expression.partition("@")[0].strip())
        self._fields.append(expression)

        def read(row: Any) -> str | None:
            places, said = row[expression]
            if places > 1:
                raise NotDataError(f"{selector} names {places} places on the page")
            return str(said) if said is not None else None

        return read

    def condition(self, expression: str) -> Callable[[bytes, str], bool]:
        selector = check_selector(expression)
        return lambda body, content_type: bool(_nodes(body, content_type, selector, ()))


def _nodes(body: bytes, content_type: str, rows: str, fields: Sequence[str]) -> Sequence[Row]:
    try:
        return parser_process.nodes(body, content_type, rows, fields)
    except SourceError as error:
        raise NotDataError(f"it answers with a page that {error}") from error
