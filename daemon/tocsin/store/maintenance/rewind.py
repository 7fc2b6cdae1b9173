"""What a clock that ran ahead has left in the rows, once it is set back."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, and_, col, exists, or_, update

from tocsin.model.deliveries import DeliveryState
from tocsin.store.db.tables import AttemptRow, DeliveryRow, SourceRow


def rewind(session: Session, now: datetime) -> int:
    """Make due by *now* what waits only because its last step was taken later than that; how many rows that were.

    A source that was polled, a delivery that was planned or tried, in what is the future again. What a cooldown holds
    keeps its time.
    """
    polled = update(SourceRow).where(col(SourceRow.last_success) > now, col(SourceRow.due_at) > now)
    tried = exists().where(col(AttemptRow.delivery_id) == col(DeliveryRow.id), col(AttemptRow.ended_at) > now)
    ready = col(DeliveryRow.state) == DeliveryState.READY.value
    retried = and_(col(DeliveryRow.state) == DeliveryState.RETRY.value, tried)
    waiting = update(DeliveryRow).where(or_(ready, retried), col(DeliveryRow.due_at) > now)
    return session.exec(polled.values(due_at=now)).rowcount + session.exec(waiting.values(due_at=now)).rowcount
