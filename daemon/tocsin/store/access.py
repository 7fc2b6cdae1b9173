"""Functions of a session as methods of a store: one call, one transaction."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Concatenate, ParamSpec, TypeVar

from sqlmodel import Session

from tocsin.market.series import Series
from tocsin.model.entries import Entry
from tocsin.model.prices import Instrument
from tocsin.rules.prices.edge import PriceState
from tocsin.store import generations, maintenance, requests, sending, sessions
from tocsin.store.db.transactions import Joined, Transactions
from tocsin.store.inbound import absences, entries, prices, sources
from tocsin.store.outbox import dates as announced
from tocsin.store.outbox import feedback, handover, receivers, reminders, requested, silences
from tocsin.store.programs import RequestAnswer, RequestKey
from tocsin.store.queries import (
    alert_search,
    attention,
    contents,
    dates,
    due,
    gauges,
    health,
    judged,
    listing,
    outbox,
    overview,
    search,
    silencing,
    stories,
    withheld,
)
from tocsin.store.queries import sources as source_list

P = ParamSpec("P")
T = TypeVar("T")


class OnDatabase:
    """Methods on *database*, each of them one transaction.

    They block, may be called from any thread, and raise `StoreError` when the database fails.
    """

    def __init__(self, database: Transactions) -> None:
        self.database = database


def reads(query: Callable[Concatenate[Session, P], T]) -> Callable[Concatenate[OnDatabase, P], T]:
    """Return *query* as a method that runs in a read transaction."""
    return _within(lambda database: database.read(), query)


def writes(command: Callable[Concatenate[Session, P], T]) -> Callable[Concatenate[OnDatabase, P], T]:
    """Return *command*, which may decide, as a method that runs in a write transaction of its own."""
    return _within(lambda database: database.write(), command)


def records(command: Callable[Concatenate[Session, P], T]) -> Callable[Concatenate[OnDatabase, P], T]:
    """Return *command*, which decides nothing, as a method that runs in a write transaction beside others."""
    return _within(lambda database: database.write(None), command)


def _within(
    transaction: Callable[[Transactions], AbstractContextManager[Session]],
    function: Callable[Concatenate[Session, P], T],
) -> Callable[Concatenate[OnDatabase, P], T]:
    @functools.wraps(function)
    def method(self: OnDatabase, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with transaction(self.database) as session:
            return function(session, *args, **kwargs)

    return method


class Queries(OnDatabase):
    """Queries for people, for backtests, and for a daemon that starts or renders."""

    counts = reads(listing.counts)
    absences = reads(absences.absences)
    contents = reads(contents.contents)
    date = reads(dates.one)
    dates = reads(dates.dates)
    tally = reads(listing.tally)
    failing = reads(sources.failing)
    sources = reads(source_list.every)
    find_sources = reads(source_list.find)
    source = reads(source_list.one)
    matches = reads(listing.matches)
    stories = reads(stories.stories)
    alerts = reads(listing.alerts)
    alert = reads(listing.alert)
    find_alerts = reads(alert_search.find)
    every_alert = reads(alert_search.every)
    cards = reads(alert_search.cards)
    headlines = reads(alert_search.headlines)
    alerts_about = reads(alert_search.about)
    open_alerts = reads(attention.open_alerts)
    watched = reads(attention.watched)
    deliveries = reads(listing.deliveries)
    delivery = reads(listing.delivery)
    delivery_ids = reads(listing.delivery_ids)
    attempts = reads(listing.attempts)
    receiver_facts = reads(outbox.receiver_facts)
    outbox = reads(outbox.outbox)
    lasts_since = reads(listing.lasts_since)
    lasting = reads(listing.lasting)
    last_matches = reads(listing.last_matches)
    first_matches = reads(listing.first_matches)
    entry = reads(entries.get)
    find_entries = reads(entries.find)
    record = reads(judged.record)
    find_record = reads(judged.find_record)
    search_entries = reads(search.entries)
    entry_numbers = reads(search.entry_numbers)
    unread = reads(search.unread)
    series = reads(prices.load)
    recent_series = reads(prices.recent)
    brief_series = reads(prices.brief)
    prices_at = reads(prices.prices_at)
    history_quotes = reads(prices.history)
    rule_stats = reads(feedback.stats)
    answered = reads(feedback.by_number)
    answers = reads(feedback.history)
    messages_about = reads(reminders.messages)
    verdicts = reads(feedback.verdicts)
    paused = reads(receivers.paused)
    receivers = reads(receivers.every)
    held = reads(withheld.held)
    suppressed = reads(withheld.suppressed)
    kept_pack = reads(maintenance.kept_pack)
    kept_hash = reads(maintenance.kept_hash)
    reported = reads(overview.reported)
    statistics = reads(overview.statistics)
    silences = reads(silences.every)
    silencing = reads(silencing.silencing)
    roundup = reads(overview.roundup)
    next_poll = reads(due.poll)
    next_delivery = reads(due.delivery)
    next_late = reads(handover.next_late)
    next_digests = reads(sending.next_digests)
    unanswered = reads(health.unanswered)
    last_sent = reads(health.last_sent)
    gauges = reads(gauges.gauges)
    history = reads(entries.history)
    session_epoch = reads(sessions.epoch)
    generation = reads(generations.active)
    request_answer = reads(requests.find)

    @contextmanager
    def together(self) -> Iterator[Queries]:
        """Open one transaction for several queries, which then see one state of the database."""
        with self.database.read() as session:
            yield Queries(Joined(session))

    def history_entries(self, since: datetime | None = None) -> Iterator[Entry]:
        """Yield the entries of the history, in the order in which they were first seen."""
        return entries.recorded(self.database, since)

    def judged_entries(self, since: datetime) -> Iterator[Entry]:
        """Yield the entries of the history from *since* on that no filter dropped."""
        return (entry for entry in self.history_entries(since) if not entry.dropped)

    def market(
        self, instruments: Iterable[Instrument]
    ) -> tuple[dict[str, Series], dict[tuple[str, str], PriceState], dict[str, int]]:
        """Return the series of *instruments* by id, the states of the price rules by (rule, instrument), and the versions of the series."""
        with self.database.read() as session:
            series = prices.load(session, instruments)
            return series, prices.states(session), prices.versions(session, series)


class Commands(OnDatabase):
    """Commands of people: each writes a row, which a running daemon reads."""

    silence = writes(silences.add)
    end_silence = writes(silences.end)
    test = writes(requested.test)
    resend = writes(requested.resend)
    answer = writes(reminders.answer)
    judge_dates = writes(announced.judge)
    poll = writes(sources.poll_now)
    hear = writes(sources.hear)
    end_sessions = writes(sessions.end_all)
    use_code = writes(sessions.use_code)
    activate = writes(generations.activate)

    def once(
        self,
        request: RequestKey | None,
        now: datetime,
        work: Callable[[Queries, Commands], RequestAnswer],
    ) -> RequestAnswer:
        """Return the answer that *request* was given before, or else that of *work*, which reads and acts in one transaction.

        What *work* wrote and its answer are kept together or not at all. An exception of it undoes everything.
        """
        with self.database.write() as session:
            joined = Joined(session)
            return requests.once(session, request, now, lambda: work(Queries(joined), Commands(joined)))
