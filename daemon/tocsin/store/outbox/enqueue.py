"""The outbox: planned deliveries, and what joins or leaves them before they are tried."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import bindparam
from sqlmodel import Session, and_, col, delete, distinct, func, select, update

from tocsin.model.alerts import Alert, MatchOutcome
from tocsin.model.deliveries import UNTRIED, DeliveryKind, DeliveryState
from tocsin.model.reasons import Cause, Reason
from tocsin.model.rules import Severity
from tocsin.policy.alerting.facts import Planned
from tocsin.policy.notifying.retry import LIFE
from tocsin.store.db import mapping
from tocsin.store.db.delivery_tables import DeliveryAlertRow, DeliveryRow
from tocsin.store.db.statements import pieces, put, save
from tocsin.store.outbox import delivery_rows
from tocsin.store.outbox.delivery_rows import Columns

_TABLES = DeliveryRow.metadata.tables
_DELIVERIES, _MEMBERS = _TABLES["delivery"].c, _TABLES["delivery_alert"].c
_THE_MEMBER = (_MEMBERS.delivery_id == bindparam("number"), _MEMBERS.alert_id == bindparam("alert"))
_JOINED = update(_TABLES["delivery"]).where(_DELIVERIES.id == bindparam("number"))
_OF_MEMBER = update(_TABLES["delivery_alert"]).where(*_THE_MEMBER)
# Every decision asks for it: built once, because that costs more than to run it.
_ALERTS, _MATCHES, _REVISIONS = (_TABLES[name].c for name in ("alert", "match", "revision"))
_TELLINGS = (
    select(
        _ALERTS.id,
        _ALERTS.severity,
        _ALERTS.over_at,
        func.count(distinct(_MATCHES.id)) + func.count(_REVISIONS.id),
    )
    .join_from(
        _TABLES["alert"],
        _TABLES["match"],
        and_(_MATCHES.alert_id == _ALERTS.id, _MATCHES.fate != MatchOutcome.JOINED),
        isouter=True,
    )
    .join(_TABLES["revision"], _REVISIONS.entry_id == _MATCHES.entry_id, isouter=True)
    .where(_ALERTS.id.in_(bindparam("alerts", expanding=True)))
    .group_by(_ALERTS.id)
)
_REMOVED = delete(_TABLES["delivery_alert"]).where(*_THE_MEMBER)


def plan(
    session: Session, planned: Sequence[Planned], now: datetime, settles: datetime | None = None
) -> tuple[str, ...]:
    """Write new deliveries, held, ready or suppressed; return their ids in order.

    With *settles* ready ones wait until then, or until `release_planned`: more alerts may join them.
    """
    alerts = {alert_id for item in planned for alert_id in item.alert_ids}
    ranks, tellings = _ranks_and_tellings(session, alerts)
    rows, members = [], list[Columns]()
    for item in planned:
        kept = item.dropped or item.held
        fields = {
            **mapping.columns(item, DeliveryRow),
            "rank": max((ranks[alert_id] for alert_id in item.alert_ids), default=0),
            "state": _state(item),
            "reason": kept or item.why,
            "created_at": now,
            "due_at": max(item.due_at, settles) if settles and not kept else item.due_at,
        }
        row = delivery_rows.fresh(session, **fields)
        rows.append(row)
        members += (
            delivery_rows.member(
                row, number, tellings.get(number, 0), item.news.get(number, ()), item.again.get(number, 0)
            )
            for number in item.alert_ids
        )
    delivery_rows.enter(session, rows, members)
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
    ranks, tellings = _ranks_and_tellings(session, alerts)
    wanted = col(DeliveryRow.id)
    known = {
        row.id: row
        for piece in pieces(delivery_id for delivery_id, _ in joined)
        for row in session.exec(select(DeliveryRow).where(wanted.in_(piece)))
    }
    changed, members = [], list[Columns]()
    for delivery_id, alert_ids in joined:
        row = known[delivery_id]
        rank = max([row.rank, *(ranks[number] for number in alert_ids)])
        # A delivery of prices that news joins expires as late as news.
        changed.append({"number": row.id, "rank": rank, "expires_at": max(row.expires_at, row.due_at + LIFE)})
        fields = row.model_dump(include={"id", "receiver", "recipient", "resend"})
        members += (delivery_rows.member(fields, number, tellings.get(number, 0)) for number in alert_ids)
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
                said = tuple(dict.fromkeys((*row.news, *words)))
                changed.append({"number": row.delivery_id, "alert": row.alert_id, "news": said})
    put(session, _OF_MEMBER, changed)


def merge(session: Session, delivery_id: str, others: Sequence[str]) -> None:
    """Move the alerts of *others* to the same recipient into a delivery that was never tried."""
    found = delivery_rows.members_of(session, [delivery_id, *others])
    inside = {member.alert_id for member in found[delivery_id]}
    moved, doubled = list[Columns](), list[Columns]()
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
        delivery_rows.change(session, numbers, now, DeliveryState.READY, Reason(cause=Cause.RELEASED), due_at=now)


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
        delivery_rows.change(session, sorted(empty), now, DeliveryState.SUPPRESSED, reason)


def _ranks_and_tellings(session: Session, alerts: Collection[int]) -> tuple[dict[int, int], dict[int, int]]:
    """Return the rank of the severity of each alert, and the number of its latest notification.

    It counts the matches that were more than further coverage, the later wordings of their entries, as each of them may be
    a correction, and the end of the alert.
    """
    ranks, tellings = dict[int, int](), dict[int, int]()
    for piece in pieces(alerts):
        for number, severity, over_at, times in session.connection().execute(_TELLINGS, {"alerts": piece}):
            ranks[number], tellings[number] = Severity(severity).rank, times and times + (over_at is not None)
    return ranks, tellings
