"""What people say of announced dates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select, update

from tocsin.errors import ConflictError
from tocsin.model.dates import DateState
from tocsin.store.db.tables import DateRow


def judge(session: Session, numbers: Sequence[int], state: DateState, now: datetime, *, by: str = "") -> None:
    """Record that the dates *numbers* are confirmed or rejected; the last word counts, and the same word again changes nothing.

    Raises:
        ConflictError: there is no date with one of these numbers; nothing is written.
    """
    wanted = col(DateRow.id).in_(numbers)
    known = set(session.exec(select(DateRow.id).where(wanted)))
    if unknown := [str(number) for number in numbers if number not in known]:
        raise ConflictError(f"there is no date {', '.join(unknown)}; see: tocsin dates list")
    said = {"state": state, "judged_at": now, "judged_by": by}
    session.exec(update(DateRow).where(wanted, col(DateRow.state) != state).values(**said))
