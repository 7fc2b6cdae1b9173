"""Prices in the database: quotes, the series built from them, and the states of the price rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam
from sqlalchemy.sql.dml import ReturningInsert
from sqlmodel import Session, col, delete, func, select

from tocsin.errors import OvertakenError
from tocsin.market import series as market
from tocsin.market.series import KEEP_CLOSES, KEEP_QUOTES, Close, Reference, Series
from tocsin.market.sigma import Sigma
from tocsin.model.prices import Instrument, Quote
from tocsin.rules.prices.edge import PriceState
from tocsin.rules.prices.observation import PriceStates
from tocsin.store.db import mapping
from tocsin.store.db.price_tables import CloseRow, PriceStateRow, Progress, QuoteRow, SeriesRow
from tocsin.store.db.statements import insert_on_conflict, pieces, save

_CLOSES, _QUOTES, _SERIES = (CloseRow.metadata.tables[name] for name in ("close", "quote", "series"))
_NAMED = (_SERIES.c.instrument == bindparam("named"), _SERIES.c.version == bindparam("known"))
_CHANGE = _SERIES.update().where(*_NAMED).returning(_SERIES.c.version)


def load(session: Session, instruments: Iterable[Instrument]) -> dict[str, Series]:
    """Return the series of *instruments* by id, as of the last committed quote."""
    return {instrument.id: _load(session, instrument) for instrument in instruments}


def brief(session: Session, instruments: Iterable[Instrument], sessions: int) -> dict[str, Series]:
    """Return the series of *instruments* by id with their last *sessions* and the newest quote alone, for summaries."""
    wanted = {instrument.id: instrument for instrument in instruments}
    closes: dict[str, list[Close]] = defaultdict(list)
    names = ("instrument", "day", "at", "price", "volume", "sigma")
    place = func.row_number().over(partition_by=_CLOSES.c.instrument, order_by=_CLOSES.c.at.desc()).label("place")
    last = select(*[*(_CLOSES.c[name] for name in names), place]).where(_CLOSES.c.instrument.in_(wanted)).subquery()
    statement = select(*(last.c[name] for name in names)).where(last.c.place <= sessions).order_by(last.c.at)
    for name, day, at, price, volume, sigma in session.connection().execute(statement):
        closes[name].append(Close(day=day, at=at, price=price, volume=volume, sigma=sigma))
    found = {name: market.begin(instrument) for name, instrument in wanted.items()}
    for row in session.exec(select(SeriesRow).where(col(SeriesRow.instrument).in_(wanted))):
        loaded = mapping.read(
            Series,
            row.progress,
            instrument=wanted[row.instrument],
            sigma=mapping.read(Sigma, row),
            closes=tuple(closes[row.instrument]),
            quotes=(row.progress.newest,) if row.progress.newest else (),
        )
        found[row.instrument] = market.of(loaded, wanted[row.instrument])
    return found


def prices_at(session: Session, places: Collection[tuple[str, datetime]]) -> dict[tuple[str, datetime], Reference]:
    """Return the last kept quote at or before each of *places*, (instrument, time); those without one are left out."""
    found: dict[tuple[str, datetime], Reference] = {}
    for piece in pieces(places):
        for name in {name for name, _ in piece}:
            times = [at for other, at in piece if other == name]
            last = [
                select(func.max(_QUOTES.c.at)).where(_QUOTES.c.instrument == name, _QUOTES.c.at <= at) for at in times
            ]
            wanted = _QUOTES.c.at.in_([one.scalar_subquery() for one in last])
            statement = select(_QUOTES.c.at, _QUOTES.c.price).where(_QUOTES.c.instrument == name, wanted)
            rows = sorted((at, price) for at, price in session.connection().execute(statement))
            for at in times:
                before = [Reference(at=quoted, price=price) for quoted, price in rows if quoted <= at]
                found |= {(name, at): before[-1]} if before else {}
    return found


def recent(session: Session, instruments: Iterable[Instrument], since: datetime) -> dict[str, Series]:
    """Return the series of *instruments* by id as `load` does, in two queries: with closes *since* then and no older quotes."""
    wanted = {instrument.id: instrument for instrument in instruments}
    rows = {row.instrument: row for row in session.exec(select(SeriesRow)) if row.instrument in wanted}
    closes: dict[str, list[Close]] = defaultdict(list)
    for row in session.exec(select(CloseRow).where(col(CloseRow.at) >= since).order_by(col(CloseRow.at))):
        closes[row.instrument].append(mapping.read(Close, row))
    return {
        name: _series(rows[name], instrument, closes[name]) if name in rows else market.begin(instrument)
        for name, instrument in wanted.items()
    }


def states(session: Session) -> dict[tuple[str, str], PriceState]:
    """Return the states of all price rules, by rule and instrument."""
    return {(row.rule, row.instrument): _state(row) for row in session.exec(select(PriceStateRow))}


def versions(session: Session, instruments: Iterable[str]) -> dict[str, int]:
    """Return how often the series of each of *instruments* was changed; 0 for one that has no row."""
    wanted = dict.fromkeys(instruments, 0)
    for piece in pieces(wanted):
        found = select(SeriesRow.instrument, SeriesRow.version).where(col(SeriesRow.instrument).in_(piece))
        wanted |= dict(session.exec(found).all())
    return wanted


def compare(session: Session, known: Mapping[str, int]) -> None:
    """Check that series which are only read have still the versions *known*, by instrument.

    Raises:
        OvertakenError: another worker has changed one since.
    """
    if known and versions(session, known) != known:
        raise OvertakenError("another worker has changed prices that were judged by")


def write(session: Session, before: Series, after: Series, changed: PriceStates, version: int) -> None:
    """Write the changes from *before*, the series in its *version*, to *after*, and the *changed* states of the rules.

    Raises:
        OvertakenError: another worker has changed the series since.
    """
    name, known, learned = after.instrument.id, set(before.quotes), set(before.closes)
    fields = {**mapping.columns(after.sigma, SeriesRow), "progress": _progress(after), "version": version + 1}
    how, which = (
        (_CHANGE, {"named": name, "known": version}) if version else (_first(tuple(fields)), {"instrument": name})
    )
    if session.connection().execute(how, {**fields, **which}).first() is None:
        raise OvertakenError(f"another worker has changed the prices of {name} meanwhile")
    # A split changes existing quotes and closes.
    quotes = [mapping.columns(quote, QuoteRow) for quote in after.quotes if quote not in known]
    save(session, QuoteRow, ("instrument", "at"), quotes)
    closes = [{"instrument": name, **mapping.columns(one, CloseRow)} for one in after.closes if one not in learned]
    save(session, CloseRow, ("instrument", "day"), closes)
    save(session, PriceStateRow, ("rule", "instrument"), [_state_fields(*item) for item in changed.items()])


@cache  # building a statement costs more than running it
def _first(columns: tuple[str, ...]) -> ReturningInsert[tuple[int]]:
    """Return the statement that writes a new series, or one that no program has numbered yet."""
    first = insert_on_conflict(SeriesRow)
    values = {name: first.excluded[name] for name in columns}
    return first.on_conflict_do_update(
        index_elements=["instrument"], set_=values, where=_SERIES.c.version == 0
    ).returning(_SERIES.c.version)


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
    newest = row.progress.newest
    quotes: list[Quote] = []
    if newest:
        found = session.exec(
            select(QuoteRow)
            .where(QuoteRow.instrument == instrument.id, col(QuoteRow.at) >= newest.at - KEEP_QUOTES)
            .order_by(col(QuoteRow.at))
        )
        quotes = [mapping.read(Quote, item) for item in found if item.at < newest.at]
    return _series(row, instrument, [mapping.read(Close, item) for item in reversed(closes)], quotes)


def _series(row: SeriesRow, instrument: Instrument, closes: Sequence[Close], older: Sequence[Quote] = ()) -> Series:
    """Return the series of *row*, with the quotes *older* than its newest."""
    newest = row.progress.newest
    loaded = mapping.read(
        Series,
        row.progress,
        instrument=instrument,
        sigma=mapping.read(Sigma, row),
        closes=tuple(closes),
        quotes=(*older, newest) if newest else (),
    )
    return market.of(loaded, instrument)


def _progress(series: Series) -> Progress:
    return Progress(
        newest=_bare(series.newest),
        opening=_bare(series.opening),
        last=_bare(series.last),
        held=_bare(series.held),
        split_day=series.split_day,
        hours=series.hours,
        stale=series.stale,
    )


def _bare(quote: Quote | None) -> Quote | None:
    """Return *quote* without what its source said beside it."""
    return quote and replace(quote, actions=(), bars=(), session=None, period=None)


def _state_fields(key: tuple[str, str], state: PriceState) -> dict[str, Any]:
    alerted = state.alerted
    return {
        "rule": key[0],
        "instrument": key[1],
        **mapping.columns(state, PriceStateRow),
        "alerted_price": alerted.price if alerted else None,
        "alerted_at": alerted.at if alerted else None,
    }


def _state(row: PriceStateRow) -> PriceState:
    alerted = None
    if row.alerted_price is not None and row.alerted_at is not None:
        alerted = Reference(price=row.alerted_price, at=row.alerted_at)
    return mapping.read(PriceState, row, alerted=alerted)
