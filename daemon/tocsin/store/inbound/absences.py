"""Expected matches that did not come, found in the rows."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session, col, func, select

from tocsin.model.rules import Correlation, Match
from tocsin.policy.alerting.absence import Seen, overdue
from tocsin.store.db.tables import MatchRow, SourceRow
from tocsin.store.inbound.configured import OF_ENTRIES


def absences(session: Session, correlations: Collection[Correlation], now: datetime) -> tuple[Match, ...]:
    """Return the matches of those of *correlations* whose expected match is overdue *now*, and that was not told yet."""
    if not correlations:
        return ()
    rules = {name for one in correlations for name in (one.info.id, one.members[0])}
    newest = select(MatchRow.rule, func.max(MatchRow.event_time)).where(col(MatchRow.rule).in_(rules))
    last = dict(session.exec(newest.group_by(col(MatchRow.rule))).all())
    # A source that fails is told of itself, and what it would say is not known; nor is what is handed in.
    read_until = session.exec(
        select(func.min(SourceRow.last_success)).where(
            col(SourceRow.disabled).is_(False), SourceRow.errors == 0, col(SourceRow.kind).in_(OF_ENTRIES)
        )
    ).one()
    found = (
        overdue(one, Seen(last=last.get(one.members[0]), told=last.get(one.info.id)), now, read_until)
        for one in correlations
    )
    return tuple(match for match in found if match)
