"""The kind `yahoo`: the chart JSON of Yahoo Finance, one symbol per answer. Unofficial, without a key, for personal use.

Only the newest price, its time and whole sessions before it are used: `chartPreviousClose` is the close before the
requested range, and the last daily bar is the session in progress.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tocsin.errors import Fault, SourceError
from tocsin.model.prices import Action, Bar, Hours, Prints, RawQuote
from tocsin.sources.prices import Request

HOST = "https://query1.finance.yahoo.com"
#: Range of an answer for a new series, and for a series with history.
_FIRST, _NEXT = "6mo", "1mo"
#: Bars and range of an answer with the trades before and after the market. Whole sessions have only the market's own.
_LENGTH, _EXTENDED = timedelta(minutes=15), "interval=15m&range=5d&includePrePost=true"
#: Currencies and coins trade on weekends or nearly so.
_EVERY_DAY = frozenset({"CRYPTOCURRENCY"})
#: Most characters of the name of a time zone. The longest existing one has 32.
_LONGEST_ZONE = 64


class Yahoo:
    """Provider of Yahoo's charts at *host*. Each answer is about one symbol.

    *extended* sessions begin with the trades before the market and end with those after it.
    """

    def __init__(self, host: str = HOST, *, extended: bool = False) -> None:
        self._host = host
        self._extended = extended

    def request(self, symbols: Sequence[str], now: datetime, *, first: bool) -> Request:  # noqa: ARG002 - a Provider
        """Return the request for the chart of the one symbol, with more history for the *first* request."""
        [symbol] = symbols
        query = _EXTENDED if self._extended and not first else f"interval=1d&range={_FIRST if first else _NEXT}"
        return Request(url=f"{self._host}/v8/finance/chart/{quote(symbol, safe='')}?{query}&events=div%2Csplits")

    def parse(self, body: bytes, content_type: str, symbols: Sequence[str]) -> Prints:  # noqa: ARG002 - a Provider
        """Return the price of the one symbol.

        Raises:
            SourceError: the symbol is unknown (not_found), or the answer is invalid (not_data, rate_limited).
        """
        [symbol] = symbols
        return Prints(prints=(_raw_quote(body, symbol, extended=self._extended),))


def _raw_quote(body: bytes, symbol: str, *, extended: bool) -> RawQuote:
    chart = _object(_json(body, symbol), "chart")
    error = chart.get("error")
    if isinstance(error, dict):
        fault = Fault.NOT_FOUND if error.get("code") == "Not Found" else Fault.NOT_DATA
        raise SourceError(f"Yahoo says of {symbol}: {str(error.get('description'))[:200]}", fault=fault)
    results = chart.get("result")
    result = results[0] if isinstance(results, list) and results else None
    meta = _object(result, "meta")
    price, at = _decimal(meta.get("regularMarketPrice")), _time(meta.get("regularMarketTime"))
    if price is None or at is None:
        raise SourceError(f"Yahoo gives no price of {symbol}", fault=Fault.NOT_DATA)
    trading = _object(_object(meta, "currentTradingPeriod"), "regular")
    opens, closes = _time(trading.get("start")), _time(trading.get("end"))
    zone = _zone(meta.get("exchangeTimezoneName"))
    length = closes - opens if opens and closes else timedelta(0)
    if extended:
        before, after = (_object(_object(meta, "currentTradingPeriod"), name) for name in ("pre", "post"))
        opens, closes = _time(before.get("start")) or opens, _time(after.get("end")) or closes
    session = _hours(opens, closes, zone, every_day=meta.get("instrumentType") in _EVERY_DAY)
    found = RawQuote(
        symbol=symbol,
        price=price,
        at=at,
        volume=_decimal(meta.get("regularMarketVolume")),
        high=_decimal(meta.get("regularMarketDayHigh")),
        low=_decimal(meta.get("regularMarketDayLow")),
        currency=str(meta.get("currency") or ""),
        bars=tuple(_bars(_object(result), at, zone, length)),
        actions=tuple(_actions(_object(_object(result), "events"))),
        session=session,
        period=(opens, closes) if opens and closes else None,
    )
    return found if meta.get("dataGranularity") != "15m" else _with_trades(found, at, _object(result), zone)


class _Trades(NamedTuple):
    """The trades of 15 minutes, from *opened* on: the last price, the ends, and how much was traded."""

    opened: datetime
    price: Decimal
    high: Decimal | None
    low: Decimal | None
    volume: Decimal | None


def _with_trades(found: RawQuote, at: datetime, result: Mapping[str, Any], zone: ZoneInfo) -> RawQuote:
    """Return *found*, of the market *at* that time, with the newest trade and the days that the bars of *result* show."""
    days: dict[date, list[_Trades]] = defaultdict(list)
    for one in _trades(result):
        days[one.opened.astimezone(zone).date()].append(one)
    if not days:
        return found
    *before, newest = (days[day] for day in sorted(days))
    last = newest[-1]
    # A trade of the market is dated to the second, others by the beginning of their bar.
    later = last.opened > at
    return replace(
        found,
        price=last.price if later else found.price,
        at=last.opened if later else at,
        high=max((one.high for one in newest if one.high is not None), default=found.high),
        low=min((one.low for one in newest if one.low is not None), default=found.low),
        bars=tuple(
            Bar(
                at=day[-1].opened + _LENGTH,
                price=day[-1].price,
                volume=sum((one.volume for one in day if one.volume is not None), Decimal(0)),
            )
            for day in before
        ),
    )


def _trades(result: Mapping[str, Any]) -> Iterator[_Trades]:
    columns = _columns(result)
    several = (_list(columns.get(name)) for name in ("close", "high", "low", "volume"))
    for begins, close, high, low, volume in zip(_list(result.get("timestamp")), *several, strict=False):
        opened, price = _time(begins), _decimal(close)
        if opened and price is not None:
            yield _Trades(opened, price, _decimal(high), _decimal(low), _decimal(volume))


def _json(body: bytes, symbol: str) -> dict[str, Any]:
    try:
        return _object(json.loads(body))
    except (ValueError, RecursionError) as error:
        if b"Too Many Requests" in body[:200]:
            raise SourceError("Yahoo limits our rate", fault=Fault.RATE_LIMITED) from error
        raise SourceError(
            f"Yahoo answers about {symbol} with something that is not JSON", fault=Fault.NOT_DATA
        ) from error


def _object(value: Any, name: str = "") -> dict[str, Any]:
    """Return the member *name* of *value* (or *value* itself) if it is an object, else an empty one."""
    found = value.get(name) if name and isinstance(value, Mapping) else None if name else value
    return found if isinstance(found, dict) else {}


def _columns(result: Mapping[str, Any]) -> dict[str, Any]:
    quotes = _object(result, "indicators").get("quote")
    return _object(quotes[0] if isinstance(quotes, list) and quotes else None)


def _bars(result: Mapping[str, Any], at: datetime, zone: ZoneInfo, length: timedelta) -> Iterator[Bar]:
    """Yield the sessions before that of *at*. A bar is dated by its opening, and some have no price."""
    times, columns = result.get("timestamp"), _columns(result)
    for begins, close, volume in zip(
        _list(times), _list(columns.get("close")), _list(columns.get("volume")), strict=False
    ):
        opened, price = _time(begins), _decimal(close)
        if opened and price is not None and opened.astimezone(zone).date() < at.astimezone(zone).date():
            yield Bar(at=opened + length, price=price, volume=_decimal(volume))


def _actions(events: Mapping[str, Any]) -> Iterator[Action]:
    for event in _object(events, "splits").values():
        at = _time(_object(event).get("date"))
        new, old = (_decimal(_object(event).get(name)) for name in ("numerator", "denominator"))
        if at and new and old:
            yield Action(at=at, split=new / old)
    for event in _object(events, "dividends").values():
        at, amount = _time(_object(event).get("date")), _decimal(_object(event).get("amount"))
        if at and amount:
            yield Action(at=at, dividend=amount)


def _hours(opens: datetime | None, closes: datetime | None, zone: ZoneInfo, *, every_day: bool) -> Hours | None:
    if opens is None or closes is None or closes <= opens or closes - opens >= timedelta(hours=23, minutes=30):
        return None
    days = frozenset(range(7 if every_day else 5))
    return Hours(
        days=days,
        opens=opens.astimezone(zone).time(),
        closes=closes.astimezone(zone).time(),
        zone=zone.key,
    )


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _decimal(value: Any) -> Decimal | None:
    """Return *value* as a number. None for JSON's `null` and `Infinity`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e15:
        return None
    return Decimal(repr(value))


def _time(value: Any) -> datetime | None:
    """Return the time *value* seconds after 1970, up to 2286. None for anything else."""
    number = _decimal(value)
    return datetime.fromtimestamp(float(number), UTC) if number is not None and 0 < number < 10**10 else None


def _zone(name: Any) -> ZoneInfo:
    # A zone name is looked up as a path of nested packages, so a long one would take very long.
    if len(str(name)) > _LONGEST_ZONE:
        return ZoneInfo("UTC")
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
