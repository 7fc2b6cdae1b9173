"""What enters the outbox: new deliveries, alerts that join one, and copies that somebody asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from sqlmodel import Session, col, func, insert, select, update

from tocsin.errors import StoreError
from tocsin.model import DeliveryKind, DeliveryState, Fate, Severity
from tocsin.policy.facts import Planned
from tocsin.policy.retry import LIFE, PRICE_LIFE
from tocsin.store import codec
from tocsin.store.sqlite import upsert
from tocsin.store.tables import (
    AlertRow,
    DeliveryAlertRow,
    DeliveryRow,
    MatchRow,
    RevisionRow,
    TransitionRow,
)

_WAITING = (DeliveryState.HELD.value, DeliveryState.READY.value)
_SETTLED = (DeliveryState.DELIVERED.value, DeliveryState.DEAD.value, DeliveryState.SUPPRESSED.value)


def plan(session: Session, planned: Sequence[Planned], now: datetime, new_id: Callable[[], str]) -> tuple[str, ...]:
    """Write new deliveries, held, ready or suppressed; their ids, in order."""
    alerts = {alert_id for item in planned for alert_id in item.alert_ids}
    ranks, tellings = _ranks(session, alerts), _tellings(session, alerts)
    ids = []
    for item in planned:
        row = DeliveryRow(
            id=new_id(),
            receiver=item.receiver,
            recipient=item.recipient,
            kind=item.kind.value,
            rank=max((ranks[alert_id] for alert_id in item.alert_ids), default=0),
            state=_state(item).value,
            reason=item.dropped or item.held,
            created_at=now,
            due_at=item.due_at,
            expires_at=item.expires_at,
        )
        enter(session, row, {number: tellings.get(number, 0) for number in item.alert_ids})
        say(session, {(row.id, number): words for number, words in item.news.items()})
        ids.append(row.id)
    return tuple(ids)


def _state(planned: Planned) -> DeliveryState:
    if planned.dropped:
        return DeliveryState.SUPPRESSED
    return DeliveryState.HELD if planned.held else DeliveryState.READY


def keep_digests(session: Session, planned: Sequence[Planned], now: datetime, new_id: Callable[[], str]) -> None:
    """Write those of the *planned* digests that do not wait already."""
    missing = [
        item
        for item in planned
        if session.exec(
            select(DeliveryRow.id).where(
                DeliveryRow.receiver == item.receiver,
                DeliveryRow.recipient == item.recipient,
                DeliveryRow.kind == item.kind.value,
                DeliveryRow.due_at == item.due_at,
                col(DeliveryRow.state).in_(_WAITING),
            )
        ).first()
        is None
    ]
    plan(session, missing, now, new_id)


def join(session: Session, joined: Sequence[tuple[str, tuple[int, ...]]]) -> None:
    """Let alerts join the messages of deliveries that were never tried."""
    alerts = {alert_id for _, alert_ids in joined for alert_id in alert_ids}
    ranks, tellings = _ranks(session, alerts), _tellings(session, alerts)
    for delivery_id, alert_ids in joined:
        row = session.exec(select(DeliveryRow).where(DeliveryRow.id == delivery_id)).one()
        row.rank = max([row.rank, *(ranks[number] for number in alert_ids)])
        row.expires_at = max(row.expires_at, row.due_at + LIFE)  # news that joins a price lives longer than it
        session.flush()
        _put_in(session, row, {number: tellings.get(number, 0) for number in alert_ids})


def say(session: Session, news: Mapping[tuple[str, int], tuple[str, ...]]) -> None:
    """Let messages that were never tried say, by (delivery id, alert), what else is new."""
    for (delivery_id, alert_id), words in news.items():
        row = session.get_one(DeliveryAlertRow, (delivery_id, alert_id))
        row.news = codec.words_to_json(tuple(dict.fromkeys((*codec.words_from_json(row.news), *words))))
        session.add(row)
    session.flush()


def hasten(session: Session, delivery_ids: Sequence[str], now: datetime) -> None:
    """Let held deliveries leave now, and with all that waits in them."""
    words = "released: an alert in it grew past its cooldown"
    for delivery_id in delivery_ids:
        changed = session.exec(
            update(DeliveryRow)
            .where(col(DeliveryRow.id) == delivery_id, col(DeliveryRow.state) == DeliveryState.HELD.value)
            .values(state=DeliveryState.READY.value, due_at=now, reason=words)
        )
        if changed.rowcount:
            note(session, delivery_id, now, DeliveryState.READY, words)


def waiting_updates(session: Session, alerts: Collection[int]) -> list[str]:
    """The updates about any of *alerts* that were never tried."""
    return list(
        session.exec(
            select(DeliveryRow.id)
            .join(DeliveryAlertRow, col(DeliveryAlertRow.delivery_id) == DeliveryRow.id)
            .where(
                col(DeliveryAlertRow.alert_id).in_(alerts),
                DeliveryRow.kind == DeliveryKind.UPDATE.value,
                col(DeliveryRow.state).in_(_WAITING),
                DeliveryRow.attempts == 0,
            )
            .distinct()
        )
    )


def hold(session: Session, delivery_id: str, until: datetime, now: datetime, words: str) -> None:
    """Let a delivery that was never tried wait *until* then."""
    session.exec(
        update(DeliveryRow)
        .where(col(DeliveryRow.id) == delivery_id)
        .values(state=DeliveryState.HELD.value, due_at=until, expires_at=until + LIFE, reason=words)
    )
    note(session, delivery_id, now, DeliveryState.HELD, words)


def call_off(session: Session, needless: Sequence[tuple[str, int]], now: datetime, words: str) -> None:
    """Take alerts, (delivery id, alert), out of deliveries that were never tried; one that is about no other is not sent."""
    for delivery_id, alert_id in needless:
        members = session.exec(select(DeliveryAlertRow).where(DeliveryAlertRow.delivery_id == delivery_id)).all()
        if len(members) > 1:
            session.delete(next(member for member in members if member.alert_id == alert_id))
            session.flush()
            continue
        session.exec(
            update(DeliveryRow)
            .where(col(DeliveryRow.id) == delivery_id)
            .values(state=DeliveryState.SUPPRESSED.value, reason=words)
        )
        note(session, delivery_id, now, DeliveryState.SUPPRESSED, words)


def test(session: Session, receiver: str, recipient: str, now: datetime, new_id: str) -> str:
    """Enter a test, before everything else that waits for *receiver*; its id."""
    row = DeliveryRow(
        id=new_id,
        receiver=receiver,
        recipient=recipient,
        kind=DeliveryKind.TEST.value,
        rank=Severity.CRITICAL.rank,
        state=DeliveryState.READY.value,
        reason="",
        created_at=now,
        due_at=now,
        expires_at=now + PRICE_LIFE,
    )
    enter(session, row, {})
    return row.id


def resend(session: Session, delivery_id: str, now: datetime, new_id: Callable[[], str]) -> str:
    """Enter a copy of a settled delivery, rendered anew under an id of its own; that id.

    Raises:
        StoreError: there is no such delivery, it is still under way, or its alerts went into another one.
    """
    original = session.exec(select(DeliveryRow).where(DeliveryRow.id == delivery_id)).one_or_none()
    if original is None:
        raise StoreError(f"there is no delivery {delivery_id}; see: tocsin deliveries list")
    if original.state not in _SETTLED:
        raise StoreError(f"the delivery {delivery_id} is still under way ({original.state}): it needs no copy")
    original.silence_id = None  # nothing that was told waits for the silence to end
    members = session.exec(select(DeliveryAlertRow).where(DeliveryAlertRow.delivery_id == delivery_id)).all()
    if not members and original.state == DeliveryState.SUPPRESSED.value:
        raise StoreError(f"the delivery {delivery_id} has nothing of its own any more: {original.reason}")
    first = original.resend_of or original.id
    copies = session.exec(select(func.max(DeliveryRow.resend)).where(DeliveryRow.resend_of == first)).one() or 0
    row = DeliveryRow(
        id=new_id(),
        receiver=original.receiver,
        recipient=original.recipient,
        kind=original.kind,
        rank=original.rank,
        state=DeliveryState.READY.value,
        reason=f"sent again on demand: a copy of {first}",
        created_at=now,
        due_at=now,
        expires_at=now + (original.expires_at - original.created_at),
        resend=copies + 1,
        resend_of=first,
    )
    enter(session, row, {member.alert_id: member.telling for member in members})
    say(session, {(row.id, member.alert_id): codec.words_from_json(member.news) for member in members})
    return row.id


def note(session: Session, delivery_id: str, at: datetime, state: DeliveryState, reason: str) -> None:
    """Put a change of state on record."""
    session.exec(insert(TransitionRow).values(delivery_id=delivery_id, at=at, state=state.value, reason=reason))


def enter(session: Session, row: DeliveryRow, tellings: Mapping[int, int]) -> None:
    """Write a new delivery with its alerts, and which telling of each that is."""
    session.add(row)
    session.flush()
    _put_in(session, row, tellings)
    note(session, row.id, row.created_at, DeliveryState(row.state), row.reason or "planned")


def _put_in(session: Session, row: DeliveryRow, tellings: Mapping[int, int]) -> None:
    members = [
        {
            "delivery_id": row.id,
            "alert_id": alert_id,
            "receiver": row.receiver,
            "recipient": row.recipient,
            "telling": telling,
            "resend": row.resend,
        }
        for alert_id, telling in tellings.items()
    ]
    if members:
        session.connection().execute(
            upsert(DeliveryAlertRow, ("delivery_id", "alert_id"), change=("telling",)), members
        )


def _ranks(session: Session, alerts: Collection[int]) -> dict[int, int]:
    rows = session.exec(select(AlertRow.id, AlertRow.severity).where(col(AlertRow.id).in_(alerts))).all()
    return {number: Severity(severity).rank for number, severity in rows}


def _tellings(session: Session, alerts: Collection[int]) -> dict[int | None, int]:
    """How often there was something to tell of each alert.

    Its matches, less those that were only more coverage, and the wordings of their entries: each may be a correction.
    """
    told = Counter(
        dict(
            session.exec(
                select(MatchRow.alert_id, func.count())
                .where(col(MatchRow.alert_id).in_(alerts), MatchRow.fate != Fate.JOINED.value)
                .group_by(col(MatchRow.alert_id))
            ).all()
        )
    )
    reworded = (
        select(MatchRow.alert_id, func.count())
        .join(RevisionRow, col(RevisionRow.entry_id) == MatchRow.entry_id)
        .where(
            col(MatchRow.alert_id).in_(alerts),
            MatchRow.fate != Fate.JOINED.value,
        )
        .group_by(col(MatchRow.alert_id))
    )
    return told + Counter(dict(session.exec(reworded).all()))
