"""The dates that entries of alerts announce, for people."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlmodel import Session, col, select

from tocsin.model.dates import DateState, KeptDate
from tocsin.store.db import mapping
from tocsin.store.db.tables import AlertRow, DateRow


def dates(
    session: Session,
    since: date | None = None,
    states: Collection[DateState] = tuple(DateState),
    most: int | None = None,
) -> tuple[KeptDate, ...]:
    """Return the dates in one of *states* from the day *since* on, the next first."""
    wanted = select(DateRow, AlertRow.title).join(AlertRow, col(AlertRow.id) == DateRow.alert_id)
    wanted = wanted.where(col(DateRow.state).in_(states))
    if since is not None:
        wanted = wanted.where(col(DateRow.day) >= since)
    rows = session.exec(wanted.order_by(col(DateRow.day), col(DateRow.id)).limit(most))
    return tuple(mapping.read(KeptDate, row, title=title) for row, title in rows)


def of_alert(session: Session, number: int) -> tuple[KeptDate, ...]:
    """Return the dates of the alert *number*, the next first."""
    rows = session.exec(
        select(DateRow, AlertRow.title)
        .join(AlertRow, col(AlertRow.id) == DateRow.alert_id)
        .where(DateRow.alert_id == number)
        .order_by(col(DateRow.day), col(DateRow.id))
    )
    return tuple(mapping.read(KeptDate, row, title=title) for row, title in rows)


def one(session: Session, number: int) -> KeptDate | None:
    """Return the date *number*, if there is one."""
    wanted = select(DateRow, AlertRow.title).join(AlertRow, col(AlertRow.id) == DateRow.alert_id)
    found = session.exec(wanted.where(DateRow.id == number)).first()
    return mapping.read(KeptDate, found[0], title=found[1]) if found else None
