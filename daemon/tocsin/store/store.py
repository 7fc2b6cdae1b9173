"""The store: one method, one transaction."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session

from tocsin import __version__
from tocsin.errors import StoreError
from tocsin.log import line
from tocsin.market.series import Series
from tocsin.model.articles import Article
from tocsin.model.rules import Correlation, Judged, Match
from tocsin.policy.alerting.facts import Arrival
from tocsin.policy.chunks import AIM, MOST
from tocsin.policy.polling.history import PollHistory
from tocsin.rules.prices.observation import Observed
from tocsin.store import maintenance
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
    results,
    sources,
    unevaluated,
)
from tocsin.store.inbound.decisions import Decide, total
from tocsin.store.inbound.results import PollResult
from tocsin.store.outbound import Outbound
from tocsin.store.programs import Pushed, RequestAnswer
from tocsin.store.queries import overview
from tocsin.store.values import (
    NOTHING,
    ArticleLease,
    Committed,
    Deferral,
    JudgedBatch,
    Once,
    PollFailure,
    PollRecord,
    Reopened,
    Rest,
    SourceLease,
)

log = logging.getLogger(__name__)


class Store(Outbound):
    """The store of all data that outlives the process, on *database* with tables of this version.

    Methods block, and may be called from any thread. They raise `StoreError` when the database fails, and then nothing is
    written. *read* has the queries of people and backtests, *act* the commands of people; the steps of a daemon are
    methods of this class. It is *standing_by* while the configuration of another worker is active.
    """

    def __init__(
        self, database: Database, *, real_now: Callable[[], datetime] | None = None, program: str = __version__
    ) -> None:
        super().__init__(database, real_now=real_now, program=program)
        self.read = Queries(database)
        self.act = Commands(database)

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
            if self._stands_by(session):
                return []
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
            self._lock_sources(session, [*(rest.lease for rest in rests), *(put_off.lease for put_off in deferrals)])
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
        with self._deciding(decide, now, settles, serial=results.serial(found)) as deciding:
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
        result = PollResult(lease=lease, found=found, decide=decide, now=now, record=record, earlier=earlier)
        with self._deciding(decide, now, serial=result.serial) as deciding:
            return results.commit(deciding, result, program=self.program)

    def commit_together(self, polls: Sequence[PollResult]) -> list[Committed | Exception]:
        """Write the first of *polls*, as many as fit into one transaction, and return what came of each of these.

        They are of one serial kind. If one of them fails, all are undone, and then each is written by itself: a failure undoes
        itself alone.
        """
        done: list[Committed | Exception] = []
        try:
            with self._deciding(polls[0].decide, polls[0].now, serial=polls[0].serial) as deciding:
                some = list(results.fitting(polls, MOST))
                self._lock_sources(deciding.session, [poll.lease for poll in some])
                deciding.session.connection()  # when nobody else writes any more
                until = time.perf_counter() + AIM
                for poll in some:
                    one = replace(deciding, decide=poll.decide, now=poll.now)
                    done.append(results.commit(one, poll, program=self.program))
                    deciding.session.flush()
                    deciding.session.expunge_all()  # as if each had a session of its own
                    if time.perf_counter() > until:
                        break
        except Exception:
            log.debug(line("polls are committed one by one", done=len(done)), exc_info=True)
            return [self._by_itself(poll) for poll in polls[: len(done) + 1]]
        return done

    def _lock_sources(self, session: Session, leases: Sequence[SourceLease]) -> None:
        """Lock the rows of *leases* in one order where others may lock some of them meanwhile."""
        if self.shared:
            sources.lock(session, [lease.name for lease in leases])

    def _by_itself(self, poll: PollResult) -> Committed | Exception:
        try:
            return self.commit(poll.lease, poll.found, poll.decide, poll.now, poll.record, earlier=poll.earlier)
        except Exception as error:  # noqa: BLE001  # it is raised where the result is awaited
            return error

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
            StoreError: the worker stands by, and has other rules than those that work.
        """
        with self._deciding(decide, now, begun=True) as deciding:
            if self._stands_by(deciding.session):
                raise StoreError(
                    "another configuration is active, and this worker takes nothing: hand it in to another one"
                )
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

    put_off_article = records(articles.put_off)

    def claim_articles(
        self, now: datetime, lease: timedelta, *, sources: Collection[str], limit: int
    ) -> list[ArticleLease]:
        """Lease the oldest due article of each of *sources*, for *lease* of real time; a source has one lease at a time."""
        with self.database.write(Serial.CLAIMS) as session:
            if self._stands_by(session):
                return []
            real, worker = self._real(session), self.database.worker
            return articles.claim(session, now, real, lease, sources=sources, limit=limit, worker=worker)

    def take_article(
        self,
        lease: ArticleLease,
        article: Article,
        judged: Judged,
        decide: Decide,
        *,
        now: datetime,
        once: Once = NOTHING,
        again: Sequence[Match] = (),
    ) -> Committed:
        """Write an article that was fetched, and the decision about what its entry meets only with it.

        *again* are the daemon's events that articles of the source can be read again, if operators were told that they cannot.

        Raises:
            LeaseLostError: the lease is no longer valid; nothing is written.
        """
        with self._deciding(decide, now) as deciding:
            return articles.take(deciding, lease, article, judged, once=once, program=self.program, again=again)

    def give_up_article(
        self,
        lease: ArticleLease,
        error: str,
        decide: Decide,
        now: datetime,
        *,
        tried: bool,
        own: Sequence[Match] = (),
    ) -> Committed:
        """Write that an article is given up, and the decision about *own* if none of its source can be read.

        Raises:
            LeaseLostError: the lease is no longer valid; nothing is written.
        """
        with self._deciding(decide, now) as deciding:
            return articles.give_up(deciding, lease, error, tried=tried, own=own)
