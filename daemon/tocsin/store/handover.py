"""Messages that one receiver does not get and another one is sent: late ones, dead ones, those of a receiver removed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import ColumnElement, tuple_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, exists, func, not_, or_, select

from tocsin.model import Alert, DeliveryKind, DeliveryState
from tocsin.policy.receiver import Fallback
from tocsin.store import codec, mapping, outbox, receivers
from tocsin.store.overflow import To
from tocsin.store.tables import AlertRow, DeliveryAlertRow, DeliveryRow

#: Who stands in for a receiver, by its name, and whose recipients that are.
Fallbacks = Mapping[str, tuple[Fallback, Sequence[str]]]
NO_FALLBACKS: Fallbacks = MappingProxyType({})
_WAITING = (DeliveryState.HELD.value, DeliveryState.READY.value, DeliveryState.RETRY.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerouted:
    """The ids of the messages that go to whom the routes name now, and of those that nobody takes."""

    moved: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def late(session: Session, fallbacks: Fallbacks, now: datetime, new_id: Callable[[], str]) -> list[str]:
    """Send fallbacks what others should have got by now, and at once what a blocked one should; the new ids.

    Each delivery goes on, and is handed over once.
    """
    blocked = receivers.blocked(session)
    due = func.coalesce(DeliveryRow.wanted_at, DeliveryRow.due_at)
    rows = session.exec(
        select(DeliveryRow).where(
            col(DeliveryRow.state).in_(_WAITING),
            DeliveryRow.kind != DeliveryKind.TEST.value,
            or_(
                *(
                    (col(DeliveryRow.receiver) == name) & (due <= (now if name in blocked else now - fallback.after))
                    for name, (fallback, _) in fallbacks.items()
                )
            ),
            not_(_handed_over()),
        )
    ).all()
    return [number for row in rows for number in hand_over(session, row, fallbacks, now, new_id)]


def hand_over(
    session: Session, row: DeliveryRow, fallbacks: Fallbacks, now: datetime, new_id: Callable[[], str]
) -> list[str]:
    """Send the fallback of its receiver what of *row* it was not told; the new ids.

    Whoever was told, even in vain, is not told again: so a circle of fallbacks ends.
    """
    if row.receiver not in fallbacks:
        return []
    fallback, recipients = fallbacks[row.receiver]
    members = _members(session, row)
    expires_at = now + (row.expires_at - row.created_at)
    return [
        _send(session, row, to, unknown, number=new_id(), now=now, due_at=now, expires_at=expires_at)
        for to in ((fallback.to, recipient) for recipient in recipients)
        if (unknown := [member for member in members if not _was_told(session, member, to)])
    ]


def died(
    session: Session, delivery_id: str, fallbacks: Fallbacks, now: datetime, new_id: Callable[[], str]
) -> list[str]:
    """Hand over a delivery that is dead, unless that was done before; the new ids."""
    row = session.exec(select(DeliveryRow).where(DeliveryRow.id == delivery_id, not_(_handed_over()))).one_or_none()
    return hand_over(session, row, fallbacks, now, new_id) if row else []


def strays(session: Session, present: Collection[To], skip: Collection[str]) -> list[str]:
    """Return the ids of the messages that wait for nobody of *present*, but for those in *skip*."""
    rows = session.exec(
        select(DeliveryRow.id)
        .where(
            col(DeliveryRow.state).in_(_WAITING),
            DeliveryRow.kind != DeliveryKind.TEST.value,
            tuple_(DeliveryRow.receiver, DeliveryRow.recipient).not_in(present),
        )
        .order_by(col(DeliveryRow.created_at), col(DeliveryRow.id))
    )
    return [number for number in rows if number not in skip]


def reroute(
    session: Session,
    ids: Sequence[str],
    routed: Callable[[Alert], Collection[To]],
    now: datetime,
    new_id: Callable[[], str],
) -> Rerouted:
    """Send the alerts of stray messages to all whom *routed* names and who were not told.

    An alert that somebody else hears of leaves its message, and a message without alerts is not sent; the others wait
    for their receiver to return, until they expire.
    """
    moved = [number for number in ids if _reroute(session, session.get_one(DeliveryRow, number), routed, now, new_id)]
    return Rerouted(moved=tuple(moved), left=tuple(number for number in ids if number not in moved))


def _reroute(
    session: Session,
    row: DeliveryRow,
    routed: Callable[[Alert], Collection[To]],
    now: datetime,
    new_id: Callable[[], str],
) -> bool:
    """Whether all that *row* tells goes to others now."""
    members = _members(session, row)
    named = {member.alert_id: routed(mapping.alert(session.get_one(AlertRow, member.alert_id))) for member in members}
    wanted = row.wanted_at or row.due_at
    heard: set[int] = set()
    for to in dict.fromkeys(to for people in named.values() for to in people):
        unknown = [one for one in members if to in named[one.alert_id] and not _was_told(session, one, to)]
        if unknown:
            _send(session, row, to, unknown, number=new_id(), now=now, due_at=wanted, expires_at=row.expires_at)
            heard.update(member.alert_id for member in unknown)
    words = f"sent to others: no receiver {row.receiver} {row.recipient}".rstrip() + " is configured any more"
    if members and len(heard) == len(members):
        row.state, row.reason = DeliveryState.SUPPRESSED.value, words
        session.flush()
        outbox.note(session, row.id, now, DeliveryState.SUPPRESSED, words)
        return True
    if row.attempts == 0:
        outbox.call_off(session, [(row.id, alert_id) for alert_id in heard], now, words)
    return False


def _handed_over() -> ColumnElement[bool]:
    other = aliased(DeliveryRow)
    return exists().where(col(other.stands_for) == col(DeliveryRow.id))


def _members(session: Session, row: DeliveryRow) -> Sequence[DeliveryAlertRow]:
    return session.exec(select(DeliveryAlertRow).where(DeliveryAlertRow.delivery_id == row.id)).all()


def _send(
    session: Session,
    row: DeliveryRow,
    to: To,
    members: Sequence[DeliveryAlertRow],
    *,
    number: str,
    now: datetime,
    due_at: datetime,
    expires_at: datetime,
) -> str:
    """Enter a copy of *row*, of these of its alerts, for somebody else, due then; one that is held goes on waiting."""
    held = row.state == DeliveryState.HELD.value and due_at > now
    copy = DeliveryRow(
        id=number,
        receiver=to[0],
        recipient=to[1],
        kind=row.kind,
        rank=row.rank,
        state=DeliveryState.HELD.value if held else DeliveryState.READY.value,
        reason=row.reason if held else f"told in the stead of {row.receiver}, which it did not reach",
        created_at=now,
        due_at=due_at,
        expires_at=expires_at,
        stands_for=row.id,
    )
    outbox.enter(session, copy, {member.alert_id: member.telling for member in members})
    outbox.say(session, {(number, one.alert_id): codec.words_from_json(one.news) for one in members})
    words = f"told to {to[0]} in its stead (delivery {number})"
    outbox.note(session, row.id, now, DeliveryState(row.state), words)
    return number


def _was_told(session: Session, member: DeliveryAlertRow, to: To) -> bool:
    told = select(DeliveryAlertRow.alert_id).where(
        DeliveryAlertRow.alert_id == member.alert_id,
        DeliveryAlertRow.receiver == to[0],
        DeliveryAlertRow.recipient == to[1],
        DeliveryAlertRow.telling >= member.telling,
    )
    return session.exec(told.limit(1)).first() is not None
