"""Tables of prices in the configuration and in presets, and the checks of them."""

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

from tocsin.config.secrets import Filler, Secret, identity, untaken
from tocsin.config.values import Address, Hidden, Number, OwnPath, WallTime, Zone
from tocsin.config.yaml.file import load
from tocsin.config.yaml.nodes import Missing, Node, Scalar, entries, member, problem, said
from tocsin.config.yaml.shape import Duration, Shape
from tocsin.errors import Fault, Problem
from tocsin.sources.prices.extract import Format, extractor
from tocsin.sources.prices.table import PLACEHOLDER, Asking, Columns

#: Default interval of a preset or table.
EVERY = timedelta(minutes=15)
#: Default interval of a file.
EVERY_FILE = timedelta(minutes=1)
_MIDNIGHT = time(0)


#: Faults that an answer with a good status can be.
_Fault = Literal[Fault.RATE_LIMITED, Fault.AUTH, Fault.NOT_FOUND, Fault.NOT_DATA, Fault.STALE]


class _Columns(Shape):
    every: Duration | None = None
    """Time between two polls. Default: 15m, and 1m for a file."""
    format: Format | None = None
    """The format of the document. It decides what expressions are: JMESPath for json and jsonl, column names for csv, CSS
    selectors for html. Default: json, or as the name of the file ends."""
    rows: str = ""
    """An expression for the rows. Default: the document is the only row, or every line of a CSV file is one."""
    symbol: str = ""
    """In a row: the symbol of the price. @key is the key of a member. Default: the table is about one symbol."""
    price: str
    """In a row: the price. @value is the member itself."""
    time: str = ""
    """In a row: the time of the price. A path that begins with $. is one in the whole document. Default: the time of the
    poll."""
    time_format: str = ""
    """How the time is written, such as %d.%m.%Y (strptime). Default: ISO 8601 or seconds since 1970."""
    timezone: Zone = ZoneInfo("UTC")
    """The time zone of times that name none."""
    close_at: WallTime = _MIDNIGHT
    """The time of day that is meant if a time is only a day."""
    volume: str = ""
    """In a row: the traded volume."""
    high: str = ""
    """In a row: the highest price of the session so far."""
    low: str = ""
    """In a row: the lowest price of the session so far."""
    currency: str = ""
    """The currency of all its prices."""
    currency_at: str = ""
    """In a row: the currency of its price."""
    scale: Number = Decimal(1)
    """A factor for all prices, such as 0.01 for prices in cents."""
    decimal: Literal[".", ","] = "."
    """The decimal separator of numbers."""
    delimiter: str = Field(default="", max_length=1)
    """The column separator of a CSV file. Default: found from the first line."""
    invert: bool = False
    """True to take the reciprocal, for a table that gives units per unit of currency."""
    history: bool = False
    """True if rows of one symbol are its sessions. The newest is the price."""
    errors: dict[_Fault, str] = Field(default_factory=dict)
    """Expressions that make an answer an error though its status is good, by kind of error: rate_limited, auth, not_found,
    not_data or stale."""


class TableShape(_Columns):
    """A table in the file."""

    table: Address
    """The address. {symbol} is replaced by one symbol and {symbols} by all of them, {today} or {today:%Y%m%d} by the date."""
    method: Literal["GET", "POST"] = "GET"
    """The HTTP method."""
    body: Hidden = Secret("")
    """The body of a POST. It is filled in like the address."""
    headers: dict[str, Hidden] = Field(default_factory=dict)
    """HTTP headers for this server only. Values may be ${NAME}."""
    join: str = ","
    """The separator of the symbols in {symbols}."""
    allow_private: bool = False
    """True to permit an address in a private network."""


class FileShape(_Columns):
    """A file of prices in the configuration file."""

    file: OwnPath
    """The path of a CSV or JSON Lines file, relative to this file. It is read again whenever it changes."""
    price: str = "close"
    """In a line: the price."""
    time: str = "date"
    """In a line: the time of the price."""
    history: bool = True
    """True if lines of one symbol are its sessions. The newest is the price."""


