"""What is read of a store: one transaction each, which writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from tocsin.market.series import Series
from tocsin.model.alerts import Alert, Answered
from tocsin.model.deliveries import Delivery, DeliveryState
from tocsin.model.entries import Entry
from tocsin.model.prices import Instrument, Quote
from tocsin.model.records import AlertDetail, DeliveryView, MatchView
from tocsin.policy.notifying.breaker import ReceiverStatus
from tocsin.policy.notifying.silence import Silence
from tocsin.render.digest import Roundup
from tocsin.rules.prices.edge import PriceState
from tocsin.store.db.sqlite import Database
from tocsin.store.db.values import (
    Counts,
    DeliveryDetail,
    EntryView,
    History,
    PeriodStatistics,
    RuleStats,
    SourceDetail,
    SourceView,
    Tally,
    Which,
    Withheld,
)
from tocsin.store.inbound import entries, prices, unevaluated
from tocsin.store.maintenance import packs
from tocsin.store.outbox import feedback, receivers, silences
from tocsin.store.queries import history, listing, roundup, statistics, withheld


class Queries:
    """Everything in *database* as people, backtests and a daemon that starts or renders read it.

    Methods block, may be called from any thread, and raise `StoreError` when the database fails.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def silences(self) -> tuple[Silence, ...]:
        """All silences, the newest first."""
        with self._database.read() as session:
            return silences.everything(session)

    def left_alone(self, now: datetime) -> dict[str, ReceiverStatus]:
        """Return how the receivers stand that are left alone at *now*, by name."""
        with self._database.read() as session:
            return receivers.left_alone(session, now)

    def rule_stats(self, since: datetime | None = None) -> dict[str, RuleStats]:
        """What came of the alerts of each rule opened *since* then, by its id."""
        with self._database.read() as session:
            return feedback.stats(session, since)

    def verdicts(self, rule: str | None = None) -> list[tuple[Alert, Answered]]:
        """The alerts, of *rule* or of all, that people called useful or noise, the oldest first."""
        with self._database.read() as session:
            return feedback.verdicts(session, rule=rule)

    def counts(self) -> Counts:
        """How much of everything there is."""
        with self._database.read() as session:
            return listing.counts(session)

    def tally(self, since: datetime, now: datetime) -> Tally:
        """How many matches and alerts each rule made from *since* to *now*."""
        with self._database.read() as session:
            return listing.tally(session, since, now)

    def sources(self) -> tuple[SourceView, ...]:
        """Every source, by name."""
        with self._database.read() as session:
            return listing.sources(session)

    def source(self, name: str) -> SourceDetail | None:
        """One source with its last fetches, or None."""
        with self._database.read() as session:
            return listing.source(session, name)

    def entry(self, number: int, at: datetime | None = None) -> Entry | None:
        """The entry with this number as it reads, or read *at* that time, or None; a pruned one has no text."""
        with self._database.read() as session:
            return entries.get(session, number, at)

    def find_entries(self, words: str, *, limit: int = 20) -> tuple[EntryView, ...]:
        """Entries whose number, id or link is *words*, the newest first."""
        with self._database.read() as session:
            return entries.find(session, words, limit)

    def history(self, since: datetime | None = None) -> History:
        """What a backtest can run on: the entries first seen *since* then that still have their text."""
        with self._database.read() as session:
            return history.outline(session, since)

    def history_quotes(self, instruments: Collection[str]) -> tuple[Quote, ...]:
        """What is known of the prices of *instruments*, in order: their closes, and the quotes that are kept."""
        with self._database.read() as session:
            return prices.history(session, instruments)

    def history_entries(self, since: datetime | None = None) -> Iterator[Entry]:
        """These entries, in the order in which they were first seen."""
        return history.entries(self._database, since)

    def matches(
        self,
        *,
        alert_id: int | None = None,
        entry_id: int | None = None,
        rule: str | None = None,
        limit: int | None = 50,
    ) -> tuple[MatchView, ...]:
        """Matches of an alert, an entry or a rule, and what became of them."""
        with self._database.read() as session:
            return listing.matches(session, alert_id=alert_id, entry_id=entry_id, rule=rule, limit=limit)

    def failure(self, entry_id: int, rule: str) -> str:
        """The error of *rule* on an entry where its evaluation raised, else nothing."""
        with self._database.read() as session:
            return unevaluated.error(session, entry_id, rule)

    def alerts(
        self,
        since: datetime | None = None,
        limit: int = 50,
        which: Which = Which(),  # noqa: B008 (frozen)
    ) -> tuple[Alert, ...]:
        """Alerts opened *since* then, of those that *which* means, the newest first."""
        with self._database.read() as session:
            return listing.alerts(session, since, limit, which)

    def held(self, limit: int = 50) -> tuple[Withheld, ...]:
        """What waits for its time, the next first."""
        with self._database.read() as session:
            return withheld.held(session, limit)

    def suppressed(self, since: datetime | None = None, limit: int = 50) -> tuple[Withheld, ...]:
        """What is never told, decided *since* then, the newest first."""
        with self._database.read() as session:
            return withheld.suppressed(session, since, limit)

    def alert(self, number: int) -> AlertDetail | None:
        """One alert with its proof, its entries and its deliveries, or None."""
        with self._database.read() as session:
            return listing.alert(session, number)

    def deliveries(self, state: DeliveryState | None = None, limit: int = 50) -> tuple[DeliveryView, ...]:
        """Deliveries in *state*, or in any, the newest first."""
        with self._database.read() as session:
            return listing.deliveries(session, state, limit)

    def delivery(self, delivery_id: str) -> DeliveryDetail | None:
        """One delivery with its tries and its changes of state, or None."""
        with self._database.read() as session:
            return listing.delivery(session, delivery_id)

    def market(self, instruments: Iterable[Instrument]) -> tuple[dict[str, Series], dict[tuple[str, str], PriceState]]:
        """The series of *instruments* by id, and what the price rules remember by (rule, instrument)."""
        with self._database.read() as session:
            return prices.load(session, instruments), prices.states(session)

    def series(self, instruments: Iterable[Instrument]) -> dict[str, Series]:
        """The series of *instruments* by id, as they were when the last quote was committed."""
        with self._database.read() as session:
            return prices.load(session, instruments)

    def answered(self, numbers: Collection[int]) -> dict[int, Answered]:
        """What was said of the alerts *numbers*; those without an answer are not in it."""
        with self._database.read() as session:
            return feedback.by_number(session, numbers)

    def kept_pack(self, pack: str) -> tuple[tuple[str, str], ...] | None:
        """The files of the last good version of *pack*, or None if there was none yet."""
        with self._database.read() as session:
            return packs.kept(session, pack)

    def lasts_since(self, begins: str, ends: str) -> datetime | None:
        """When the rule *begins* last met, if the rule *ends* did not meet since; None else."""
        with self._database.read() as session:
            return listing.lasts_since(session, begins, ends)

    def reported(self, rule: str) -> datetime | None:
        """Since when *rule*, which reports on the daemon, has a report to give; None before anything was polled."""
        with self._database.read() as session:
            return statistics.reported(session, rule)

    def ledger(self, since: datetime, now: datetime) -> PeriodStatistics:
        """What the daemon did from *since* to *now*."""
        with self._database.read() as session:
            return statistics.ledger(session, since, now)

    def roundup(self, delivery: Delivery, now: datetime) -> Roundup:
        """What a digest says beside its alerts, without what moved."""
        with self._database.read() as session:
            return roundup.roundup(session, delivery, now)
