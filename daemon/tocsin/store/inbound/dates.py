"""The dates that entries announce, kept with the alerts of these entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session, col, func, insert, select

from tocsin.model.dates import AnnouncedDate, DateState
from tocsin.store.db import mapping
from tocsin.store.db.statements import pieces, put
from tocsin.store.db.tables import DateRow, MatchRow

_NEW = insert(DateRow.metadata.tables[str(DateRow.__tablename__)])
#: Dates of one alert that are kept: thousands of entries may join it.
_MOST = 20


def keep(session: Session, found: Mapping[int, Sequence[AnnouncedDate]], now: datetime) -> None:
    """Keep the dates *found* in entries, by their numbers, for the alerts of these entries; each day and kind once an alert."""
    for piece in pieces(number for number, dates in found.items() if dates):
        rows = session.exec(
            select(MatchRow.alert_id, MatchRow.entry_id)
            .where(col(MatchRow.entry_id).in_(piece), col(MatchRow.alert_id).is_not(None))
            .group_by(col(MatchRow.alert_id), col(MatchRow.entry_id))
            .order_by(func.min(MatchRow.id))
        ).all()
        pairs = [(alert, entry) for alert, entry in rows if alert is not None and entry is not None]
        alerts = {alert for alert, _ in pairs}
        kept = {
            (row.alert_id, row.day, row.kind)
            for row in session.exec(select(DateRow).where(col(DateRow.alert_id).in_(alerts)))
        }
        counts = {alert: sum(one[0] == alert for one in kept) for alert in alerts}
        new = []
        for alert, entry in pairs:
            for one in found[entry]:
                if (alert, one.day, one.kind) not in kept and counts[alert] < _MOST:
                    kept.add((alert, one.day, one.kind))
                    counts[alert] += 1
                    fields = {"alert_id": alert, "entry_id": entry, "found_at": now, "state": DateState.FOUND}
                    new.append({**mapping.columns(one, DateRow), **fields, "judged_by": ""})
        put(session, _NEW, new)
