"""The status of receivers, and their recent attempts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select, update

from tocsin.policy.notifying.retry import MOST_REFUSALS, ReceiverStatus
from tocsin.store.db import mapping
from tocsin.store.db.sqlite import upsert
from tocsin.store.db.tables import AttemptRow, DeliveryRow, ReceiverRow

_MINUTE = timedelta(minutes=1)


def standing(session: Session, name: str) -> ReceiverStatus:
    """Return the status of the receiver *name*."""
    row = session.get(ReceiverRow, name)
    return ReceiverStatus() if row is None else mapping.read(ReceiverStatus, row)


def put(session: Session, name: str, now: ReceiverStatus) -> None:
    """Write *now* as the status of the receiver *name*."""
    fields = mapping.columns(now, ReceiverRow)
    session.connection().execute(upsert(ReceiverRow, ("name",), change=tuple(fields)), [{"name": name, **fields}])


def resting(session: Session, now: datetime) -> set[str]:
    """Return the receivers that are paused at *now*."""
    return set(session.exec(select(ReceiverRow.name).where(col(ReceiverRow.rests) > now)))


def paused(session: Session, now: datetime) -> dict[str, ReceiverStatus]:
    """Return the status of the receivers that are paused at *now*, by name."""
    return {name: standing(session, name) for name in sorted(resting(session, now))}


def failing(session: Session) -> list[str]:
    """Return the receivers whose last attempt failed."""
    return list(session.exec(select(ReceiverRow.name).where(col(ReceiverRow.failures) > 0)))


def blocked(session: Session) -> set[str]:
    """Return the receivers that refuse every message."""
    return set(session.exec(select(ReceiverRow.name).where(col(ReceiverRow.refusals) >= MOST_REFUSALS)))


def full(session: Session, rates: Mapping[str, int], now: datetime) -> set[str]:
    """Return the receivers that had as many attempts in the minute before *now* as their *rates* allow."""
    tries = session.exec(
        select(DeliveryRow.receiver, func.count())
        .join(AttemptRow, col(AttemptRow.delivery_id) == DeliveryRow.id)
        .where(col(AttemptRow.started_at) > now - _MINUTE, col(AttemptRow.started_at) <= now)
        .group_by(col(DeliveryRow.receiver))
    )
    return {name for name, count in tries if name in rates and count >= rates[name]}


def wake(session: Session) -> None:
    """End the pause of receivers that were reported: the cause may have been fixed."""
    session.exec(update(ReceiverRow).where(col(ReceiverRow.refused) != "").values(rests=None))
