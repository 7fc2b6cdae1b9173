"""Open stories, kept from one decision to the next, so that unchanged ones are not read again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import String, bindparam, event, type_coerce
from sqlmodel import Session, func, select

from tocsin.model.alerts import Story, StoryEntry
from tocsin.policy.alerting.facts import Reach
from tocsin.policy.alerting.story import COMPARED, Stories
from tocsin.store.db import mapping
from tocsin.store.db.statements import pieces
from tocsin.store.db.tables import MatchRow, StoryEntryRow, StoryRow

#: Closed stories of an event that are kept beside as many open ones.
_CLOSED = 500

_STORY = StoryRow.metadata.tables["story"].c
_MEMBER = StoryRow.metadata.tables["story_entry"].c
_MATCH = MatchRow.metadata.tables["match"].c
_CHANGED = (
    select(_STORY.event, _STORY.id)
    .join(MatchRow, _MATCH.story_id == _STORY.id)
    .where(_MATCH.id > bindparam("last"))
    .distinct()
)
# A story changes only by new members: these columns show whether it did. Times are compared as text.
_MARK = (type_coerce(_STORY.opened_at, String), type_coerce(_STORY.last_at, String), func.count(_MEMBER.entry_id))


class OpenStories:
    """The open stories that earlier decisions have read; used by one write transaction at a time.

    Each decision that changes a story writes a match of it. So only the stories of matches that others wrote since the
    last decision are read again.
    """

    def __init__(self) -> None:
        self._known: dict[str, dict[int, tuple[object, Story]]] = defaultdict(dict)
        self._indexed: dict[str, Stories] = {}
        self._since: dict[str, datetime] = {}  # all stories of an event with an entry after then are known
        self._changed: defaultdict[str, set[int]] = defaultdict(set)  # by others, since they were read
        self._noted: defaultdict[str, dict[int, Story]] = defaultdict(dict)  # by this process
        self._last = 0  # the number of the last match that is known of

    def read(self, session: Session, reached: Reach, last: int) -> tuple[tuple[Story, ...], Mapping[str, Stories]]:
        """Return the stories within reach as in the database, whose *last* match has that number, and an index of them by event."""
        event.listen(session, "after_rollback", self._forget, once=True)
        self._catch_up(session, last)
        found = [story for name in sorted(reached.events) for story in self._of(session, name, reached)]
        return tuple(sorted(found, key=lambda story: story.id)), {name: self._indexed[name] for name in reached.events}

    def note(self, changed: Collection[Story], last: int) -> None:
        """Note the stories that a decision *changed*, when it is written, and the number of its *last* match, 0 without one."""
        for story in changed:
            # As they are read: in the order of the events.
            members = sorted(story.entries, key=lambda member: (member.event_time, member.entry_id))
            self._noted[story.event][story.id] = replace(story, entries=tuple(members))
        self._last = max(self._last, last)

    def _catch_up(self, session: Session, last: int) -> None:
        """Note the stories that decisions of others changed, up to the match with the number *last*."""
        if last < self._last:  # another database was put in its place
            self._since.clear()
        elif last > self._last and self._since:
            for name, number in session.connection().execute(_CHANGED, {"last": self._last}):
                self._changed[name].add(number)
        self._last = last

    def _forget(self, _: Session) -> None:
        """Forget all stories after a rollback, which may have undone some of them."""
        for remembered in (self._known, self._indexed, self._since, self._changed, self._noted):
            remembered.clear()

    def _of(self, session: Session, name: str, reached: Reach) -> list[Story]:
        known, changed, noted = self._known[name], self._changed.pop(name, set()), self._noted.pop(name, {})
        if name not in self._since or reached.since < self._since[name]:
            return self._compared(session, name, reached)
        noted |= {story.id: story for story in _load(session, changed)}
        known |= {number: (None, story) for number, story in noted.items()}
        stories = [story for _, story in known.values() if story.last_at >= reached.since]
        self._index(name, stories, noted, reached)
        return stories

    def _compared(self, session: Session, name: str, reached: Reach) -> list[Story]:
        """Return the stories within reach, of which those are read that do not look as they did."""
        marks = {
            number: tuple(mark)
            for number, *mark in session.connection().execute(
                select(_STORY.id, *_MARK)
                .join(StoryEntryRow, _MEMBER.story_id == _STORY.id, isouter=True)
                .where(_STORY.event == name, _STORY.last_at >= reached.since)
                .group_by(_STORY.id)
                .order_by(_STORY.id)
            )
        }
        known = self._known[name]
        changed = [number for number, mark in marks.items() if number not in known or known[number][0] != mark]
        for story in _load(session, changed):
            known[story.id] = (marks[story.id], story)
        stories = [known[number][1] for number in marks]
        self._since[name] = reached.since
        self._index(name, stories, changed, reached)
        return stories

    def _index(self, name: str, stories: Collection[Story], changed: Collection[int], reached: Reach) -> None:
        known, index = self._known[name], self._indexed.get(name)
        # The middle of a long story is not compared, so a new member is not simply added to the index.
        long = any(len(known[number][1].entries) > COMPARED for number in changed)
        if index is None or long or len(index) > 2 * len(stories) + _CLOSED:
            self._known[name] = {story.id: known[story.id] for story in stories}
            self._indexed[name] = Stories(stories)
            self._since[name] = reached.since
            return
        for story in sorted((known[number][1] for number in changed), key=lambda story: story.last_at):
            index.put(story)


def _load(session: Session, numbers: Collection[int]) -> list[Story]:
    found = []
    for piece in pieces(numbers):
        members = defaultdict(list)
        for row in session.connection().execute(
            select(*_MEMBER).where(_MEMBER.story_id.in_(piece)).order_by(_MEMBER.event_time, _MEMBER.entry_id)
        ):
            members[row.story_id].append(mapping.read(StoryEntry, row))
        rows: Any = session.connection().execute(select(*_STORY).where(_STORY.id.in_(piece)))
        found += [mapping.read(Story, row, entries=tuple(members[row.id])) for row in rows]
    return found
