"""Rows of deliveries: written with their alerts, and every change of their state recorded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, func, insert, select, update

from tocsin.model.deliveries import DeliveryState
from tocsin.model.reasons import NO_REASON, Cause, Reason
from tocsin.store.db.delivery_tables import DeliveryAlertRow, DeliveryRow, TransitionRow
from tocsin.store.db.statements import PLANNED, new_id, pieces, put

#: The columns of a row, by name.
Columns = dict[str, Any]

# A poll may plan ten thousand deliveries, so three statements, built once, write all of them. Nobody asks for the numbers of
# the rows, so no statement returns one (`inline`).
_DELIVERY, _MEMBER, _TRANSITION = (
    insert(DeliveryRow.metadata.tables[name]).inline() for name in ("delivery", "delivery_alert", "transition")
)
_FRESH: Columns = {
    "state": DeliveryState.READY,
    "reason": NO_REASON,
    "fence": 0,
    "attempts": 0,
    "resend": 0,
    "resend_of": None,
    "stands_for": None,
}
_PLANNED = Reason(cause=Cause.PLANNED)


def members_of(session: Session, deliveries: Iterable[str]) -> dict[str, list[DeliveryAlertRow]]:
    """Return the alerts of each of *deliveries*."""
    found: dict[str, list[DeliveryAlertRow]] = defaultdict(list)
    for piece in pieces(deliveries):
        for row in session.exec(select(DeliveryAlertRow).where(col(DeliveryAlertRow.delivery_id).in_(piece))):
            found[row.delivery_id].append(row)
    return found


def last_notifications(session: Session, receiver: str, alerts: Iterable[int]) -> dict[tuple[int, str], int]:
    """Return the number of the last notification of each of *alerts* to each recipient of *receiver*."""
    found = {}
    for piece in pieces(alerts):
        for alert_id, recipient, telling in session.exec(
            select(DeliveryAlertRow.alert_id, DeliveryAlertRow.recipient, func.max(DeliveryAlertRow.telling))
            .where(col(DeliveryAlertRow.alert_id).in_(piece), DeliveryAlertRow.receiver == receiver)
            .group_by(col(DeliveryAlertRow.alert_id), col(DeliveryAlertRow.recipient))
        ):
            found[alert_id, recipient] = telling
    return found


def first_reasons(session: Session, ids: Iterable[str]) -> dict[str, Reason]:
    """Return the reasons with which the deliveries *ids* were planned, whatever happened to them since."""
    found: dict[str, Reason] = {}
    for piece in pieces(ids):
        named = col(TransitionRow.delivery_id).in_(piece)
        for row in session.exec(select(TransitionRow).where(named).order_by(col(TransitionRow.id))):
            found.setdefault(row.delivery_id, row.reason)
    return found


def change(
    session: Session, ids: Sequence[str], at: datetime, state: DeliveryState, reason: Reason, **values: object
) -> None:
    """Give the deliveries *ids* another state, with its *reason* and other *values*, and record that."""
    for piece in pieces(ids):
        named = col(DeliveryRow.id).in_(piece)
        session.exec(update(DeliveryRow).where(named).values(state=state, reason=reason, **values))
    note(session, ids, at, state, reason)


def note(session: Session, ids: Iterable[str], at: datetime, state: DeliveryState, reason: Reason) -> None:
    """Record the same change of state of the deliveries *ids*."""
    put(session, _TRANSITION, [_noted(delivery_id, at, state, reason) for delivery_id in ids])


def _noted(delivery_id: str, at: datetime, state: DeliveryState, reason: Reason) -> Columns:
    return {"delivery_id": delivery_id, "at": at, "state": state, "reason": reason}


def fresh(session: Session, **fields: object) -> Columns:
    """Return the columns of a new delivery, ready unless *fields* have another state."""
    return {**_FRESH, "id": new_id(session), **fields}


def member(row: Columns, alert_id: int, telling: int, news: Iterable[str] = (), again: int = 0) -> Columns:
    """Return the columns of an alert in the delivery with the columns *row*, because nobody answers for the time *again*."""
    return {
        "delivery_id": row["id"],
        "alert_id": alert_id,
        "receiver": row["receiver"],
        "recipient": row["recipient"],
        "telling": telling,
        "resend": -again or row["resend"],
        "news": tuple(dict.fromkeys(news)),
    }


def copied(row: Columns, original: DeliveryAlertRow) -> Columns:
    """Return the columns of *original* in the delivery with the columns *row*."""
    return member(row, original.alert_id, original.telling, original.news)


def enter(session: Session, rows: Sequence[Columns], members: Sequence[Columns]) -> None:
    """Write new deliveries with their alerts and their first transition."""
    session.info[PLANNED] = session.info.get(PLANNED) or bool(rows)
    put(session, _DELIVERY, rows)
    put(session, _MEMBER, members)
    put(session, _TRANSITION, [_noted(r["id"], r["created_at"], r["state"], r["reason"] or _PLANNED) for r in rows])
