"""Loss of the database: its data is saved, and operators are notified once, by messages that are stored nowhere."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from uuid import uuid4

from tocsin.deliver.config import DeliveryConfig
from tocsin.errors import LostError, StoreError
from tocsin.log import line
from tocsin.model.alerts import Alert, AlertContent
from tocsin.model.deliveries import AttemptResult, Delivery, ErrorClass
from tocsin.policy.alerting.facts import Arrival, Facts, Planned
from tocsin.protocols import Run
from tocsin.render.message import render
from tocsin.rules import builtin
from tocsin.store import Store

log = logging.getLogger(__name__)

#: Seconds for the messages to operators.
WITHIN = 15.0


async def save(lost: LostError, write: Run, store: Store) -> str:
    """Save the data of the lost files of the database; return the result in words."""
    try:
        saved = await write(store.rescue)
    except StoreError as error:
        log.error(line("database not saved", reason=error))
        return f"{lost}. The data is gone: {error}."
    if saved is None:
        return f"{lost}."
    log.error(line("database saved", file=saved))
    return f"{lost}. The data is saved in {saved}."


async def notify_operators(outbound: DeliveryConfig, database: str, detail: str, now: datetime) -> None:
    """Send every operator that *database* is lost, with *detail*, and wait a bounded time for it."""
    match = builtin.own_match(builtin.DATABASE_LOST, {"database": (database.rpartition("/")[2],)}, detail, now)
    decision = outbound.decide(Facts(now=now, arrivals=(Arrival(entry_id=None, matches=(match,)),)))
    if not decision.planned:
        log.warning(line("no receiver is an operator"))
        return
    pool = ThreadPoolExecutor(max_workers=len(decision.planned), thread_name_prefix="last-words")
    loop = asyncio.get_running_loop()
    sends = [loop.run_in_executor(pool, _send, outbound, planned, decision.alerts[0]) for planned in decision.planned]
    try:
        await asyncio.wait(sends, timeout=WITHIN)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    for planned, send in zip(decision.planned, sends, strict=True):
        outcome = send.result() if send.done() and not send.cancelled() and not send.exception() else None
        if outcome and outcome.error_class is ErrorClass.OK:
            log.info(line("operator notified", receiver=planned.receiver))
        else:
            words = outcome.words if outcome else "it did not answer in time"
            log.error(line("operator not notified", receiver=planned.receiver, reason=words))


def _send(outbound: DeliveryConfig, planned: Planned, alert: Alert) -> AttemptResult:
    receiver = outbound.receivers[planned.receiver]
    delivery = Delivery(
        id=uuid4().hex,
        receiver=planned.receiver,
        recipient=planned.recipient,
        kind=planned.kind,
        fence=0,
        attempt=1,
        created_at=planned.due_at,
        due_at=planned.due_at,
        expires_at=planned.expires_at,
        content=(AlertContent(alert=alert),),
    )
    content, kind = delivery.content, delivery.kind
    message = render(content, kind=receiver.kind, delivery_id=delivery.id, delivery_kind=kind, zone=outbound.zone)
    return receiver.send(delivery, message)
