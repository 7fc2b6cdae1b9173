"""Answers of people to announced dates, and the reminders of those that they confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, or_, select, update

from tocsin.errors import ConflictError
from tocsin.model.dates import DateState, KeptDate
from tocsin.model.deliveries import WAITING, DeliveryKind
from tocsin.model.reasons import Cause, Reason
from tocsin.policy.notifying.date_reminders import AHEAD, ConfirmedDate, DateReminders
from tocsin.store.db import mapping
from tocsin.store.db.delivery_tables import DeliveryAlertRow, DeliveryRow
from tocsin.store.db.tables import AlertRow, DateRow
from tocsin.store.outbox import delivery_rows, enqueue, reminders


def judge(session: Session, numbers: Sequence[int], state: DateState, now: datetime, *, by: str = "") -> None:
    """Record that the dates *numbers* are confirmed or rejected; the last word counts, and the same word again changes nothing.

    Waiting reminders of a rejected date are called off.

    Raises:
        ConflictError: there is no date with one of these numbers; nothing is written.
    """
    wanted = col(DateRow.id).in_(numbers)
    known = set(session.exec(select(DateRow.id).where(wanted)))
    if unknown := [str(number) for number in numbers if number not in known]:
        raise ConflictError(f"there is no date {', '.join(unknown)}; see: tocsin dates list")
    said = {"state": state, "judged_at": now, "judged_by": by}
    session.exec(update(DateRow).where(wanted, col(DateRow.state) != state).values(**said))
    if state is DateState.REJECTED:
        _call_off(session, numbers, now)


def remind(session: Session, wanted: DateReminders, now: datetime) -> datetime:
    """Plan the reminders of confirmed dates that are due *now*; return when to ask again.

    What was planned is noted in the same transaction, so that neither a restart nor another worker plans it twice.
    """
    today = wanted.today(now)
    rows = session.exec(
        select(DateRow, AlertRow)
        .join(AlertRow, col(AlertRow.id) == DateRow.alert_id)
        .where(
            DateRow.state == DateState.CONFIRMED,
            col(DateRow.day) > today,
            col(DateRow.day) <= today + timedelta(days=AHEAD[0] + 1),
            or_(col(DateRow.reminded).is_(None), col(DateRow.reminded) > AHEAD[-1]),
        )
        .order_by(col(DateRow.day), col(DateRow.id))
    ).all()
    messages = reminders.messages(session, {alert.id for _, alert in rows})
    confirmed = [
        ConfirmedDate(
            date=mapping.read(KeptDate, row, title=alert.title),
            alert=mapping.alert(alert),
            messages=messages.get(alert.id, ()),
            reminded=row.reminded,
        )
        for row, alert in rows
    ]
    planned, reminded, again = wanted.due(confirmed, now)
    for row, _ in rows:
        row.reminded = reminded.get(mapping.identity(row.id), row.reminded)
    enqueue.plan(session, planned, now)
    return again


def _call_off(session: Session, numbers: Sequence[int], now: datetime) -> None:
    """Call off the reminders of the dates *numbers* that were never tried."""
    alerts = select(DateRow.alert_id).where(col(DateRow.id).in_(numbers))
    rows = session.exec(
        select(DeliveryRow, DeliveryAlertRow.alert_id)
        .join(DeliveryAlertRow, col(DeliveryAlertRow.delivery_id) == DeliveryRow.id)
        .where(
            col(DeliveryRow.state).in_(WAITING),
            DeliveryRow.kind == DeliveryKind.DATE,
            DeliveryRow.attempts == 0,
            col(DeliveryAlertRow.alert_id).in_(alerts),
        )
    ).all()
    first = delivery_rows.first_reasons(session, [row.id for row, _ in rows])
    needless = [(row.id, alert) for row, alert in rows if first[row.id].root.by in map(str, numbers)]
    enqueue.cancel(session, needless, now, Reason(cause=Cause.REJECTED))
