"""Silences, and what they take out of the outbox before it is claimed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from tocsin.errors import StoreError
from tocsin.model import DeliveryState
from tocsin.policy.silence import Matcher, Silence, first, parse
from tocsin.store import codec, mapping, outbox
from tocsin.store.tables import AlertRow, DeliveryAlertRow, DeliveryRow, SilenceRow

_WAITING = (DeliveryState.HELD.value, DeliveryState.READY.value)


def add(
    session: Session, matchers: Sequence[Matcher], starts: datetime, ends: datetime, *, by: str, why: str
) -> Silence:
    """Write a silence."""
    written = codec.words_to_json(tuple(matcher.text for matcher in matchers))
    row = SilenceRow(matchers=written, starts=starts, ends=ends, by=by, why=why)
    session.add(row)
    session.flush()
    return _silence(row)


def everything(session: Session) -> tuple[Silence, ...]:
    """All of them, the newest first."""
    return tuple(map(_silence, session.exec(select(SilenceRow).order_by(col(SilenceRow.id).desc()))))


def end(session: Session, number: int, now: datetime) -> Silence:
    """Let a silence end *now*.

    Raises:
        StoreError: there is no such silence, or it has ended.
    """
    row = session.get(SilenceRow, number)
    if row is None:
        raise StoreError(f"there is no silence {number}; see: tocsin silences list")
    if row.ends <= now:
        raise StoreError(f"silence {number} has ended already")
    row.ends = now
    session.add(row)
    session.flush()
    return _silence(row)


def apply(session: Session, now: datetime) -> None:
    """Take what is silenced *now* out of the messages that are due; one about nothing else is suppressed.

    What was tried already may have arrived, and goes on.
    """
    active = session.exec(select(SilenceRow).where(col(SilenceRow.starts) <= now, col(SilenceRow.ends) > now)).all()
    if not active:
        return
    silences = [_silence(row) for row in active]
    due = session.exec(
        select(DeliveryRow.id, DeliveryRow.state, AlertRow)
        .join(DeliveryAlertRow, col(DeliveryAlertRow.delivery_id) == DeliveryRow.id)
        .join(AlertRow, col(AlertRow.id) == DeliveryAlertRow.alert_id)
        .where(col(DeliveryRow.state).in_(_WAITING), col(DeliveryRow.due_at) <= now, DeliveryRow.attempts == 0)
    ).all()
    for delivery_id, state, row in due:
        silence = first(silences, mapping.alert(row))
        if silence is None:
            continue
        outbox.note(session, delivery_id, now, DeliveryState(state), f"alert {row.id} {silence.words}")
        outbox.call_off(session, [(delivery_id, mapping.identity(row.id))], now, silence.words)


def _silence(row: SilenceRow) -> Silence:
    return Silence(
        id=mapping.identity(row.id),
        matchers=tuple(map(parse, codec.words_from_json(row.matchers))),
        starts=row.starts,
        ends=row.ends,
        by=row.by,
        why=row.why,
    )
