"""The messages that were never tried, as a decision sees them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, and_, col, select

from tocsin.model.deliveries import UNTRIED, DeliveryKind, DeliveryState
from tocsin.policy.alerting.facts import Pending
from tocsin.store.db.sqlite import pieces
from tocsin.store.db.tables import AlertRow, DeliveryAlertRow, DeliveryRow, MatchRow

_UNTRIED = (col(DeliveryRow.state).in_(UNTRIED), col(DeliveryRow.attempts) == 0)


def read(
    session: Session, alerts: Collection[int], entries: Collection[int | None], *, now: datetime, late: bool
) -> tuple[Pending, ...]:
    """The messages that anything about *alerts* or *entries* may join: those held, and those about them.

    With *late* also those that tell what came late. Each names what it is about as far as that is asked for.
    """
    members, stories = _about(session, alerts)
    held = and_(col(DeliveryRow.state) == DeliveryState.HELD.value, col(DeliveryRow.due_at) > now)
    rows = _rows(session, or_(held, col(DeliveryRow.kind) == DeliveryKind.CATCH_UP.value) if late else held)
    for piece in pieces(members):
        rows |= _rows(session, col(DeliveryRow.id).in_(piece))
    met = _entries(session, alerts, entries)
    return tuple(
        Pending(
            delivery_id=row.id,
            receiver=row.receiver,
            recipient=row.recipient,
            kind=DeliveryKind(row.kind),
            # One that is ready waits for the rest of its document alone: it is due.
            due_at=min(row.due_at, now) if row.state == DeliveryState.READY.value else row.due_at,
            alert_ids=tuple(members[row.id]),
            story_ids=frozenset(stories[number] for number in members[row.id]),
            entry_ids=frozenset(entry for number in members[row.id] for entry in met[number]),
        )
        for row in sorted(rows.values(), key=lambda row: (row.created_at, row.id))
    )


def _rows(session: Session, which: ColumnElement[bool]) -> dict[str, DeliveryRow]:
    return {row.id: row for row in session.exec(select(DeliveryRow).where(*_UNTRIED, which))}


def _about(session: Session, alerts: Collection[int]) -> tuple[dict[str, list[int]], dict[int, int]]:
    """The messages about *alerts*, with those of them that each is about; and the story of each alert."""
    members: dict[str, list[int]] = defaultdict(list)
    stories: dict[int, int] = {}
    for piece in pieces(sorted(alerts)):
        for delivery_id, alert_id, story_id in session.exec(
            select(DeliveryAlertRow.delivery_id, AlertRow.id, AlertRow.story_id)
            .join(AlertRow, col(AlertRow.id) == DeliveryAlertRow.alert_id)
            .join(DeliveryRow, col(DeliveryRow.id) == DeliveryAlertRow.delivery_id)
            .where(*_UNTRIED, col(AlertRow.id).in_(piece))
            .order_by(col(AlertRow.id))
        ):
            members[delivery_id].append(alert_id)
            stories[alert_id] = story_id
    return members, stories


def _entries(session: Session, alerts: Collection[int], entries: Collection[int | None]) -> dict[int, set[int]]:
    """Which of *entries* each of *alerts* is about."""
    found: dict[int, set[int]] = defaultdict(set)
    for piece in pieces(number for number in entries if number is not None):
        wanted = col(MatchRow.entry_id).in_(piece)
        for entry_id, alert_id in session.exec(select(MatchRow.entry_id, MatchRow.alert_id).where(wanted)):
            if entry_id is not None and alert_id is not None and alert_id in alerts:
                found[alert_id].add(entry_id)
    return found
