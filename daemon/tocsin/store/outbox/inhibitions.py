"""Inhibition at send time: lesser alerts that are due are suppressed, and freed when the alert that did so no longer counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import tuple_
from sqlmodel import Session, col, select

from tocsin.model.alerts import Alert, AnswerKind
from tocsin.model.deliveries import UNHEARD, DeliveryState
from tocsin.model.reasons import Cause, Reason
from tocsin.policy.notifying.inhibition import Inhibition, first, reason, severities
from tocsin.policy.notifying.timing import NEWS
from tocsin.store.db import mapping
from tocsin.store.db.delivery_tables import DeliveryAlertRow, DeliveryRow
from tocsin.store.db.statements import pieces
from tocsin.store.db.tables import AlertRow
from tocsin.store.outbox import delivery_rows, feedback, holds
from tocsin.store.values import To


def apply(session: Session, inhibitions: Sequence[Inhibition], now: datetime) -> None:
    """Suppress due news about alerts that an open one suppresses for the same recipient, and free what none suppresses.

    Only a recipient who gets the message about the open alert is spared the others. Copies that people asked for, and
    digests, which are one message anyway, are sent.
    """
    _free(session, inhibitions, now)
    due = (
        holds.due_alerts(session, now, col(DeliveryRow.kind).in_(NEWS), col(DeliveryRow.resend) == 0)
        if inhibitions
        else []
    )
    if not due:
        return
    greater = _greater(session, inhibitions, {(row.receiver, row.recipient) for row, _ in due}, now)
    hidden: dict[str, dict[int, Alert]] = defaultdict(dict)
    for row, alert in due:
        told = (one for delivery, one in greater.get((row.receiver, row.recipient), ()) if delivery != row.id)
        if found := first(inhibitions, told, alert, now):
            hidden[row.id][alert.id] = found
    for delivery_id, lesser in hidden.items():
        latest = max(lesser.values(), key=lambda one: (one.opened_at, one.id))
        holds.suppress(session, delivery_id, lesser, now, reason(latest), inhibited_by=latest.id)


def _greater(
    session: Session, inhibitions: Sequence[Inhibition], to: set[To], now: datetime
) -> dict[To, list[tuple[str, Alert]]]:
    """Return the alerts that may suppress others, by the recipients who get a message about them, with that message."""
    read = session.exec(
        select(DeliveryRow, AlertRow)
        .join(DeliveryAlertRow, col(DeliveryAlertRow.delivery_id) == DeliveryRow.id)
        .join(AlertRow, col(AlertRow.id) == DeliveryAlertRow.alert_id)
        .where(
            col(AlertRow.opened_at) > now - max(one.lasts for one in inhibitions),
            col(AlertRow.severity).in_(severities(inhibitions)),
            tuple_(DeliveryRow.receiver, DeliveryRow.recipient).in_(to),
            col(DeliveryRow.state).not_in(UNHEARD),
        )
        .order_by(col(AlertRow.id))
    )
    rows = [(row, mapping.alert(alert)) for row, alert in read]
    noise = _noise(session, {alert.id for _, alert in rows})
    found: dict[To, list[tuple[str, Alert]]] = defaultdict(list)
    for row, alert in rows:
        if alert.id not in noise:
            found[row.receiver, row.recipient].append((row.id, alert))
    return found


def _free(session: Session, inhibitions: Sequence[Inhibition], now: datetime) -> None:
    """Make suppressed messages ready whose open alert was noise, is not sent to their recipient or no longer suppresses them.

    That its time is over is no reason: by then they are old news.
    """
    rows = session.exec(
        select(DeliveryRow).where(
            DeliveryRow.state == DeliveryState.SUPPRESSED,
            col(DeliveryRow.inhibited_by).is_not(None),
            col(DeliveryRow.expires_at) > now,
        )
    ).all()
    numbers = {row.inhibited_by for row in rows if row.inhibited_by is not None}
    if not numbers:
        return
    members = delivery_rows.members_of(session, [row.id for row in rows])
    wanted = numbers | {member.alert_id for found in members.values() for member in found}
    alerts = {
        row.id: mapping.alert(row)
        for piece in pieces(wanted)
        for row in session.exec(select(AlertRow).where(col(AlertRow.id).in_(piece)))
    }
    noise, told = _noise(session, numbers), _told(session, numbers)
    for row in rows:
        number = row.inhibited_by or 0
        lesser = [alerts[member.alert_id] for member in members[row.id]]
        counts = all(first(inhibitions, [alerts[number]], alert) for alert in lesser)
        if not counts or number in noise or (number, row.receiver, row.recipient) not in told:
            why = Reason(cause=Cause.UNINHIBITED, by=str(number))
            delivery_rows.change(session, [row.id], now, DeliveryState.READY, why, due_at=now, inhibited_by=None)


def _noise(session: Session, numbers: Collection[int]) -> set[int]:
    """Return those of the alerts *numbers* that somebody called noise."""
    answered = feedback.by_number(session, numbers)
    return {number for number, answer in answered.items() if answer.verdict is AnswerKind.NOISE}


def _told(session: Session, numbers: Collection[int]) -> set[tuple[int, str, str]]:
    """Return the recipients who get, or got, a message about one of the alerts: (alert, receiver, recipient) each."""
    rows = session.exec(
        select(DeliveryAlertRow.alert_id, DeliveryRow.receiver, DeliveryRow.recipient)
        .join(DeliveryRow, col(DeliveryRow.id) == DeliveryAlertRow.delivery_id)
        .where(col(DeliveryAlertRow.alert_id).in_(numbers), col(DeliveryRow.state).not_in(UNHEARD))
    )
    return {(number, receiver, recipient) for number, receiver, recipient in rows}
