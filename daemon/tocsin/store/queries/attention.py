"""What needs a person now: alerts without an answer, and sources that cannot be read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from tocsin.model.alerts import AlertState
from tocsin.model.records import LOUD, Ailing, Card
from tocsin.model.rules import Severity
from tocsin.store.db.delivery_tables import DeliveryAlertRow, DeliveryRow
from tocsin.store.db.tables import AlertRow
from tocsin.store.outbox import feedback
from tocsin.store.queries import alert_search, overview

#: Alerts of each kind that are read; the others are counted.
MOST_NEEDS = 60
MOST_OTHERS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAlerts:
    """Alerts that nobody has answered, the newest first: those that need an answer (*needs*) and *others*.

    Those that need an answer come without their entries and evidence: `cards` reads these for the few that are shown.
    *more* counts alerts of the same time that are left out, and *older* those opened before it.
    """

    needs: tuple[Card, ...]
    others: tuple[Card, ...]
    more: int
    older: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """How many *sources* are watched, how many of them cannot be read (*unread*), and the first of those."""

    sources: int
    unread: int
    ailing: tuple[Ailing, ...]


def open_alerts(session: Session, since: datetime, now: datetime) -> OpenAlerts:
    """Return the alerts opened *since* then that are open at *now*. Alerts that a silence hid are left out."""
    silenced = (
        select(DeliveryAlertRow.alert_id)
        .join(DeliveryRow, col(DeliveryRow.id) == DeliveryAlertRow.delivery_id)
        .where(col(DeliveryRow.silence_id).is_not(None))
    )
    which = (col(AlertRow.id).not_in(feedback.seen()), col(AlertRow.id).not_in(silenced))
    rows = session.exec(
        select(AlertRow.id, AlertRow.severity)
        .where(col(AlertRow.opened_at) >= since, *which)
        .order_by(col(AlertRow.opened_at).desc(), col(AlertRow.id).desc())
    ).all()
    states = feedback.states(session, since, now)
    waiting = [(number, Severity(level)) for number, level in rows if states.get(number) is not AlertState.SNOOZED]
    loud = [number for number, level in waiting if level.rank >= LOUD.rank]
    quiet = [number for number, level in waiting if level.rank < LOUD.rank]
    needs = alert_search.bare_cards(session, loud[:MOST_NEEDS])
    others = alert_search.cards(session, quiet[:MOST_OTHERS])
    older = select(func.count()).select_from(AlertRow).where(col(AlertRow.opened_at) < since, *which)
    return OpenAlerts(
        needs=needs,
        others=others,
        more=len(waiting) - len(needs) - len(others),
        older=session.exec(older).one(),
    )


def watched(session: Session) -> Watched:
    """Return how many sources there are, and which cannot be read."""
    return Watched(sources=overview.sources(session), unread=overview.unread(session), ailing=overview.ailing(session))
