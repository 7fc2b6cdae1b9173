"""The steps of a daemon on its way out: claim, try, settle; and what holds or moves messages before."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from tocsin.errors import StoreError
from tocsin.model.alerts import Alert
from tocsin.model.deliveries import AttemptResult, Delivery, DeliveryState, Message, Settlement
from tocsin.model.prices import Instrument
from tocsin.model.rules import Match
from tocsin.policy.notifying.retry import Consequence, ReceiverStatus
from tocsin.policy.notifying.timing import Limit, Storm
from tocsin.rules.prices.edge import PriceRule, ended
from tocsin.store import claims, sending
from tocsin.store.access import writes
from tocsin.store.claims import Claimed
from tocsin.store.inbound import prices
from tocsin.store.inbound.decisions import Decide, Deciding, nobody
from tocsin.store.outbox import dates, enqueue, handover, holds, inhibitions, receivers, reminders, silences
from tocsin.store.outbox.handover import NO_FALLBACKS, Fallbacks, Rerouted
from tocsin.store.shared import SharedDatabase
from tocsin.store.values import Claimable, To


class Outbound(SharedDatabase):
    """The steps that send what was planned: one method, one transaction."""

    apply_quiet_hours = writes(holds.apply_quiet_hours)
    keep_digests = writes(enqueue.keep_digests)
    keep_silences = writes(silences.keep)
    remind = writes(reminders.remind)
    remind_of_dates = writes(dates.remind)
    apply_inhibitions = writes(inhibitions.apply)
    fail_over = writes(handover.late)
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
        worker, workers = self.database.worker, self.database.deliverers
        with self.database.read() as session:
            waits = claims.waits(session, now, self._real(session), which, worker=worker, workers=workers)
            if not waits and not silences.ended(session, now):
                return []
        with self.database.write() as session:
            if self._stands_by(session):
                return []
            silences.apply(session, now)
            claimed = claims.claim(session, now, self._real(session), lease, which, worker=worker, workers=workers)
        return self._read(claimed, now) if claimed else []

    def _read(self, claimed: Claimed, now: datetime) -> list[Delivery]:
        """Return what was *claimed*; others need not wait until all of it is read."""
        try:
            with self.database.read() as session:
                return claims.read(session, claimed)
        except StoreError:
            # If that fails too, they wait until their lease ends.
            with suppress(StoreError), self.database.write(None) as session:
                sending.give_back(session, claimed.leases, now)
            raise

    def give_back(self, deliveries: Collection[Delivery], now: datetime) -> None:
        """Return deliveries to the queue that were claimed and not tried."""
        with self.database.write(None) as session:
            sending.give_back(session, [(one.id, one.fence, one.attempt) for one in deliveries], now)

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
        with self.database.read() as session:
            if not sending.expires(session, now):
                return ()
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
            return sending.begin_attempt(session, delivery, message, now, self._real_by_now())

    def go_on(
        self,
        delivery: Delivery,
        outcome: AttemptResult,
        judge: Callable[[ReceiverStatus], Consequence],
        now: datetime,
        following: tuple[Delivery, Message],
    ) -> tuple[Settlement | None, bool] | None:
        """Settle an attempt as `settle` does, and begin the *following* one as `begin_attempt` does, in one transaction.

        None if that needs a decision, or comes late: then nothing is written.
        """
        try:
            with self._deciding(nobody, now, serial=None, begun=True) as deciding:
                settlement = _settle(deciding, delivery, outcome, judge, NO_FALLBACKS, decides=False)
                return settlement, sending.begin_attempt(deciding.session, *following, now, self._real_by_now())
        except _MustDecideError:
            return None

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
            with self._deciding(decide, now, serial=None, begun=True) as deciding:
                return _settle(deciding, delivery, outcome, judge, fallbacks, decides=False)
        except _MustDecideError:
            with self._deciding(decide, now, begun=True) as deciding:
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
    if not sending.settle(session, delivery, outcome, judged.settlement, now, late=decides):
        if decides:
            return None
        raise _MustDecideError
    if judged.status != before:
        receivers.put(session, delivery.receiver, judged.status)
    if dead:
        handover.died(session, delivery.id, fallbacks, now)
    deciding.about_own(judged.own)
    return judged.settlement
