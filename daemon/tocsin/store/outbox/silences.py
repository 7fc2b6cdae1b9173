"""Silences as rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from tocsin.errors import StoreError
from tocsin.policy.notifying.silence import Matcher, Silence, parse
from tocsin.store.db import mapping
from tocsin.store.db.reading import reading
from tocsin.store.db.tables import SilenceRow


def add(
    session: Session, matchers: Sequence[Matcher], starts: datetime, ends: datetime, *, by: str = "", why: str = ""
) -> Silence:
    """Write a silence; it counts from the next claim on."""
    row = SilenceRow(matchers=tuple(matcher.text for matcher in matchers), starts=starts, ends=ends, by=by, why=why)
    session.add(row)
    session.flush()
    return silence(row)


def everything(session: Session) -> tuple[Silence, ...]:
    """All of them, the newest first."""
    return tuple(map(silence, session.exec(select(SilenceRow).order_by(col(SilenceRow.id).desc()))))


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
    return silence(row)


def active(session: Session, now: datetime) -> tuple[Silence, ...]:
    """Those that hide anything *now*."""
    rows = session.exec(select(SilenceRow).where(col(SilenceRow.starts) <= now, col(SilenceRow.ends) > now)).all()
    return tuple(map(silence, rows))


@reading
def silence(row: SilenceRow) -> Silence:
    """A silence."""
    return mapping.read(Silence, row, matchers=tuple(map(parse, row.matchers)))
