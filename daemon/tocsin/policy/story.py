"""Which story an entry belongs to, and who really reports it (DESIGN 1 and 6)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache

from tocsin.model import Entry, Story, StoryEntry
from tocsin.policy.facts import STORY_WINDOW
from tocsin.text.titles import TitleFeatures, agreement, features, headline, least_shared, same_story

#: Members that a newcomer is compared with: the first and the newest of a long story.
_COMPARED = 40
#: How much of two titles must agree to be the same text.
_SAME_TEXT = 0.8
_WIRES = "Reuters|AP|Associated Press|AFP|Agence France-Presse|Bloomberg|Xinhua|Kyodo|Nikkei|Dow Jones|dpa|TASS|PTI"
# A credit stands in brackets, or behind the place at the head of the text: BEIJING, Dec 3 (Reuters) -
_CREDIT = re.compile(rf"\((?:[A-Z][\w .,]{{0,40}}/)?({_WIRES})\)|^\W*({_WIRES})\s*[-–—:]")
_HEAD = 400

_features = lru_cache(maxsize=16384)(features)
_headline = lru_cache(maxsize=16384)(headline)


class Stories:
    """Open stories of one event, found by the words of their headlines; it holds state, and belongs to one decision."""

    def __init__(self, stories: Iterable[Story] = ()) -> None:
        self._stories: dict[int, Story] = {}
        self._links: dict[str, int] = {}
        self._titles: dict[str, int] = {}
        self._members: list[tuple[int, TitleFeatures]] = []
        # For each word a row of bits, one a member: thousands of members are counted in a few operations.
        self._words: defaultdict[str, int] = defaultdict(int)
        self._known: defaultdict[int, set[int]] = defaultdict(set)
        # Of several that have the same headline the newest counts.
        for story in sorted(stories, key=lambda story: story.last_at):
            self.put(story)

    def put(self, story: Story) -> None:
        """Keep *story*, a new one or one that has grown."""
        self._stories[story.id] = story
        known = self._known[story.id]
        for member in _compared(story):
            if member.entry_id in known:
                continue
            known.add(member.entry_id)
            if member.canonical_link:
                self._links[member.canonical_link] = story.id
            if title := _headline(member.title):
                self._titles[title] = story.id
            found = _features(member.title)
            for word in found.words:
                self._words[word] |= 1 << len(self._members)
            self._members.append((story.id, found))

    def find(self, entry: Entry, event_time: datetime) -> Story | None:
        """The story that *entry* reports: one with the same link or headline, else the one whose words agree most."""
        for number in (self._links.get(entry.canonical_link), self._titles.get(_headline(entry.title))):
            if number is not None and self._is_open(number, event_time):
                return self._stories[number]
        own = _features(entry.title)
        best: tuple[float, datetime, int] | None = None
        for number, other in self._candidates(own):
            if not same_story(own, other) or not self._is_open(number, event_time):
                continue
            rank = (agreement(own, other), self._stories[number].last_at, number)
            best = rank if best is None else max(best, rank)
        return None if best is None else self._stories[best[2]]

    def _candidates(self, own: TitleFeatures) -> Iterator[tuple[int, TitleFeatures]]:
        """The members that share as many words as it takes.

        The shared words of all members are counted at once, in binary: *planes* holds one digit each of all the counts.
        """
        planes: list[int] = []
        for word in own.words:
            carry = self._words.get(word, 0)
            for digit, plane in enumerate(planes):
                planes[digit], carry = plane ^ carry, plane & carry
            if carry:
                planes.append(carry)
        least = least_shared(own)
        if least >= 1 << len(planes):
            return
        above, level = 0, (1 << len(self._members)) - 1
        for digit in reversed(range(len(planes))):
            if least >> digit & 1:
                level &= planes[digit]
            else:
                above |= level & planes[digit]
                level &= ~planes[digit]
        found = above | level
        while found:
            number = found.bit_length() - 1
            found ^= 1 << number
            yield self._members[number]

    def _is_open(self, number: int, event_time: datetime) -> bool:
        story = self._stories[number]
        return event_time - story.last_at <= STORY_WINDOW and story.opened_at - event_time <= STORY_WINDOW


def origin(entry: Entry, story: Story | None) -> str:
    """Who reports: the wire credited, else whoever had nearly the same text first, else the publisher."""
    credit = _CREDIT.search((entry.summary or entry.body)[:_HEAD])
    if credit:
        return credit[1] or credit[2]
    for member in _compared(story) if story else ():
        if _headline(member.title) == _headline(entry.title) or _alike(_features(member.title), _features(entry.title)):
            return member.origin
    return entry.publisher or entry.source


def _compared(story: Story) -> tuple[StoryEntry, ...]:
    members = story.entries
    return members if len(members) <= _COMPARED else (*members[: _COMPARED // 2], *members[-_COMPARED // 2 :])


def _alike(one: TitleFeatures, other: TitleFeatures) -> bool:
    union = one.words | other.words
    return bool(union) and len(one.words & other.words) >= _SAME_TEXT * len(union) and one.numbers == other.numbers
