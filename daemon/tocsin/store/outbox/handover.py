"""Messages handed over to another receiver: late ones, dead ones, and those of a removed receiver."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, tuple_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, exists, func, not_, or_, select

from tocsin.model.alerts import Alert
from tocsin.model.deliveries import WAITING, DeliveryKind, DeliveryState
from tocsin.model.reasons import Cause, Reason
from tocsin.policy.notifying.receiver import Fallback
from tocsin.store.db import mapping
from tocsin.store.db.delivery_tables import DeliveryAlertRow, DeliveryRow
from tocsin.store.db.tables import AlertRow
from tocsin.store.outbox import delivery_rows, enqueue, receivers
from tocsin.store.values import To

#: The fallback of each receiver by name, with the recipients of the fallback.
Fallbacks = Mapping[str, tuple[Fallback, Sequence[str]]]
NO_FALLBACKS: Fallbacks = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerouted:
    """The ids of messages that were moved to the recipients of the present routes, and of those without one."""

    moved: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def late(session: Session, now: datetime, fallbacks: Fallbacks) -> list[str]:
    """Send overdue messages, and all of a blocked receiver, to the fallbacks; return the new ids.

    The original delivery continues, and is handed over once.
    """
    blocked = receivers.blocked(session)
    overdue = (
        (col(DeliveryRow.receiver) == name) & (_wanted() <= (now if name in blocked else now - fallback.after))
        for name, (fallback, _) in fallbacks.items()
    )
    rows = session.exec(select(DeliveryRow).where(*_not_yet_handed_over(), or_(*overdue))).all()
    return hand_over(session, rows, fallbacks, now)


def next_late(session: Session, fallbacks: Fallbacks, now: datetime) -> datetime | None:
    """Return when the next message will be overdue for one of *fallbacks*, after *now*; None if none will be."""
    found = (
        session.exec(
            select(func.min(_wanted())).where(
                *_not_yet_handed_over(), DeliveryRow.receiver == name, _wanted() > now - fallback.after
            )
        ).one()
        for name, (fallback, _) in fallbacks.items()
    )
    pairs = zip(found, (fallback.after for fallback, _ in fallbacks.values()), strict=True)
    return min((wanted + after for wanted, after in pairs if wanted is not None), default=None)


def hand_over(session: Session, rows: Sequence[DeliveryRow], fallbacks: Fallbacks, now: datetime) -> list[str]:
    """Send *rows* to the fallbacks of their receivers, without alerts already sent there; return the new ids.

    An alert that was sent to a fallback, even in vain, is not sent to it again, so that a circle of fallbacks ends.
    """
    ids = []
    for name in sorted({row.receiver for row in rows} & set(fallbacks)):
        fallback, recipients = fallbacks[name]
        copies = _Copies(session, [row for row in rows if row.receiver == name], now)
        for row in copies.rows:
            for recipient in recipients:
                expires_at = now + (row.expires_at - row.created_at)
                copies.send(row, (fallback.to, recipient), copies.members[row.id], due_at=now, expires_at=expires_at)
        ids += copies.write()
    return ids


def died(session: Session, delivery_id: str, fallbacks: Fallbacks, now: datetime) -> list[str]:
    """Hand over a dead delivery, unless that was done before; return the new ids."""
    rows = session.exec(select(DeliveryRow).where(DeliveryRow.id == delivery_id, not_(_handed_over()))).all()
    return hand_over(session, rows, fallbacks, now)


def strays(session: Session, present: Collection[To], skip: Collection[str]) -> list[str]:
    """Return the ids of waiting messages whose recipient is not in *present*, without those in *skip*."""
    rows = session.exec(
        select(DeliveryRow.id)
        .where(
            col(DeliveryRow.state).in_(WAITING),
            DeliveryRow.kind != DeliveryKind.TEST,
            tuple_(DeliveryRow.receiver, DeliveryRow.recipient).not_in(present),
        )
        .order_by(col(DeliveryRow.created_at), col(DeliveryRow.id))
    )
    return [number for number in rows if number not in skip]


def reroute(session: Session, ids: Sequence[str], routed: Callable[[Alert], Collection[To]], now: datetime) -> Rerouted:
    """Send the alerts of stray messages to the recipients that *routed* returns, unless they were sent there before.

    An alert that is sent to another recipient leaves its message. A message without alerts is not sent. The others wait
    until their receiver returns or they expire.
    """
    rows = [session.get_one(DeliveryRow, number) for number in ids]
    copies = _Copies(session, rows, now)
    alerts = {member.alert_id for row in rows for member in copies.members[row.id]}
    named = {number: routed(mapping.alert(session.get_one(AlertRow, number))) for number in alerts}
    moved = []
    for row in rows:
        members, wanted = copies.members[row.id], row.wanted_at or row.due_at
        copied: set[int] = set()
        for to in dict.fromkeys(to for member in members for to in named[member.alert_id]):
            mine = [member for member in members if to in named[member.alert_id]]
            copied |= copies.send(row, to, mine, due_at=wanted, expires_at=row.expires_at)
        if members and len(copied) == len(members):
            moved.append(row)
        elif row.attempts == 0:
            enqueue.cancel(session, [(row.id, alert_id) for alert_id in copied], now, Reason(cause=Cause.REROUTED))
    copies.write()
    for row in moved:
        reason = Reason(cause=Cause.REMOVED, by=f"{row.receiver} {row.recipient}".rstrip())
        delivery_rows.change(session, [row.id], now, DeliveryState.SUPPRESSED, reason)
    done = {row.id for row in moved}
    return Rerouted(moved=tuple(row.id for row in moved), left=tuple(number for number in ids if number not in done))


def _wanted() -> ColumnElement[datetime]:
    """Return when a message should have been sent first."""
    return func.coalesce(DeliveryRow.wanted_at, DeliveryRow.due_at)


def _not_yet_handed_over() -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of waiting messages that may go to a fallback."""
    return col(DeliveryRow.state).in_(WAITING), col(DeliveryRow.kind) != DeliveryKind.TEST, not_(_handed_over())


