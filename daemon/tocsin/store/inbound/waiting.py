"""The messages that news may still join, read by recipient: thousands may wait, for whom a decision has nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Executable, bindparam
from sqlmodel import Session, and_, col, or_, select

from tocsin.model.deliveries import UNTRIED, DeliveryKind, DeliveryState
from tocsin.policy.alerting.facts import Pending, Waiting
from tocsin.policy.notifying.reminders import REPEATING
from tocsin.store.db.delivery_tables import DeliveryAlertRow, DeliveryRow
from tocsin.store.db.statements import pieces
from tocsin.store.db.tables import AlertRow

_DELIVERY = DeliveryRow.metadata.tables["delivery"].c
_COLUMNS = [_DELIVERY[name] for name in ("id", "receiver", "recipient", "kind", "state", "due_at", "created_at")]
#: What tells nothing new may be called off by a word of somebody, so that nothing else may join it.
_UNTRIED = (_DELIVERY.state.in_(UNTRIED), _DELIVERY.attempts == 0, _DELIVERY.kind.not_in(REPEATING))
# Nearly every decision reads these: built once, because that costs more than to run them.
_ANY = select(*_COLUMNS).where(*_UNTRIED)
_NAMED = _ANY.where(_DELIVERY.id.in_(bindparam("numbers", expanding=True)))
_TO = _ANY.where(_DELIVERY.receiver.in_(bindparam("receivers", expanding=True)))
_STAYS = and_(_DELIVERY.state == DeliveryState.HELD, _DELIVERY.due_at > bindparam("now"))
_HELD = _TO.where(_STAYS)
_HELD_OR_LATE = _TO.where(or_(_STAYS, _DELIVERY.kind == DeliveryKind.CATCH_UP))


def is_waiting(session: Session, alert: int) -> bool:
    """Return whether a message about *alert* waits that nobody was sent yet."""
    members = select(DeliveryAlertRow.delivery_id).where(DeliveryAlertRow.alert_id == alert)
    return session.exec(select(DeliveryRow.id).where(*_UNTRIED, col(DeliveryRow.id).in_(members))).first() is not None


def messages(
    session: Session, alerts: Collection[int], met: Mapping[int, Collection[int]], *, now: datetime, late: bool
) -> Waiting:
    """Return what finds the messages to recipients that news about *alerts* may join.

    These are held ones, and those about the alerts; with *late* also those about late entries. Each message names only
    those of its alerts that are asked for, and of their entries those that arrive again (*met*, by alert).
    """
    members, stories = _members_by_message(session, alerts)
    about = [row for piece in pieces(members) for row in _untried(session, _NAMED, numbers=piece)]
    open_to_all = _HELD_OR_LATE if late else _HELD

    def pending(row: Any) -> Pending:
        numbers = members.get(row.id, ())
        return Pending(
            delivery_id=row.id,
            receiver=row.receiver,
            recipient=row.recipient,
            kind=row.kind,
            # A ready message waits only for the rest of its document: it is due.
            due_at=min(row.due_at, now) if row.state == DeliveryState.READY else row.due_at,
            alert_ids=tuple(numbers),
            story_ids=frozenset(stories[number] for number in numbers),
            entry_ids=frozenset(entry for number in numbers for entry in met.get(number, ())),
        )

    def messages_to(people: Collection[tuple[str, str]]) -> dict[tuple[str, str], list[Pending]]:
        found: dict[tuple[str, str], list[Pending]] = {to: [] for to in people}
        rows = {row.id: row for row in about}
        for piece in pieces(receiver for receiver, _ in people):
            rows |= {row.id: row for row in _untried(session, open_to_all, receivers=piece, now=now)}
        for row in sorted(rows.values(), key=lambda row: (row.created_at, row.id)):
            if (row.receiver, row.recipient) in found:
                found[row.receiver, row.recipient].append(pending(row))
        return found

    return messages_to


def _untried(session: Session, which: Executable, **names: object) -> list[Any]:
    # Thousands may be held: plain rows of the columns that count are read much faster than objects.
    return list(session.connection().execute(which, names))


def _members_by_message(session: Session, alerts: Collection[int]) -> tuple[dict[str, list[int]], dict[int, int]]:
    """Return the messages about *alerts* with the alerts of each, and the story of each alert."""
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
