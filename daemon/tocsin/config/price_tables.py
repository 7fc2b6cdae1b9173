"""Tables of prices: what the configuration and presets say of them, checked at their places."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from tocsin.config.secrets import Filler, Secret
from tocsin.config.values import Address, Hidden, Number, OwnPath, WallTime, Zone
from tocsin.config.yaml.file import load
from tocsin.config.yaml.nodes import Node, Scalar, entries, member, problem, said
from tocsin.config.yaml.shape import Duration, Shape
from tocsin.errors import Fault, Problem
from tocsin.sources.prices.extract import Format, extractor
from tocsin.sources.prices.table import PLACEHOLDER, Asking, Columns

#: A preset or table that says nothing else is polled so often.
EVERY = timedelta(minutes=15)
#: A file is looked at so often.
EVERY_FILE = timedelta(minutes=1)
_MIDNIGHT = time(0)


#: What an answer with a good status can be instead of prices.
_Fault = Literal[Fault.RATE_LIMITED, Fault.AUTH, Fault.NOT_FOUND, Fault.NOT_DATA, Fault.STALE]


class _Columns(Shape):
    every: Duration | None = None
    """How often it is polled, such as 15m."""
    format: Format | None = None
    """What it is written in; expressions are JMESPath, column names or CSS selectors."""
    rows: str = ""
    """The rows; without it the document is the only one, or every line of a CSV file is one."""
    symbol: str = ""
    """Of a row: whose price it is. @key is the key of a member. Without it the table is about one symbol."""
    price: str
    """Of a row: the price. @value is the member itself."""
    time: str = ""
    """Of a row: when that was. $. before it makes it a place of the whole document."""
    time_format: str = ""
    """How the time is written, as for strptime; else ISO 8601 or seconds since 1970."""
    timezone: Zone = ZoneInfo("UTC")
    """The zone of times that name none."""
    close_at: WallTime = _MIDNIGHT
    """The time of day that is meant where a time is only a day."""
    volume: str = ""
    """Of a row: how much was traded."""
    currency: str = ""
    """The currency of all its prices."""
    currency_at: str = ""
    """Of a row: the currency."""
    scale: Number = Decimal(1)
    """What prices are multiplied by."""
    decimal: Literal[".", ","] = "."
    """What stands before the fraction of a number."""
    delimiter: str = Field(default="", max_length=1)
    """What stands between the columns of a CSV file; else it is found from the first line."""
    invert: bool = False
    """Whether the reciprocal is meant: units of it for one of the currency."""
    history: bool = False
    """Whether rows of one symbol are its sessions, the newest of which is the price."""
    errors: dict[_Fault, str] = Field(default_factory=dict)
    """What makes an answer with a good status an error, by the kind of error."""


class TableShape(_Columns):
    """A table as it is written."""

    table: Address
    """The address; {symbol} or {symbols} is filled in, and {today} or {today:%Y%m%d}."""
    method: Literal["GET", "POST"] = "GET"
    """How it is asked."""
    body: Hidden = Secret("")
    """What is sent with POST; filled in as the address is."""
    headers: dict[str, Hidden] = Field(default_factory=dict)
    """HTTP headers; values may be ${NAME}."""
    join: str = ","
    """What stands between the symbols where {symbols} is filled in."""
    allow_private: bool = False
    """Whether its address may lie in a private network."""


class FileShape(_Columns):
    """A file of prices as it is written."""

    file: OwnPath
    """The path of a CSV or JSON Lines file, relative to this file; it is read again when it changed."""
    price: str = "close"
    """Of a line: the price."""
    time: str = "date"
    """Of a line: when that was."""
    history: bool = True
    """Whether lines of one symbol are its sessions, the newest of which is the price."""


class PresetFile(TableShape):
    """A preset: a table of a well-known provider."""

    tocsin_preset: Literal[1]
    """The version of this format."""
    title: str
    """Whose prices these are."""
    terms: str = ""
    """What its use asks for."""
    note: str = ""
    """For whoever uses it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableConfig:
    """A table of prices: an *asking* for a server, or a *path*. *address* is it as it may be shown and stored.

    Every part of *asking* may be secret.
    """

    name: str
    address: str
    columns: Columns
    every: timedelta
    asking: Asking | None = field(default=None, repr=False)
    path: Path | None = None
    allow_private: bool = False

    @property
    def one_by_one(self) -> bool:
        """Whether each symbol is asked for on its own."""
        return self.asking is not None and "{symbol}" in self.asking.url + self.asking.body


