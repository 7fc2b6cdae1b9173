"""Statistics of a period, counted from the rows."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlmodel import Session, col, distinct, func, select

from tocsin.model.deliveries import WAITING, DeliveryState, ErrorClass
from tocsin.store.db.price_tables import CloseRow
from tocsin.store.db.tables import (
    AlertRow,
    AttemptRow,
    DeliveryRow,
    EntryRow,
    MatchRow,
    ReceiverRow,
    SourceRow,
    TransitionRow,
    UnevaluatedRow,
)
from tocsin.store.db.values import PeriodStatistics

#: A source counts as read if its last success is within _READ; a message is overdue if it waits longer than _OVERDUE.
_READ = timedelta(days=1)
_OVERDUE = timedelta(hours=1)


def reported(session: Session, rule: str) -> datetime | None:
    """Return when the reporting *rule* last matched, else when polling began, else None."""
    last = session.exec(select(func.max(MatchRow.decided_at)).where(MatchRow.rule == rule)).one()
    return last or session.exec(select(func.min(SourceRow.first_polled))).one()


def ledger(session: Session, since: datetime, now: datetime) -> PeriodStatistics:
    """Return the activity from *since* to *now*, and the status at *now*."""
    polled = col(SourceRow.disabled).is_(False)
    ill = col(SourceRow.unhealthy) | col(SourceRow.gone) | col(SourceRow.dead)

    def ended(state: DeliveryState) -> int:
        statement = select(func.count(distinct(TransitionRow.delivery_id))).where(
            TransitionRow.state == state.value, col(TransitionRow.at) >= since
        )
        return session.exec(statement).one()

    def count(*which: object) -> int:
        return session.exec(select(func.count()).where(*which)).one()  # type: ignore[arg-type]

    pages, page = (
        session.connection().execute(text(f"PRAGMA {name}")).scalar_one() for name in ("page_count", "page_size")
    )
    return PeriodStatistics(
        sources=count(polled),
        read=count(polled, col(SourceRow.last_success) >= now - _READ),
        ailing=tuple(session.exec(select(SourceRow.name).where(polled, ill).order_by(col(SourceRow.name)))),
        entries=count(col(EntryRow.first_seen) >= since),
        instruments=session.exec(
            select(func.count(distinct(CloseRow.instrument))).where(col(CloseRow.at) >= since)
        ).one(),
        matches=count(col(MatchRow.decided_at) >= since),
        alerts=count(col(AlertRow.opened_at) >= since),
        delivered=ended(DeliveryState.DELIVERED),
        suppressed=ended(DeliveryState.SUPPRESSED),
        dead=ended(DeliveryState.DEAD),
        waiting=count(col(DeliveryRow.state).in_(WAITING)),
        overdue=count(
            col(DeliveryRow.state).in_(WAITING),
            func.coalesce(DeliveryRow.wanted_at, DeliveryRow.due_at) < now - _OVERDUE,
        ),
        doubtful=count(AttemptRow.outcome == ErrorClass.AMBIGUOUS, col(AttemptRow.started_at) >= since),
        blocked=tuple(
            session.exec(select(ReceiverRow.name).where(ReceiverRow.refused != "").order_by(col(ReceiverRow.name)))
        ),
        unevaluated=tuple(session.exec(select(UnevaluatedRow.rule).distinct().order_by(col(UnevaluatedRow.rule)))),
        size=pages * page,
    )
