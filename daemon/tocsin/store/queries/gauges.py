"""What monitoring asks of the database: the state of now, in a few bounded queries of one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from tocsin.model.deliveries import SETTLED, WAITING, DeliveryKind, DeliveryState
from tocsin.model.rules import Severity
from tocsin.store.db.delivery_tables import DeliveryAlertRow, DeliveryRow, ReceiverRow
from tocsin.store.db.price_tables import QuoteRow
from tocsin.store.db.statements import size
from tocsin.store.db.tables import AlertRow, SourceRow, UnevaluatedRow
from tocsin.store.outbox import feedback, receivers
from tocsin.store.views import Gauges, SourceGauge

#: Many people never answer: older alerts are not waited for.
_ANSWERED_WITHIN = timedelta(days=7)


def gauges(session: Session, now: datetime) -> Gauges:
    """Return the state of now."""
    oldest = session.exec(
        select(func.min(DeliveryRow.due_at)).where(col(DeliveryRow.state).in_(WAITING), col(DeliveryRow.due_at) <= now)
    ).one()
    blocked = receivers.blocked(session)
    return Gauges(
        sources=tuple(_sources(session)),
        outbox={state: _waiting(session, state) for state in DeliveryState if state not in SETTLED},
        oldest=now - oldest if oldest else timedelta(0),
        unanswered=_unanswered(session, now),
        receivers={name: name in blocked for name in session.exec(select(ReceiverRow.name))},
        unevaluated=session.exec(select(func.count(func.distinct(UnevaluatedRow.entry_id)))).one(),
        quotes=dict(
            session.exec(select(QuoteRow.instrument, func.max(QuoteRow.at)).group_by(QuoteRow.instrument)).all()
        ),
        size=size(session),
    )


def _sources(session: Session) -> Iterator[SourceGauge]:
    ended = col(SourceRow.gone) | col(SourceRow.dead)
    rows = session.exec(
        select(SourceRow.name, SourceRow.last_success, SourceRow.errors, ended).where(
            col(SourceRow.disabled).is_(False)
        )
    )
    for name, last_success, errors, is_over in rows:
        yield SourceGauge(name=name, last_success=last_success, up=not (errors or is_over))


def _unanswered(session: Session, now: datetime) -> dict[Severity, int]:
    rows = session.exec(
        select(AlertRow.severity, func.count(func.distinct(AlertRow.id)))
        .join(DeliveryAlertRow, col(DeliveryAlertRow.alert_id) == AlertRow.id)
        .join(DeliveryRow, col(DeliveryRow.id) == DeliveryAlertRow.delivery_id)
        .where(
            DeliveryRow.state == DeliveryState.DELIVERED,
            DeliveryRow.kind != DeliveryKind.OPERATOR,
            col(AlertRow.opened_at) >= now - _ANSWERED_WITHIN,
            col(AlertRow.id).not_in(feedback.seen()),
        )
        .group_by(col(AlertRow.severity))
    )
    return {Severity(severity): count for severity, count in rows}


def _waiting(session: Session, state: DeliveryState) -> int:
    return session.exec(select(func.count()).select_from(DeliveryRow).where(DeliveryRow.state == state)).one()
