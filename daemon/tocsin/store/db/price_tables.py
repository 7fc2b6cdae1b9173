"""The tables of prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Index
from sqlmodel import Field

from tocsin.model.prices import Hours, Quote
from tocsin.store.db import columns


class QuoteRow(columns.Row, table=True):
    """An accepted price. A match about it has its time as event time and its instrument as label."""

    __tablename__ = "quote"
    __table_args__ = (Index("ix_quote_first_seen", "first_seen"),)

    instrument: str = columns.text(primary_key=True)
    at: datetime = columns.time(primary_key=True)
    price: Decimal = columns.decimal()
    volume: Decimal | None = columns.decimal(None)
    high: Decimal | None = columns.decimal(None)
    low: Decimal | None = columns.decimal(None)
    currency: str = columns.text()
    first_seen: datetime = columns.time()


class CloseRow(columns.Row, table=True):
    """The close of a session; *sigma* is the volatility at that time, learned from the closes up to it."""

    __tablename__ = "close"
    __table_args__ = (Index("ix_close_at", "at"),)

    instrument: str = columns.text(primary_key=True)
    day: date = columns.written(date.isoformat, date.fromisoformat, primary_key=True)
    at: datetime = columns.time()
    price: Decimal = columns.decimal()
    volume: Decimal | None = columns.decimal(None)
    sigma: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The session in progress of a series, as in a `Series`."""

    newest: Quote | None = None
    opening: Quote | None = None
    last: Quote | None = None
    held: Quote | None = None
    split_day: date | None = None
    hours: Hours | None = None
    stale: bool = False


class SeriesRow(columns.Row, table=True):
    """The state of the volatility of an instrument, and its session in progress. *version* counts the changes of the series."""

    __tablename__ = "series"

    instrument: str = columns.text(primary_key=True)
    version: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    variance: float
    moves: int
    progress: Progress = columns.json(Progress)


class PriceStateRow(columns.Row, table=True):
    """The state of a price rule for one instrument."""

    __tablename__ = "price_state"

    rule: str = columns.text(primary_key=True)
    instrument: str = columns.text(primary_key=True)
    armed: bool | None = None
    met: int = 0
    alerted_price: Decimal | None = columns.decimal(None)
    alerted_at: datetime | None = columns.time(None)
    above: Mapping[str, bool] = columns.json(Mapping[str, bool], {})
