"""Entries that a source rewrote or withdrew: what they say now, and whom that concerns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, insert, select

from tocsin.model import DeliveryKind, DeliveryState, Entry, Fate, Judged, Revised
from tocsin.policy import correction
from tocsin.policy.correction import Claim, Correction
from tocsin.policy.facts import Arrival
from tocsin.store import codec, mapping
from tocsin.store.tables import AlertRow, DeliveryAlertRow, DeliveryRow, EntryRow, MatchRow, RevisionRow
from tocsin.text.titles import normal

#: What leads an alert; coverage that only joined one corrects nothing.
_LEADING = (Fate.ALERTED.value, Fate.UPDATED.value, Fate.HELD.value, Fate.CATCH_UP.value)
_UNTOLD = (DeliveryState.DEAD.value, DeliveryState.SUPPRESSED.value)
_OWN = (DeliveryKind.OPERATOR.value, DeliveryKind.TEST.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What came of rewritten and withdrawn entries: *arrivals* of rules that they meet now, and *corrections*."""

    arrivals: tuple[Arrival, ...] = ()
    corrections: tuple[Correction, ...] = ()


def take_in(
    session: Session, source_id: int, rewritten: Sequence[Judged], deleted: Collection[str], now: datetime
) -> Revision:
    """Write what entries of a source say now, *rewritten* or *deleted* (their ids), where that is new."""
    arrivals: list[Arrival] = []
    corrections: list[Correction] = []
    by_id = {item.entry.id: item for item in rewritten}
    for row in _rows(session, source_id, {*by_id, *deleted}):
        number = mapping.identity(row.id)
        judged = by_id.get(row.ident) if row.ident not in deleted else None
        last, told = _last(session, number)
        before = last.title if last else row.title
        if (last and last.withdrawn) or (judged and normal(judged.entry.title) == normal(before)):
            continue
        claims, met = _claims(session, number)
        wrong = correction.material(before, judged.entry.title if judged else "", claims, judged)
        due = correction.is_due(told, now) or judged is None
        concerned = _concerned(session, [alert.id for alert in wrong]) if due else {}
        corrections += [Correction(alert=alert, to=concerned[alert.id]) for alert in wrong if alert.id in concerned]
        _write(session, number, judged.entry if judged else None, now, told=now if concerned else None)
        new = tuple(match for match in judged.matches if match.rule.id not in met) if judged else ()
        if new:
            arrivals.append(Arrival(entry_id=number, matches=new))
    return Revision(arrivals=tuple(arrivals), corrections=tuple(corrections))


def latest(session: Session, numbers: Iterable[int]) -> dict[int, Revised]:
    """What those of the entries *numbers* say now that were rewritten or withdrawn."""
    rows = session.exec(
        select(RevisionRow).where(col(RevisionRow.entry_id).in_(list(numbers))).order_by(col(RevisionRow.id))
    )
    return {row.entry_id: Revised(at=row.at, title=row.title, withdrawn=row.withdrawn) for row in rows}


def _rows(session: Session, source_id: int, ids: Collection[str]) -> Sequence[EntryRow]:
    if not ids:
        return ()
    wanted = (col(EntryRow.source_id) == source_id, col(EntryRow.ident).in_(ids), col(EntryRow.pruned).is_(False))
    return session.exec(select(EntryRow).where(*wanted).order_by(col(EntryRow.id))).all()


def _last(session: Session, number: int) -> tuple[RevisionRow | None, datetime | None]:
    """The newest revision of an entry, and when people last heard of one."""
    found = select(RevisionRow).where(RevisionRow.entry_id == number).order_by(col(RevisionRow.id).desc()).limit(1)
    told = session.exec(select(func.max(RevisionRow.told)).where(RevisionRow.entry_id == number)).one()
    return session.exec(found).one_or_none(), told


def _claims(session: Session, number: int) -> tuple[list[Claim], set[str]]:
    """What an entry was told for, and every rule that it met."""
    rows = session.exec(select(MatchRow).where(MatchRow.entry_id == number)).all()
    numbers = [row.alert_id for row in rows if row.fate in _LEADING and row.alert_id is not None]
    alerts = {row.id: mapping.alert(row) for row in session.exec(select(AlertRow).where(col(AlertRow.id).in_(numbers)))}
    claims = [
        Claim(alert=alerts[row.alert_id], labels=codec.labels_from_json(row.labels))
        for row in rows
        if row.alert_id in alerts and row.fate in _LEADING
    ]
    return claims, {row.rule for row in rows}


def _concerned(session: Session, alerts: Sequence[int]) -> dict[int, tuple[tuple[str, str], ...]]:
    """Who was told of *alerts*, or will be."""
    found: dict[int, dict[tuple[str, str], None]] = {}
    statement = (
        select(DeliveryAlertRow.alert_id, DeliveryRow.receiver, DeliveryRow.recipient)
        .join(DeliveryRow, col(DeliveryRow.id) == DeliveryAlertRow.delivery_id)
        .where(
            col(DeliveryAlertRow.alert_id).in_(alerts),
            col(DeliveryRow.state).not_in(_UNTOLD),
            col(DeliveryRow.kind).not_in(_OWN),
        )
        .order_by(col(DeliveryRow.created_at), col(DeliveryRow.id))
    )
    for alert, receiver, recipient in session.exec(statement):
        found.setdefault(alert, {})[receiver, recipient] = None
    return {alert: tuple(to) for alert, to in found.items()}


def _write(session: Session, number: int, entry: Entry | None, now: datetime, *, told: datetime | None) -> None:
    session.exec(
        insert(RevisionRow).values(
            entry_id=number,
            at=now,
            title=entry.title if entry else "",
            summary=entry.summary if entry else "",
            withdrawn=entry is None,
            told=told,
        )
    )
