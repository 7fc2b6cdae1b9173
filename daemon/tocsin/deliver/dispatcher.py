"""Dispatch of deliveries: claim, render, send, settle.

    store.claim_deliveries → render once and keep → receiver.send → store.settle

The attempt is recorded before a socket opens, so that a crash leaves a delivery that is known to be doubtful.
Every receiver has a lane of its own: one message at a time, and a receiver that hangs delays no other. A lane that is well gets
several messages at once, as many as it sends in a moment.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from functools import partial

from tocsin.deliver.config import DeliveryConfig
from tocsin.deliver.events import about_storm, about_undelivered, too_late
from tocsin.deliver.sender import LEASE, Sender
from tocsin.log import line
from tocsin.model.deliveries import (
    AttemptResult,
    Delivery,
    DeliveryState,
    ErrorClass,
    Settlement,
)
from tocsin.model.reasons import Cause, Reason
from tocsin.policy.notifying import timing
from tocsin.policy.notifying.silence import Silence
from tocsin.policy.notifying.timing import Limit, quiet_now
from tocsin.protocols import Runtime
from tocsin.store import Store
from tocsin.store.values import Claimable

log = logging.getLogger(__name__)

#: Seconds in which other workers may take their share of many receivers, before this one takes what is left.
HEAD_START = 0.1


class Dispatcher:
    """Sends the deliveries of the outbox to the receivers.

    *more* is called when a lane is free again; *settled* after every attempt, with the message in the delivery.
    """

    def __init__(
        self,
        store: Store,
        outbound: DeliveryConfig,
        runtime: Runtime,
        *,
        more: Callable[[], None] = lambda: None,
        settled: Callable[[Delivery, AttemptResult, Settlement], None] = lambda *_: None,
    ) -> None:
        self._store = store
        self._runtime = runtime
        self._more = more
        self._settled = settled
        self._claiming = asyncio.Lock()
        self._sender = Sender(store, outbound, runtime, settled)
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._silenced: tuple[DeliveryConfig | None, frozenset[Silence]] = (None, frozenset())  # written for it
        self._dated: tuple[DeliveryConfig | None, datetime] = (
            None,
            datetime.min.replace(tzinfo=UTC),
        )  # the same of dates
        self._reminded: tuple[DeliveryConfig | None, datetime | None] = (None, None)  # by it; when the next is due
        self._last = datetime.min.replace(tzinfo=UTC)  # time that the last tick saw on the clock
        self._again: asyncio.TimerHandle | None = None  # another look, for what was left to other workers
        self._rest = False  # it is time for that
        self._stray: tuple[DeliveryConfig, frozenset[str]] = (outbound, frozenset())  # messages without a receiver

    @property
    def outbound(self) -> DeliveryConfig:
        """Return the configuration that it works by."""
        return self._sender.outbound

    @outbound.setter
    def outbound(self, wanted: DeliveryConfig) -> None:
        self._sender.outbound = wanted

    async def tick(self) -> None:
        """Claim what is due for every free lane and start sending it."""
        await self._start_due()

    def next_due(self, now: datetime) -> datetime | None:
        """Return when a tick will find something to do if nobody writes before, None if never. It blocks.

        Only what comes with a message that is due, or can wait for some seconds, is not in it.
        """
        waiting = self._store.read.next_delivery(now)
        if waiting is not None and waiting <= now:
            return waiting  # as in an outage, when the other queries would read thousands of messages
        late = self._store.read.next_late(self.outbound.fallbacks, now)
        found = (waiting, late, self._reminded[1], self._dated[1])
        return min((time for time in found if time is not None), default=None)

    async def run_due(self) -> None:
        """Send all that is due now and wait for it."""
        # A tick that a commit caused may have claimed some of them: they are being sent, and waited for, too.
        while await self._start_due() or self._busy:
            await self.drain(None)

    async def send_only(self, ids: Collection[str]) -> None:
        """Send only the deliveries *ids*, and wait for it."""
        which = Claimable(limit_per_receiver=len(ids), only=ids)
        claimed = await self._runtime.write(self._store.claim_deliveries, self._runtime.clock.now(), LEASE, which)
        await asyncio.gather(*(self._sender.send([delivery]) for delivery in claimed))

    async def drain(self, within: float | None) -> None:
        """Wait at most *within* seconds for the sends in progress.

        A send that is cut off stays in the outbox as a doubtful attempt, and is sent again after the next start.
        """
        if self._busy:
            await asyncio.wait(self._busy.values(), timeout=within)

    def close(self) -> None:
        """Close the lanes; a thread that still waits for a socket ends at its deadline."""
        if self._again:
            self._again.cancel()
        self._sender.close()

    async def _start_due(self) -> int:
        """Start sending what is due in free lanes; return how many lanes were busy or are busy now.

        A busy lane may have more to send, so only 0 means that nothing is left.
        """
        # Two ticks at the same time would use the same free lanes.
        async with self._claiming:
            if await self._runtime.work(self._store.stands_by):
                return len(self._busy)
            outbound, now = self.outbound, self._runtime.clock.now()
            self._look_again_if_set_back(now)
            rules = quiet_now(self.outbound.people, now)
            more = bool(rules)
            while more:
                more = await self._runtime.write(self._store.apply_quiet_hours, rules, now)
            if outbound.price_rules:
                await self._runtime.write(self._store.lapse, now, outbound.price_rules, outbound.instruments)
            digests = timing.expected(self.outbound.people, now)
            if digests:
                await self._runtime.write(self._store.keep_digests, digests, now)
            await self._reroute(now)
            await self._give_up_expired(now)
            await self._fail_over(now)
            await self._remind(now)
            await self._remind_of_dates(now)
            await self._silence(now)
            limits = timing.limits(self.outbound.people, now)
            await self._apply_limits(limits, now)
            busy = set(self._busy)
            which = Claimable(
                exclude=busy,
                rates=self.outbound.rates,
                limits=limits,
                present=self.outbound.present,
                batches=self._sender.batches,
                fair=self._store.shared and not self._rest,
            )
            self._rest = False
            deliveries = await self._runtime.write(self._store.claim_deliveries, now, LEASE, which)
            lanes: dict[str, list[Delivery]] = defaultdict(list)
            for delivery in deliveries:
                lanes[delivery.receiver].append(delivery)
            for receiver, batch in lanes.items():
                self._busy[receiver] = asyncio.create_task(self._sender.send(batch), name=f"deliver to {receiver}")
                self._busy[receiver].add_done_callback(partial(self._leave_lane, receiver))
            if which.fair and lanes and self._again is None:
                self._again = asyncio.get_running_loop().call_later(HEAD_START, self._take_rest)
            return len(busy) + len(lanes)

    async def _apply_limits(self, limits: Mapping[str, Limit], now: datetime) -> None:
        """Hold messages over the limit of their receiver, and log the beginning of each storm."""
        if not limits:
            return
        own = partial(about_storm, now=now)
        for storm in await self._runtime.write(self._store.apply_limits, limits, now, own, self.outbound.decide):
            log.warning(line("over its limit", receiver=storm.receiver, alerts=storm.alerts, until=storm.until))

    def _look_again_if_set_back(self, now: datetime) -> None:
        """Look for reminders *now* if the clock was set back, because the next ones may be due long before what was found."""
        if now < self._last:
            (reminded, due), (dated, _) = self._reminded, self._dated
            self._reminded, self._dated = (reminded, due and now), (dated, now)
        self._last = now

    async def _remind(self, now: datetime) -> None:
        """Plan the messages that are due because nobody answers."""
        outbound, (before, due) = self.outbound, self._reminded
        loaded = before is not outbound
        if loaded or (due is not None and due <= now):
            due = await self._runtime.write(self._store.remind, outbound.reminders, now, loaded=loaded)
            self._reminded = (outbound, due)

    async def _remind_of_dates(self, now: datetime) -> None:
        """Plan the reminders of confirmed dates that are near."""
        outbound, (before, due) = self.outbound, self._dated
        if before is not outbound or due <= now:
            self._dated = (outbound, await self._runtime.write(self._store.remind_of_dates, outbound.dates, now))

    async def _silence(self, now: datetime) -> None:
        """Apply the silences and inhibitions of the configuration; what an earlier one suppressed is freed once."""
        outbound, (before, written) = self.outbound, self._silenced
        loaded = before is not outbound
        current = frozenset(one for silence in outbound.silences for one in silence.current(now))
        if loaded or current - written:
            await self._runtime.write(self._store.keep_silences, current, now, loaded=loaded)
        if loaded or outbound.inhibitions:
            await self._runtime.write(self._store.apply_inhibitions, outbound.inhibitions, now)
        self._silenced = (outbound, current)

    async def _reroute(self, now: datetime) -> None:
        """Move messages whose receiver is no longer configured to the receivers of the routes; without one they wait."""
        outbound = self.outbound
        known = self._stray[1] if self._stray[0] is outbound else frozenset()
        found = await self._runtime.write(self._store.reroute, outbound.present, outbound.routed, now, known)
        self._stray = (outbound, known.union(found.left))
        if found.moved:
            log.warning(line("sent to others than planned", messages=len(found.moved)))
        if found.left:
            log.warning(line("messages wait for receivers that are not configured", messages=len(found.left)))

    async def _fail_over(self, now: datetime) -> None:
        """Send messages that a receiver did not get for too long to its fallback."""
        if self.outbound.fallbacks:
            for delivery in await self._runtime.write(self._store.fail_over, now, self.outbound.fallbacks):
                log.warning(line("sent to another receiver", delivery=delivery))

    async def _give_up_expired(self, now: datetime) -> None:
        """Give up messages that were not delivered in time, and report them."""
        fallbacks = self.outbound.fallbacks
        own = partial(about_undelivered, fallbacks=fallbacks, now=now)
        while expired := await self._runtime.write(self._store.expire, now, own, self.outbound.decide, fallbacks):
            for delivery in expired:
                words = too_late(delivery)
                settlement = Settlement(
                    state=DeliveryState.DEAD, due_at=now, reason=Reason(cause=Cause.OTHER, words=words)
                )
                self._sender.report(delivery, settlement, now)
                self._settled(delivery, AttemptResult(error_class=ErrorClass.TRANSIENT, words=words), settlement)

    def _take_rest(self) -> None:
        """Look again, for what was left to other workers and they did not take."""
        self._again, self._rest = None, True
        self._more()

    def _leave_lane(self, receiver: str, _: asyncio.Task[None]) -> None:
        del self._busy[receiver]
        self._more()
