"""Claims of deliveries: those that are due are leased in a turn of their own, and read after it. The rows are the queue.

A claim leases a delivery in real time and raises its fence, and every later write of its holder requires that fence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, bindparam, case, true, tuple_
from sqlmodel import Session, col, func, not_, or_, select, update

from tocsin.model.deliveries import WAITING, Delivery, DeliveryKind, DeliveryState
from tocsin.model.reasons import Cause, Reason
from tocsin.store import sending
from tocsin.store.db.delivery_tables import DeliveryRow, ReceiverRow
from tocsin.store.db.statements import pieces, put
from tocsin.store.outbox import delivery_rows, receivers
from tocsin.store.queries import content
from tocsin.store.queries.content import Until
from tocsin.store.values import Claimable

_DELIVERY = DeliveryRow.metadata.tables["delivery"]
_CLAIMED = (
    update(_DELIVERY)
    .where(_DELIVERY.c.id == bindparam("number"))
    .values({name: bindparam(name) for name in ("state", "wanted_at", "lease_until", "worker", "fence")})
)

#: Counts the workers that send, as a session sees them.
Workers = Callable[[Session], int]

#: Receivers that one worker serves at a time without a look for others: sharing them would take longer than sending.
_FEW = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """Leased deliveries: their *rows* from before the claim, and *until* when their content counts."""

    rows: Sequence[DeliveryRow]
    until: Until

    @property
    def leases(self) -> list[tuple[str, int, int]]:
        """Return the id, the fence and the number of the next attempt of each."""
        return [(row.id, row.fence + 1, row.attempts + 1) for row in self.rows]


def claim(
    session: Session,
    now: datetime,
    real: datetime,
    lease: timedelta,
    which: Claimable,
    *,
    worker: int | None,
    workers: Workers,
) -> Claimed | None:
    """Lease the due deliveries in *which* to *worker*, the highest severity first and then the oldest, until *real* + *lease*.

    Expired deliveries are left out, those to a receiver to which another worker is sending, and those to a paused one, except tests.
    """
    sending.void(session, now, _lease_ended(real))
    ids = _due(session, now, which, worker, workers)
    if not ids:
        return None
    rows = [
        row for piece in pieces(ids) for row in session.exec(select(DeliveryRow).where(col(DeliveryRow.id).in_(piece)))
    ]
    rows.sort(key=lambda row: (-row.rank, row.created_at, row.id))
    shared = {"state": DeliveryState.SENDING, "lease_until": real + lease, "worker": worker}
    own = ({"number": row.id, "wanted_at": row.wanted_at or row.due_at, "fence": row.fence + 1} for row in rows)
    put(session, _CLAIMED, [{**shared, **one} for one in own])
    for attempts in sorted({row.attempts for row in rows}):
        tried = [row.id for row in rows if row.attempts == attempts]
        reason = Reason(cause=Cause.CLAIMED, count=attempts + 1)
        delivery_rows.note(session, tried, now, DeliveryState.SENDING, reason)
    return Claimed(rows=rows, until=content.present(session))


def read(session: Session, claimed: Claimed) -> list[Delivery]:
    """Return the deliveries that were *claimed*, as they were then; their claims keep others from changing them."""
    found = sending.deliveries(session, claimed.rows, claimed.until)
    return [replace(delivery, fence=delivery.fence + 1) for delivery in found]


def waits(
    session: Session,
    now: datetime,
    real: datetime,
    which: Claimable,
    *,
    worker: int | None,
    workers: Workers,
) -> bool:
    """Return whether there is anything to `claim`, so that nobody takes a turn in vain."""
    ended = select(DeliveryRow.id).where(DeliveryRow.state == DeliveryState.SENDING, _lease_ended(real))
    return session.exec(ended.limit(1)).first() is not None or bool(_due(session, now, which, worker, workers))


def _lease_ended(real: datetime) -> ColumnElement[bool]:
    return col(DeliveryRow.lease_until) < real


def _due(session: Session, now: datetime, which: Claimable, worker: int | None, workers: Workers) -> list[str]:
    """Return the ids of the deliveries that *worker* may claim."""
    waiting = (
        col(DeliveryRow.state).in_(WAITING),
        col(DeliveryRow.due_at) <= now,
        col(DeliveryRow.expires_at) > now,
        true() if which.only is None else col(DeliveryRow.id).in_(which.only),
        true() if which.present is None else tuple_(DeliveryRow.receiver, DeliveryRow.recipient).in_(which.present),
    )
    names = set(session.exec(select(DeliveryRow.receiver).where(*waiting).distinct())) - set(which.exclude)
    if names and worker is not None:
        others = col(DeliveryRow.worker).is_distinct_from(worker)
        sending = select(DeliveryRow.receiver).where(DeliveryRow.state == DeliveryState.SENDING, others).distinct()
        taken = set(session.exec(sending))
        names -= taken
        lanes = len(names | taken) + len(which.exclude)
        if which.fair and lanes > _FEW:
            names = _share(session, names, waiting, max(_FEW, -(-lanes // workers(session))) - len(which.exclude))
    if not names:
        return []
    failing, room = _room(session, names, which, now)
    spared = [name for name, most in room.items() if not most]
    crowded = receivers.crowded(session, {name: which.limits[name] for name in names & set(which.limits)}, now)
    # A failing receiver is tried with another message each time, because one message may be the cause.
    tries = case((col(DeliveryRow.receiver).in_(failing), col(DeliveryRow.attempts)), else_=0) if failing else None
    order = (col(DeliveryRow.rank).desc(), col(DeliveryRow.created_at), col(DeliveryRow.id))
    place = func.row_number().over(
        partition_by=col(DeliveryRow.receiver), order_by=order if tries is None else (tries, *order)
    )
    due = (
        select(DeliveryRow.id, DeliveryRow.receiver, DeliveryRow.kind, place.label("place"))
        .where(
            *waiting,
            col(DeliveryRow.receiver).in_(names),
            not_(receivers.over(crowded, now)) if crowded else true(),
            or_(col(DeliveryRow.receiver).not_in(spared), DeliveryRow.kind == DeliveryKind.TEST) if spared else true(),
        )
        .subquery()
    )
    sizes = {name: _size(which, name, failing) for name in names}
    found = session.exec(
        select(due.c.id, due.c.receiver, due.c.kind, due.c.place).where(due.c.place <= max(sizes.values()))
    )
    return [
        number
        for number, name, kind, place in found
        if place <= (sizes[name] if kind == DeliveryKind.TEST else min(sizes[name], room.get(name, place)))
    ]


def _share(session: Session, names: set[str], waiting: Sequence[ColumnElement[bool]], most: int) -> set[str]:
    """Return at most so many of the receivers *names*, first those for whom the highest severity waits."""
    if len(names) <= most:
        return names
    rank = func.max(DeliveryRow.rank)
    loudest = select(DeliveryRow.receiver).where(*waiting, col(DeliveryRow.receiver).in_(names))
    ordered = loudest.group_by(DeliveryRow.receiver).order_by(rank.desc(), DeliveryRow.receiver)
    return set(session.exec(ordered.limit(max(0, most))))


def _size(which: Claimable, name: str, failing: Collection[str]) -> int:
    """Return how many messages the receiver *name* may be sent one after another before somebody looks again."""
    return which.limit_per_receiver if name in failing or name in which.limits else which.most(name)


def _room(session: Session, names: Collection[str], which: Claimable, now: datetime) -> tuple[set[str], dict[str, int]]:
    """Return those of the receivers *names* whose last attempt failed, and how many attempts each limited one may have now."""
    status = select(ReceiverRow.name, ReceiverRow.failures, ReceiverRow.rests).where(col(ReceiverRow.name).in_(names))
    found = session.exec(status).all()
    room = {name: most for name, most in which.rates.items() if name in names}
    if room:
        tries: Mapping[str, int] = Counter(receivers.tries(session, room, now))
        room = {name: max(0, most - tries[name]) for name, most in room.items()}
    room |= {name: 0 for name, _, rests in found if rests is not None and rests > now}
    return {name for name, failures, _ in found if failures}, room
