"""Silences, and the alerts and messages that they hide."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from tocsin.model.alerts import Alert
from tocsin.model.deliveries import UNTRIED, DeliveryState
from tocsin.policy.notifying.silence import Silence
from tocsin.store.db.delivery_tables import DeliveryAlertRow, DeliveryRow
from tocsin.store.outbox import silences
from tocsin.store.queries import listing

#: Alerts of the past that are looked at.
_MOST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Silencing:
    """All *silences*, and what they apply to.

    *alerts* are those of the past that is looked at, the newest first. *waiting* are the numbers of alerts in messages
    that were never tried. *suppressed* counts the messages that each silence suppresses now, by its number.
    """

    silences: tuple[Silence, ...]
    alerts: tuple[Alert, ...]
    waiting: Collection[int]
    suppressed: Mapping[int, int]


def silencing(session: Session, since: datetime) -> Silencing:
    """Return the silences, with the newest alerts opened *since* then."""
    waiting = session.exec(
        select(DeliveryAlertRow.alert_id)
        .join(DeliveryRow, col(DeliveryRow.id) == DeliveryAlertRow.delivery_id)
        .where(col(DeliveryRow.state).in_(UNTRIED), DeliveryRow.attempts == 0)
        .distinct()
    )
    suppressed = session.exec(
        select(DeliveryRow.silence_id, func.count())
        .where(DeliveryRow.state == DeliveryState.SUPPRESSED, col(DeliveryRow.silence_id).is_not(None))
        .group_by(col(DeliveryRow.silence_id))
    )
    return Silencing(
        silences=silences.every(session),
        alerts=listing.alerts(session, since, _MOST),
        waiting=frozenset(waiting),
        suppressed={number: count for number, count in suppressed if number is not None},
    )
