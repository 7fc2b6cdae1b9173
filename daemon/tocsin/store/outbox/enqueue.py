"""The outbox: new deliveries, alerts that join one, and copies that people ask for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import Session, col, delete, distinct, func, insert, select, update

from tocsin.errors import ConflictError
from tocsin.model.alerts import Alert, MatchOutcome
from tocsin.model.deliveries import SETTLED, UNTRIED, DeliveryKind, DeliveryState
from tocsin.model.reasons import NO_REASON, Cause, Reason
from tocsin.model.rules import Severity
from tocsin.policy.alerting.facts import Planned
from tocsin.policy.notifying.retry import LIFE, PRICE_LIFE
from tocsin.render.reasons import in_words
from tocsin.store.db import mapping
from tocsin.store.db.statements import new_id, pieces, put, save
from tocsin.store.db.tables import AlertRow, DeliveryAlertRow, DeliveryRow, MatchRow, RevisionRow

#: The columns of a row, by name.
_Row = dict[str, Any]

# A poll may plan ten thousand deliveries, so three statements, built once, write all of them.
_TABLES = DeliveryRow.metadata.tables
_DELIVERY, _MEMBER, _TRANSITION = (insert(_TABLES[name]) for name in ("delivery", "delivery_alert", "transition"))
_DELIVERIES, _MEMBERS = _TABLES["delivery"].c, _TABLES["delivery_alert"].c
_THE_MEMBER = (_MEMBERS.delivery_id == bindparam("number"), _MEMBERS.alert_id == bindparam("alert"))
_JOINED = update(_TABLES["delivery"]).where(_DELIVERIES.id == bindparam("number"))
_OF_MEMBER = update(_TABLES["delivery_alert"]).where(*_THE_MEMBER)
_REMOVED = delete(_TABLES["delivery_alert"]).where(*_THE_MEMBER)
_FRESH: _Row = {
    "state": DeliveryState.READY,
    "reason": NO_REASON,
    "fence": 0,
    "attempts": 0,
    "resend": 0,
    "resend_of": None,
    "stands_for": None,
}
_PLANNED = Reason(cause=Cause.PLANNED)


def plan(
    session: Session, planned: Sequence[Planned], now: datetime, settles: datetime | None = None
) -> tuple[str, ...]:
    """Write new deliveries, held, ready or suppressed; return their ids in order.

    With *settles* ready ones wait until then, or until `release_planned`: more alerts may join them.
    """
    alerts = {alert_id for item in planned for alert_id in item.alert_ids}
    ranks, tellings = _ranks(session, alerts), _tellings(session, alerts)
    rows, members = [], list[_Row]()
    for item in planned:
        kept = item.dropped or item.held
        fields = {
            **mapping.columns(item, DeliveryRow),
            "rank": max((ranks[alert_id] for alert_id in item.alert_ids), default=0),
            "state": _state(item),
            "reason": kept,
            "created_at": now,
            "due_at": max(item.due_at, settles) if settles and not kept else item.due_at,
        }
        row = fresh(session, **fields)
        rows.append(row)
        members += (
            _member(row, number, tellings.get(number, 0), item.news.get(number, ())) for number in item.alert_ids
        )
    enter(session, rows, members)
    return tuple(row["id"] for row in rows)


def release_planned(session: Session, planned_at: datetime) -> None:
    """Release the messages planned at that time, whose document is now complete."""
    session.exec(
        update(DeliveryRow)
        .where(
            col(DeliveryRow.state) == DeliveryState.READY,
            col(DeliveryRow.due_at) > planned_at,
            col(DeliveryRow.created_at) == planned_at,
            col(DeliveryRow.attempts) == 0,
        )
        .values(due_at=planned_at)
    )


def _state(planned: Planned) -> DeliveryState:
    if planned.dropped:
        return DeliveryState.SUPPRESSED
    return DeliveryState.HELD if planned.held else DeliveryState.READY


def keep_digests(session: Session, planned: Sequence[Planned], now: datetime) -> None:
    """Write the *planned* digests that are not waiting yet."""
    missing = [
        item
        for item in planned
        if session.exec(
            select(DeliveryRow.id).where(
                DeliveryRow.receiver == item.receiver,
                DeliveryRow.recipient == item.recipient,
                DeliveryRow.kind == item.kind,
                DeliveryRow.due_at == item.due_at,
                col(DeliveryRow.state).in_(UNTRIED),
            )
        ).first()
        is None
    ]
    plan(session, missing, now)


def join(session: Session, joined: Sequence[tuple[str, tuple[int, ...]]]) -> None:
    """Add alerts to deliveries that were never tried."""
    alerts = {alert_id for _, alert_ids in joined for alert_id in alert_ids}
    ranks, tellings = _ranks(session, alerts), _tellings(session, alerts)
    wanted = col(DeliveryRow.id)
    known = {
        row.id: row
        for piece in pieces(delivery_id for delivery_id, _ in joined)
        for row in session.exec(select(DeliveryRow).where(wanted.in_(piece)))
    }
    changed, members = [], list[_Row]()
    for delivery_id, alert_ids in joined:
        row = known[delivery_id]
        rank = max([row.rank, *(ranks[number] for number in alert_ids)])
        # A delivery of prices that news joins expires as late as news.
        changed.append({"number": row.id, "rank": rank, "expires_at": max(row.expires_at, row.due_at + LIFE)})
        fields = row.model_dump(include={"id", "receiver", "recipient", "resend"})
        members += (_member(fields, number, tellings.get(number, 0)) for number in alert_ids)
    put(session, _JOINED, changed)
    save(session, DeliveryAlertRow, ("delivery_id", "alert_id"), members, change=("telling",))


def raise_ranks(session: Session, alerts: Iterable[Alert]) -> None:
    """Give messages that were never tried the severity of *alerts* in them that became more severe."""
    for alert in alerts:
        of_alert = select(DeliveryAlertRow.delivery_id).where(DeliveryAlertRow.alert_id == alert.id)
        session.exec(
            update(DeliveryRow)
            .where(
                col(DeliveryRow.id).in_(of_alert),
                col(DeliveryRow.state).in_(UNTRIED),
                col(DeliveryRow.attempts) == 0,
                col(DeliveryRow.rank) < alert.severity.rank,
            )
            .values(rank=alert.severity.rank)
        )


def add_news(session: Session, news: Mapping[tuple[str, int], tuple[str, ...]]) -> None:
    """Add *news*, by (delivery id, alert), to messages that were never tried."""
    changed = []
    for piece in pieces(delivery_id for delivery_id, _ in news):
        for row in session.exec(select(DeliveryAlertRow).where(col(DeliveryAlertRow.delivery_id).in_(piece))):
            words = news.get((row.delivery_id, row.alert_id))
            if words:
                said = _words((*row.news, *words))
                changed.append({"number": row.delivery_id, "alert": row.alert_id, "news": said})
    put(session, _OF_MEMBER, changed)


def merge(session: Session, delivery_id: str, others: Sequence[str]) -> None:
    """Move the alerts of *others* to the same recipient into a delivery that was never tried."""
    found = members_of(session, [delivery_id, *others])
    inside = {member.alert_id for member in found[delivery_id]}
    moved, doubled = list[_Row](), list[_Row]()
    news: dict[tuple[str, int], tuple[str, ...]] = {}
    for number in others:
        for member in found[number]:
            row = {"number": number, "alert": member.alert_id}
            if member.alert_id in inside:
                doubled.append(row)
                known = news.get((delivery_id, member.alert_id), ())
                news[delivery_id, member.alert_id] = (*known, *member.news)
            else:
                inside.add(member.alert_id)
                moved.append({**row, "delivery_id": delivery_id})
    put(session, _REMOVED, doubled)
    put(session, _OF_MEMBER, moved)
    add_news(session, news)


def release(session: Session, delivery_ids: Sequence[str], now: datetime) -> None:
    """Make held deliveries ready now, with all alerts in them."""
    held = DeliveryRow.state == DeliveryState.HELD
    for piece in pieces(delivery_ids):
        numbers = session.exec(select(DeliveryRow.id).where(col(DeliveryRow.id).in_(piece), held)).all()
        change(session, numbers, now, DeliveryState.READY, Reason(cause=Cause.RELEASED), due_at=now)


def waiting_updates(session: Session, alerts: Collection[int]) -> list[str]:
    """Return the updates about any of *alerts* that were never tried."""
    return list(
        session.exec(
            select(DeliveryRow.id)
            .join(DeliveryAlertRow, col(DeliveryAlertRow.delivery_id) == DeliveryRow.id)
            .where(
                col(DeliveryAlertRow.alert_id).in_(alerts),
                DeliveryRow.kind == DeliveryKind.UPDATE,
                col(DeliveryRow.state).in_(UNTRIED),
                DeliveryRow.attempts == 0,
            )
            .distinct()
        )
    )


def cancel(session: Session, needless: Sequence[tuple[str, int]], now: datetime, reason: Reason) -> None:
    """Remove alerts, (delivery id, alert), from deliveries that were never tried; suppress those left without alerts."""
    leaving: dict[str, list[int]] = defaultdict(list)
    for delivery_id, alert_id in needless:
        leaving[delivery_id].append(alert_id)
    of = col(DeliveryAlertRow.delivery_id)
    for piece in pieces(leaving):
        sizes = session.exec(select(of, func.count()).where(of.in_(piece)).group_by(of)).all()
        empty = {number for number, size in sizes if size <= len(leaving[number])}
        # A suppressed delivery keeps its last alert, to show what it was about.
        gone = [(number, alert) for number in piece for alert in leaving[number][: -1 if number in empty else None]]
        put(session, _REMOVED, [{"number": number, "alert": alert} for number, alert in gone])
        change(session, sorted(empty), now, DeliveryState.SUPPRESSED, reason)


def test(session: Session, receiver: str, recipient: str, now: datetime) -> str:
    """Enter a test message ahead of all others to *receiver*; return its id."""
    row = fresh(
        session,
        receiver=receiver,
        recipient=recipient,
        kind=DeliveryKind.TEST,
        rank=Severity.CRITICAL.rank,
        created_at=now,
        due_at=now,
        expires_at=now + PRICE_LIFE,
    )
    enter(session, [row], ())
    return str(row["id"])


def resend(session: Session, delivery_id: str, now: datetime, *, again: bool = True) -> str:
    """Enter a copy of a settled delivery, to be rendered again; return the id of the copy.

    If not *again*, a delivery that was resent already is not resent once more, and the id of its last copy is returned.

    Raises:
        ConflictError: there is no such delivery, it is still under way, or its alerts were moved to another one.
    """
    original = session.exec(select(DeliveryRow).where(DeliveryRow.id == delivery_id)).one_or_none()
    if original is None:
        raise ConflictError(f"there is no delivery {delivery_id}; see: tocsin deliveries list")
    if original.state not in SETTLED:
        raise ConflictError(f"the delivery {delivery_id} is still under way ({original.state}): it needs no copy")
    first = original.resend_of or original.id
    last = session.exec(
        select(DeliveryRow).where(DeliveryRow.resend_of == first).order_by(col(DeliveryRow.resend).desc()).limit(1)
    ).first()
    copies = last.resend if last else 0
    if last and copies > original.resend and not again:
        return last.id
    original.silence_id = None  # it is sent again now, so it must not be sent again when the silence ends
    members = session.exec(select(DeliveryAlertRow).where(DeliveryAlertRow.delivery_id == delivery_id)).all()
    if not members and original.state == DeliveryState.SUPPRESSED:
        words = in_words(original.reason)
        raise ConflictError(f"the delivery {delivery_id} has no alerts of its own any more: {words}")
    row = fresh(
        session,
        receiver=original.receiver,
        recipient=original.recipient,
        kind=original.kind,
        rank=original.rank,
        reason=Reason(cause=Cause.COPY, by=first),
        created_at=now,
        due_at=now,
        expires_at=now + (original.expires_at - original.created_at),
        resend=copies + 1,
        resend_of=first,
    )
    enter(session, [row], [copied(row, member) for member in members])
    return str(row["id"])


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


def _noted(delivery_id: str, at: datetime, state: DeliveryState, reason: Reason) -> _Row:
    return {"delivery_id": delivery_id, "at": at, "state": state, "reason": reason}


def fresh(session: Session, **fields: object) -> _Row:
    """Return the columns of a new delivery, ready unless *fields* have another state."""
    return {**_FRESH, "id": new_id(session), **fields}


def _member(row: _Row, alert_id: int, telling: int, news: Iterable[str] = ()) -> _Row:
    """Return the columns of an alert in the delivery with the columns *row*."""
    return {
        "delivery_id": row["id"],
        "alert_id": alert_id,
        "receiver": row["receiver"],
        "recipient": row["recipient"],
        "telling": telling,
        "resend": row["resend"],
        "news": _words(news),
    }


def copied(row: _Row, member: DeliveryAlertRow) -> _Row:
    """Return the columns of *member* in another delivery."""
    return _member(row, member.alert_id, member.telling, member.news)


def _words(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))


def enter(session: Session, rows: Sequence[_Row], members: Sequence[_Row]) -> None:
    """Write new deliveries with their alerts and their first transition."""
    put(session, _DELIVERY, rows)
    put(session, _MEMBER, members)
    put(session, _TRANSITION, [_noted(r["id"], r["created_at"], r["state"], r["reason"] or _PLANNED) for r in rows])


def _ranks(session: Session, alerts: Collection[int]) -> dict[int, int]:
    rows = session.exec(select(AlertRow.id, AlertRow.severity).where(col(AlertRow.id).in_(alerts))).all()
    return {number: Severity(severity).rank for number, severity in rows}


def _tellings(session: Session, alerts: Collection[int]) -> dict[int | None, int]:
    """Return the number of the latest notification of each alert.

    It counts the matches that were more than further coverage, and the later wordings of their entries, as each of them
    may be a correction.
    """
    counted = session.exec(
        select(MatchRow.alert_id, func.count(distinct(MatchRow.id)) + func.count(col(RevisionRow.id)))
        .join(RevisionRow, col(RevisionRow.entry_id) == MatchRow.entry_id, isouter=True)
        .where(col(MatchRow.alert_id).in_(alerts), MatchRow.fate != MatchOutcome.JOINED)
        .group_by(col(MatchRow.alert_id))
    )
    return dict(counted.all())
