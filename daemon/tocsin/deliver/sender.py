"""Messages on their way to their receivers: rendered, tried, settled, reported."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from tocsin.deliver.config import DeliveryConfig
from tocsin.deliver.context import compose, foreign, read_context, translated
from tocsin.deliver.events import about_turn, about_undelivered
from tocsin.deliver.translation import Translator
from tocsin.errors import DamagedError, LostError, StoreError
from tocsin.log import line
from tocsin.model.counters import Counted, Timed
from tocsin.model.deliveries import (
    SETTLED,
    AttemptResult,
    Delivery,
    DeliveryKind,
    DeliveryState,
    ErrorClass,
    Message,
    Settlement,
)
from tocsin.policy.notifying import retry
from tocsin.policy.notifying.retry import Consequence, ReceiverStatus, after
from tocsin.protocols import Runtime
from tocsin.receivers import Receiver
from tocsin.render.message import reduced
from tocsin.render.reasons import in_words
from tocsin.store import Fallbacks, Store

T = TypeVar("T")

log = logging.getLogger(__name__)

#: Real time after which a send counts as lost; longer than any receiver allows an attempt.
LEASE = timedelta(minutes=2)
#: Seconds for which a lane goes on before somebody looks again what should be sent first, and messages of that time at most.
SPAN, MOST = 0.5, 50
#: Seconds between two tries to write what became of a message: those after the first, and the most.
_FIRST_WAIT, _LONGEST_WAIT = 0.25, 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """A delivery with its message, for the receiver *to*."""

    delivery: Delivery
    message: Message
    to: Receiver

    @property
    def sent(self) -> Delivery:
        """Return the delivery with the message in it."""
        return replace(self.delivery, message=self.message)


class Sender:
    """Sends deliveries that were claimed; *settled* is called after every attempt, with the message in the delivery.

    *batches* is how many messages each receiver takes in a moment, as far as that is known.
    """

    def __init__(
        self,
        store: Store,
        outbound: DeliveryConfig,
        runtime: Runtime,
        settled: Callable[[Delivery, AttemptResult, Settlement], None],
    ) -> None:
        self.outbound = outbound
        self._store = store
        self._runtime = runtime
        self._settled = settled
        self._lanes: dict[str, ThreadPoolExecutor] = {}
        self._translator = Translator(runtime.counters)
        self.batches: dict[str, int] = {}

    def close(self) -> None:
        """Close the lanes; a thread that still waits for a socket ends at its deadline."""
        for lane in self._lanes.values():
            lane.shutdown(wait=False, cancel_futures=True)
        self._translator.close()

    async def send(self, batch: Sequence[Delivery]) -> None:
        """Send messages of one receiver, one after another, for a moment and as long as each arrives; every exception ends here.

        The others are given back.
        """
        left, began, arrived = deque(batch), time.monotonic(), 0
        begun: _Ready | None = None
        while begun or (left and time.monotonic() < began + SPAN):
            delivery = begun.delivery if begun else left.popleft()
            begun = begun or await self._guarded(delivery, self._begin(delivery))
            if begun:
                outcome, begun = await self._guarded(delivery, self._go_on(begun, left, began)) or (None, None)
                if outcome is None or outcome.error_class is not ErrorClass.OK:
                    arrived = 0
                    break
                arrived += 1
        if left:
            await self._guarded(left[0], self._give_back(left))
        self.batches[batch[0].receiver] = max(1, arrived if left else min(2 * arrived, MOST))

    async def _guarded(self, delivery: Delivery, step: Coroutine[Any, Any, T]) -> T | None:
        """Return what *step* returns, None after an exception."""
        try:
            return await step
        except StoreError as error:
            self._runtime.trouble.failed(error, delivery=delivery.id)
        except Exception:
            # When the lease expires the delivery is claimed again; its open attempt marks it as doubtful.
            log.exception(line("delivery failed unexpectedly", delivery=delivery.id, receiver=delivery.receiver))
        return None

    async def _ready(self, delivery: Delivery) -> _Ready | None:
        """Return *delivery* with its message, None if it is given back."""
        receiver = self.outbound.receivers.get(delivery.receiver)
        if receiver is None or delivery.recipient not in receiver.recipients:
            # The configuration was reloaded meanwhile: the next tick finds another receiver.
            await self._give_back([delivery])
            return None
        message = delivery.message
        if message is None:
            message = await self._render(delivery, receiver)
        elif delivery.refused:
            message = reduced(message)
        return _Ready(delivery=delivery, message=message, to=receiver)

    async def _give_back(self, deliveries: Collection[Delivery]) -> None:
        await self._runtime.write(self._store.give_back, deliveries, self._runtime.clock.now())

    async def _begin(self, delivery: Delivery) -> _Ready | None:
        """Record an attempt; None if another worker has claimed the delivery, or it is given back."""
        ready = await self._ready(delivery)
        if ready is None:
            return None
        now = self._runtime.clock.now()
        on_record = await self._runtime.write(self._store.begin_attempt, delivery, ready.message, now)
        return ready if on_record else None

    async def _go_on(self, begun: _Ready, left: deque[Delivery], began: float) -> tuple[AttemptResult, _Ready | None]:
        """Send a message whose attempt is on record, and settle it; return how it ended, and the one begun after it, of those *left*."""
        send = partial(begun.to.send, begun.sent, begun.message)
        sending = asyncio.get_running_loop().run_in_executor(self._lane(begun.to.name), send)
        following = await self._prepared(left)  # while the receiver takes its time
        outcome = await sending
        if following and (outcome.error_class is not ErrorClass.OK or time.monotonic() >= began + SPAN):
            left.appendleft(following.delivery)
            following = None
        if await self._settle(begun.sent, outcome, following, until=began + LEASE.total_seconds()):
            return outcome, following
        if following:
            left.appendleft(following.delivery)
        return outcome, None

    async def _prepared(self, left: deque[Delivery]) -> _Ready | None:
        """Return the next of the deliveries *left* with its message, None if there is none."""
        # A message that waits for a translator must not keep the one before it in doubt.
        if not left or self.outbound.translation:
            return None
        delivery = left.popleft()
        return await self._guarded(delivery, self._ready(delivery))

    async def _render(self, delivery: Delivery, receiver: Receiver) -> Message:
        outbound, now = self.outbound, self._runtime.clock.now()
        rules = outbound.price_rules
        read = partial(read_context, store=self._store, instruments=outbound.instruments, rules=rules, now=now)
        links = outbound.links(delivery.receiver, now)
        make = partial(compose, kind=receiver.kind, zone=outbound.zone, rules=rules, now=now, links=links)
        if not outbound.translation:
            return await self._runtime.work(lambda: make(delivery, read(delivery)))
        context = await self._runtime.work(read, delivery)
        reads = outbound.reads.get(delivery.receiver, ())
        found = await self._translator.answers(outbound.translation, foreign(context, delivery.kind, reads))
        context = translated(context, delivery.kind, reads, found)
        return await self._runtime.work(make, delivery, context)

    async def _settle(
        self, delivery: Delivery, outcome: AttemptResult, following: _Ready | None, *, until: float
    ) -> bool:
        """Write the outcome of an attempt, and the next status of the delivery and of its receiver.

        If *following* could be begun in the same transaction, return True. After a failure of the store it is tried again
        *until* the lease ends: a message whose outcome was not written is sent twice.
        """
        now, wait = self._runtime.clock.now(), 0.0
        while True:
            try:
                settlement, begun = await self._runtime.write(self._write, delivery, outcome, following, now)
                break
            except (DamagedError, LostError):
                raise
            except StoreError as error:
                following, wait = None, min(2 * wait, _LONGEST_WAIT) or _FIRST_WAIT
                if time.monotonic() + wait > until:
                    raise
                self._runtime.trouble.failed(error, delivery=delivery.id)
                await asyncio.sleep(wait)
        if settlement is None:
            if not wait:  # else a try before may have written it, and only its answer was lost
                log.warning(line("delivery outlived its lease", delivery=delivery.id, receiver=delivery.receiver))
            return begun
        self._runtime.counters.add(Counted.ATTEMPTS, delivery.receiver, outcome.error_class)
        self.report(delivery, settlement, now)
        self._settled(delivery, outcome, settlement)
        return begun

    def _write(
        self, delivery: Delivery, outcome: AttemptResult, following: _Ready | None, now: datetime
    ) -> tuple[Settlement | None, bool]:
        """Return the next state of the delivery, None if its lease was lost, and whether *following* was begun with it."""
        outbound = self.outbound
        judge = partial(
            _judge,
            delivery=delivery,
            outcome=outcome,
            fallbacks=outbound.fallbacks,
            now=now,
            jitter=self._runtime.random(),
        )
        if following:
            written = self._store.go_on(delivery, outcome, judge, now, (following.delivery, following.message))
            if written:
                return written
        settlement = self._store.settle(
            delivery, outcome, judge, now, decide=outbound.decide, fallbacks=outbound.fallbacks
        )
        return settlement, False

    def report(self, delivery: Delivery, settlement: Settlement, now: datetime) -> None:
        """Log and count the next state of a delivery."""
        who = {"receiver": delivery.receiver, "delivery": delivery.id, "attempt": delivery.attempt}
        self._count(delivery, settlement, now)
        if settlement.state is DeliveryState.DELIVERED:
            log.info(line("delivered", **who, waited=now - delivery.created_at))
        elif settlement.state is DeliveryState.RETRY:
            log.warning(
                line("delivery failed", **who, retry_in=settlement.due_at - now, reason=in_words(settlement.reason))
            )
        else:
            log.error(line("delivery given up", **who, reason=in_words(settlement.reason)))

    def _count(self, delivery: Delivery, settlement: Settlement, now: datetime) -> None:
        """Count a delivery that is settled, and the time since its first alert opened."""
        if settlement.state not in SETTLED:
            return
        counters = self._runtime.counters
        counters.add(Counted.DELIVERIES, delivery.receiver, settlement.state)
        if settlement.state is DeliveryState.DELIVERED and delivery.content:
            opened = min(item.alert.opened_at for item in delivery.content)
            counters.observe(Timed.NEWS_TO_DELIVERY, (now - opened).total_seconds(), delivery.receiver)

    def _lane(self, receiver: str) -> ThreadPoolExecutor:
        if receiver not in self._lanes:
            self._lanes[receiver] = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"lane-{receiver}")
        return self._lanes[receiver]


def _judge(
    before: ReceiverStatus,
    *,
    delivery: Delivery,
    outcome: AttemptResult,
    fallbacks: Fallbacks,
    now: datetime,
    jitter: float,
) -> Consequence:
    """Return the state of a delivery and of its receiver after an attempt, and the events for operators."""
    status, turn = after(before, outcome, now=now, jitter=jitter, attempt=delivery.attempt)
    settlement = retry.settle(
        outcome,
        attempt=delivery.attempt,
        now=now,
        expires_at=delivery.expires_at,
        jitter=jitter,
        once=delivery.kind is DeliveryKind.TEST,
        receiver=status,
    )
    dead = settlement.state is DeliveryState.DEAD
    own = about_undelivered(delivery, in_words(settlement.reason), fallbacks=fallbacks, now=now) if dead else ()
    turned = about_turn(turn, delivery.receiver, before, status, now) if turn else ()
    return Consequence(settlement=settlement, status=status, own=(*own, *turned))
