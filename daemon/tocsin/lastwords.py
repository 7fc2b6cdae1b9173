"""What operators hear when nothing can be written any more: told from memory, tried once, kept nowhere."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from tocsin.delivery import Outbound
from tocsin.log import line
from tocsin.model import Alert, Delivery, DeliveryKind, ErrorClass, Outcome, Tidings
from tocsin.receivers import Receiver
from tocsin.render import render
from tocsin.rules import builtin

log = logging.getLogger(__name__)


async def tell_operators(outbound: Outbound, detail: str, now: datetime, within: float) -> None:
    """Send every operator that the database is lost, with *detail*, and wait at most *within* seconds for it."""
    operators = [outbound.receivers[person.name] for person in outbound.people if person.operator]
    tries = [(receiver, recipient) for receiver in operators for recipient in receiver.recipients]
    if not tries:
        log.warning(line("no receiver is an operator"))
        return
    pool = ThreadPoolExecutor(max_workers=len(tries), thread_name_prefix="last-words")
    loop = asyncio.get_running_loop()
    sends = [loop.run_in_executor(pool, _send, *pair, detail, outbound.zone, now) for pair in tries]
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


def _send(receiver: Receiver, recipient: str, detail: str, zone: ZoneInfo, now: datetime) -> Outcome:
    info = builtin.DATABASE_LOST
    alert = Alert(
        id=0,
        rule=info.id,
        rule_hash=info.hash,
        rule_position="",
        title=info.title,
        event=info.event,
        severity=info.severity,
        labels={},
        key=(),
        story_id=0,
        opened_at=now,
        updated_at=now,
        event_time=now,
        detail=detail,
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
        tidings=(Tidings(alert=alert),),
    )
    message = render(
        delivery.tidings, kind=receiver.kind, delivery_id=delivery.id, delivery_kind=delivery.kind, zone=zone
    )
    return receiver.send(delivery, message)