def table_config(name: str, shape: TableShape) -> TableConfig:
    """Return the table *name* that *shape* describes."""
    headers = {key: value.reveal() for key, value in shape.headers.items()}
    return shape.build(
        TableConfig,
        name=name,
        address=shape.table.shown,
        columns=_columns(shape, shape.format or Format.JSON),
        every=shape.every or EVERY,
        asking=shape.build(Asking, url=shape.table.reveal(), body=shape.body.reveal(), headers=headers),
    )


def file_config(name: str, shape: FileShape) -> TableConfig:
    """Return the file *name* that *shape* describes."""
    return shape.build(
        TableConfig,
        name=name,
        address=_written(shape.node, "file"),
        columns=_columns(shape, shape.format or _by_name(str(shape.file))),
        every=shape.every or EVERY_FILE,
        path=shape.file,
    )


def _columns(shape: TableShape | FileShape, form: Format) -> Columns:
    at = shape.close_at
    return shape.build(
        Columns, format=form, zone=shape.timezone.key, close_at=timedelta(hours=at.hour, minutes=at.minute)
    )


def _by_name(path: str) -> Format:
    return Format.JSONL if path.lower().endswith((".jsonl", ".ndjson")) else Format.CSV


def check_table(node: Node) -> Iterator[Problem]:
    """What is wrong with the expressions, the zone and the address of a table although their shape is right."""
    file = member(node, "file")
    form = _written(node, "format") or (_by_name(_written(node, "file")) if file else "json")
    if form not in list(Format):
        return
    yield from _tried(node, "rows", lambda text: extractor(Format(form), text))
    reader = extractor(Format(form), "")
    for key in ("symbol", "price", "time", "volume", "currency_at"):
        yield from _tried(node, key, reader.field)
    errors = member(node, "errors")
    for name, _ in entries(errors):
        yield from _tried(errors, name.text, reader.holds)
    history, time = member(node, "history"), member(node, "time")
    if isinstance(history, Scalar) and history.value is True and time is None and not file:
        yield problem(history, "a history needs the time of each of its rows: add time")
    body = member(node, "body")
    if isinstance(body, Scalar) and body.value != "" and _written(node, "method") != "POST":
        yield problem(body, "only POST has a body; add method: POST")
    url = member(node, "table")
    if isinstance(url, Scalar) and isinstance(url.value, str):
        for stray in re.findall(r"\{[^{}]*\}", PLACEHOLDER.sub("", url.value)):
            yield problem(url, f"there is no {said(stray)} to fill in; there are {{symbol}}, {{symbols}} and {{today}}")


def load_preset(path: Path, env: Mapping[str, str]) -> tuple[TableConfig | None, tuple[Problem, ...]]:
    """The preset in the file at *path*, named after it, or None where it has faults; and every problem of it."""
    document = load(path)
    if document.root is None:
        return None, document.problems
    problems = list(document.problems)
    filler = Filler(env)
    root = filler.fill(document.root)
    problems += filler.problems
    shape = PresetFile.of(root, problems)
    problems += check_table(root)
    if shape is None or any(not item.warning for item in problems):
        return None, tuple(problems)
    return table_config(path.stem, shape), tuple(problems)


def _written(node: Node | None, key: str) -> str:
    found = member(node, key)
    return found.text if isinstance(found, Scalar) else ""


def _tried(node: Node | None, key: str, build: Callable[[str], object]) -> Iterator[Problem]:
    """Yield what *build* has against the text behind the *key* of *node*; it raises ValueError for that."""
    found = member(node, key)
    if isinstance(found, Scalar) and isinstance(found.value, str) and found.value:
        try:
            build(found.value)
        except ValueError as error:
            yield problem(found, str(error))
