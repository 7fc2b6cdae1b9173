"""Loss of the database: what it held is saved, and operators are sent a message from memory, once, kept nowhere."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from tocsin.deliver.dispatcher import DeliveryConfig
from tocsin.errors import LostError, StoreError
from tocsin.log import line
from tocsin.model.alerts import Alert, AlertContent
from tocsin.model.deliveries import AttemptResult, Delivery, DeliveryKind, ErrorClass
from tocsin.model.rules import Match
from tocsin.policy.alerting.growth import fill
from tocsin.protocols import Run
from tocsin.receivers import Receiver
from tocsin.render import render
from tocsin.rules import builtin
from tocsin.store import Store

log = logging.getLogger(__name__)


async def save(lost: LostError, write: Run, store: Store) -> str:
    """Save what the lost files of the database held; return in words what became of it."""
    try:
        saved = await write(store.rescue)
    except StoreError as error:
        log.error(line("database not saved", reason=error))
        return f"{lost}. What it held is gone: {error}."
    log.error(line("database saved", file=saved))
    return f"{lost}. What it held stands in {saved}."


async def tell_operators(outbound: DeliveryConfig, database: str, detail: str, now: datetime, within: float) -> None:
    """Send every operator that *database* is lost, with *detail*, and wait at most *within* seconds for it."""
    match = builtin.own_match(builtin.DATABASE_LOST, {"database": (database.rpartition("/")[2],)}, detail, now)
    operators = [outbound.receivers[person.name] for person in outbound.people if person.operator]
    tries = [(receiver, recipient) for receiver in operators for recipient in receiver.recipients]
    if not tries:
        log.warning(line("no receiver is an operator"))
        return
    pool = ThreadPoolExecutor(max_workers=len(tries), thread_name_prefix="last-words")
    loop = asyncio.get_running_loop()
    sends = [loop.run_in_executor(pool, _send, *pair, match, outbound.zone) for pair in tries]
    try:
        await asyncio.wait(sends, timeout=within)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    for (receiver, _), send in zip(tries, sends, strict=True):
        outcome = send.result() if send.done() and not send.cancelled() and not send.exception() else None
        if outcome and outcome.error_class is ErrorClass.OK:
            log.info(line("operator told", receiver=receiver.name))
        else:
            words = outcome.words if outcome else "it did not answer in time"
            log.error(line("operator not told", receiver=receiver.name, reason=words))


def _send(receiver: Receiver, recipient: str, match: Match, zone: ZoneInfo) -> AttemptResult:
    info, now = match.rule, match.event_time
    alert = Alert(
        id=0,
        rule=info.id,
        rule_hash=info.hash,
        rule_position="",
        title=fill(info.title, match.labels),
        event=info.event,
        severity=match.severity,
        labels=match.labels,
        key=(),
        story_id=0,
        opened_at=now,
        updated_at=now,
        event_time=now,
        detail=match.detail,
    )
    delivery = Delivery(
        id=uuid4().hex,
        receiver=receiver.name,
        recipient=recipient,
        kind=DeliveryKind.OPERATOR,
        fence=0,
        attempt=1,
        created_at=now,
        due_at=now,
        expires_at=now + timedelta(hours=1),
        tidings=(AlertContent(alert=alert),),
    )
    message = render(
        delivery.tidings, kind=receiver.kind, delivery_id=delivery.id, delivery_kind=delivery.kind, zone=zone
    )
    return receiver.send(delivery, message)
