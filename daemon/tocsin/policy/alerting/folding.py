"""Fold new entries into stories: the first half of a decision, before alerts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from tocsin.model.alerts import MatchOutcome, Story, StoryEntry
from tocsin.model.entries import Entry
from tocsin.model.reasons import Cause, Reason
from tocsin.model.rules import Match
from tocsin.policy.alerting import report, story
from tocsin.policy.alerting.facts import Facts
from tocsin.policy.alerting.keys import key_values
from tocsin.text.language import language


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """The rows that arrivals may change: known *stories*, and the *keys* of their cooldowns, as (rule, key value)."""

    stories: frozenset[int]
    keys: frozenset[tuple[str, str]]


class Folding:
    """The stories of one decision while it is made."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._matches = {arrival.entry_id: arrival.matches for arrival in facts.arrivals}
        self._flood = {arrival.entry_id for arrival in facts.arrivals if arrival.flood}
        self._stories = {item.id: item for item in facts.stories}
        self._shelves: dict[str, story.Stories] = {}
        # If several have an entry, the first counts.
        known = tuple(reversed(facts.stories))
        self._homes = {
            (item.event, member.entry_id): item.id
            for item in known
            for member in item.entries
            if member.entry_id in self._matches
        }
        self._next = facts.next_story
        self._shared: dict[tuple[str, int], tuple[str, ...]] = {}

    def __getitem__(self, number: int) -> Story:
        """Return the story with this number, as it is now."""
        return self._stories[number]

    def changed(self) -> Iterator[Story]:
        """Return the stories that are new or have grown."""
        before = {item.id: item for item in self._facts.stories}
        return (item for number, item in self._stories.items() if before.get(number) is not item)

    def refusal(self, entry_id: int, entry: Entry) -> tuple[MatchOutcome, Reason] | None:
        """Return the outcome and reason of an entry that causes no alert and joins no story, else None."""
        if self._facts.baseline:
            return MatchOutcome.BASELINE, Reason(cause=Cause.BASELINE)
        if entry_id in self._flood:
            return MatchOutcome.FLOOD, Reason(cause=Cause.FLOOD)
        if entry.stale and not self._missed(entry):
            return MatchOutcome.OLD, Reason(cause=Cause.OLD, at=entry.published)
        return None

    def _missed(self, entry: Entry) -> bool:
        """Return whether the source had no successful poll since the entry was published."""
        last = self._facts.last_success
        return last is not None and entry.published is not None and last <= entry.published

    def fold(self, entry_id: int, match: Match, entry: Entry) -> Story:
        """Return the story of a match, with its entry in it."""
        event = match.rule.event
        home = self._homes.get((event, entry_id))
        if home is not None:  # another rule of the same event brought the entry here already
            return self._stories[home]
        found, member = self._find(entry_id, match, entry)
        if found:
            grown = replace(
                found,
                opened_at=min(found.opened_at, match.event_time),
                last_at=max(found.last_at, match.event_time),
                entries=(*found.entries, member),
            )
        else:
            grown = self.open(event, match.event_time, (member,))
        self._stories[grown.id] = grown
        self._homes[event, entry_id] = grown.id
        self._shelf(event).put(grown)
        return grown

    def _find(self, entry_id: int, match: Match, entry: Entry) -> tuple[Story | None, StoryEntry]:
        """Return the story that *entry* reports, if there is one, and the member of it that *entry* will be."""
        shelf, member = self._shelf(match.rule.event), self._member(entry_id, match, entry)
        found = shelf.find(entry, match.event_time)
        if found is None and (abroad := shelf.find_abroad(member)):
            found, self._shared[match.rule.event, entry_id] = abroad
        return found, replace(member, origin=story.origin(entry, found))

    def _member(self, entry_id: int, match: Match, entry: Entry) -> StoryEntry:
        """Return *entry* as a member of a story that is not known yet."""
        event = match.rule.event
        return StoryEntry(
            entry_id=entry_id,
            title=entry.title,
            canonical_link=entry.canonical_link,
            publisher=entry.publisher,
            origin="",
            event_time=match.event_time,
            language=language(entry.title, entry.language),
            reports=report.reports(entry, [one for one in self._matches[entry_id] if one.rule.event == event]),
        )

    def shared(self, event: str, entry_id: int | None) -> tuple[str, ...]:
        """Return the particulars by which an entry joined a story in another language; empty if its words did."""
        return self._shared.get((event, entry_id), ()) if entry_id is not None else ()

    def within_reach(self, entry_id: int, match: Match, entry: Entry) -> set[int]:
        """Return all known stories that a match may join; the other arrivals cannot lead it to any more."""
        event = match.rule.event
        home = self._homes.get((event, entry_id))
        if home is not None:
            return {home}
        return self._shelf(event).within_reach(entry, self._member(entry_id, match, entry))

    def _shelf(self, event: str) -> story.Stories:
        """Return the open stories of *event*, in an index."""
        if event not in self._shelves:
            base = self._facts.indexed.get(event)
            stories = () if base else (item for item in self._stories.values() if item.event == event)
            self._shelves[event] = story.Stories(stories, base)
        return self._shelves[event]

    def open(self, event: str, at: datetime, entries: tuple[StoryEntry, ...] = ()) -> Story:
        """Return a new story."""
        opened = Story(id=self._next, event=event, opened_at=at, last_at=at, entries=entries)
        self._next += 1
        self._stories[opened.id] = opened
        return opened


def in_turn(facts: Facts) -> list[tuple[int | None, Match]]:
    """Return the arrived matches by event time: the earliest report opens a story, in whatever order feeds list them."""
    arrived = [(arrival.entry_id, match) for arrival in facts.arrivals for match in arrival.matches]
    return sorted(arrived, key=lambda pair: pair[1].event_time)


def touched(facts: Facts) -> Touched:
    """Return the rows that a decision about *facts* may look at; only arrivals and stories are needed."""
    folding = Folding(facts)
    stories: set[int] = set()
    keys: set[tuple[str, str]] = set()
    for entry_id, match in in_turn(facts):
        homes = {0}  # a story of its own has no key on record
        if match.entry is not None and entry_id is not None:
            if folding.refusal(entry_id, match.entry):
                continue
            found = folding.within_reach(entry_id, match, match.entry)
            stories |= found
            homes |= found
        for home in homes:
            keys.update((match.rule.id, value) for value in key_values(match, home))
    return Touched(stories=frozenset(stories), keys=frozenset(keys))
