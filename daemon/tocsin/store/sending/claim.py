"""Deliveries on their way out: claimed, tried, settled. The rows are the queue.

A claim leases a delivery in real time and raises its fence; whatever its holder writes later it writes under that
fence. The row of an attempt is written before a socket opens. Where it is still open when the lease is void, the
message may have arrived: the attempt is closed as ambiguous, and the delivery is tried again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import case, true, tuple_
from sqlmodel import Session, col, func, insert, not_, or_, select, update

from tocsin.model.alerts import AlertContent
from tocsin.model.deliveries import (
    UNHEARD,
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
from tocsin.store.db import codec
from tocsin.store.db.codec import reading
from tocsin.store.db.tables import AttemptRow, DeliveryAlertRow, DeliveryRow
from tocsin.store.db.values import Claimable
from tocsin.store.outbox import enqueue, overflow, receivers
from tocsin.store.queries import content

_GATHERED = (DeliveryKind.DIGEST.value, DeliveryKind.CATCH_UP.value)
#: Earlier messages about an alert that are looked at.
_MOST_EARLIER = 20
#: Deliveries that one transaction gives up, each with all that it would have said.
_MOST_EXPIRED = 25


def claim(
    session: Session,
    now: datetime,
    real: datetime,
    lease: timedelta,
    which: Claimable,
) -> list[Delivery]:
    """Lease what is due of *which*, the highest severity first and then the oldest, until *real* + *lease*.

    Nothing that has expired, and nothing to a receiver that rests; a test goes out all the same.
    """
    void(session, now, real)
    spared = {*receivers.resting(session, now), *receivers.full(session, which.rates, now)}
    crowded = overflow.full(session, which.limits, now)
    # A receiver that fails is tried with another message each time: one of them may be why it fails.
    tries = case((col(DeliveryRow.receiver).in_(receivers.failing(session)), col(DeliveryRow.attempts)), else_=0)
    place = func.row_number().over(
        partition_by=col(DeliveryRow.receiver),
        order_by=(tries, col(DeliveryRow.rank).desc(), col(DeliveryRow.created_at), col(DeliveryRow.id)),
    )
    to = tuple_(DeliveryRow.receiver, DeliveryRow.recipient)
    due = (
        select(DeliveryRow.id, place.label("place"))
        .where(
            col(DeliveryRow.state).in_(WAITING),
            col(DeliveryRow.due_at) <= now,
            col(DeliveryRow.expires_at) > now,
            col(DeliveryRow.receiver).not_in(which.exclude),
            not_(overflow.over(crowded, now)) if crowded else true(),
            or_(col(DeliveryRow.receiver).not_in(spared), DeliveryRow.kind == DeliveryKind.TEST.value),
            true() if which.only is None else col(DeliveryRow.id).in_(which.only),
            true() if which.present is None else to.in_(which.present),
        )
        .subquery()
    )
    rows = session.exec(
        select(DeliveryRow)
        .join(due, due.c.id == DeliveryRow.id)
        .where(due.c.place <= which.limit_per_receiver)
        .order_by(col(DeliveryRow.rank).desc(), col(DeliveryRow.created_at), col(DeliveryRow.id))
    ).all()
    for row in rows:
        row.state = DeliveryState.SENDING.value
        row.wanted_at = row.wanted_at or row.due_at
        row.lease_until = real + lease
        row.fence += 1
        enqueue.note(session, row.id, now, DeliveryState.SENDING, Reason(cause=Cause.CLAIMED, count=row.attempts + 1))
    session.flush()
    return [delivery(session, row) for row in rows]


def void(session: Session, now: datetime, real: datetime | None) -> tuple[int, int]:
    """Take back the deliveries whose lease ended before *real* (None: all); how many, and how many may have arrived."""
    condition = [col(DeliveryRow.state) == DeliveryState.SENDING.value]
    if real is not None:
        condition.append(col(DeliveryRow.lease_until) < real)
    rows = session.exec(select(DeliveryRow).where(*condition)).all()
    return len(rows), sum(_take_back(session, row, now) for row in rows)


#: Why a delivery that was claimed waits again.
_UNTRIED = Reason(cause=Cause.UNTRIED)


def _take_back(session: Session, row: DeliveryRow, now: datetime) -> bool:
    words = "nobody saw how it ended: the message may have arrived"
    doubtful = session.exec(
        update(AttemptRow)
        .where(col(AttemptRow.delivery_id) == row.id, col(AttemptRow.ended_at).is_(None))
        .values(ended_at=now, outcome=ErrorClass.AMBIGUOUS, words=words)
    ).rowcount
    state = DeliveryState.RETRY if row.attempts else DeliveryState.READY
    reason = Reason(cause=Cause.IN_DOUBT, count=row.attempts) if doubtful else _UNTRIED
    _change(session, row, now, state, reason)
    return bool(doubtful)


def give_back(session: Session, delivery: Delivery, now: datetime) -> None:
    """Give back a delivery that was claimed and not tried."""
    state = DeliveryState.RETRY if delivery.attempt > 1 else DeliveryState.READY
    if _under_fence(session, delivery, state=state.value, lease_until=None):
        enqueue.note(session, delivery.id, now, state, _UNTRIED)


def expire(session: Session, now: datetime) -> tuple[Delivery, ...]:
    """Give up some of what was not delivered in time; those deliveries, for somebody must hear of them."""
    late = session.exec(
        select(DeliveryRow)
        .where(col(DeliveryRow.state).in_(WAITING), col(DeliveryRow.expires_at) <= now)
        .order_by(col(DeliveryRow.expires_at), col(DeliveryRow.id))
        .limit(_MOST_EXPIRED)
    ).all()
    for row in late:
        last = codec.reason_from_json(row.reason) or None
        reason = Reason(cause=Cause.EXPIRED, at=row.expires_at, count=row.attempts, because=last)
        _change(session, row, now, DeliveryState.DEAD, reason)
    return tuple(delivery(session, row) for row in late)


def _change(session: Session, row: DeliveryRow, now: datetime, state: DeliveryState, reason: Reason) -> None:
    row.state, row.reason, row.lease_until = state.value, codec.reason_to_json(reason), None
    session.flush()
    enqueue.note(session, row.id, now, state, reason)


def begin_attempt(session: Session, delivery: Delivery, message: Message, now: datetime, real: datetime) -> bool:
    """Put a try on record, and the message that every later try repeats; False without a lease.

    Who slept past the end of the lease (*real* is later) does not begin: the next claim would begin beside it.
    """
    lasts = select(DeliveryRow.id).where(col(DeliveryRow.id) == delivery.id, col(DeliveryRow.lease_until) >= real)
    if session.exec(lasts).one_or_none() is None:
        return False
    kept = {} if message == delivery.message else {"message": codec.message_to_json(message)}
    if not _under_fence(session, delivery, attempts=delivery.attempt, **kept):
        return False
    session.exec(
        insert(AttemptRow).values(delivery_id=delivery.id, n=delivery.attempt, fence=delivery.fence, started_at=now)
    )
    return True


def settle(session: Session, delivery: Delivery, outcome: AttemptResult, settlement: Settlement, now: datetime) -> bool:
    """Close the try and give the delivery its next state; False without a lease."""
    delivered_at = now if settlement.state is DeliveryState.DELIVERED else None
    if not _under_fence(
        session,
        delivery,
        state=settlement.state.value,
        due_at=settlement.due_at,
        reason=codec.reason_to_json(settlement.reason),
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
    enqueue.note(session, delivery.id, now, settlement.state, reason)
    return True


def _under_fence(session: Session, delivery: Delivery, **values: object) -> bool:
    """Change a delivery if the claim still holds it."""
    changed = session.exec(
        update(DeliveryRow)
        .where(
            col(DeliveryRow.id) == delivery.id,
            col(DeliveryRow.fence) == delivery.fence,
            col(DeliveryRow.state) == DeliveryState.SENDING.value,
        )
        .values(**values)
    )
    return changed.rowcount == 1


def _was_refused(session: Session, row: DeliveryRow) -> bool:
    last = session.get(AttemptRow, (row.id, row.attempts)) if row.attempts else None
    return last is not None and last.outcome == ErrorClass.CONTENT


def _known(kind: DeliveryKind, found: Sequence[AlertContent]) -> list[int]:
    """The alerts of a message of which its reader was told before; a digest, which is about all of them, answers none."""
    if kind.value in _GATHERED:
        return []
    again = kind in (DeliveryKind.UPDATE, DeliveryKind.CORRECTION)
    return [item.alert.id for item in found if again or item.news]


def _thread(session: Session, row: DeliveryRow, numbers: Sequence[int]) -> tuple[str, tuple[str, ...]]:
    """The earlier deliveries to the same recipient that may have arrived, about the first of *numbers* that has one.

    The id of the first of them, and the subjects of those that are about little else.
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
def delivery(session: Session, row: DeliveryRow) -> Delivery:
    """A delivery as its claim carries it."""
    kind = DeliveryKind(row.kind)
    found = content.of_delivery(session, row.id, kind)
    thread, subjects = ("", ()) if row.message else _thread(session, row, _known(kind, found))
    return Delivery(
        id=row.id,
        receiver=row.receiver,
        recipient=row.recipient,
        kind=kind,
        fence=row.fence,
        attempt=row.attempts + 1,
        created_at=row.created_at,
        due_at=row.due_at,
        expires_at=row.expires_at,
        tidings=found,
        message=codec.message_from_json(row.message) if row.message else None,
        thread=thread,
        subjects=subjects,
        refused=_was_refused(session, row),
        stead=session.get_one(DeliveryRow, row.stands_for).receiver if row.stands_for else "",
    )
