"""Prices in the database: quotes, the series built from them, and the states of the price rules."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sqlmodel import Session, col, delete, select

from tocsin.market import series as market
from tocsin.market.series import KEEP_CLOSES, KEEP_QUOTES, Close, Reference, Series
from tocsin.market.sigma import Sigma
from tocsin.model.prices import Hours, Instrument, Quote
from tocsin.rules.prices.edge import PriceState
from tocsin.rules.prices.observation import PriceStates
from tocsin.store.db import mapping
from tocsin.store.db.price_tables import CloseRow, PriceStateRow, QuoteRow, SeriesRow
from tocsin.store.db.sqlite import upsert

#: The columns of existing quotes and closes that a split changes.
_QUOTE = ("price", "volume", "currency", "first_seen")
_CLOSE = ("at", "price", "volume", "sigma")


def load(session: Session, instruments: Iterable[Instrument]) -> dict[str, Series]:
    """Return the series of *instruments* by id, as of the last committed quote."""
    return {instrument.id: _load(session, instrument) for instrument in instruments}


def states(session: Session) -> dict[tuple[str, str], PriceState]:
    """Return the states of all price rules, by rule and instrument."""
    return {(row.rule, row.instrument): _state(row) for row in session.exec(select(PriceStateRow))}


def save(session: Session, before: Series, after: Series, changed: PriceStates) -> None:
    """Write the changes from *before* to *after*, and the *changed* states of the rules."""
    name = after.instrument.id
    known = set(before.quotes)
    quotes = [mapping.columns(quote, QuoteRow) for quote in after.quotes if quote not in known]
    if quotes:
        session.connection().execute(upsert(QuoteRow, ("instrument", "at"), change=_QUOTE), quotes)
    learned = set(before.closes)
    closes = [
        {"instrument": name, **mapping.columns(close, CloseRow)} for close in after.closes if close not in learned
    ]
    if closes:
        session.connection().execute(upsert(CloseRow, ("instrument", "day"), change=_CLOSE), closes)
    if after != before:
        fields = {"variance": after.sigma.variance, "moves": after.sigma.moves, "progress": _progress(after)}
        statement = upsert(SeriesRow, ("instrument",), change=tuple(fields))
        session.connection().execute(statement, [{"instrument": name, **fields}])
    rows = [_state_fields(key, state) for key, state in changed.items()]
    if rows:
        fixed = ("rule", "instrument")
        statement = upsert(PriceStateRow, fixed, change=tuple(name for name in rows[0] if name not in fixed))
        session.connection().execute(statement, rows)


def history(session: Session, instruments: Collection[str]) -> tuple[Quote, ...]:
    """Return quotes, and closes from before the first kept quote, in the order in which they were seen."""
    rows = session.exec(
        select(QuoteRow).where(col(QuoteRow.instrument).in_(instruments)).order_by(col(QuoteRow.first_seen))
    )
    quotes = [mapping.read(Quote, row) for row in rows]
    first: dict[str, datetime] = {}
    for quote in quotes:
        first.setdefault(quote.instrument, quote.at)
    closes = session.exec(select(CloseRow).where(col(CloseRow.instrument).in_(instruments)))
    before = [
        mapping.read(Quote, row, first_seen=row.at)
        for row in closes
        if row.instrument not in first or row.at < first[row.instrument]
    ]
    return tuple(sorted([*before, *quotes], key=lambda quote: (quote.first_seen, quote.at)))


def forget(session: Session, before: datetime, limit: int) -> int:
    """Delete at most *limit* quotes first seen *before* then; return their number. Closes stay: one a session."""
    old = session.exec(select(QuoteRow.instrument, QuoteRow.at).where(col(QuoteRow.first_seen) < before).limit(limit))
    rows = old.all()
    for instrument, at in rows:
        session.exec(delete(QuoteRow).where(col(QuoteRow.instrument) == instrument, col(QuoteRow.at) == at))
    return len(rows)


def _load(session: Session, instrument: Instrument) -> Series:
    row = session.get(SeriesRow, instrument.id)
    if row is None:
        return market.begin(instrument)
    closes = session.exec(
        select(CloseRow)
        .where(CloseRow.instrument == instrument.id)
        .order_by(col(CloseRow.at).desc())
        .limit(KEEP_CLOSES)
    ).all()
    progress = json.loads(row.progress)
    newest = _quote(progress["newest"])
    quotes: list[Quote] = []
    if newest:
        found = session.exec(
            select(QuoteRow)
            .where(QuoteRow.instrument == instrument.id, col(QuoteRow.at) >= newest.at - KEEP_QUOTES)
            .order_by(col(QuoteRow.at))
        )
        quotes = [mapping.read(Quote, item) for item in found if item.at < newest.at]
    split = progress["split_day"]
    loaded = Series(
        instrument=instrument,
        sigma=Sigma(variance=row.variance, moves=row.moves),
        closes=tuple(mapping.read(Close, item) for item in reversed(closes)),
        quotes=(*quotes, newest) if newest else (),
        opening=_quote(progress["opening"]),
        last=_quote(progress["last"]),
        held=_quote(progress["held"]),
        split_day=date.fromisoformat(split) if split else None,
        hours=_hours(progress.get("hours")),
        stale=progress.get("stale", False),
    )
    return market.of(loaded, instrument)


def _progress(series: Series) -> str:
    """Return the session in progress as JSON."""
    return json.dumps(
        {
            "newest": _quote_node(series.newest),
            "opening": _quote_node(series.opening),
            "last": _quote_node(series.last),
            "held": _quote_node(series.held),
            "split_day": series.split_day.isoformat() if series.split_day else None,
            "hours": _hours_node(series.hours),
            "stale": series.stale,
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _hours_node(hours: Hours | None) -> dict[str, Any] | None:
    if hours is None:
        return None
    times = {"opens": hours.opens.isoformat(), "closes": hours.closes.isoformat()}
    return {"days": sorted(hours.days), "zone": hours.zone, **times}


def _hours(node: Mapping[str, Any] | None) -> Hours | None:
    if node is None:
        return None
    opens, closes = time.fromisoformat(node["opens"]), time.fromisoformat(node["closes"])
    return Hours(days=frozenset(node["days"]), opens=opens, closes=closes, zone=node["zone"])


def _quote_node(quote: Quote | None) -> dict[str, Any] | None:
    if quote is None:
        return None
    times = {"at": quote.at.isoformat(), "first_seen": quote.first_seen.isoformat()}
    numbers = {"price": quote.price, "volume": quote.volume}
    texts = {name: str(number) for name, number in numbers.items() if number is not None}
    return {"instrument": quote.instrument, "currency": quote.currency, "source": quote.source} | times | texts


def _quote(node: Mapping[str, Any] | None) -> Quote | None:
    if node is None:
        return None
    return Quote(
        instrument=node["instrument"],
        price=Decimal(node["price"]),
        at=datetime.fromisoformat(node["at"]),
        first_seen=datetime.fromisoformat(node["first_seen"]),
        volume=_decimal(node.get("volume")),
        currency=node["currency"],
        source=node.get("source", ""),
    )


def _state_fields(key: tuple[str, str], state: PriceState) -> dict[str, Any]:
    alerted = state.alerted
    return {
        "rule": key[0],
        "instrument": key[1],
        "armed": state.armed,
        "met": state.met,
        "alerted_price": str(alerted.price) if alerted else None,
        "alerted_at": alerted.at if alerted else None,
    }


def _state(row: PriceStateRow) -> PriceState:
    alerted = None
    if row.alerted_price is not None and row.alerted_at is not None:
        alerted = Reference(price=Decimal(row.alerted_price), at=row.alerted_at)
    return PriceState(armed=row.armed, met=row.met, alerted=alerted)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
