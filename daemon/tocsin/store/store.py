"""The store: one method, one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session

from tocsin import __version__
from tocsin.market.series import Series
from tocsin.model.alerts import Alert
from tocsin.model.articles import Article
from tocsin.model.deliveries import AttemptResult, Delivery, DeliveryState, Message, Settlement
from tocsin.model.prices import Instrument
from tocsin.model.rules import Correlation, Judged, Match
from tocsin.policy.alerting.facts import Arrival
from tocsin.policy.notifying.retry import Consequence, ReceiverStatus
from tocsin.policy.notifying.timing import Limit, Storm
from tocsin.policy.polling.history import PollHistory
from tocsin.rules.prices.edge import PriceRule, ended
from tocsin.rules.prices.observation import Observed
from tocsin.store import maintenance, sending
from tocsin.store.access import Commands, Queries, reads, records, writes
from tocsin.store.db.database import Database
from tocsin.store.db.transactions import Serial
from tocsin.store.inbound import (
    absences,
    articles,
    configured,
    decisions,
    hosts,
    identity,
    prices,
    pushes,
    sources,
    unevaluated,
)
from tocsin.store.inbound.decisions import Decide, Deciding, nobody, total
from tocsin.store.inbound.stories import OpenStories
from tocsin.store.opened import OpenedDatabase
from tocsin.store.outbox import enqueue, handover, holds, inhibitions, receivers, reminders, silences
from tocsin.store.outbox.handover import NO_FALLBACKS, Fallbacks, Rerouted
from tocsin.store.programs import Pushed, RequestAnswer
from tocsin.store.queries import overview
from tocsin.store.values import (
    NOTHING,
    ArticleLease,
    Claimable,
    Committed,
    Deferral,
    JudgedBatch,
    Once,
    PollFailure,
    PollRecord,
    Reopened,
    Rest,
    SourceLease,
    To,
    Voided,
)

#: Real seconds for the check of the database at the start, within which a service must be ready.
CHECKED_WITHIN = 2.0


class Store(OpenedDatabase):
    """The store of all data that outlives the process, on *database* with tables of this version.

    Methods block, and may be called from any thread. They raise `StoreError` when the database fails, and then nothing is
    written. *read* has the queries of people and backtests, *act* the commands of people; the steps of a daemon are
    methods of this class.
    """

    def __init__(
        self, database: Database, *, real_now: Callable[[], datetime] | None = None, program: str = __version__
    ) -> None:
        super().__init__(database, real_now=real_now, program=program)
        self.read = Queries(database)
        self.act = Commands(database)
        self._opened = OpenStories()

    def lock(self, now: datetime, *, alone: bool = False) -> Voided:
        """Lock the database for this worker, check it, guard its files, and void the leases of workers that are gone.

        On a server other workers may share it, unless this one wants to be *alone*.

        *now* is the Clock's time, because the record of a void lease must compare with all other times of a delivery.
        Due times from before the Clock was set back are repaired, see `rewind`.

        Raises:
            LockedError: another process works on it, and it cannot be shared.
            DamagedError: pages of it cannot be read.
        """
        (self.database.lock if alone else self.database.join)()
        checked = self.database.check(CHECKED_WITHIN)
        self.database.guard()
        with self.database.write() as session:
            voided = self._void(session, now)
            maintenance.rewind(session, now)
            return replace(voided, checked=checked)

    def take_over(self, now: datetime) -> Voided:
        """Void the leases of workers that are gone, so that others go on with what they had claimed."""
        with self.database.write() as session:
            return self._void(session, now)

    def _void(self, session: Session, now: datetime) -> Voided:
        others = self.database.others(session)
        alive = others if self.database.worker is None else others | {self.database.worker}
        polls = sources.void(session, alive)
        if not others:  # the lease of an article names no worker: it ends by itself
            articles.void(session)
        hosts.void(session, alive, self._real(session))
        count, doubtful = sending.void(session, now, sending.of_others(alive))
        return Voided(sources=polls, deliveries=count, doubtful=doubtful)

    rewind = writes(maintenance.rewind)
    set_aside = writes(maintenance.set_aside)
    sweep = writes(maintenance.sweep)
    keep_pack = records(maintenance.keep_pack)

    # ---- sources ---------------------------------------------------------------------------------------------

    sync_sources = writes(configured.sync)
    unseen = reads(identity.unseen)
    clear_outage_failures = writes(sources.clear_outage_failures)

    def claim_sources(self, now: datetime, lease: timedelta, limit: int) -> list[SourceLease]:
        """Lease at most *limit* sources that are due by the Clock, the longest due first, for *lease* of real time."""
        with self.database.write(Serial.CLAIMS) as session:
            return sources.claim(session, now, self._real(session), lease, limit, worker=self.database.worker)

    def complete_unchanged(
        self,
        rests: Sequence[Rest],
        now: datetime,
        deferrals: Sequence[Deferral] = (),
        hosts_left: Collection[str] = (),
    ) -> int:
        """End the leases of polls without news and of postponed polls; return the number of leases that were lost before.

        The servers *hosts_left* are asked no more for now, so that other workers may.
        """
        with self.database.write(None) as session:
            lost = sources.complete_unchanged(session, rests, now, deferrals)
            if self.database.worker is not None:
                hosts.give_back(session, hosts_left, self._real(session), self.database.worker)
            return lost

    def take_in(
        self,
        lease: SourceLease,
        found: JudgedBatch,
        decide: Decide,
        now: datetime,
        *,
        habits: PollHistory,
        lasts: timedelta,
        settles: datetime,
    ) -> Committed:
        """Write a part of the result of one poll, and the decision of *decide*; `commit` writes the last part.

        The lease is extended for *lasts* of real time. *habits* contain the findings of the document, by which the rest is
        judged after a crash. Planned messages leave when the document is complete, or at *settles*.

        Raises:
            LeaseLostError: the lease is no longer valid; nothing is written.
        """
        part = replace(found, batch=replace(found.batch, entries=()))  # keys of later entries stay unknown
        with self._deciding(decide, now, settles, serial=_serial(found)) as deciding:
            row = sources.held(deciding.session, lease)
            committed = decisions.take_in(deciding, row, part, program=self.program)
            sources.go_on(deciding.session, row, habits, self._real(deciding.session) + lasts)
            return committed

    def commit(
        self,
        lease: SourceLease,
        found: JudgedBatch,
        decide: Decide,
        now: datetime,
        record: PollRecord,
        *,
        earlier: int | None = None,
    ) -> Committed:
        """Write the result of one poll and the decision of *decide*, and end the lease with *record*.

        An entry that was committed meanwhile is left out. *earlier* counts the new entries of earlier parts, None if the
        document has one part.

        Raises:
            LeaseLostError: the lease is no longer valid; nothing is written.
        """
        renewed = found.batch.volatile != lease.habits.volatile
        serial = _serial(found) if earlier is None else Serial.DECISIONS
        with self._deciding(decide, now, serial=serial) as deciding:
            session = deciding.session
            row = sources.held(session, lease)
            committed = decisions.take_in(deciding, row, found, program=self.program, renewed=renewed)
            if earlier is not None:
                enqueue.release_planned(session, now)
            if record.fetch is not None:
                record = replace(record, fetch=replace(record.fetch, new=committed.entries + (earlier or 0)))
            sources.succeed(session, row, lease, found.batch, record, now=now)
            return committed

    def fail(self, lease: SourceLease, failure: PollFailure, decide: Decide, now: datetime) -> Committed:
        """Write the failure of a poll and the decision about its events, and end the lease.

        Raises:
            LeaseLostError: the lease is no longer valid; nothing is written.
        """
        serial = Serial.DECISIONS if failure.own or failure.hold else None
        with self._deciding(decide, now, serial=serial) as deciding:
            row = sources.held(deciding.session, lease)
            committed = deciding.about_own(failure.own)
            sources.fail(deciding.session, row, lease, failure)
            return committed

    def tell(self, own: Sequence[Match], decide: Decide, now: datetime) -> Committed:
        """Write the daemon's own events and the decision of *decide*."""
        with self._deciding(decide, now) as deciding:
            return deciding.about_own(own)

    def report(self, own: Match, since: datetime, decide: Decide, now: datetime) -> Committed:
        """Write the report *own* and its decision; nothing if the last report is not that of *since* any more."""
        with self._deciding(decide, now) as deciding:
            due = overview.reported(deciding.session, own.rule.id) == since
            return deciding.about_own([own] if due else [])

    def find_absences(self, correlations: Collection[Correlation], decide: Decide, now: datetime) -> Committed:
        """Write which of *correlations* waited in vain for a match, and the decision of *decide*."""
        with self._deciding(decide, now) as deciding:
            found = absences.absences(deciding.session, correlations, now)
            return deciding.about([Arrival(entry_id=None, matches=(match,)) for match in found])

    def push(self, pushed: Pushed, decide: Decide, now: datetime) -> tuple[Committed, RequestAnswer]:
        """Write entries that a program handed in and the decision of *decide*; a repeated request gets its answer alone.

        Raises:
            ConflictError: the source takes no entries now; nothing is written.
        """
        with self._deciding(decide, now) as deciding:
            return pushes.take_in(deciding, pushed, program=self.program)

    def fall_silent(
        self, source: str, habits: PollHistory, own: Sequence[Match], decide: Decide, now: datetime
    ) -> Committed:
        """Write that nothing is handed in to *source* any more, and the decision about the daemon's *own* events of it."""
        with self._deciding(decide, now) as deciding:
            sources.learn(deciding.session, source, habits)
            return deciding.about_own(own)

    # ---- prices ----------------------------------------------------------------------------------------------

    def observe(
        self,
        observed: Sequence[tuple[Series, Observed]],
        versions: Mapping[str, int],
        decide: Decide,
        *,
        now: datetime,
        own: Sequence[Match] = (),
    ) -> Committed:
        """Write the changes of each series (its value before, the observation after), and the decision about the matches.

        *versions* are those of all series that were judged by, by instrument, 0 for a new one; that of a changed one rises by one. *own* are events of the daemon to be
        decided with them.

        Raises:
            OvertakenError: another worker has changed one of the series; nothing is written.
        """
        decides = own or any(after.matches for _, after in observed)
        with self._deciding(decide, now, serial=Serial.DECISIONS if decides else None) as deciding:
            beside = {
                name: known for name, known in versions.items() if name not in {s.instrument.id for s, _ in observed}
            }
            prices.compare(deciding.session, beside)
            # In one order, so that two workers never wait for each other.
            for before, after in sorted(observed, key=lambda pair: pair[1].series.instrument.id):
                version = versions.get(after.series.instrument.id, 0)
                prices.write(deciding.session, before, after.series, after.states, version)
            arrivals = [Arrival(entry_id=None, matches=after.matches) for _, after in observed]
            endings = [ending for _, after in observed for ending in after.endings]
            return total([deciding.about(arrivals, endings=endings), deciding.about_own(own)])

    # ---- judging again ---------------------------------------------------------------------------------------

    unevaluated = reads(unevaluated.reopened)

    def rejudge(
        self, again: Sequence[tuple[Reopened, Judged]], decide: Decide, *, now: datetime, once: Once = NOTHING
    ) -> Committed:
        """Write the result of a second judgement, only for the rules that could not be evaluated before."""
        with self._deciding(decide, now) as deciding:
            return decisions.take_again(deciding, again, once=once, program=self.program)

    # ---- articles --------------------------------------------------------------------------------------------

    fail_article = records(articles.fail)

    def claim_articles(
        self, now: datetime, lease: timedelta, *, sources: Collection[str], limit: int
    ) -> list[ArticleLease]:
        """Lease the oldest due article of each of *sources*, for *lease* of real time; a source has one lease at a time."""
        with self.database.write(Serial.CLAIMS) as session:
            return articles.claim(session, now, self._real(session), lease, sources=sources, limit=limit)

    def take_article(
        self,
        lease: ArticleLease,
        article: Article,
        judged: Judged,
        decide: Decide,
        *,
        now: datetime,
        once: Once = NOTHING,
    ) -> Committed:
        """Write an article that was fetched, and the decision about what its entry meets only with it.

        Raises:
            LeaseLostError: the lease is no longer valid; nothing is written.
        """
        with self._deciding(decide, now) as deciding:
            return articles.take(deciding, lease, article, judged, once=once, program=self.program)

    @contextmanager
    def _deciding(
        self,
        decide: Decide,
        now: datetime,
        settles: datetime | None = None,
        serial: Serial | None = Serial.DECISIONS,
    ) -> Iterator[Deciding]:
        with self.database.write(serial) as session:
            yield Deciding(session=session, decide=decide, now=now, opened=self._opened, settles=settles)

    # ---- deliveries ------------------------------------------------------------------------------------------

    apply_quiet_hours = writes(holds.apply_quiet_hours)
    keep_digests = writes(enqueue.keep_digests)
    keep_silences = writes(silences.keep)
    remind = writes(reminders.remind)
    apply_inhibitions = writes(inhibitions.apply)
    fail_over = writes(handover.late)
    give_back = records(sending.give_back)
    wake_receivers = writes(receivers.wake)

    def claim_deliveries(
        self,
        now: datetime,
        lease: timedelta,
        which: Claimable = Claimable(),  # noqa: B008 (frozen)
    ) -> list[Delivery]:
        """Lease deliveries in *which* that are due by the Clock, for *lease* of real time.

        The highest severity comes first, then the oldest. Silenced ones are suppressed first. Held ones that are due and
        those with an expired lease are included; those past their `expires_at` are not (see `expire`).
        """
        with self.database.write() as session:
            silences.apply(session, now)
            return sending.claim(session, now, self._real(session), lease, which, worker=self.database.worker)

    def lapse(
        self,
        now: datetime,
        rules: Mapping[str, PriceRule],
        instruments: Sequence[Instrument],
    ) -> None:
        """Suppress alerts of price *rules*, held by their cooldowns until *now*, whose condition is no longer true."""
        cooldowns = {name: rule.info.cooldown for name, rule in rules.items()}
        with self.database.write() as session:

            def ends(alert: Alert) -> str:
                rule, about = rules[alert.rule], alert.labels.get("instrument", ())
                if rule.info.hash != alert.rule_hash:
                    return ""
                wanted = [item for item in instruments if item.id in about or item.id in rule.others]
                series = prices.load(session, wanted)
                reasons = [ended(rule, series[name], now, series) for name in about if name in series]
                return "; ".join(reasons) if all(reasons) else ""

            holds.lapse(session, now, cooldowns, ends)

    def apply_limits(
        self,
        limits: Mapping[str, Limit],
        now: datetime,
        own: Callable[[Storm], Match] | None = None,
        decide: Decide = nobody,
    ) -> tuple[Storm, ...]:
        """Move due news over the *limits* of receivers, by name, into digests; return the storms that begin.

        *own* returns the daemon's event for a storm, which is decided with it.
        """
        with self._deciding(decide, now) as deciding:
            storms = receivers.apply_limits(deciding.session, limits, now)
            deciding.about_own([own(storm) for storm in storms] if own else ())
            return storms

    def expire(
        self,
        now: datetime,
        own: Callable[[Delivery], Sequence[Match]] = lambda _: (),
        decide: Decide = nobody,
        fallbacks: Fallbacks = NO_FALLBACKS,
    ) -> tuple[Delivery, ...]:
        """Give up some of the deliveries that were not delivered by their `expires_at`; they are dead, with a reason.

        Call it again until it returns none. They are handed over to *fallbacks*. *own* returns the daemon's events for a
        delivery, which are decided with it.
        """
        with self._deciding(decide, now) as deciding:
            expired = sending.expire(deciding.session, now)
            for delivery in expired:
                handover.died(deciding.session, delivery.id, fallbacks, now)
            deciding.about_own([match for item in expired for match in own(item)])
            return expired

    def reroute(
        self,
        present: Collection[To],
        routed: Callable[[Alert], Collection[To]],
        now: datetime,
        skip: Collection[str] = (),
    ) -> Rerouted:
        """Send messages that wait for a recipient not in *present* to those that *routed* returns, except ids in *skip*."""
        with self.database.read() as session:
            ids = handover.strays(session, present, skip)
        if not ids:
            return Rerouted()
        with self.database.write() as session:
            return handover.reroute(session, ids, routed, now)

    def begin_attempt(self, delivery: Delivery, message: Message, now: datetime) -> bool:
        """Record an attempt before a socket opens; False if the lease of the delivery is no longer valid.

        The *message* is kept for later attempts.
        """
        with self.database.write(None) as session:
            return sending.begin_attempt(session, delivery, message, now, self._real(session))

    def settle(
        self,
        delivery: Delivery,
        outcome: AttemptResult,
        judge: Callable[[ReceiverStatus], Consequence],
        now: datetime,
        *,
        decide: Decide = nobody,
        fallbacks: Fallbacks = NO_FALLBACKS,
    ) -> Settlement | None:
        """Write the outcome of an attempt and return the next state of the delivery; None if its lease was lost.

        *judge* decides it from the status of the receiver, and its events of the daemon are decided with it. A dead
        delivery is handed over to *fallbacks*.
        """
        try:
            with self._deciding(decide, now, serial=None) as deciding:
                return _settle(deciding, delivery, outcome, judge, fallbacks, decides=False)
        except _MustDecideError:
            with self._deciding(decide, now) as deciding:
                return _settle(deciding, delivery, outcome, judge, fallbacks, decides=True)


class _MustDecideError(Exception):
    """Raised in a transaction beside others that turns out to be one that decides."""


def _settle(
    deciding: Deciding,
    delivery: Delivery,
    outcome: AttemptResult,
    judge: Callable[[ReceiverStatus], Consequence],
    fallbacks: Fallbacks,
    *,
    decides: bool,
) -> Settlement | None:
    session, now = deciding.session, deciding.now
    before = receivers.status(session, delivery.receiver, change=True)
    judged = judge(before)
    dead = judged.settlement.state is DeliveryState.DEAD
    if not decides and (dead or judged.own):
        raise _MustDecideError
    if not sending.settle(session, delivery, outcome, judged.settlement, now):
        return None
    if judged.status != before:
        receivers.put(session, delivery.receiver, judged.status)
    if dead:
        handover.died(session, delivery.id, fallbacks, now)
    deciding.about_own(judged.own)
    return judged.settlement


def _serial(found: JudgedBatch) -> Serial | None:
    """Return None for what a poll brought if nothing has to be decided about it."""
    judged = [*found.judged, *found.rewritten]
    telling = any(item.matches or item.unevaluated for item in judged)
    decides = telling or found.rewritten or found.batch.deleted or found.own or found.once
    return Serial.DECISIONS if decides else None
