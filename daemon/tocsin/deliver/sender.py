"""One message on its way to its receiver: rendered, tried, settled, reported."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from functools import partial

from tocsin.deliver.config import DeliveryConfig
from tocsin.deliver.context import compose, foreign, read_context, translated
from tocsin.deliver.events import about_turn, about_undelivered
from tocsin.deliver.translation import Translator
from tocsin.errors import StoreError
from tocsin.log import line
from tocsin.model.counters import Counted, Timed
from tocsin.model.deliveries import (
    SETTLED,
    AttemptResult,
    Delivery,
    DeliveryKind,
    DeliveryState,
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

log = logging.getLogger(__name__)


class Sender:
    """Sends deliveries that were claimed; *settled* is called after every attempt, with the message in the delivery."""

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

    def close(self) -> None:
        """Close the lanes; a thread that still waits for a socket ends at its deadline."""
        for lane in self._lanes.values():
            lane.shutdown(wait=False, cancel_futures=True)
        self._translator.close()

    async def send(self, delivery: Delivery) -> None:
        """Attempt one delivery; every exception ends here."""
        try:
            await self._attempt(delivery)
        except StoreError as error:
            self._runtime.trouble.failed(error, delivery=delivery.id)
        except Exception:
            # When the lease expires the delivery is claimed again; its open attempt marks it as doubtful.
            log.exception(line("delivery failed unexpectedly", delivery=delivery.id, receiver=delivery.receiver))

    async def _attempt(self, delivery: Delivery) -> None:
        receiver = self.outbound.receivers.get(delivery.receiver)
        if receiver is None or delivery.recipient not in receiver.recipients:
            # The configuration was reloaded meanwhile: the next tick finds another receiver.
            await self._runtime.write(self._store.give_back, [delivery], self._runtime.clock.now())
            return
        message = delivery.message
        if message is None:
            message = await self._render(delivery, receiver)
        elif delivery.refused:
            message = reduced(message)
        if not await self._runtime.write(self._store.begin_attempt, delivery, message, self._runtime.clock.now()):
            return  # another worker has claimed it
        delivery = replace(delivery, message=message)
        send = partial(receiver.send, delivery, message)
        outcome = await asyncio.get_running_loop().run_in_executor(self._lane(receiver.name), send)
        await self._settle(delivery, outcome)

    async def _render(self, delivery: Delivery, receiver: Receiver) -> Message:
        outbound, now = self.outbound, self._runtime.clock.now()
        rules = outbound.price_rules
        read = partial(read_context, store=self._store, instruments=outbound.instruments, rules=rules, now=now)
        context = await self._runtime.work(read, delivery)
        if outbound.translation:
            reads = outbound.reads.get(delivery.receiver, ())
            found = await self._translator.answers(outbound.translation, foreign(context, delivery.kind, reads))
            context = translated(context, delivery.kind, reads, found)
        links = outbound.links(delivery.receiver, now)
        make = partial(compose, kind=receiver.kind, zone=outbound.zone, rules=rules, now=now, links=links)
        return await self._runtime.work(make, delivery, context)

    async def _settle(self, delivery: Delivery, outcome: AttemptResult) -> None:
        """Write the outcome of an attempt, and the next status of the delivery and of its receiver."""
        now = self._runtime.clock.now()
        fallbacks = self.outbound.fallbacks
        judge = partial(
            _judge, delivery=delivery, outcome=outcome, fallbacks=fallbacks, now=now, jitter=self._runtime.random()
        )
        settlement = await self._runtime.write(
            self._store.settle, delivery, outcome, judge, now, decide=self.outbound.decide, fallbacks=fallbacks
        )
        if settlement is None:
            log.warning(line("delivery outlived its lease", delivery=delivery.id, receiver=delivery.receiver))
            return
        self._runtime.counters.add(Counted.ATTEMPTS, delivery.receiver, outcome.error_class)
        self.report(delivery, settlement, now)
        self._settled(delivery, outcome, settlement)

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
