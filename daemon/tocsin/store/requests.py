"""Requests of programs that have been answered: one that is sent again with the same key gets the same answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, select

from tocsin.store.db.service_tables import AnsweredRequestRow
from tocsin.store.db.statements import save
from tocsin.store.programs import RequestAnswer, RequestKey

#: Time for which an answer is kept.
KEEP = timedelta(hours=24)


def find(session: Session, request: RequestKey, now: datetime) -> RequestAnswer | None:
    """Return the answer that was given to *request*, or to another one with the same key; None if there is none."""
    row = session.get(AnsweredRequestRow, (request.by, request.key))
    if row is None or row.at < now - KEEP:
        return None
    return RequestAnswer(status=row.status, text=row.text, digest=row.digest)


def once(
    session: Session, request: RequestKey | None, now: datetime, work: Callable[[], RequestAnswer]
) -> RequestAnswer:
    """Return the answer that *request* was given before, or else that of *work*, which is kept with what *work* wrote."""
    if request is None:
        return work()
    if found := find(session, request, now):
        return found
    answer = work()
    fields = {"by": request.by, "key": request.key, "digest": request.digest, "at": now}
    save(session, AnsweredRequestRow, ("by", "key"), [{**fields, "status": answer.status, "text": answer.text}])
    return answer


def forget(session: Session, now: datetime, limit: int) -> int:
    """Delete at most *limit* answers that need not be kept any longer; return their number."""
    old = select(AnsweredRequestRow.at).where(col(AnsweredRequestRow.at) < now - KEEP)
    rows = session.exec(old.order_by(col(AnsweredRequestRow.at)).limit(limit)).all()
    return (
        session.exec(delete(AnsweredRequestRow).where(col(AnsweredRequestRow.at) <= rows[-1])).rowcount if rows else 0
    )
