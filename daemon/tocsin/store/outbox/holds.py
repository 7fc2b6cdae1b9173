"""Deliveries held or suppressed at send time: quiet hours and the cooldowns of price rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, insert, select, update

from tocsin.model.alerts import Alert
from tocsin.model.deliveries import UNTRIED, WAITING, DeliveryKind, DeliveryState
from tocsin.model.reasons import Cause, Reason
from tocsin.policy.notifying.quiet import QuietRule
from tocsin.policy.notifying.reminders import REPEATING
from tocsin.policy.notifying.retry import DIGEST_LIFE
from tocsin.store.db import mapping
from tocsin.store.db.delivery_tables import DeliveryAlertRow, DeliveryRow
from tocsin.store.db.statements import pieces
from tocsin.store.db.tables import AlertRow, LastNotifiedRow
from tocsin.store.outbox import delivery_rows, enqueue

#: Deliveries of a receiver that one transaction holds.
MOST = 500
#: Kinds that are gathered in a digest while they wait; other kinds are held one by one.
_NEWS = (DeliveryKind.ALERT, DeliveryKind.UPDATE)
#: The columns that a delivery and a part of it have in common.
_OF_BOTH = ("receiver", "recipient", "kind", "rank", "state", "reason", "due_at", "expires_at")


def apply_quiet_hours(session: Session, rules: Mapping[str, Sequence[QuietRule]], now: datetime) -> bool:
    """Hold due deliveries until the end of the quiet hours at *now*, or suppress them; return True if there are more.

    *rules* are those in progress, by receiver. News waits in one digest. A test leaves at once. A delivery that was tried
    is tried again after the end.
    """
    # Not `any`, which would leave out the others behind the first receiver with more.
    return sum([_apply_quiet(session, name, rule, now) for name, found in rules.items() for rule in found]) > 0


def _apply_quiet(session: Session, receiver: str, quiet: QuietRule, now: datetime) -> bool:
    reason = Reason(cause=Cause.QUIET, until=quiet.ends, by=receiver)
    rows = _due(session, receiver, quiet, now)
    more = len(rows) == MOST
    if quiet.drop:
        dropped = [row.id for row in rows if not row.attempts]
        delivery_rows.change(session, dropped, now, DeliveryState.SUPPRESSED, replace(reason, until=None))
        rows = [row for row in rows if row.attempts]
    news = defaultdict(list)
    for row in rows:
        if row.attempts or row.kind not in _NEWS:
            _rest(session, row, quiet.ends, now, reason)
        else:
            news[row.recipient].append(row)
    for found in news.values():
        gather(session, found, quiet.ends, now, reason)
    return more


def _rest(session: Session, row: DeliveryRow, until: datetime, now: datetime, reason: Reason) -> None:
    """Hold one delivery by itself."""
    lasts = row.expires_at - (row.wanted_at or row.due_at)
    state = DeliveryState.RETRY if row.attempts else DeliveryState.HELD
    if row.kind in REPEATING and not row.attempts:
        # What is new about it is only why it is sent.
        reason = replace(reason, because=row.reason.root)
    # No fallback during quiet hours: it is late only against their end.
    times = {"due_at": until, "expires_at": until + lasts, "wanted_at": None}
    delivery_rows.change(session, [row.id], now, state, reason, **times)


def _due(session: Session, receiver: str, quiet: QuietRule, now: datetime) -> Sequence[DeliveryRow]:
    """Return the oldest deliveries that are due to *receiver* and may not break through the quiet hours."""
    return session.exec(
        select(DeliveryRow)
        .where(
            DeliveryRow.receiver == receiver,
            col(DeliveryRow.state).in_(WAITING),
            col(DeliveryRow.due_at) <= now,
            col(DeliveryRow.expires_at) > now,
            DeliveryRow.kind != DeliveryKind.TEST,
            col(DeliveryRow.rank).in_([severity.rank for severity in quiet.severities]),
        )
        .order_by(col(DeliveryRow.created_at))
        .limit(MOST)
    ).all()


def gather(session: Session, rows: Sequence[DeliveryRow], until: datetime, now: datetime, reason: Reason) -> None:
    """Move the alerts of deliveries to one recipient that were never tried into its digest held *until* then.

    If there is no such digest, the first delivery becomes it.
    """
    first = rows[0]
    digest = session.exec(
        select(DeliveryRow).where(
            DeliveryRow.receiver == first.receiver,
            DeliveryRow.recipient == first.recipient,
            DeliveryRow.kind == DeliveryKind.DIGEST,
            DeliveryRow.state == DeliveryState.HELD,
            DeliveryRow.due_at == until,
            DeliveryRow.attempts == 0,
        )
    ).first()
    if digest is None:
        digest, rows = first, rows[1:]
        # It is late only against the time it is held until.
        times = {"due_at": until, "expires_at": until + DIGEST_LIFE, "wanted_at": None}
        delivery_rows.change(session, [digest.id], now, DeliveryState.HELD, reason, kind=DeliveryKind.DIGEST, **times)
    digest.rank = max([digest.rank, *(row.rank for row in rows)])
    session.flush()
    others = [row.id for row in rows]
    enqueue.merge(session, digest.id, others)
    merged = Reason(cause=Cause.MERGED, by=digest.id, because=reason)
    delivery_rows.change(session, others, now, DeliveryState.SUPPRESSED, merged)


def lapse(session: Session, now: datetime, cooldowns: Mapping[str, timedelta], ended: Callable[[Alert], str]) -> None:
    """Suppress alerts held by the cooldown of a price rule until *now* for which *ended* returns a reason.

    *cooldowns* are those of the price rules. An alert that is not sent starts no further cooldown.
    """
    held_news = (col(DeliveryRow.state) == DeliveryState.HELD, col(DeliveryRow.kind).in_(_NEWS))
    over: dict[str, dict[int, str]] = defaultdict(dict)
    notified: dict[tuple[str, str], LastNotifiedRow] = {}
    for row, alert in due_alerts(session, now, *held_news, col(AlertRow.rule).in_(cooldowns)):
        # A last notification after the alert was opened is the end of a cooldown.
        held = [
            last
            for key in alert.key
            if (last := session.get(LastNotifiedRow, (alert.rule, key))) and alert.opened_at < last.at <= row.due_at
        ]
        if held and (words := ended(alert)):
            over[row.id][alert.id] = words
            notified |= {(last.rule, last.key): last for last in held}
    for delivery_id, reasons in over.items():
        reason = Reason(cause=Cause.LAPSED, words="; ".join(dict.fromkeys(reasons.values())))
        suppress(session, delivery_id, reasons, now, reason)
    for last in notified.values():
        last.at -= cooldowns[last.rule]
    session.flush()


def due_alerts(session: Session, now: datetime, *which: ColumnElement[bool]) -> list[tuple[DeliveryRow, Alert]]:
    """Return the alerts in due deliveries that were never tried, each with its delivery."""
    rows = session.exec(
        select(DeliveryRow, AlertRow)
        .join(DeliveryAlertRow, col(DeliveryAlertRow.delivery_id) == DeliveryRow.id)
        .join(AlertRow, col(AlertRow.id) == DeliveryAlertRow.alert_id)
        .where(col(DeliveryRow.state).in_(UNTRIED), col(DeliveryRow.due_at) <= now, DeliveryRow.attempts == 0, *which)
    )
    return [(row, mapping.alert(alert)) for row, alert in rows]


def suppress(
    session: Session, delivery_id: str, numbers: Collection[int], now: datetime, reason: Reason, **values: object
) -> None:
    """Suppress the alerts *numbers* of a delivery; if it has more, as a delivery of their own."""
    part = len(numbers) < len(delivery_rows.members_of(session, [delivery_id])[delivery_id])
    gone = _split(session, delivery_id, numbers, now) if part else delivery_id
    delivery_rows.change(session, [gone], now, DeliveryState.SUPPRESSED, reason, **values)


def _split(session: Session, delivery_id: str, numbers: Collection[int], now: datetime) -> str:
    """Move the alerts *numbers* of a delivery that was never tried into a new one; return its id."""
    row = session.get_one(DeliveryRow, delivery_id)
    part = delivery_rows.fresh(session, created_at=now, **{name: getattr(row, name) for name in _OF_BOTH})
    session.exec(insert(DeliveryRow).values(**part))
    member = col(DeliveryAlertRow.delivery_id) == delivery_id
    for piece in pieces(numbers):
        moved = update(DeliveryAlertRow).where(member, col(DeliveryAlertRow.alert_id).in_(piece))
        session.exec(moved.values(delivery_id=part["id"]))
    return str(part["id"])
