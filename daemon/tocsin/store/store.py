"""The store: one method, one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from sqlmodel import Session

from tocsin import __version__
from tocsin.errors import Fault, LostError
from tocsin.market.series import Series
from tocsin.model.alerts import Alert
from tocsin.model.deliveries import AttemptResult, Delivery, DeliveryState, Message, Settlement
from tocsin.model.entries import KeyKind
from tocsin.model.prices import Instrument
from tocsin.model.rules import Judged, Match
from tocsin.model.sources import Batch
from tocsin.policy.alerting.facts import Arrival, Planned
from tocsin.policy.notifying.breaker import ReceiverStatus
from tocsin.policy.notifying.limit import Limit, Storm
from tocsin.policy.notifying.receiver import QuietRule
from tocsin.policy.notifying.retry import Consequence
from tocsin.policy.polling.history import PollHistory
from tocsin.rules.prices.observation import Observed
from tocsin.store.acts import Commands
from tocsin.store.db import damage, mapping, schema
from tocsin.store.db.sqlite import Database
from tocsin.store.db.values import (
    Committed,
    Damage,
    Deferral,
    GroupHold,
    PollRecord,
    Reopened,
    Rest,
    SourceLease,
    Unseen,
    Voided,
)
from tocsin.store.inbound import commit, identity, prices, sources, unevaluated
from tocsin.store.inbound.commit import Once
from tocsin.store.inbound.decisions import Decide, Deciding, nobody, total
from tocsin.store.inbound.stories import OpenStories
from tocsin.store.maintenance import packs, retention, rewind
from tocsin.store.outbox import enqueue, handover, holds, overflow, receivers, silences
from tocsin.store.outbox.handover import NO_FALLBACKS, Fallbacks, Rerouted
from tocsin.store.outbox.overflow import To
from tocsin.store.readings import Queries
from tocsin.store.sending import claim

#: Real seconds that a start spends on the soundness of the database: at most what a service may take to be ready.
CHECKED_WITHIN = 2.0


class Store:
    """Everything that must outlive the process, on *database*, whose tables are of this version.

    *real_now* is the time in which leases end; *new_id* gives deliveries their ids; *program* names what judged an
    entry, so that a failure is tried again by another one. Methods block, and may be called from any thread. They
    raise `StoreError` when the database fails, and then nothing is written. *read* is what people and backtests read of
    it, *act* what people do. A daemon's own steps are here.
    """

    def __init__(
        self,
        database: Database,
        *,
        real_now: Callable[[], datetime],
        new_id: Callable[[], str],
        program: str = __version__,
    ) -> None:
        self.program = program
        self.read = Queries(database)
        self.act = Commands(database, new_id)
        self._database = database
        self._real_now = real_now
        self._new_id = new_id
        self._opened = OpenStories()

    @classmethod
    def open(
        cls,
        url: str,
        *,
        real_now: Callable[[], datetime],
        new_id: Callable[[], str],
        program: str = __version__,
        copy: bool = False,
    ) -> Self:
        """The store that *url* (`sqlite:///path`) names, made or brought to this version's tables.

        With *copy* it works on a copy, gone when it is closed: whatever is done to it changes nothing.

        Raises:
            StoreError: it cannot be opened, or a newer program made it.
        """
        database = Database.copy(url) if copy else Database.open(url)
        try:
            schema.upgrade(database)
        except BaseException:
            database.close()
            raise
        return cls(database, real_now=real_now, new_id=new_id, program=program)

    def lock(self, now: datetime) -> Voided:
        """Take the database for this daemon alone, see that it is sound and stays where it is, and void the leases that an earlier life left behind; `rewind`.

        *now* is the Clock's time: what is written of a void lease must compare with all other times of a delivery.

        Raises:
            LockedError: another daemon has it.
            DamagedError: pages of it cannot be read.
        """
        self._database.lock()
        checked = self._database.check(CHECKED_WITHIN)
        self._database.guard()
        with self._database.write() as session:
            polls = sources.void(session)
            count, doubtful = claim.void(session, now, None)
            rewind.rewind(session, now)
            return Voided(sources=polls, deliveries=count, doubtful=doubtful, checked=checked)

    def probe(self) -> None:
        """Write something that changes nothing: whether that is possible.

        Raises:
            StoreError: it is not.
        """
        self._database.probe()

    @property
    def lost(self) -> LostError | None:
        """That the files of the database were deleted or replaced while it was locked; no step writes since then."""
        return self._database.lost

    def rescue(self) -> Path:
        """Save what lost files hold into a new one, and close the database; the path of that file.

        It is the path of the database where nobody has put another file there, so that the next start goes on.

        Raises:
            StoreError: it cannot be written, or nothing is left to read from.
        """
        return self._database.rescue()

    def rewind(self, now: datetime) -> int:
        """Make due what waits only because the Clock ran ahead of *now* and was set back; how many rows that were."""
        with self._database.write() as session:
            return rewind.rewind(session, now)

    def close(self) -> None:
        """Close the database and give back the daemon's lock."""
        self._database.close()

    # ---- sources ---------------------------------------------------------------------------------------------

    def sync_sources(
        self, configs: Sequence[tuple[str, str, str]], now: datetime, groups: Mapping[str, str] | None = None
    ) -> None:
        """Make the sources those of the configuration: (name, address, kind) each, and the host groups by name.

        New ones are due at once, a changed address begins a new baseline, and one that is not named is disabled.
        """
        with self._database.write() as session:
            sources.sync(session, configs, now, groups or {})

    def set_aside(self, now: datetime) -> tuple[Damage, ...]:
        """Take rows that cannot be read out of use, so that they stop nothing but themselves; those rows."""
        with self._database.write() as session:
            return damage.set_aside(session, now, mapping.lease, claim.delivery, silences.silence)

    def claim_sources(self, now: datetime, lease: timedelta, limit: int) -> list[SourceLease]:
        """Lease at most *limit* sources that are due by the Clock, longest due first, for *lease* of real time."""
        with self._database.write() as session:
            return sources.claim(session, now, self._real_now(), lease, limit)

    def unseen(self, batch: Batch, volatile: frozenset[KeyKind] = frozenset()) -> Unseen:
        """Return the entries of *batch* that are new or rewritten, in order, where keys of *volatile* kinds say nothing."""
        with self._database.read() as session:
            found = identity.known(
                session, sources.number(session, batch.source), batch.entries, replace(batch, volatile=volatile)
            )
            return identity.unseen(found, batch.entries)

    def take_in(
        self,
        lease: SourceLease,
        batch: Batch,
        judged: Sequence[Judged],
        decide: Decide,
        *,
        now: datetime,
        habits: PollHistory,
        lasts: timedelta,
        settles: datetime,
        once: Once | None = None,
        flood: Collection[str] = (),
        rewritten: Sequence[Judged] = (),
    ) -> Committed:
        """Write a part of what one poll found, of which `commit` writes the last, and what *decide* makes of it.

        The lease goes on for *lasts* of real time. *habits* say what was found in the document: after a crash its rest is
        judged by that. What is planned leaves when the rest is there, or when it *settles*. All else is as for `commit`.

        Raises:
            LeaseLostError: somebody else holds the source now; nothing is written.
        """
        with self._database.write() as session:
            row = sources.held(session, lease)
            committed = commit.take_in(
                self._deciding(session, decide, now, settles),
                row,
                replace(batch, entries=()),  # keys of entries that are not taken in yet stay unknown
                judged,
                rewritten,
                own=(),
                once=once or {},
                flood=flood,
                program=self.program,
            )
            sources.go_on(session, row, habits, self._real_now() + lasts)
            return committed

    def commit(
        self,
        lease: SourceLease,
        batch: Batch,
        judged: Sequence[Judged],
        decide: Decide,
        *,
        now: datetime,
        due_at: datetime,
        own: Sequence[Match] = (),
        once: Once | None = None,
        flood: Collection[str] = (),
        trail: PollRecord = PollRecord(),  # noqa: B008 (frozen)
        rewritten: Sequence[Judged] = (),
        earlier: int | None = None,
    ) -> Committed:
        """Write what one poll found and what *decide* makes of it, and give the lease back.

        *judged* are entries of *batch*; one that was committed meanwhile is left out. *own* are events of the daemon
        to be decided with them; *once* says by (rule, rule hash) what to tell if that rule never failed before.
        The entries with the ids of *flood* are kept, and not told. *rewritten* are known entries with other headlines.
        *trail* is left in the row. *earlier* counts the new entries that were taken in before, None where none could be.

        Raises:
            LeaseLostError: somebody else holds the source now; nothing is written.
        """
        with self._database.write() as session:
            row = sources.held(session, lease)
            deciding = self._deciding(session, decide, now)
            committed = commit.take_in(
                deciding,
                row,
                batch,
                judged,
                rewritten,
                own=own,
                once=once or {},
                flood=flood,
                program=self.program,
                renewed=batch.volatile != lease.habits.volatile,
            )
            if earlier is not None:
                enqueue.release_planned(session, now)
            if trail.fetch is not None:
                trail = replace(trail, fetch=replace(trail.fetch, new=committed.entries + (earlier or 0)))
            sources.succeed(session, row, lease, batch, trail, now=now, due_at=due_at)
            return committed

    def complete_unchanged(self, rests: Sequence[Rest], now: datetime, deferrals: Sequence[Deferral] = ()) -> int:
        """Give back the leases of good polls that brought nothing, and of those put off, all in one transaction.

        How many of the leases had been lost before: nothing is written for those.
        """
        with self._database.write() as session:
            return sources.complete_unchanged(session, rests, now) + sources.defer(session, deferrals)

    def clear_outage_failures(self, now: datetime) -> None:
        """Take back the first failure of every public source that could not be reached: the network was down."""
        with self._database.write() as session:
            sources.clear_outage_failures(session, now)

    def fail(
        self,
        lease: SourceLease,
        error: str,
        fault: Fault,
        *,
        now: datetime,
        due_at: datetime,
        unhealthy: bool,
        gone: bool,
        own: Sequence[Match],
        decide: Decide,
        dead: bool = False,
        trail: PollRecord = PollRecord(),  # noqa: B008 (frozen)
        hold: GroupHold | None = None,
    ) -> Committed:
        """Write that a poll failed and what is told about it, and give the lease back; *hold* puts off others.

        Raises:
            LeaseLostError: somebody else holds the source now; nothing is written.
        """
        with self._database.write() as session:
            row = sources.held(session, lease)
            committed = self._deciding(session, decide, now).about_own(own)
            if hold is not None:
                sources.hold(session, hold)
            sources.fail(
                session,
                row,
                lease,
                error=error,
                fault=fault,
                trail=trail,
                due_at=due_at,
                unhealthy=unhealthy,
                gone=gone,
                dead=dead,
            )
            return committed

    def tell(self, own: Sequence[Match], decide: Decide, now: datetime) -> Committed:
        """Write the daemon's own events and what *decide* makes of them."""
        with self._database.write() as session:
            return self._deciding(session, decide, now).about_own(own)

    # ---- prices ----------------------------------------------------------------------------------------------

    def observe(
        self, observed: Sequence[tuple[Series, Observed]], decide: Decide, *, now: datetime, own: Sequence[Match] = ()
    ) -> Committed:
        """Write what quotes made of each series (as it was before), and what *decide* makes of the matches.

        *own* are events of the daemon to be decided with them.
        """
        with self._database.write() as session:
            for before, after in observed:
                prices.save(session, before, after.series, after.states)
            deciding = self._deciding(session, decide, now)
            arrivals = [Arrival(entry_id=None, matches=after.matches) for _, after in observed]
            return total([deciding.about(arrivals), deciding.about_own(own)])

    # ---- judging again ---------------------------------------------------------------------------------------

    def unevaluated(self, current: Mapping[str, str], program: str, *, limit: int = 200) -> tuple[Reopened, ...]:
        """At most *limit* entries to judge again: a rule that raised on them has another hash now, or *program* has.

        *current* says the hash of each rule; one that it does not name waits.
        """
        with self._database.read() as session:
            return unevaluated.reopened(session, current, program, limit)

    def rejudge(
        self,
        again: Sequence[tuple[Reopened, Judged]],
        decide: Decide,
        *,
        now: datetime,
        once: Once | None = None,
    ) -> Committed:
        """Write what a second judgement found, of the rules alone that had not been evaluated."""
        with self._database.write() as session:
            deciding = self._deciding(session, decide, now)
            return commit.take_again(deciding, again, once=once or {}, program=self.program)

    def _deciding(self, session: Session, decide: Decide, now: datetime, settles: datetime | None = None) -> Deciding:
        return Deciding(
            session=session, decide=decide, now=now, new_id=self._new_id, opened=self._opened, settles=settles
        )

    # ---- deliveries ------------------------------------------------------------------------------------------

    def claim_deliveries(
        self,
        now: datetime,
        lease: timedelta,
        *,
        exclude: Collection[str],
        rates: Mapping[str, int] | None = None,
        limits: Mapping[str, Limit] | None = None,
        limit_per_receiver: int = 1,
        only: Collection[str] | None = None,
        present: Collection[To] | None = None,
    ) -> list[Delivery]:
        """Lease deliveries that are due by the Clock, for *lease* of real time: the loudest first, then the oldest.

        At most *limit_per_receiver* of a receiver, none of those in *exclude*, of those that rest, and of those that
        had as many tries within a minute as *rates* says; no news over one of *limits* (see `spill`). What is silenced
        is suppressed first. Held ones whose time has come are among them, and those whose earlier lease ran out; none
        past its `expires_at` (see `expire`). With *only*, none but those with these ids; with *present*, none but those
        for one of these, (receiver, recipient) each.
        """
        with self._database.write() as session:
            holds.silence(session, now, self._new_id)
            return claim.claim(
                session,
                now,
                self._real_now(),
                lease,
                exclude=exclude,
                rates=rates or {},
                limits=limits or {},
                limit_per_receiver=limit_per_receiver,
                only=only,
                present=present,
            )

    def apply_quiet_hours(self, hushes: Mapping[str, QuietRule], now: datetime) -> bool:
        """Let what must not leave in the quiet hours of receivers, by name, wait for their end, or suppress it.

        Whether there is more: call it again until there is not.
        """
        with self._database.write() as session:
            return holds.apply_quiet_hours(session, hushes, now)

    def lapse(
        self,
        now: datetime,
        cooldowns: Mapping[str, timedelta],
        instruments: Sequence[Instrument],
        ended: Callable[[Alert, Series], str],
    ) -> None:
        """Suppress what the cooldowns of price rules, by rule, held until *now* and what *ended* gives a reason for."""
        with self._database.write() as session:

            def ends(alert: Alert) -> str:
                named = [item for item in instruments if item.id in alert.labels.get("instrument", ())]
                reasons = [ended(alert, series) for series in prices.load(session, named).values()]
                return "; ".join(reasons) if all(reasons) else ""

            holds.lapse(session, now, cooldowns, ends, self._new_id)

    def apply_limits(
        self,
        limits: Mapping[str, Limit],
        now: datetime,
        own: Callable[[Storm], Match] | None = None,
        decide: Decide = nobody,
    ) -> tuple[Storm, ...]:
        """Let news that is due and over the *limits* of receivers, by name, wait for a digest; the storms that begin.

        *own* says which event of the daemon each of them is, to be decided with it.
        """
        with self._database.write() as session:
            storms = overflow.apply_limits(session, limits, now)
            self._deciding(session, decide, now).about_own([own(storm) for storm in storms] if own else ())
            return storms

    def keep_digests(self, planned: Sequence[Planned], now: datetime) -> None:
        """Let each of these digests wait for its time, with or without news, if none does already."""
        with self._database.write() as session:
            enqueue.keep_digests(session, planned, now, self._new_id)

    def expire(
        self,
        now: datetime,
        own: Callable[[Delivery], Sequence[Match]] = lambda _: (),
        decide: Decide = nobody,
        fallbacks: Fallbacks = NO_FALLBACKS,
    ) -> tuple[Delivery, ...]:
        """Give up some of the deliveries that were not delivered by their `expires_at`; they are dead, with a reason.

        Call it again until there are none. They are handed over to *fallbacks*. *own* says which events of the daemon that makes of each, to be decided
        with it.
        """
        with self._database.write() as session:
            expired = claim.expire(session, now)
            for delivery in expired:
                handover.died(session, delivery.id, fallbacks, now, self._new_id)
            self._deciding(session, decide, now).about_own([match for item in expired for match in own(item)])
            return expired

    def fail_over(self, now: datetime, fallbacks: Fallbacks) -> list[str]:
        """Send *fallbacks* what others did not get in time, or cannot get; the ids."""
        with self._database.write() as session:
            return handover.late(session, fallbacks, now, self._new_id)

    def reroute(
        self,
        present: Collection[To],
        routed: Callable[[Alert], Collection[To]],
        now: datetime,
        skip: Collection[str] = (),
    ) -> Rerouted:
        """Send what waits for somebody who is not *present* to all whom *routed* names, but for the ids in *skip*."""
        with self._database.read() as session:
            ids = handover.strays(session, present, skip)
        if not ids:
            return Rerouted()
        with self._database.write() as session:
            return handover.reroute(session, ids, routed, now, self._new_id)

    def give_back(self, delivery: Delivery, now: datetime) -> None:
        """Give back a claimed delivery that was not tried."""
        with self._database.write() as session:
            claim.give_back(session, delivery, now)

    def begin_attempt(self, delivery: Delivery, message: Message, now: datetime) -> bool:
        """Put a try on record before a socket opens; False when the delivery is no longer leased to its holder.

        The *message* is kept: a claim for a later try brings it.
        """
        with self._database.write() as session:
            return claim.begin_attempt(session, delivery, message, now, self._real_now())

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
        """Write how a try ended and return what becomes of the delivery; None when somebody else holds it by now.

        *judge* decides that, given how its receiver stood; the events of the daemon that it gives are decided with it.
        A delivery that dies is handed over to *fallbacks*.
        """
        with self._database.write() as session:
            before = receivers.standing(session, delivery.receiver)
            judged = judge(before)
            if not claim.settle(session, delivery, outcome, judged.settlement, now):
                return None
            if judged.status != before:
                receivers.put(session, delivery.receiver, judged.status)
            if judged.settlement.state is DeliveryState.DEAD:
                handover.died(session, delivery.id, fallbacks, now, self._new_id)
            self._deciding(session, decide, now).about_own(judged.own)
            return judged.settlement

    def wake_receivers(self) -> None:
        """Let receivers that refused us be tried at once: a new configuration may have put right why."""
        with self._database.write() as session:
            receivers.wake(session)

    # ---- upkeep ----------------------------------------------------------------------------------------------

    def sweep(self, now: datetime, retention_time: timedelta) -> int:
        """Forget a bounded piece of what is older than *retention_time*; call it again until it says 0."""
        with self._database.write() as session:
            return retention.sweep(session, now, retention_time)

    def keep_pack(self, pack: str, pack_hash: str, files: Sequence[tuple[str, str]], now: datetime) -> None:
        """Keep *files*, (path, text) each, as the last good version of *pack*."""
        with self._database.write() as session:
            packs.keep(session, pack, pack_hash, files, now)