class PresetFile(TableShape):
    """A preset: a table of a well-known provider."""

    tocsin_preset: Literal[1]
    """The version of this format."""
    title: str
    """The provider of the prices."""
    terms: str = ""
    """The provider's terms of use."""
    note: str = ""
    """A note for users of the preset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableConfig:
    """A table of prices: a request to a server (*asking*), or a *path*. *address* is safe to show, *identity* what it is known by.

    Every part of *asking* may be secret. It lacks what is *missing*, and cannot be used then.
    """

    name: str
    address: str
    identity: str
    columns: Columns
    every: timedelta
    asking: Asking | None = field(default=None, repr=False)
    missing: tuple[Missing, ...] = field(default=(), repr=False)
    path: Path | None = None
    allow_private: bool = False

    @property
    def one_by_one(self) -> bool:
        """Return True if each symbol needs its own request."""
        return self.asking is not None and "{symbol}" in self.asking.url + self.asking.body


def table_config(name: str, shape: TableShape) -> TableConfig:
    """Return the table *name* that *shape* describes."""
    secrets = (shape.table, shape.body, *shape.headers.values())
    return shape.build(
        TableConfig,
        name=name,
        address=shape.table.shown,
        identity=identity(shape.table),
        columns=_columns(shape, shape.format or Format.JSON),
        every=shape.every or EVERY,
        asking=shape.build(
            Asking,
            url=shape.table.known,
            body=shape.body.known,
            headers={key: value.known for key, value in shape.headers.items()},
        ),
        missing=tuple(secret.missing for secret in secrets if secret.missing is not None),
    )


def file_config(name: str, shape: FileShape) -> TableConfig:
    """Return the file *name* that *shape* describes."""
    return shape.build(
        TableConfig,
        name=name,
        address=_written(shape.node, "file"),
        identity=_written(shape.node, "file"),
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
    """Yield faults of a table's expressions, zone and address that the shape cannot express."""
    file = member(node, "file")
    form = _written(node, "format") or (_by_name(_written(node, "file")) if file else "json")
    if form not in list(Format):
        return
    yield from _tried(node, "rows", lambda text: extractor(Format(form), text))
    reader = extractor(Format(form), "")
    for key in ("symbol", "price", "time", "volume", "high", "low", "currency_at"):
        yield from _tried(node, key, reader.field)
    errors = member(node, "errors")
    for name, _ in entries(errors):
        yield from _tried(errors, name.text, reader.condition)
    history, time = member(node, "history"), member(node, "time")
    if isinstance(history, Scalar) and history.value is True and time is None and not file:
        yield problem(history, "a history needs the time of each of its rows: add time")
    body = member(node, "body")
    if isinstance(body, Scalar) and body.value != "" and _written(node, "method") != "POST":
        yield problem(body, "only POST has a body; add method: POST")
    url = member(node, "table")
    if isinstance(url, Scalar) and isinstance(url.value, str):
        for stray in re.findall(r"\{[^{}]*\}", PLACEHOLDER.sub("", url.value)):
            yield problem(url, f"{said(stray)} cannot be filled in; known are {{symbol}}, {{symbols}} and {{today}}")


def load_preset(path: Path, env: Mapping[str, str]) -> tuple[TableConfig | None, tuple[Problem, ...]]:
    """Return the preset in the file at *path*, named after it (None if it has faults), and all its problems."""
    document = load(path)
    if document.root is None:
        return None, document.problems
    problems = list(document.problems)
    filler = Filler(env, path.resolve().parent)
    root = filler.fill(document.root)
    problems += filler.problems
    shape = PresetFile.of(root, problems)
    problems += (*check_table(root), *untaken(filler.missing))
    if shape is None or any(not item.warning for item in problems):
        return None, tuple(problems)
    return table_config(path.stem, shape), tuple(problems)


def _written(node: Node | None, key: str) -> str:
    found = member(node, key)
    return found.text if isinstance(found, Scalar) else ""


def _tried(node: Node | None, key: str, build: Callable[[str], object]) -> Iterator[Problem]:
    """Yield a fault if *build* raises ValueError for the text of the *key* of *node*."""
    found = member(node, key)
    if isinstance(found, Scalar) and isinstance(found.value, str) and found.value:
        try:
            build(found.value)
        except ValueError as error:
            yield problem(found, str(error))
