"""Receivers: their status, their recent attempts, and news over their limits.

News over the limit of its receiver is counted by the messages really sent, and gathered in a digest that waits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, bindparam, tuple_
from sqlmodel import Session, and_, col, func, or_, select, update

from tocsin.model.deliveries import UNTRIED, DeliveryKind, DeliveryState, ErrorClass
from tocsin.model.reasons import Reason
from tocsin.model.rules import Severity
from tocsin.policy.notifying.retry import MOST_REFUSALS, ReceiverStatus
from tocsin.policy.notifying.timing import ALWAYS, NEWS, SPAN, Limit, Storm, begins, room
from tocsin.store.db import mapping
from tocsin.store.db.delivery_tables import AttemptRow, DeliveryAlertRow, DeliveryRow, ReceiverRow
from tocsin.store.db.statements import pieces, save
from tocsin.store.outbox import holds
from tocsin.store.values import To

_TABLE = ReceiverRow.metadata.tables["receiver"]
# Each message ends with them: built once, because that costs more than to run them.
_STATUS = select(*_TABLE.c).where(_TABLE.c.name == bindparam("named"))
_STATUS_TO_CHANGE = _STATUS.with_for_update()
_MINUTE = timedelta(minutes=1)
_ARRIVED = (ErrorClass.OK, ErrorClass.AMBIGUOUS)


def status(session: Session, name: str, *, change: bool = False) -> ReceiverStatus:
    """Return the status of the receiver *name*; to *change* it, nobody else may until the end of the transaction."""
    found = session.connection().execute(_STATUS_TO_CHANGE if change else _STATUS, {"named": name})
    row = found.one_or_none()
    return ReceiverStatus() if row is None else mapping.read(ReceiverStatus, row)


def put(session: Session, name: str, now: ReceiverStatus) -> None:
    """Write *now* as the status of the receiver *name*."""
    save(session, ReceiverRow, ("name",), [{"name": name, **mapping.columns(now, ReceiverRow)}])


def every(session: Session) -> dict[str, ReceiverStatus]:
    """Return the status of every receiver that was used, by name."""
    rows = session.exec(select(ReceiverRow).order_by(col(ReceiverRow.name)))
    return {row.name: mapping.read(ReceiverStatus, row) for row in rows}


def resting(session: Session, now: datetime) -> set[str]:
    """Return the receivers that are paused at *now*."""
    return set(session.exec(select(ReceiverRow.name).where(col(ReceiverRow.rests) > now)))


def paused(session: Session, now: datetime) -> dict[str, ReceiverStatus]:
    """Return the status of the receivers that are paused at *now*, by name."""
    return {name: status(session, name) for name in sorted(resting(session, now))}


def blocked(session: Session) -> set[str]:
    """Return the receivers that refuse every message."""
    return set(session.exec(select(ReceiverRow.name).where(col(ReceiverRow.refusals) >= MOST_REFUSALS)))


def tries(session: Session, names: Collection[str], now: datetime) -> dict[str, int]:
    """Return the attempts that the receivers *names* had in the minute before *now*, without those that had none."""
    counted = session.exec(
        select(DeliveryRow.receiver, func.count())
        .join(AttemptRow, col(AttemptRow.delivery_id) == DeliveryRow.id)
        .where(
            col(AttemptRow.started_at) > now - _MINUTE,
            col(AttemptRow.started_at) <= now,
            col(DeliveryRow.receiver).in_(names),
        )
        .group_by(col(DeliveryRow.receiver))
    )
    return dict(counted.all())


def wake(session: Session) -> None:
    """End the pause of receivers that were reported: the cause may have been fixed."""
    session.exec(update(ReceiverRow).where(col(ReceiverRow.refused) != "").values(rests=None))


def crowded(session: Session, limits: Mapping[str, Limit], now: datetime) -> dict[To, datetime]:
    """Return the recipients with due news whose hourly limit in *limits* is used up, and the end of that.

    Messages on their way and messages that may have arrived count; tests do not.
    """
    if not limits:
        return {}
    waiting = session.exec(
        select(DeliveryRow.receiver, DeliveryRow.recipient)
        .where(col(DeliveryRow.receiver).in_(limits), *_due(now))
        .distinct()
    ).all()
    sent: dict[To, list[datetime]] = {(receiver, recipient): [] for receiver, recipient in waiting}
    if not sent:
        return {}
    for receiver, recipient, at in session.exec(
        select(DeliveryRow.receiver, DeliveryRow.recipient, AttemptRow.started_at)
        .join(AttemptRow, col(AttemptRow.delivery_id) == DeliveryRow.id)
        .where(
            tuple_(DeliveryRow.receiver, DeliveryRow.recipient).in_(sent),
            DeliveryRow.kind != DeliveryKind.TEST,
            col(AttemptRow.started_at) > now - SPAN,
            col(AttemptRow.started_at) <= now,
            or_(col(AttemptRow.outcome).is_(None), col(AttemptRow.outcome).in_(_ARRIVED)),
        )
    ):
        sent[receiver, recipient].append(at)
    found = {to: room(times, limits[to[0]].most) for to, times in sent.items()}
    return {to: until for to, until in found.items() if until is not None}


def over(to: Collection[To], now: datetime) -> ColumnElement[bool]:
    """Return the condition of due messages for these recipients that must wait when they are `crowded`."""
    return and_(tuple_(DeliveryRow.receiver, DeliveryRow.recipient).in_(to), *_due(now))


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of due news that was never tried, is not critical and is not a requested copy."""
    return (
        col(DeliveryRow.state).in_(UNTRIED),
        col(DeliveryRow.due_at) <= now,
        col(DeliveryRow.expires_at) > now,
        col(DeliveryRow.kind).in_(NEWS),
        col(DeliveryRow.rank) < ALWAYS.rank,
        col(DeliveryRow.attempts) == 0,
        col(DeliveryRow.resend) == 0,
    )


