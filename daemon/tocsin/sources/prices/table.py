"""The kind `table`: prices in any document, by expressions of the configuration or a preset.

Anything doubtful is an error of its symbol, never a price: no match, two matches, or text that is not one number.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from decimal import Context, Decimal
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from tocsin.errors import Fault, SourceError
from tocsin.model.prices import Bar, Missing, Prints, RawQuote
from tocsin.sources.documents.dates import read_moment
from tocsin.sources.prices import Request
from tocsin.sources.prices.extract import Field, Format, NotDataError, extractor

#: Texts for a missing value in tables.
MISSING = frozenset({"", ".", "-", "–", "—", "n/a", "N/A", "NA", "null", "None", "--"})
PLACEHOLDER = re.compile(r"\{(symbols?|today)(?::([^{}]*))?\}")
_EXACT = Context(prec=12)
_SHOWN = 12
_WORDS = {
    Fault.RATE_LIMITED: "it answers that it limits our rate",
    Fault.AUTH: "it answers that the key is missing, wrong, or not enough for this",
    Fault.NOT_FOUND: "it answers that it does not know the symbol",
    Fault.STALE: "it answers that its prices are old",
}
_LONGEST = 60
_BLANKS = " \u00a0\u202f\u2009'’"
#: Characters for a minus in tables: minus signs, and hyphens and dashes that look like one.
_MINUS = "\\-−‐‑‒–﹣－"
#: A currency before the number, a sign, digits in groups, an exponent, a unit after it.
_NUMBER = re.compile(
    rf"\s*(?:(?!(?i:minus|neg))[^\W\d_]{{1,8}}|)[^\w+{_MINUS}—(.,]{{0,4}}(?P<sign>[+{_MINUS}]?)[^\w+{_MINUS}—(.,]{{0,2}}"
    rf"(?P<digits>[0-9][0-9.,{_BLANKS}]*|[.,][0-9]+)(?P<exponent>[eE][+-]?[0-9]{{1,2}})?(?P<unit>[^\d+\-−.,]{{0,16}})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Expressions for reading a table, in the language of its *format*.

    *rows* selects the rows. *symbol*, *price*, *high*, *low*, *time*, *volume* and *currency_at* select fields of a row. *time_format* is
    for strptime. A day without a time means *close_at* after its midnight in *zone*. A price is multiplied by *scale*.
    With *invert* the reciprocal is used. *errors* are expressions, by kind of fault, that make a good status an error.
    With *history* a symbol has several rows: the newest is the price and the others are earlier sessions.
    """

    format: Format
    price: str
    rows: str = ""
    symbol: str = ""
    time: str = ""
    time_format: str = ""
    zone: str = "UTC"
    close_at: timedelta = timedelta(0)
    volume: str = ""
    high: str = ""
    low: str = ""
    currency: str = ""
    currency_at: str = ""
    scale: Decimal = Decimal(1)
    decimal: str = "."
    delimiter: str = ""
    invert: bool = False
    history: bool = False
    errors: Mapping[Fault, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking(Request):
    """Template of the requests for a table.

    In *url* and *body*, `{symbol}` is replaced by the only symbol, `{symbols}` by all symbols separated by *join*, and
    `{today}` or `{today:%Y%m%d}` by the day in the table's zone. All of it may be secret.
    """

    join: str = ","


class Table:
    """Provider that reads *columns* of a document. A file has no *asking*.

    Raises:
        ValueError: an expression is invalid in the format's language.
    """

    def __init__(self, columns: Columns, asking: Asking | None = None) -> None:
        self._columns = columns
        self._asking = asking or Asking(url="")
        self._extractor = extractor(columns.format, columns.rows, columns.delimiter)
        self._zone = ZoneInfo(columns.zone)
        self._price = self._extractor.field(columns.price)
        self._symbol = self._optional(columns.symbol)
        self._time = self._optional(columns.time)
        self._volume = self._optional(columns.volume)
        self._high, self._low = self._optional(columns.high), self._optional(columns.low)
        self._currency = self._optional(columns.currency_at)
        self._errors = [(fault, self._extractor.condition(text)) for fault, text in columns.errors.items()]
        if columns.history and not columns.time:
            raise ValueError("a history needs the time of each of its rows")

    def request(self, symbols: Sequence[str], now: datetime, *, first: bool) -> Request:  # noqa: ARG002 - a Provider
        """Return the request for *symbols*."""
        url = self._filled(self._asking.url, [quote(symbol, safe="") for symbol in symbols], now)
        return replace(self._asking, url=url, body=self._filled(self._asking.body, symbols, now))

    def _filled(self, template: str, symbols: Sequence[str], now: datetime) -> str:
        today = now.astimezone(self._zone)
        written = self._asking.join.join(symbols)
        return PLACEHOLDER.sub(
            lambda found: f"{today:{found[2] or '%Y-%m-%d'}}" if found[1] == "today" else written, template
        )

    def parse(self, body: bytes, content_type: str, symbols: Sequence[str]) -> Prints:
        """Return the prices of *symbols*. If rows have no symbol, the table is about the only one.

        Raises:
            SourceError: the document is not in the expected format, or is an error.
        """
        for fault, is_error in self._errors:
            with suppress(NotDataError):
                if is_error(body, content_type):
                    raise SourceError(_WORDS.get(fault, "it answers with an error"), fault=fault)
        try:
            rows = self._extractor.rows(body, content_type)
            by_symbol = self._by_symbol(rows, symbols)
        except NotDataError as error:
            raise SourceError(str(error), fault=Fault.NOT_DATA) from error
        found = [self._raw_quote(symbol, by_symbol.get(symbol, ()), by_symbol) for symbol in symbols]
        return Prints(
            prints=tuple(item for item in found if isinstance(item, RawQuote)),
            missing=tuple(item for item in found if isinstance(item, Missing)),
        )

    def _optional(self, expression: str) -> Field | None:
        return self._extractor.field(expression) if expression else None

    def _by_symbol(self, rows: Iterable[Any], symbols: Collection[str]) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        for row in rows:
            name = self._symbol(row) if self._symbol else next(iter(symbols), "")
            if name is not None:
                found.setdefault(str(name).strip(), []).append(row)
        return found

    def _raw_quote(self, symbol: str, rows: Sequence[Any], all_rows: Collection[str]) -> RawQuote | Missing:
        if not rows:
            known = ", ".join(sorted(all_rows)[:_SHOWN])
            words = f"no row is about {symbol}; there are rows about: {known or 'nothing'}"
            return Missing(symbol=symbol, words=words, fault=Fault.NOT_FOUND)
        try:
            values = [value for row in rows if (value := self._value(row))]
        except ValueError as error:
            return Missing(symbol=symbol, words=str(error))
        if not values:
            return Missing(symbol=symbol, words=f"the price of {symbol} is missing where it should be")
        if len(values) > 1 and not self._columns.history:
            return Missing(symbol=symbol, words=f"{len(values)} rows have a price of {symbol}, but only one is allowed")
        if self._columns.history:
            values.sort(key=lambda item: item[0])
        at, price, volume, row = values[-1]
        try:
            ends = self._scaled(self._high, row), self._scaled(self._low, row)
        except ValueError as error:
            return Missing(symbol=symbol, words=str(error))
        high, low = reversed(ends) if self._columns.invert else ends
        return RawQuote(
            symbol=symbol,
            price=price,
            at=at if self._time else None,
            volume=volume,
            high=high,
            low=low,
            currency=self._columns.currency or (str(self._currency(row) or "").strip() if self._currency else ""),
            bars=tuple(Bar(at=at, price=price, volume=volume) for at, price, volume, _ in values[:-1]),
        )

    def _value(self, row: Any) -> tuple[datetime, Decimal, Decimal | None, Any] | None:
        """Return (time, price, volume, row). None if the row marks its price as missing.

        Raises:
            ValueError: the value is not clearly a price.
        """
        price = self._scaled(self._price, row)
        if price is None:
            return None
        volume = self._number(self._volume(row)) if self._volume else None
        return self._moment(row), price, volume, row

    def _scaled(self, place: Field | None, row: Any) -> Decimal | None:
        """Return the price that is at *place* in *row*."""
        price = self._number(place(row)) if place else None
        if price is None:
            return None
        if self._columns.invert:
            if not price:
                raise ValueError("0 has no reciprocal")
            price = _EXACT.divide(Decimal(1), price)
        return price * self._columns.scale

    def _number(self, value: str | float | None) -> Decimal | None:
        if value is None or (isinstance(value, str) and value.strip() in MISSING):
            return None
        return Decimal(repr(value)) if isinstance(value, int | float) else read_number(value, self._columns.decimal)

    def _moment(self, row: Any) -> datetime:
        if not self._time:
            return datetime.min.replace(tzinfo=self._zone)
        value = self._time(row)
        if value is None or not str(value).strip():
            raise ValueError("a row with a price has no time")
        found = read_moment(str(value), self._columns.time_format, self._zone)
        is_day = found.astimezone(self._zone).time() == time(0)
        return found + self._columns.close_at if is_day else found


def read_number(text: str, decimal: str = ".") -> Decimal:
    """Return the number in *text*, with the decimal separator *decimal* (`.` or `,`). Groups have three digits.

    A currency or a unit beside it is allowed.

    Raises:
        ValueError: it is not exactly one number, or could be read in two ways.
    """
    found = _NUMBER.fullmatch(text[:_LONGEST]) if len(text) <= _LONGEST else None
    if not found:
        raise ValueError(f"{text.strip()[:40]!r} is not one number")
    whole, _, fraction = found["digits"].rstrip(_BLANKS).partition(decimal)
    first, *groups = re.split(f"[{'.' if decimal == ',' else ','}{_BLANKS}]", whole)
    grouped = not groups or (1 <= len(first) <= 3 and all(len(group) == 3 for group in groups))
    if not grouped or not all(part.isdigit() for part in (first, *groups, fraction) if part):
        raise ValueError(f"{text.strip()[:40]!r} is not one number with “{decimal}” before its fraction")
    sign = "-" if found["sign"] not in ("", "+") else ""
    point = f".{fraction}" if fraction else ""
    return Decimal(f"{sign}{first or '0'}{''.join(groups)}{point}{found['exponent'] or ''}")
