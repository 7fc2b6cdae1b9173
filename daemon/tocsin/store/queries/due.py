"""When the next row is due: until then a claim finds nothing, if nobody writes."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, func, select

from tocsin.model.articles import ArticleState
from tocsin.model.deliveries import WAITING, DeliveryState
from tocsin.model.entries import PUSH
from tocsin.store.db.delivery_tables import DeliveryRow
from tocsin.store.db.tables import ArticleRow, SilenceRow, SourceRow


def poll(session: Session, now: datetime) -> datetime | None:  # noqa: ARG001 (as for a delivery)
    """Return when the next source or article is due, also one that is leased; None if there is none."""
    polled = col(SourceRow.disabled).is_(False), col(SourceRow.kind) != PUSH
    return _earliest(
        session.exec(select(func.min(SourceRow.due_at)).where(*polled)).one(),
        session.exec(select(func.min(ArticleRow.due_at)).where(ArticleRow.state == ArticleState.WAITING)).one(),
    )


def delivery(session: Session, now: datetime) -> datetime | None:
    """Return when the next message is due, expires, or is no longer silenced; None if none waits."""
    waiting = col(DeliveryRow.state).in_(WAITING)
    due_at, expires_at = session.exec(
        select(func.min(DeliveryRow.due_at), func.min(DeliveryRow.expires_at)).where(waiting)
    ).one()
    silenced = (
        select(func.min(SilenceRow.ends))
        .join(DeliveryRow, col(DeliveryRow.silence_id) == SilenceRow.id)
        .where(DeliveryRow.state == DeliveryState.SUPPRESSED, col(DeliveryRow.expires_at) > now)
    )
    return _earliest(due_at, expires_at, session.exec(silenced).one())


def _earliest(*times: datetime | None) -> datetime | None:
    return min((time for time in times if time is not None), default=None)
