"""Deliveries that people ask for: a test, and a copy of one that is settled."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, func, select

from tocsin.errors import ConflictError
from tocsin.model.deliveries import SETTLED, DeliveryKind, DeliveryState
from tocsin.model.reasons import Cause, Reason
from tocsin.model.rules import Severity
from tocsin.policy.notifying.retry import PRICE_LIFE
from tocsin.render.reasons import in_words
from tocsin.store.db.delivery_tables import DeliveryAlertRow, DeliveryRow
from tocsin.store.outbox import delivery_rows


def test(session: Session, receiver: str, recipient: str, now: datetime) -> str:
    """Enter a test message ahead of all others to *receiver*; return its id."""
    row = delivery_rows.fresh(
        session,
        receiver=receiver,
        recipient=recipient,
        kind=DeliveryKind.TEST,
        rank=Severity.CRITICAL.rank,
        created_at=now,
        due_at=now,
        expires_at=now + PRICE_LIFE,
    )
    delivery_rows.enter(session, [row], ())
    return str(row["id"])


def resend(session: Session, delivery_id: str, now: datetime, *, again: bool = True) -> str:
    """Enter a copy of a settled delivery, to be rendered again; return the id of the copy.

    If not *again*, a delivery that was resent already is not resent once more, and the id of its last copy is returned.

    Raises:
        ConflictError: there is no such delivery, it is still under way, or its alerts were moved to another one.
    """
    original = session.exec(select(DeliveryRow).where(DeliveryRow.id == delivery_id)).one_or_none()
    if original is None:
        raise ConflictError(f"there is no delivery {delivery_id}; see: tocsin deliveries list")
    if original.state not in SETTLED:
        raise ConflictError(f"the delivery {delivery_id} is still under way ({original.state}): it needs no copy")
    first = original.resend_of or original.id
    last = session.exec(
        select(DeliveryRow).where(DeliveryRow.resend_of == first).order_by(col(DeliveryRow.resend).desc()).limit(1)
    ).first()
    copies = last.resend if last else 0
    if last and copies > original.resend and not again:
        return last.id
    # Reminders of one notification are copies of it, too.
    used = session.exec(
        select(func.max(DeliveryAlertRow.resend)).where(
            col(DeliveryAlertRow.alert_id).in_(
                select(DeliveryAlertRow.alert_id).where(DeliveryAlertRow.delivery_id == delivery_id)
            ),
            DeliveryAlertRow.receiver == original.receiver,
            DeliveryAlertRow.recipient == original.recipient,
        )
    ).one()
    copies = max(copies, used or 0)
    original.silence_id = None  # it is sent again now, so it must not be sent again when the silence ends
    original.inhibited_by = None
    members = session.exec(select(DeliveryAlertRow).where(DeliveryAlertRow.delivery_id == delivery_id)).all()
    if not members and original.state == DeliveryState.SUPPRESSED:
        words = in_words(original.reason)
        raise ConflictError(f"the delivery {delivery_id} has no alerts of its own any more: {words}")
    row = delivery_rows.fresh(
        session,
        receiver=original.receiver,
        recipient=original.recipient,
        kind=original.kind,
        rank=original.rank,
        reason=Reason(cause=Cause.COPY, by=first),
        created_at=now,
        due_at=now,
        expires_at=now + (original.expires_at - original.created_at),
        resend=copies + 1,
        resend_of=first,
    )
    delivery_rows.enter(session, [row], [delivery_rows.copied(row, member) for member in members])
    return str(row["id"])
