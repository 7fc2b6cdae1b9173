"""What people say of alerts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, insert, select

from tocsin.model import Answered, AnswerKind
from tocsin.store.tables import AlertRow, AnswerRow


def of(session: Session, which: ColumnElement[bool]) -> dict[int, Answered]:
    """What was said of the alerts for which *which* holds, by their number; those without an answer are not in it."""
    rows = session.exec(
        select(AnswerRow)
        .join(AlertRow, col(AlertRow.id) == AnswerRow.alert_id)
        .where(which)
        .order_by(col(AnswerRow.id))
    )
    found: dict[int, Answered] = {}
    for row in rows:
        found[row.alert_id] = _with(found.get(row.alert_id, Answered()), row)
    return found


def _with(answered: Answered, row: AnswerRow) -> Answered:
    kind = AnswerKind(row.kind)
    if kind is AnswerKind.ACK:
        return replace(answered, acked_at=row.at, acked_by=row.by)
    if kind is AnswerKind.SNOOZE:
        return replace(answered, snoozed_until=row.until)
    return replace(answered, verdict=kind, why=row.why)


def add(
    session: Session,
    numbers: Sequence[int],
    kind: AnswerKind,
    *,
    at: datetime,
    by: str,
    until: datetime | None,
    why: str,
) -> None:
    """Put an answer to each of the alerts *numbers* on record."""
    for number in numbers:
        session.exec(insert(AnswerRow).values(alert_id=number, kind=kind.value, at=at, by=by, until=until, why=why))
