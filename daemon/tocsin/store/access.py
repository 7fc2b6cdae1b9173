"""Functions of a session as methods of a store: one call, one transaction."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from sqlmodel import Session

from tocsin.market.series import Series
from tocsin.model.entries import Entry
from tocsin.model.prices import Instrument
from tocsin.rules.prices.edge import PriceState
from tocsin.store import maintenance
from tocsin.store.db.sqlite import Database
from tocsin.store.inbound import entries, prices, unevaluated
from tocsin.store.outbox import enqueue, feedback, holds, receivers
from tocsin.store.queries import listing, overview, withheld

P = ParamSpec("P")
T = TypeVar("T")


class OnDatabase(Protocol):
    """An object that works on a database."""

    database: Database


def reads(query: Callable[Concatenate[Session, P], T]) -> Callable[Concatenate[OnDatabase, P], T]:
    """Return *query* as a method that runs in a read transaction."""

    @functools.wraps(query)
    def method(self: OnDatabase, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with self.database.read() as session:
            return query(session, *args, **kwargs)

    return method


def writes(command: Callable[Concatenate[Session, P], T]) -> Callable[Concatenate[OnDatabase, P], T]:
    """Return *command* as a method that runs in a write transaction of its own."""

    @functools.wraps(command)
    def method(self: OnDatabase, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with self.database.write() as session:
            return command(session, *args, **kwargs)

    return method


class Queries:
    """Queries on *database*, for people, for backtests, and for a daemon that starts or renders.

    Methods block, may be called from any thread, and raise `StoreError` when the database fails.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    counts = reads(listing.counts)
    tally = reads(listing.tally)
    sources = reads(listing.sources)
    source = reads(listing.source)
    matches = reads(listing.matches)
    alerts = reads(listing.alerts)
    alert = reads(listing.alert)
    deliveries = reads(listing.deliveries)
    delivery = reads(listing.delivery)
    lasts_since = reads(listing.lasts_since)
    entry = reads(entries.get)
    find_entries = reads(entries.find)
    failure = reads(unevaluated.error)
    series = reads(prices.load)
    history_quotes = reads(prices.history)
    rule_stats = reads(feedback.stats)
    answered = reads(feedback.by_number)
    verdicts = reads(feedback.verdicts)
    paused = reads(receivers.paused)
    held = reads(withheld.held)
    suppressed = reads(withheld.suppressed)
    kept_pack = reads(maintenance.kept_pack)
    reported = reads(overview.reported)
    ledger = reads(overview.ledger)
    silences = reads(holds.silences)
    roundup = reads(overview.roundup)
    history = reads(entries.history)

    def history_entries(self, since: datetime | None = None) -> Iterator[Entry]:
        """Yield the entries of the history, in the order in which they were first seen."""
        return entries.recorded(self.database, since)

    def market(self, instruments: Iterable[Instrument]) -> tuple[dict[str, Series], dict[tuple[str, str], PriceState]]:
        """Return the series of *instruments* by id, and the states of the price rules by (rule, instrument)."""
        with self.database.read() as session:
            return prices.load(session, instruments), prices.states(session)


class Commands:
    """Commands of people on *database*: each writes a row, which a running daemon reads.

    Methods block, may be called from any thread, and raise `StoreError` when the database fails.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    silence = writes(holds.add_silence)
    end_silence = writes(holds.end_silence)
    test = writes(enqueue.test)
    resend = writes(enqueue.resend)
    answer = writes(feedback.add)
