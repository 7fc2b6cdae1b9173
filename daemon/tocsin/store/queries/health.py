"""Signs by which people see whether messages arrive and are read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session, col, distinct, func, select

from tocsin.model.deliveries import WAITING, DeliveryKind, DeliveryState
from tocsin.store.db.delivery_tables import DeliveryAlertRow, DeliveryRow
from tocsin.store.db.tables import AlertRow
from tocsin.store.outbox import feedback


def unanswered(session: Session, since: datetime) -> int:
    """Return the number of alerts opened *since* then that were delivered and that nobody has answered."""
    return session.exec(
        select(func.count(distinct(AlertRow.id)))
        .join(DeliveryAlertRow, col(DeliveryAlertRow.alert_id) == AlertRow.id)
        .join(DeliveryRow, col(DeliveryRow.id) == DeliveryAlertRow.delivery_id)
        .where(
            DeliveryRow.state == DeliveryState.DELIVERED,
            DeliveryRow.kind != DeliveryKind.OPERATOR,
            col(AlertRow.opened_at) >= since,
            col(AlertRow.id).not_in(feedback.seen()),
        )
    ).one()


def last_sent(session: Session) -> Mapping[str, datetime]:
    """Return the time of the last delivery to each receiver, by name."""
    # By the index from one receiver to the next: every delivery would be read to group them.
    first = select(func.min(col(DeliveryRow.receiver)).label("name")).cte("receivers", recursive=True)
    following = select(func.min(col(DeliveryRow.receiver))).where(col(DeliveryRow.receiver) > first.c.name)
    names = first.union_all(select(following.scalar_subquery()).where(first.c.name.is_not(None)))
    last = select(func.max(DeliveryRow.delivered_at)).where(col(DeliveryRow.receiver) == names.c.name)
    rows = session.exec(select(names.c.name, last.scalar_subquery()).where(names.c.name.is_not(None))).all()
    return {name: at for name, at in rows if at is not None}


def waiting(session: Session) -> Mapping[str, int]:
    """Return the number of messages that wait for each receiver, by name; receivers without any are left out."""
    rows = session.exec(
        select(DeliveryRow.receiver, func.count())
        .where(col(DeliveryRow.state).in_(WAITING))
        .group_by(col(DeliveryRow.receiver))
    )
    return dict(rows.all())
