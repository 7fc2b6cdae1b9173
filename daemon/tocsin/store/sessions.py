"""Sessions of the page: their number, which an end of all of them raises, and the one-time codes that were used."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, delete, func, select

from tocsin.store.db.service_tables import SessionEpochRow, UsedCodeRow


def epoch(session: Session) -> int:
    """Return the number of the sessions that are valid now; it begins with 0."""
    return session.exec(select(func.max(SessionEpochRow.number))).one() or 0


def end_all(session: Session) -> int:
    """End all sessions, and return the number of the next ones."""
    number = epoch(session) + 1
    session.add(SessionEpochRow(number=number))
    return number


def use_code(session: Session, nonce: str, expires: datetime, now: datetime) -> bool:
    """Use the one-time code *nonce*, and return False if it was used before. Codes that expired before *now* are forgotten."""
    if session.get(UsedCodeRow, nonce) is not None:
        return False
    session.exec(delete(UsedCodeRow).where(col(UsedCodeRow.expires_at) < now))
    session.add(UsedCodeRow(nonce=nonce, expires_at=expires))
    return True
