"""Reminders and escalations in the outbox: planned when they are due, and called off when somebody answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from sqlmodel import Session, col, not_, select

from tocsin.model.alerts import AnswerKind
from tocsin.model.deliveries import WAITING, DeliveryState
from tocsin.model.reasons import Cause, Reason
from tocsin.policy.notifying.reminders import GRACE, INSISTING, Reminders, SentMessage, Unanswered
from tocsin.policy.notifying.route import OWN
from tocsin.store.db import mapping
from tocsin.store.db.delivery_tables import DeliveryAlertRow, DeliveryRow
from tocsin.store.db.statements import pieces
from tocsin.store.db.tables import AlertRow
from tocsin.store.outbox import delivery_rows, enqueue, feedback


def remind(session: Session, reminders: Reminders, now: datetime, *, loaded: bool) -> datetime | None:
    """Plan the messages that are due *now* because nobody answers; return when the next may be, None if none is configured.

    If *reminders* were *loaded* just now, waiting messages that they do not want are called off.
    """
    if loaded:
        _call_off_unwanted(session, reminders, now)
    if not reminders.spans:
        return None
    planned, again = reminders.due(_unanswered(session, now - max(reminders.spans) - GRACE), now)
    enqueue.plan(session, planned, now)
    return again


def messages(session: Session, numbers: Collection[int]) -> dict[int, tuple[SentMessage, ...]]:
    """Return the messages about the alerts *numbers*, as reminders see them."""
    found: dict[int, list[SentMessage]] = defaultdict(list)
    for piece in pieces(numbers):
        rows = session.exec(
            select(DeliveryAlertRow.alert_id, DeliveryRow)
            .join(DeliveryRow, col(DeliveryRow.id) == DeliveryAlertRow.delivery_id)
            .where(col(DeliveryAlertRow.alert_id).in_(piece))
            .order_by(col(DeliveryRow.created_at), col(DeliveryRow.id))
        )
        for number, row in rows:
            found[number].append(mapping.read(SentMessage, row, at=row.wanted_at or row.due_at))
    return {number: tuple(sent) for number, sent in found.items()}


def answer(
    session: Session,
    numbers: Sequence[int],
    kind: AnswerKind,
    now: datetime,
    *,
    by: str = "",
    until: datetime | None = None,
    why: str = "",
) -> None:
    """Record an answer to each of the alerts *numbers*, as `feedback.add`; nobody is asked again, at least *until* then.

    Raises:
        ConflictError: there is no alert with one of these numbers; nothing is written.
    """
    feedback.add(session, numbers, kind, now, by=by, until=until, why=why)
    _call_off(session, numbers, now)


def end(session: Session, number: int, now: datetime) -> None:
    """Call off the waiting reminders and escalations of an alert that is over, and that were never tried."""
    untried = [(row.id, alert) for row, alert in _waiting(session, [number]) if not row.attempts]
    enqueue.cancel(session, untried, now, Reason(cause=Cause.ENDED, by=str(number)))


def _call_off(session: Session, numbers: Collection[int], now: datetime) -> None:
    """Call off waiting reminders and escalations of the alerts *numbers*, which somebody has answered.

    One that was tried may have arrived; it is not tried again if all its alerts are answered.
    """
    waiting = _waiting(session, numbers)
    reason = Reason(cause=Cause.ANSWERED)
    untried = [(row.id, number) for row, number in waiting if not row.attempts]
    enqueue.cancel(session, untried, now, reason)
    for row in {row.id: row for row, _ in waiting if row.attempts}.values():
        alerts = {member.alert_id for member in delivery_rows.members_of(session, [row.id])[row.id]}
        answered = feedback.by_number(session, alerts)
        if all(number in answered for number in alerts):
            delivery_rows.change(session, [row.id], now, DeliveryState.SUPPRESSED, reason)


def _call_off_unwanted(session: Session, reminders: Reminders, now: datetime) -> None:
    unwanted = [
        (row.id, number)
        for row, number in _waiting(session, None)
        if not row.attempts
        and not reminders.wants(row.kind, row.receiver, mapping.alert(session.get_one(AlertRow, number)))
    ]
    enqueue.cancel(session, unwanted, now, Reason(cause=Cause.UNWANTED))


def _waiting(session: Session, numbers: Collection[int] | None) -> list[tuple[DeliveryRow, int]]:
    """Return the reminders and escalations that wait, of the alerts *numbers* (None: all), with each of these alerts."""
    statement = (
        select(DeliveryRow, DeliveryAlertRow.alert_id)
        .join(DeliveryAlertRow, col(DeliveryAlertRow.delivery_id) == DeliveryRow.id)
        .where(col(DeliveryRow.state).in_(WAITING), col(DeliveryRow.kind).in_(INSISTING))
    )
    if numbers is not None:
        statement = statement.where(col(DeliveryAlertRow.alert_id).in_(numbers))
    return [(row, number) for row, number in session.exec(statement)]


def _unanswered(session: Session, since: datetime) -> Iterator[Unanswered]:
    """Yield the alerts that nobody has seen, and about which a message was due *since* then, or will be."""
    recent = (
        select(DeliveryAlertRow.alert_id)
        .join(DeliveryRow, col(DeliveryRow.id) == DeliveryAlertRow.delivery_id)
        .where(col(DeliveryRow.due_at) > since)
    )
    rows = session.exec(
        select(AlertRow).where(
            col(AlertRow.id).in_(recent),
            col(AlertRow.id).not_in(feedback.seen()),
            not_(col(AlertRow.rule).startswith(OWN, autoescape=True)),
        )
    ).all()
    alerts = [mapping.alert(row) for row in rows]
    sent = messages(session, [alert.id for alert in alerts])
    answered = feedback.by_number(session, [alert.id for alert in alerts])
    for alert in alerts:
        yield Unanswered(
            alert=alert, answered=answered.get(alert.id, feedback.NO_ANSWER), messages=sent.get(alert.id, ())
        )