def _handed_over() -> ColumnElement[bool]:
    other = aliased(DeliveryRow)
    return exists().where(col(other.stands_for) == col(DeliveryRow.id))


class _Copies:
    """Copies of *rows* for other recipients, who get no alert twice; `write` puts them into the outbox."""

    def __init__(self, session: Session, rows: Sequence[DeliveryRow], now: datetime) -> None:
        self.rows = rows
        self.members = delivery_rows.members_of(session, [row.id for row in rows])
        self._session = session
        self._now = now
        self._alerts = {member.alert_id for found in self.members.values() for member in found}
        self._notified: dict[str, dict[tuple[int, str], int]] = {}
        self._copies: list[dict[str, Any]] = []
        self._copied: list[dict[str, Any]] = []
        self._notes: list[tuple[DeliveryRow, Reason]] = []

    def send(
        self, row: DeliveryRow, to: To, members: Sequence[DeliveryAlertRow], *, due_at: datetime, expires_at: datetime
    ) -> set[int]:
        """Copy the *members* that are new to *to*, due then; a held message stays held. Return the alerts in the copy."""
        if to[0] not in self._notified:
            self._notified[to[0]] = delivery_rows.last_notifications(self._session, to[0], self._alerts)
        notified = self._notified[to[0]]
        unknown = [one for one in members if notified.get((one.alert_id, to[1]), -1) < one.telling]
        if unknown:
            held = row.state == DeliveryState.HELD and due_at > self._now
            copy = delivery_rows.fresh(
                self._session,
                receiver=to[0],
                recipient=to[1],
                kind=row.kind,
                rank=row.rank,
                state=DeliveryState.HELD if held else DeliveryState.READY,
                reason=row.reason if held else Reason(cause=Cause.FALLBACK, by=row.receiver),
                created_at=self._now,
                due_at=due_at,
                expires_at=expires_at,
                stands_for=row.id,
            )
            self._copies.append(copy)
            self._copied += (delivery_rows.copied(copy, member) for member in unknown)
            self._notes.append((row, Reason(cause=Cause.HANDED_OVER, by=to[0], words=copy["id"])))
            notified |= {(member.alert_id, to[1]): member.telling for member in unknown}
        return {member.alert_id for member in unknown}

    def write(self) -> list[str]:
        """Write the copies; return their ids."""
        delivery_rows.enter(self._session, self._copies, self._copied)
        for row, reason in self._notes:
            delivery_rows.note(self._session, [row.id], self._now, row.state, reason)
        return [str(copy["id"]) for copy in self._copies]
