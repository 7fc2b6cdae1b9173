"""Silences: written by people, and applied to messages that are due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_, select

from tocsin.errors import ConflictError
from tocsin.model.deliveries import DeliveryState
from tocsin.model.reasons import Cause, Reason
from tocsin.policy.notifying.silence import Matcher, Silence, first, parse
from tocsin.store.db import mapping
from tocsin.store.db.codec import reading
from tocsin.store.db.delivery_tables import DeliveryRow
from tocsin.store.db.tables import SilenceRow
from tocsin.store.outbox import delivery_rows, holds


def add(
    session: Session, matchers: Sequence[Matcher], starts: datetime, ends: datetime, *, by: str = "", why: str = ""
) -> Silence:
    """Write a silence; it applies from the next claim on."""
    row = SilenceRow(matchers=tuple(matcher.text for matcher in matchers), starts=starts, ends=ends, by=by, why=why)
    session.add(row)
    session.flush()
    return read(row)


def keep(session: Session, current: Collection[Silence], now: datetime, *, loaded: bool) -> None:
    """Write silences of the configuration that are in progress *now* and not known yet.

    If it was *loaded* just now, others of it end. One that a person ended is known, and stays so until its next occurrence.
    """
    rows = session.exec(
        select(SilenceRow).where(
            SilenceRow.during != "",
            or_(col(SilenceRow.ends) > now, col(SilenceRow.starts).in_({one.starts for one in current})),
        )
    ).all()
    known = {read(row).occasion: row for row in rows}
    wanted = {one.occasion: one for one in current}
    for occasion, row in known.items():
        if loaded and row.ends > now and occasion not in wanted:
            row.ends, row.during = now, ""  # it is new again if the configuration brings it back
    for occasion, one in wanted.items():
        if occasion not in known:
            fields = mapping.columns(one, SilenceRow)
            session.add(
                SilenceRow(**fields | {"id": None, "matchers": tuple(matcher.text for matcher in one.matchers)})
            )
    session.flush()


def every(session: Session) -> tuple[Silence, ...]:
    """Return all silences, the newest first."""
    return tuple(map(read, session.exec(select(SilenceRow).order_by(col(SilenceRow.id).desc()))))


def end(session: Session, number: int, now: datetime) -> Silence:
    """End a silence *now*.

    Raises:
        ConflictError: there is no such silence, or it has ended.
    """
    row = session.get(SilenceRow, number)
    if row is None:
        raise ConflictError(f"there is no silence {number}; see: tocsin silences list")
    if row.ends <= now:
        raise ConflictError(f"silence {number} has ended already")
    row.ends = now
    session.flush()
    return read(row)


@reading
def read(row: SilenceRow) -> Silence:
    """Return the silence in *row*."""
    return mapping.read(Silence, row, matchers=tuple(map(parse, row.matchers)))


def apply(session: Session, now: datetime) -> None:
    """Suppress due messages that are silenced *now*, and release those whose silence has ended.

    A message that was tried may have arrived, and continues. The silenced part of a message becomes a suppressed message
    of its own.
    """
    _free(session, now)
    rows = session.exec(select(SilenceRow).where(col(SilenceRow.starts) <= now, col(SilenceRow.ends) > now)).all()
    active = tuple(map(read, rows))
    if not active:
        return
    hidden: dict[str, dict[int, Silence]] = defaultdict(dict)
    for row, alert in holds.due_alerts(session, now):
        hiding = first(active, alert)
        if hiding:
            hidden[row.id][alert.id] = hiding
    for delivery_id, found in hidden.items():
        last = max(found.values(), key=lambda one: one.ends)
        holds.suppress(session, delivery_id, found, now, last.reason, silence_id=last.id)


def ended(session: Session, now: datetime) -> bool:
    """Return whether a message waits whose silence has ended, so that nobody takes a turn in vain."""
    return (
        session.exec(select(DeliveryRow.id).join(SilenceRow, _its()).where(*_freed(now)).limit(1)).first() is not None
    )


def _free(session: Session, now: datetime) -> None:
    """Make deliveries ready whose silence has ended, unless they have expired."""
    rows = session.exec(
        select(DeliveryRow.id, DeliveryRow.silence_id).join(SilenceRow, _its()).where(*_freed(now))
    ).all()
    for delivery_id, silence in rows:
        reason = Reason(cause=Cause.SILENCE_ENDED, by=str(silence))
        delivery_rows.change(session, [delivery_id], now, DeliveryState.READY, reason, due_at=now, silence_id=None)


def _its() -> ColumnElement[bool]:
    return col(SilenceRow.id) == DeliveryRow.silence_id


def _freed(now: datetime) -> tuple[ColumnElement[bool], ...]:
    suppressed = col(DeliveryRow.state) == DeliveryState.SUPPRESSED
    return suppressed, col(SilenceRow.ends) <= now, col(DeliveryRow.expires_at) > now
