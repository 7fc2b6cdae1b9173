"""Deliveries that were claimed: tried, settled, given back or given up.

Every write of the holder of a claim requires its fence. The row of an attempt is written before a socket opens. If it is
still open when the lease ends, the message may have arrived: the attempt is closed as ambiguous, and the delivery is
tried again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Table, Update, and_, bindparam
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
from tocsin.store.db.statements import put
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

# Built once, because that costs more than to run them.
_DELIVERY, _ATTEMPTS = (DeliveryRow.metadata.tables[name] for name in ("delivery", "attempt"))
_HELD = (_DELIVERY.c.id == bindparam("number"), _DELIVERY.c.fence == bindparam("held"))
_SENDING = _DELIVERY.c.state == DeliveryState.SENDING
_IN_DOUBT = and_(_DELIVERY.c.state == DeliveryState.RETRY, _DELIVERY.c.attempts == bindparam("attempt"))


def _setting(table: Table, *names: str) -> Update:
    return update(table).values({name: bindparam(name) for name in names})


_BEGUN = _setting(_DELIVERY, "attempts").where(*_HELD, _SENDING, _DELIVERY.c.lease_until >= bindparam("real"))
_RENDERED = _BEGUN.values(message=bindparam("message"))
_SETTLED = _setting(_DELIVERY, "state", "due_at", "reason", "delivered_at").values(lease_until=None)
_SETTLED, _SETTLED_LATE = (_SETTLED.where(*_HELD, held) for held in (_SENDING, or_(_SENDING, _IN_DOUBT)))
_GIVEN_BACK = _setting(_DELIVERY, "state").values(lease_until=None).where(*_HELD, _SENDING)
_ATTEMPT = insert(_ATTEMPTS)
_ENDED = _setting(_ATTEMPTS, "ended_at", "outcome", "code", "words", "retry_after").where(
    _ATTEMPTS.c.delivery_id == bindparam("number"), _ATTEMPTS.c.n == bindparam("attempt")
)
#: Earlier messages about an alert that are read.
_MOST_EARLIER = 20
#: Deliveries that one transaction gives up, each with its content.
_MOST_EXPIRED = 25


def void(session: Session, now: datetime, ended: ColumnElement[bool]) -> tuple[int, int]:
    """Return deliveries to the queue whose lease has *ended*; count them, and those in doubt."""
    # Not the whole rows: a damaged one must not keep the daemon from starting.
    claimed = select(DeliveryRow.id, DeliveryRow.attempts).where(DeliveryRow.state == DeliveryState.SENDING, ended)
    # Its holder may settle one just now, beside those who decide.
    rows = session.exec(claimed.with_for_update()).all()
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
        if _under_fence(session, _GIVEN_BACK, number, fence, {"state": state}):
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
    values: dict[str, object] = {"attempts": delivery.attempt, "real": real}
    if message != delivery.message:
        values["message"] = codec.message_to_json(message)
    if not _under_fence(session, _RENDERED if "message" in values else _BEGUN, delivery.id, delivery.fence, values):
        return False
    begun = {"delivery_id": delivery.id, "n": delivery.attempt, "fence": delivery.fence, "started_at": now}
    put(session, _ATTEMPT, [begun])
    return True


def settle(
    session: Session, delivery: Delivery, outcome: AttemptResult, settlement: Settlement, now: datetime, *, late: bool
) -> bool:
    """Close the attempt and give the delivery its next state; False without a lease.

    If the lease has ended unseen, and nobody has claimed the delivery since, its doubt ends with this answer, if it may
    come *late*. That needs the turn of those who decide: one of them may be about to claim it.
    """
    values = {
        "state": settlement.state,
        "due_at": settlement.due_at,
        "reason": settlement.reason,
        "delivered_at": now if settlement.state is DeliveryState.DELIVERED else None,
        "attempt": delivery.attempt,
    }
    if not _under_fence(session, _SETTLED_LATE if late else _SETTLED, delivery.id, delivery.fence, values):
        return False
    ended = {
        "number": delivery.id,
        "attempt": delivery.attempt,
        "ended_at": now,
        "outcome": outcome.error_class,
        "code": outcome.code,
        "words": outcome.words,
        "retry_after": outcome.retry_after.total_seconds() if outcome.retry_after is not None else None,
    }
    put(session, _ENDED, [ended])
    reason = settlement.reason or Reason(cause=Cause.OTHER if outcome.words else Cause.NONE, words=outcome.words)
    delivery_rows.note(session, [delivery.id], now, settlement.state, reason)
    return True


def _under_fence(session: Session, statement: Update, number: str, fence: int, values: Mapping[str, object]) -> bool:
    """Change a delivery by *statement* if its claim is still valid; return True if so."""
    found = session.connection().execute(statement, {"number": number, "held": fence, **values})
    return found.rowcount == 1


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
