"""Stories with the numbers of their entries and alerts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from tocsin.store.db.tables import MatchRow, StoryEntryRow, StoryRow


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryView:
    """The entries that report the same happening of the kind *event*, by number, and the alerts about it."""

    id: int
    event: str
    opened_at: datetime
    last_at: datetime
    entries: tuple[int, ...]
    alerts: tuple[int, ...]


def stories(session: Session, before: int | None = None, limit: int = 50) -> tuple[StoryView, ...]:
    """Return the newest stories; with *before* those with lower numbers."""
    statement = select(StoryRow).order_by(col(StoryRow.id).desc()).limit(limit)
    if before is not None:
        statement = statement.where(col(StoryRow.id) < before)
    rows = session.exec(statement).all()
    numbers = [row.id for row in rows]
    entries: dict[int, set[int]] = defaultdict(set)
    members = select(StoryEntryRow.story_id, StoryEntryRow.entry_id).where(col(StoryEntryRow.story_id).in_(numbers))
    for story, entry in session.exec(members):
        entries[story].add(entry)
    alerts: dict[int | None, set[int]] = defaultdict(set)
    # Matches have an index by entry, and none by story.
    theirs = select(StoryEntryRow.entry_id).where(col(StoryEntryRow.story_id).in_(numbers))
    matched = select(MatchRow.story_id, MatchRow.alert_id).where(
        col(MatchRow.entry_id).in_(theirs), col(MatchRow.story_id).in_(numbers), col(MatchRow.alert_id).is_not(None)
    )
    for found, alert in session.exec(matched.distinct()):
        alerts[found].add(alert or 0)
    return tuple(
        StoryView(
            id=row.id,
            event=row.event,
            opened_at=row.opened_at,
            last_at=row.last_at,
            entries=tuple(sorted(entries[row.id])),
            alerts=tuple(sorted(alerts[row.id])),
        )
        for row in rows
    )
