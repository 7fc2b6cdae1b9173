"""How receivers stand, and how much they were sent of late."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select, update

from tocsin.policy.notifying.breaker import MOST_REFUSALS, ReceiverStatus
from tocsin.store.db import mapping
from tocsin.store.db.sqlite import upsert
from tocsin.store.db.tables import AttemptRow, DeliveryRow, ReceiverRow

_MINUTE = timedelta(minutes=1)


def standing(session: Session, name: str) -> ReceiverStatus:
    """How the receiver *name* stands."""
    row = session.get(ReceiverRow, name)
    return ReceiverStatus() if row is None else mapping.read(ReceiverStatus, row)


def put(session: Session, name: str, now: ReceiverStatus) -> None:
    """Write how the receiver *name* stands *now*."""
    fields = mapping.columns(now, ReceiverRow)
    session.connection().execute(upsert(ReceiverRow, ("name",), change=tuple(fields)), [{"name": name, **fields}])


def resting(session: Session, now: datetime) -> set[str]:
    """The receivers that are left alone at *now*."""
    return set(session.exec(select(ReceiverRow.name).where(col(ReceiverRow.rests) > now)))


def left_alone(session: Session, now: datetime) -> dict[str, ReceiverStatus]:
    """Return how the receivers stand that are left alone at *now*, by name."""
    return {name: standing(session, name) for name in sorted(resting(session, now))}


def failing(session: Session) -> list[str]:
    """Return the receivers whose last try failed."""
    return list(session.exec(select(ReceiverRow.name).where(col(ReceiverRow.failures) > 0)))


def blocked(session: Session) -> set[str]:
    """Return the receivers that refuse us, whatever we send."""
    return set(session.exec(select(ReceiverRow.name).where(col(ReceiverRow.refusals) >= MOST_REFUSALS)))


def full(session: Session, rates: Mapping[str, int], now: datetime) -> set[str]:
    """The receivers that had as many tries within the minute before *now* as their *rates* allow."""
    tries = session.exec(
        select(DeliveryRow.receiver, func.count())
        .join(AttemptRow, col(AttemptRow.delivery_id) == DeliveryRow.id)
        .where(col(AttemptRow.started_at) > now - _MINUTE, col(AttemptRow.started_at) <= now)
        .group_by(col(DeliveryRow.receiver))
    )
    return {name for name, count in tries if name in rates and count >= rates[name]}


def wake(session: Session) -> None:
    """Let those that were reported be tried at once: somebody may have put right why."""
    session.exec(update(ReceiverRow).where(col(ReceiverRow.refused) != "").values(rests=None))
