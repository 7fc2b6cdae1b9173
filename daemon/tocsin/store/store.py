"""The store: one method, one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Self

from sqlmodel import Session

from tocsin import __version__
from tocsin.errors import Fault
from tocsin.market.series import Series
from tocsin.model import (
    Alert,
    Answered,
    AnswerKind,
    Batch,
    Delivery,
    DeliveryState,
    Entry,
    Judged,
    Match,
    Message,
    Outcome,
    Settlement,
)
from tocsin.policy.breaker import Standing
from tocsin.policy.facts import Arrival
from tocsin.policy.quiet import Hush
from tocsin.policy.receiver import Fallback
from tocsin.policy.silence import Matcher, Silence
from tocsin.prices import Instrument, Quote
from tocsin.rules.edge import PriceState
from tocsin.rules.observation import Observed
from tocsin.store import (
    answers,
    deliveries,
    entries,
    history,
    identity,
    inbound,
    listing,
    market,
    outbox,
    packs,
    receivers,
    retention,
    rewind,
    schema,
    silences,
    sources,
    unevaluated,
)
from tocsin.store.decisions import Decide, Deciding, nobody, total
from tocsin.store.inbound import Once
from tocsin.store.sqlite import Database
from tocsin.store.values import (
    AlertDetail,
    Committed,
    Counts,
    Deferral,
    DeliveryDetail,
    DeliveryView,
    EntryView,
    GroupHold,
    History,
    MatchView,
    Reopened,
    Rest,
    RuleStats,
    SourceDetail,
    SourceLease,
    SourceView,
    Tally,
    Trail,
    Unseen,
    Voided,
    Which,
)


class Store:
    """Everything that must outlive the process, on *database*, whose tables are of this version.

    *real_now* is the time in which leases end; *new_id* gives deliveries their ids; *program* names what judged an
    entry, so that a failure is tried again by another one. Methods block, and may be called from any thread. They
    raise `StoreError` when the database fails, and then nothing is written.
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
        self._database = database
        self._real_now = real_now
        self._new_id = new_id

    @classmethod
    def open(
        cls,
        url: str,
        *,
        real_now: Callable[[], datetime],
        new_id: Callable[[], str],
        program: str = __version__,
    ) -> Self:
        """The store that *url* (`sqlite:///path`) names, made or brought to this version's tables.

        Raises:
            StoreError: it cannot be opened, or a newer program made it.
        """
        return cls._upgraded(Database.open(url), real_now, new_id, program)

    @classmethod
    def open_copy(
        cls,
        url: str,
        *,
        real_now: Callable[[], datetime],
        new_id: Callable[[], str],
        program: str = __version__,
    ) -> Self:
        """A store on a copy of what *url* names, gone when it is closed: whatever is done to it changes nothing.

        Raises:
            StoreError: as `open`.
        """
        return cls._upgraded(Database.copy(url), real_now, new_id, program)

    @classmethod
    def _upgraded(
        cls, database: Database, real_now: Callable[[], datetime], new_id: Callable[[], str], program: str
    ) -> Self:
        try:
            schema.upgrade(database)
        except BaseException:
            database.close()
            raise
        return cls(database, real_now=real_now, new_id=new_id, program=program)

    def lock(self, now: datetime) -> Voided:
        """Take the database for this daemon alone, and void the leases that an earlier life left behind; `rewind`.

        *now* is the Clock's time: what is written of a void lease must compare with all other times of a delivery.

        Raises:
            StoreError: another daemon has it.
        """
        self._database.lock()
        with self._database.write() as session:
            polls = sources.void(session)
            count, doubtful = deliveries.void(session, now, None)
            rewind.rewind(session, now)
            return Voided(sources=polls, deliveries=count, doubtful=doubtful)

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

    def claim_sources(self, now: datetime, lease: timedelta, limit: int) -> list[SourceLease]:
        """Lease at most *limit* sources that are due by the Clock, longest due first, for *lease* of real time."""
        with self._database.write() as session:
            return sources.claim(session, now, self._real_now(), lease, limit)

    def unseen(self, batch: Batch, now: datetime) -> Unseen:  # noqa: ARG002 (as every step of the line)
        """The entries of *batch* that are new or rewritten, in order; reads only."""
        with self._database.read() as session:
            found = identity.known(session, sources.number(session, batch.source), batch.entries, batch)
            return identity.unseen(found, batch.entries)

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
        trail: Trail = Trail(),  # noqa: B008 (frozen)
        rewritten: Sequence[Judged] = (),
    ) -> Committed:
        """Write what one poll found and what *decide* makes of it, and give the lease back.

        *judged* are entries of *batch*; one that was committed meanwhile is left out. *own* are events of the daemon
        to be decided with them; *once* says by (rule, rule hash) what to tell if that rule never failed before.
        The entries with the ids of *flood* are kept, and not told. *rewritten* are known entries with other headlines.
        *trail* is left in the row.

        Raises:
            LeaseLostError: somebody else holds the source now; nothing is written.
        """
        with self._database.write() as session:
            row = sources.held(session, lease)
            deciding = self._deciding(session, decide, now)
            committed = inbound.take_in(
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
            if trail.fetch is not None:
                trail = replace(trail, fetch=replace(trail.fetch, new=committed.entries))
            sources.succeed(session, row, lease, batch, trail, now=now, due_at=due_at)
            return committed

    def rest(self, rests: Sequence[Rest], now: datetime, deferrals: Sequence[Deferral] = ()) -> int:
        """Give back the leases of good polls that brought nothing, and of those put off, all in one transaction.

        How many of the leases had been lost before: nothing is written for those.
        """
        with self._database.write() as session:
            return sources.rest(session, rests, now) + sources.defer(session, deferrals)

    def forgive(self, now: datetime) -> None:
        """Take back the first failure of every public source that could not be reached: the network was down."""
        with self._database.write() as session:
            sources.forgive(session, now)

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
        trail: Trail = Trail(),  # noqa: B008 (frozen)
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

    def market(self, instruments: Iterable[Instrument]) -> tuple[dict[str, Series], dict[tuple[str, str], PriceState]]:
        """The series of *instruments* by id, and what the price rules remember by (rule, instrument)."""
        with self._database.read() as session:
            return market.load(session, instruments), market.states(session)

    def series(self, instruments: Iterable[Instrument]) -> dict[str, Series]:
        """The series of *instruments* by id, as they were when the last quote was committed."""
        with self._database.read() as session:
            return market.load(session, instruments)

    def observe(
        self, observed: Sequence[tuple[Series, Observed]], decide: Decide, *, now: datetime, own: Sequence[Match] = ()
    ) -> Committed:
        """Write what quotes made of each series (as it was before), and what *decide* makes of the matches.

        *own* are events of the daemon to be decided with them.
        """
        with self._database.write() as session:
            for before, after in observed:
                market.save(session, before, after.series, after.states)
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
            return inbound.take_again(deciding, again, once=once or {}, program=self.program)

    def _deciding(self, session: Session, decide: Decide, now: datetime) -> Deciding:
        return Deciding(session=session, decide=decide, now=now, new_id=self._new_id)

    # ---- deliveries ------------------------------------------------------------------------------------------

    def claim_deliveries(
        self,
        now: datetime,
        lease: timedelta,
        *,
        exclude: Collection[str],
        rates: Mapping[str, int] | None = None,
        limit_per_receiver: int = 1,
    ) -> list[Delivery]:
        """Lease deliveries that are due by the Clock, for *lease* of real time: the loudest first, then the oldest.

        At most *limit_per_receiver* of a receiver, none of those in *exclude*, of those that rest, and of those that
        had as many tries within a minute as *rates* says. What is silenced is suppressed first. Held ones whose time has come are among them, and those whose
        earlier lease ran out; none past its `expires_at` (see `expire`).
        """
        with self._database.write() as session:
            silences.apply(session, now)
            return deliveries.claim(
                session,
                now,
                self._real_now(),
                lease,
                exclude=exclude,
                rates=rates or {},
                limit_per_receiver=limit_per_receiver,
            )

    def hush(self, hushes: Mapping[str, Hush], now: datetime) -> None:
        """Let what must not leave in the quiet hours of receivers, by name, wait for their end, or suppress it."""
        with self._database.write() as session:
            outbox.hush(session, hushes, now)

    def expire(
        self, now: datetime, own: Callable[[Delivery], Sequence[Match]] = lambda _: (), decide: Decide = nobody
    ) -> tuple[Delivery, ...]:
        """Give up the deliveries that were not delivered by their `expires_at`; they are dead, with a reason.

        *own* says which events of the daemon that makes of each, to be decided with it.
        """
        with self._database.write() as session:
            expired = deliveries.expire(session, now)
            self._deciding(session, decide, now).about_own([match for item in expired for match in own(item)])
            return expired

    def stand_in(self, now: datetime, fallbacks: Mapping[str, tuple[Fallback, Sequence[str]]]) -> list[str]:
        """Tell receivers what others did not get in time: by the late one, (its fallback, whose recipients); the ids."""
        with self._database.write() as session:
            return [
                delivery
                for late, (fallback, recipients) in fallbacks.items()
                for delivery in outbox.stand_in(
                    session, late, (fallback.to, recipients), since=now - fallback.after, now=now, new_id=self._new_id
                )
            ]

    def begin_attempt(self, delivery: Delivery, message: Message, now: datetime) -> bool:
        """Put a try on record before a socket opens; False when the delivery is no longer leased to its holder.

        The message of the first try is kept: a claim for a later one brings it.
        """
        with self._database.write() as session:
            return deliveries.begin_attempt(session, delivery, message, now, self._real_now())

    def settle(
        self,
        delivery: Delivery,
        outcome: Outcome,
        settlement: Settlement,
        now: datetime,
        *,
        own: Sequence[Match] = (),
        decide: Decide = nobody,
        stand: Callable[[Standing], tuple[Standing, Sequence[Match]]] = lambda before: (before, ()),
    ) -> bool:
        """Write how a try ended and what becomes of the delivery; False when somebody else holds it by now.

        *own* are events of the daemon to be decided with it; *stand* says how its receiver stands now, given how it
        stood, and what of that is to be told.
        """
        with self._database.write() as session:
            if not deliveries.settle(session, delivery, outcome, settlement, now):
                return False
            before = receivers.standing(session, delivery.receiver)
            standing, told = stand(before)
            if standing != before:
                receivers.put(session, delivery.receiver, standing)
            self._deciding(session, decide, now).about_own([*own, *told])
            return True

    def silence(
        self, matchers: Sequence[Matcher], starts: datetime, ends: datetime, *, by: str = "", why: str = ""
    ) -> Silence:
        """Write a silence; it counts from the next claim on."""
        with self._database.write() as session:
            return silences.add(session, matchers, starts, ends, by=by, why=why)

    def end_silence(self, number: int, now: datetime) -> Silence:
        """Let a silence end *now*.

        Raises:
            StoreError: there is no such silence, or it has ended.
        """
        with self._database.write() as session:
            return silences.end(session, number, now)

    def silences(self) -> tuple[Silence, ...]:
        """All silences, the newest first."""
        with self._database.read() as session:
            return silences.everything(session)

    def wake_receivers(self) -> None:
        """Let receivers that refused us be tried at once: a new configuration may have put right why."""
        with self._database.write() as session:
            receivers.wake(session)

    def resend(self, delivery_id: str, now: datetime) -> str:
        """Put a copy of a settled delivery into the outbox; its id.

        Raises:
            StoreError: there is no such delivery, or it is still under way.
        """
        with self._database.write() as session:
            return outbox.resend(session, delivery_id, now, self._new_id)

    # ---- answers ---------------------------------------------------------------------------------------------

    def answer(
        self,
        numbers: Sequence[int],
        kind: AnswerKind,
        now: datetime,
        *,
        by: str = "",
        until: datetime | None = None,
        why: str = "",
    ) -> None:
        """Write what somebody says of the alerts *numbers*; updates about them that wait rest *until* then.

        Raises:
            StoreError: there is no alert with one of these numbers; nothing is written.
        """
        with self._database.write() as session:
            answers.add(session, numbers, kind, now=now, by=by, until=until, why=why)

    def answered(self, numbers: Collection[int]) -> dict[int, Answered]:
        """What was said of the alerts *numbers*; those without an answer are not in it."""
        with self._database.read() as session:
            return answers.by_number(session, numbers)

    def rule_stats(self, since: datetime | None = None) -> dict[str, RuleStats]:
        """What came of the alerts of each rule opened *since* then, by its id."""
        with self._database.read() as session:
            return answers.stats(session, since)

    def verdicts(self, rule: str | None = None) -> list[tuple[Alert, Answered]]:
        """The alerts, of *rule* or of all, that people called useful or noise, the oldest first."""
        with self._database.read() as session:
            return answers.verdicts(session, rule=rule)

    # ---- upkeep ----------------------------------------------------------------------------------------------

    def sweep(self, now: datetime, retention_time: timedelta) -> int:
        """Forget a bounded piece of what is older than *retention_time*; call it again until it says 0."""
        with self._database.write() as session:
            return retention.sweep(session, now, retention_time)

    def keep_pack(self, pack: str, pack_hash: str, files: Sequence[tuple[str, str]], now: datetime) -> None:
        """Keep *files*, (path, text) each, as the last good version of *pack*."""
        with self._database.write() as session:
            packs.keep(session, pack, pack_hash, files, now)

    def kept_pack(self, pack: str) -> tuple[tuple[str, str], ...] | None:
        """The files of the last good version of *pack*, or None if there was none yet."""
        with self._database.read() as session:
            return packs.kept(session, pack)

    # ---- listings --------------------------------------------------------------------------------------------

    def next_due(self, now: datetime) -> datetime | None:
        """When the first source or delivery is due that nobody holds, not before *now*; None when nothing waits."""
        with self._database.read() as session:
            due = listing.next_due(session)
            return None if due is None else max(due, now)

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
            return market.history(session, instruments)

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

    def lasts_since(self, begins: str, ends: str) -> datetime | None:
        """When the rule *begins* last met, if the rule *ends* did not meet since; None else."""
        with self._database.read() as session:
            return listing.lasts_since(session, begins, ends)

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