def apply_limits(session: Session, limits: Mapping[str, Limit], now: datetime) -> tuple[Storm, ...]:
    """Move due news over one of *limits* into a digest; return the storms that begin with it."""
    storms: dict[str, list[tuple[int, datetime]]] = defaultdict(list)
    for (receiver, recipient), until in crowded(session, limits, now).items():
        # The rest follows in a later call: they are not sent before.
        rows = session.exec(
            select(DeliveryRow)
            .where(over([(receiver, recipient)], now))
            .order_by(col(DeliveryRow.created_at), col(DeliveryRow.id))
            .limit(holds.MOST)
        ).all()
        loudest = list(Severity)[max(row.rank for row in rows)]
        leaves = _next(session, (receiver, recipient), limits[receiver].until(until, loudest))
        alerts = _alerts(session, (receiver, recipient), now)
        _mark(session, [row.id for row in rows], limits[receiver].reason(receiver))
        holds.gather(session, rows, leaves, now, limits[receiver].reason(receiver, leaves))
        storms[receiver].append((alerts, leaves))
    return tuple(
        Storm(
            receiver=receiver,
            limit=limits[receiver],
            alerts=max(alerts for alerts, _ in found),
            until=min(leaves for _, leaves in found),
        )
        for receiver, found in storms.items()
        if _overflows(session, receiver, now)
    )


def _next(session: Session, to: To, latest: datetime) -> datetime:
    """Return when the next waiting digest of this recipient leaves, at the latest *latest*."""
    earliest = session.exec(
        select(func.min(DeliveryRow.due_at)).where(
            DeliveryRow.receiver == to[0],
            DeliveryRow.recipient == to[1],
            DeliveryRow.kind == DeliveryKind.DIGEST,
            DeliveryRow.state == DeliveryState.HELD,
            DeliveryRow.attempts == 0,
        )
    ).one()
    return min(earliest, latest) if earliest else latest


def _alerts(session: Session, to: To, now: datetime) -> int:
    """Return the number of alerts that are due for this recipient and must wait."""
    return session.exec(
        select(func.count())
        .select_from(DeliveryAlertRow)
        .join(DeliveryRow, col(DeliveryRow.id) == DeliveryAlertRow.delivery_id)
        .where(over([to], now))
    ).one()


def _mark(session: Session, deliveries: Sequence[str], reason: Reason) -> None:
    """Record the limit that moved the alerts of *deliveries* into a digest."""
    for piece in pieces(deliveries):
        session.exec(
            update(DeliveryAlertRow).where(col(DeliveryAlertRow.delivery_id).in_(piece)).values(overflow=reason)
        )


def _overflows(session: Session, receiver: str, now: datetime) -> bool:
    """Record that news to *receiver* is over its limit; return True if a storm begins with that."""
    row = session.get(ReceiverRow, receiver)
    last = row.overflowed if row else None
    fields = {"name": receiver, "failures": 0, "refused": "", "overflowed": now}
    save(session, ReceiverRow, ("name",), [fields], change=("overflowed",))
    return begins(last, now)
