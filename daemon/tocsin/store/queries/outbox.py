"""The outbox: deliveries a page at a time, and the receivers that they wait for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, and_, col, func, or_, select

from tocsin.model.deliveries import DeliveryState
from tocsin.model.records import DeliveryView
from tocsin.policy.notifying.retry import ReceiverStatus
from tocsin.store.db.delivery_tables import DeliveryRow
from tocsin.store.outbox import receivers
from tocsin.store.queries import health, listing
from tocsin.store.views import Place

#: Deliveries of one answer.
PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverFacts:
    """The status of each receiver that was used, how many messages wait for it, and when the last one was sent."""

    statuses: Mapping[str, ReceiverStatus]
    waiting: Mapping[str, int]
    sent: Mapping[str, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """The newest *deliveries* that fit, and the number of all by state. Older ones follow *next*, None at the end.

    *receivers* lacks when the last message was sent, which every message would have to be read for.
    """

    deliveries: tuple[DeliveryView, ...]
    next: Place | None
    counts: Mapping[DeliveryState, int]
    receivers: ReceiverFacts


def outbox(session: Session, states: Collection[DeliveryState], after: Place | None = None) -> Outbox:
    """Return the newest deliveries in one of *states*, or those that follow the place *after* in that order."""
    statement = select(DeliveryRow.id)
    if len(set(states)) < len(DeliveryState):
        statement = statement.where(col(DeliveryRow.state).in_(states))
    if after:
        older = col(DeliveryRow.created_at) < after.at
        beside = and_(col(DeliveryRow.created_at) == after.at, col(DeliveryRow.id) < after.id)
        statement = statement.where(or_(older, beside))
    ordered = statement.order_by(col(DeliveryRow.created_at).desc(), col(DeliveryRow.id).desc())
    # Rows hold whole messages: only those that are shown are read.
    ids = session.exec(ordered.limit(PAGE + 1)).all()
    found = {row.id: row for row in session.exec(select(DeliveryRow).where(col(DeliveryRow.id).in_(ids[:PAGE])))}
    shown = [found[name] for name in ids[:PAGE]]
    counts = dict(session.exec(select(DeliveryRow.state, func.count()).group_by(col(DeliveryRow.state))).all())
    return Outbox(
        deliveries=listing.delivery_views(session, shown),
        next=Place(at=shown[-1].created_at, id=shown[-1].id) if len(ids) > PAGE else None,
        counts={state: counts.get(state, 0) for state in DeliveryState},
        receivers=ReceiverFacts(statuses=receivers.every(session), waiting=health.waiting(session), sent={}),
    )


def receiver_facts(session: Session) -> ReceiverFacts:
    """Return what is known of the receivers."""
    return ReceiverFacts(
        statuses=receivers.every(session), waiting=health.waiting(session), sent=health.last_sent(session)
    )
