"""Deliveries that were claimed: tried, settled, given back or given up.

Every write of the holder of a claim requires its fence. The row of an attempt is written before a socket opens. If it is
still open when the lease ends, the message may have arrived: the attempt is closed as ambiguous, and the delivery is
tried again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, insert, or_, select, update

from tocsin.model.alerts import AlertContent
from tocsin.model.deliveries import (
    UNHEARD,
    UNTRIED,
    WAITING,
    AttemptResult,
    Delivery,
    DeliveryKind,
    DeliveryState,
    ErrorClass,
    Message,
    Settlement,
)
from tocsin.model.reasons import Cause, Reason
from tocsin.store.db import codec, mapping
from tocsin.store.db.codec import reading
from tocsin.store.db.delivery_tables import AttemptRow, DeliveryAlertRow, DeliveryRow
from tocsin.store.outbox import delivery_rows
from tocsin.store.queries import content
from tocsin.store.queries.content import Until

_AGAIN = (
    DeliveryKind.UPDATE,
    DeliveryKind.CORRECTION,
    DeliveryKind.RECOVERY,
    DeliveryKind.REMINDER,
    DeliveryKind.DATE,
)
_GATHERED = (DeliveryKind.DIGEST, DeliveryKind.CATCH_UP)
#: Earlier messages about an alert that are read.
_MOST_EARLIER = 20
#: Deliveries that one transaction gives up, each with its content.
_MOST_EXPIRED = 25


def void(session: Session, now: datetime, ended: ColumnElement[bool]) -> tuple[int, int]:
    """Return deliveries to the queue whose lease has *ended*; count them, and those in doubt."""
    # Not the whole rows: a damaged one must not keep the daemon from starting.
    claimed = select(DeliveryRow.id, DeliveryRow.attempts).where(DeliveryRow.state == DeliveryState.SENDING, ended)
    rows = session.exec(claimed).all()
    return len(rows), sum(_take_back(session, number, attempts, now) for number, attempts in rows)


def of_others(alive: Collection[int]) -> ColumnElement[bool]:
    """Return the condition of deliveries that no worker which is *alive* has leased."""
    return or_(col(DeliveryRow.worker).is_(None), col(DeliveryRow.worker).not_in(alive))


#: The reason of a delivery that waits again after a claim without an attempt.
_UNTRIED = Reason(cause=Cause.UNTRIED)


def _take_back(session: Session, number: str, attempts: int, now: datetime) -> bool:
    words = "ended unseen: the message may have arrived"
    doubtful = session.exec(
        update(AttemptRow)
        .where(col(AttemptRow.delivery_id) == number, col(AttemptRow.ended_at).is_(None))
        .values(ended_at=now, outcome=ErrorClass.AMBIGUOUS, words=words)
    ).rowcount
    state = DeliveryState.RETRY if attempts else DeliveryState.READY
    reason = Reason(cause=Cause.IN_DOUBT, count=attempts) if doubtful else _UNTRIED
    delivery_rows.change(session, [number], now, state, reason, lease_until=None)
    return bool(doubtful)


def give_back(session: Session, claims: Iterable[tuple[str, int, int]], now: datetime) -> None:
    """Return deliveries to the queue that were claimed and not tried: the id, the fence and the number of the attempt of each."""
    for number, fence, attempt in claims:
        state = DeliveryState.RETRY if attempt > 1 else DeliveryState.READY
        if _under_fence(session, number, fence, state=state, lease_until=None):
            delivery_rows.note(session, [number], now, state, _UNTRIED)


def expire(session: Session, now: datetime) -> tuple[Delivery, ...]:
    """Give up some of the deliveries that have expired; return them, so that they can be reported."""
    late = session.exec(
        select(DeliveryRow)
        .where(*_expired(now))
        .order_by(col(DeliveryRow.expires_at), col(DeliveryRow.id))
        .limit(_MOST_EXPIRED)
    ).all()
    for row in late:
        reason = Reason(cause=Cause.EXPIRED, at=row.expires_at, count=row.attempts, because=row.reason or None)
        delivery_rows.change(session, [row.id], now, DeliveryState.DEAD, reason, lease_until=None)
    return tuple(deliveries(session, late))


def expires(session: Session, now: datetime) -> bool:
    """Return whether a delivery has expired, so that nobody takes a turn in vain."""
    return session.exec(select(DeliveryRow.id).where(*_expired(now)).limit(1)).first() is not None


def _expired(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return col(DeliveryRow.state).in_(WAITING), col(DeliveryRow.expires_at) <= now


def begin_attempt(session: Session, delivery: Delivery, message: Message, now: datetime, real: datetime) -> bool:
    """Record an attempt, and the message that later attempts repeat; False without a lease.

    An expired lease (*real* is later) may not start an attempt, because the next claim may start one at the same time.
    """
    lasts = col(DeliveryRow.lease_until) >= real
    kept = {} if message == delivery.message else {"message": codec.message_to_json(message)}
    if not _under_fence(session, delivery.id, delivery.fence, lasts, attempts=delivery.attempt, **kept):
        return False
    session.exec(
        insert(AttemptRow).values(delivery_id=delivery.id, n=delivery.attempt, fence=delivery.fence, started_at=now)
    )
    return True


def settle(session: Session, delivery: Delivery, outcome: AttemptResult, settlement: Settlement, now: datetime) -> bool:
    """Close the attempt and give the delivery its next state; False without a lease."""
    delivered_at = now if settlement.state is DeliveryState.DELIVERED else None
    if not _under_fence(
        session,
        delivery.id,
        delivery.fence,
        state=settlement.state,
        due_at=settlement.due_at,
        reason=settlement.reason,
        delivered_at=delivered_at,
        lease_until=None,
    ):
        return False
    session.exec(
        update(AttemptRow)
        .where(col(AttemptRow.delivery_id) == delivery.id, col(AttemptRow.n) == delivery.attempt)
        .values(
            ended_at=now,
            outcome=outcome.error_class,
            code=outcome.code,
            words=outcome.words,
            retry_after=outcome.retry_after.total_seconds() if outcome.retry_after is not None else None,
        )
    )
    reason = settlement.reason or Reason(cause=Cause.OTHER if outcome.words else Cause.NONE, words=outcome.words)
    delivery_rows.note(session, [delivery.id], now, settlement.state, reason)
    return True


def _under_fence(session: Session, number: str, fence: int, *conditions: ColumnElement[bool], **values: object) -> bool:
    """Change a delivery if its claim is still valid, and the *conditions* are met; return True if so."""
    changed = session.exec(
        update(DeliveryRow)
        .where(
            col(DeliveryRow.id) == number,
            col(DeliveryRow.fence) == fence,
            col(DeliveryRow.state) == DeliveryState.SENDING,
            *conditions,
        )
        .values(**values)
    )
    return changed.rowcount == 1


def _was_refused(session: Session, row: DeliveryRow) -> bool:
    last = session.get(AttemptRow, (row.id, row.attempts)) if row.attempts else None
    return last is not None and last.outcome == ErrorClass.CONTENT


def _known(kind: DeliveryKind, found: Sequence[AlertContent]) -> list[int]:
    """Return the alerts of a message that its reader knows from an earlier one; none for a digest, which has no thread."""
    if kind in _GATHERED:
        return []
    again = kind in _AGAIN
    return [item.alert.id for item in found if again or item.news]


def _thread(session: Session, row: DeliveryRow, numbers: Sequence[int]) -> tuple[str, tuple[str, ...]]:
    """Return the thread of earlier messages to the same recipient about the first of *numbers* that has one.

    It is the id of the first message that may have arrived, and the subjects of all that are not digests or catch-ups.
    """
    for number in numbers:
        found = session.exec(
            select(DeliveryRow.id, DeliveryRow.kind, DeliveryRow.message)
            .join(DeliveryAlertRow, col(DeliveryAlertRow.delivery_id) == DeliveryRow.id)
            .where(
                DeliveryAlertRow.alert_id == number,
                DeliveryRow.id != row.id,
                DeliveryRow.receiver == row.receiver,
                DeliveryRow.recipient == row.recipient,
                DeliveryRow.attempts > 0,
                col(DeliveryRow.state).not_in(UNHEARD),
            )
            .order_by(col(DeliveryRow.created_at), col(DeliveryRow.id))
            .limit(_MOST_EARLIER)
        ).all()
        if found:
            messages = [message for _, kind, message in found if message and kind not in _GATHERED]
            return found[0][0], tuple(codec.message_from_json(message).subject for message in messages)
    return "", ()


@reading
def deliveries(session: Session, rows: Sequence[DeliveryRow], until: Until | None = None) -> list[Delivery]:
    """Return the deliveries in *rows* as their claims need them, with the content that they had *until* then."""
    contents = content.of_deliveries(session, {row.id: row.kind for row in rows}, until)
    return [_delivery(session, row, contents[row.id]) for row in rows]


def delivery(session: Session, row: DeliveryRow) -> Delivery:
    """Return the delivery in *row* as its claim needs it."""
    return deliveries(session, [row])[0]


def _delivery(session: Session, row: DeliveryRow, found: tuple[AlertContent, ...]) -> Delivery:
    thread, subjects = ("", ()) if row.message else _thread(session, row, _known(row.kind, found))
    return mapping.read(
        Delivery,
        row,
        attempt=row.attempts + 1,
        content=found,
        message=codec.message_from_json(row.message) if row.message else None,
        thread=thread,
        subjects=subjects,
        refused=_was_refused(session, row),
        stead=session.get_one(DeliveryRow, row.stands_for).receiver if row.stands_for else "",
    )


def next_digests(session: Session, receiver: str) -> tuple[Delivery, ...]:
    """Return the next waiting digest to each recipient of *receiver*."""
    rows = session.exec(
        select(DeliveryRow)
        .where(
            DeliveryRow.receiver == receiver,
            DeliveryRow.kind == DeliveryKind.DIGEST,
            col(DeliveryRow.state).in_(UNTRIED),
        )
        .order_by(col(DeliveryRow.due_at).desc())
    )
    return tuple({row.recipient: delivery(session, row) for row in rows}.values())
