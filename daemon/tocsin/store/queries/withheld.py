"""Alerts and matches that are not sent, yet or ever, and the reasons."""

from __future__ import annotations

from datetime import datetime
from heapq import merge
from itertools import islice
from operator import attrgetter

from sqlmodel import Session, col, func, select

from tocsin.model.alerts import MatchOutcome
from tocsin.model.deliveries import UNHEARD, DeliveryState
from tocsin.model.reasons import NO_REASON, Reason
from tocsin.store.db import mapping
from tocsin.store.db.delivery_tables import DeliveryAlertRow, DeliveryRow, TransitionRow
from tocsin.store.db.tables import AlertRow, EntryRow, MatchRow
from tocsin.store.views import Withheld

#: A match with one of these outcomes is sent to nobody.
_PASSED_OVER = (MatchOutcome.BASELINE, MatchOutcome.FLOOD, MatchOutcome.OLD)


def held(session: Session, limit: int = 50) -> tuple[Withheld, ...]:
    """Return the alerts of held deliveries, the next to leave first."""
    rows = session.exec(
        select(DeliveryRow, AlertRow, col(DeliveryAlertRow.overflow))
        .join(DeliveryAlertRow, col(DeliveryAlertRow.delivery_id) == DeliveryRow.id)
        .join(AlertRow, col(AlertRow.id) == DeliveryAlertRow.alert_id)
        .where(DeliveryRow.state == DeliveryState.HELD)
        .order_by(col(DeliveryRow.due_at), col(AlertRow.id))
        .limit(limit)
    ).all()
    return tuple(
        _alert(delivery, alert, delivery.created_at, limit, until=delivery.due_at) for delivery, alert, limit in rows
    )


def suppressed(session: Session, since: datetime | None = None, limit: int = 50) -> tuple[Withheld, ...]:
    """Return the alerts of deliveries that were suppressed or given up, and the matches that are sent to nobody."""
    both = merge(
        _deliveries(session, since, limit), _matches(session, since, limit), key=attrgetter("at"), reverse=True
    )
    return tuple(islice(both, limit))


def _deliveries(session: Session, since: datetime | None, limit: int) -> list[Withheld]:
    ended = (
        select(TransitionRow.delivery_id, func.max(TransitionRow.at).label("at"))
        .where(col(TransitionRow.state).in_(UNHEARD))
        .group_by(col(TransitionRow.delivery_id))
        .subquery()
    )
    statement = (
        select(DeliveryRow, AlertRow, ended.c.at)
        .join(DeliveryAlertRow, col(DeliveryAlertRow.delivery_id) == DeliveryRow.id)
        .join(AlertRow, col(AlertRow.id) == DeliveryAlertRow.alert_id)
        .join(ended, ended.c.delivery_id == DeliveryRow.id)
        .where(col(DeliveryRow.state).in_(UNHEARD))
        .order_by(ended.c.at.desc(), col(AlertRow.id).desc())
        .limit(limit)
    )
    if since is not None:
        statement = statement.where(ended.c.at >= since)
    return [_alert(delivery, alert, at) for delivery, alert, at in session.exec(statement)]


def _matches(session: Session, since: datetime | None, limit: int) -> list[Withheld]:
    statement = (
        select(MatchRow, EntryRow.title)
        .join(EntryRow, col(EntryRow.id) == MatchRow.entry_id)
        .where(col(MatchRow.fate).in_(_PASSED_OVER))
        .order_by(col(MatchRow.decided_at).desc(), col(MatchRow.id).desc())
        .limit(limit)
    )
    if since is not None:
        statement = statement.where(col(MatchRow.decided_at) >= since)
    return [
        mapping.read(
            Withheld,
            match,
            alert_id=None,
            title=title,
            receiver="",
            recipient="",
            state=match.fate,
            at=match.decided_at,
            until=None,
        )
        for match, title in session.exec(statement)
    ]


def _alert(
    delivery: DeliveryRow, row: AlertRow, at: datetime, limit: Reason = NO_REASON, until: datetime | None = None
) -> Withheld:
    return mapping.read(
        Withheld,
        row,
        alert_id=row.id,
        receiver=delivery.receiver,
        recipient=delivery.recipient,
        state=delivery.state,
        reason=mapping.because(delivery, limit),
        at=at,
        until=until,
    )
