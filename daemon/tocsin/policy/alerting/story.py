"""Stories, found by the words of their headlines, and the origin of a report."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import chain

from tocsin.model.alerts import Story, StoryEntry
from tocsin.model.entries import Entry
from tocsin.policy.alerting.report import Reports, conclusive, telling
from tocsin.text.language import differ
from tocsin.text.titles import TitleFeatures, agreement, features, headline, least_shared, same_story

#: A story takes entries within this time of its last one; later ones are not about the same event.
STORY_WINDOW = timedelta(hours=72)
#: Members that a new entry is compared with: of a long story the first and the newest.
COMPARED = 40
#: The share of words that two titles with the same text have in common.
_SAME_TEXT = 0.8
_WIRES = "Reuters|AP|Associated Press|AFP|Agence France-Presse|Bloomberg|Xinhua|Kyodo|Nikkei|Dow Jones|dpa|TASS|PTI"
# A credit is in brackets, or after the place at the beginning of the text: BEIJING, Dec 3 (Reuters) -
_CREDIT = re.compile(rf"\((?:[A-Z][\w .,]{{0,40}}/)?({_WIRES})\)|^\W*({_WIRES})\s*[-–—:]")
_HEAD = 400

_features = lru_cache(maxsize=16384)(features)
_headline = lru_cache(maxsize=16384)(headline)


class Stories:
    """Open stories of one event, found by the words of their headlines.

    It has state. With *base* it belongs to one decision: its stories replace those of *base*, which is not changed.
    """

    def __init__(self, stories: Iterable[Story] = (), base: Stories | None = None) -> None:
        self._base = base
        self._stories: dict[int, Story] = {}
        self._exact: dict[tuple[str, str], int] = {}  # by ("link" or "title", its value)
        self._members: list[tuple[int, TitleFeatures]] = []
        # A row of bits for each word, one bit a member: a few operations count thousands of members.
        self._words: defaultdict[str, int] = defaultdict(int)
        self._known: defaultdict[int, set[int]] = defaultdict(set)
        self._reports: Reports = Reports(base._reports if base else None)
        for story in sorted(stories, key=lambda story: story.last_at):
            self.put(story)

    def __len__(self) -> int:
        return len(self._stories)

    def put(self, story: Story) -> None:
        """Keep *story*, a new one or one that has grown."""
        self._stories[story.id] = story
        known = self._known[story.id]
        before = self._base._known.get(story.id, known) if self._base else known
        for member in _compared(story):
            self._claim(("link", member.canonical_link), story)
            self._claim(("title", _headline(member.title)), story)
            if member.entry_id in known or member.entry_id in before:
                continue
            known.add(member.entry_id)
            found = _features(member.title)
            for word in found.words:
                self._words[word] |= 1 << len(self._members)
            self._members.append((story.id, found))
            self._reports.put(story.id, member)

    def _claim(self, place: tuple[str, str], story: Story) -> None:
        """Make *story* the one found by a link or headline, unless a newer one has it."""
        holder = self._holder(place)
        if place[1] and (holder is None or self._story(holder).last_at <= story.last_at):
            self._exact[place] = story.id

    def _holder(self, place: tuple[str, str]) -> int | None:
        found = self._exact.get(place)
        return self._base._holder(place) if found is None and self._base else found

    def find(self, entry: Entry, event_time: datetime) -> Story | None:
        """Return the story that *entry* reports: one with the same link or headline, else the one whose words agree most."""
        for number in self._same(entry):
            if self._is_open(number, event_time):
                return self._story(number)
        own = _features(entry.title)
        best: tuple[float, datetime, int] | None = None
        for number, other in self._alike(own, event_time):
            rank = (agreement(own, other), self._story(number).last_at, number)
            best = rank if best is None else max(best, rank)
        return None if best is None else self._story(best[2])

    def find_abroad(self, member: StoryEntry) -> tuple[Story, tuple[str, ...]] | None:
        """Return the story that *member* reports in another language, with the particulars that they share.

        Of several it is the one that shares what tells most, then the most, then the one with the newest report. A story
        that has a report in the language of *member* is not joined for its actor or a company alone: its words did not fit.
        """
        shared: defaultdict[int, set[str]] = defaultdict(set)
        newest: dict[int, datetime] = {}
        for at, number, particular in self._reports.find(member):
            shared[number].add(particular)
            newest[number] = max(at, newest.get(number, at))
        ranks = {
            number: (max(map(telling, each)), len(each), newest[number], number)
            for number, each in shared.items()
            if conclusive(each) or not self._speaks(number, member.language)
        }
        best = max(ranks, key=lambda number: ranks[number], default=None)
        return None if best is None else (self._story(best), tuple(sorted(shared[best])))

    def _speaks(self, number: int, language: str) -> bool:
        """Return whether a story has a report that may be in *language*."""
        return any(not differ(one.language, language) for one in _compared(self._story(number)))

    def within_reach(self, entry: Entry, member: StoryEntry) -> set[int]:
        """Return the numbers of all stories that *entry*, as *member* of one, may report."""
        at = member.event_time
        alike = {number for number, _ in self._alike(_features(entry.title), at)}
        alike |= {number for _, number, _ in self._reports.find(member)}
        return alike | {number for number in self._same(entry) if self._is_open(number, at)}

    def _same(self, entry: Entry) -> list[int]:
        """Return the stories with the same link and with the same headline."""
        found = (self._holder(("link", entry.canonical_link)), self._holder(("title", _headline(entry.title))))
        return [number for number in found if number is not None]

    def _alike(self, own: TitleFeatures, event_time: datetime) -> Iterator[tuple[int, TitleFeatures]]:
        """Return the members of open stories with a similar headline."""
        candidates = chain(self._candidates(own), self._base._candidates(own) if self._base else ())
        return (one for one in candidates if same_story(own, one[1]) and self._is_open(one[0], event_time))

    def _story(self, number: int) -> Story:
        found = self._stories.get(number)
        if found is None and self._base:
            found = self._base._stories[number]
        assert found is not None  # every indexed story is kept
        return found

    def _candidates(self, own: TitleFeatures) -> Iterator[tuple[int, TitleFeatures]]:
        """Yield the members that share enough words.

        The shared words of all members are counted at once, in binary: each of *planes* has one digit of all the counts.
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
        story = self._story(number)
        return event_time - story.last_at <= STORY_WINDOW and story.opened_at - event_time <= STORY_WINDOW


def origin(entry: Entry, story: Story | None) -> str:
    """Return the origin: the wire credited, else the first publisher of nearly the same text, else the publisher."""
    credit = _CREDIT.search((entry.summary or entry.body)[:_HEAD])
    if credit:
        return credit[1] or credit[2]
    copied = story and _copied(entry.title, _compared(story))
    return copied.origin if copied else entry.publisher or entry.source


def repeats(story: Story, entry: Entry, entry_id: int) -> bool:
    """Return whether another member of *story* has nearly the same headline as *entry*."""
    return _copied(entry.title, (one for one in _compared(story) if one.entry_id != entry_id)) is not None


def _copied(title: str, members: Iterable[StoryEntry]) -> StoryEntry | None:
    """Return the first of *members* with nearly the text of *title*."""
    own, found = _headline(title), _features(title)
    return next((one for one in members if _headline(one.title) == own or _alike(_features(one.title), found)), None)


def _compared(story: Story) -> tuple[StoryEntry, ...]:
    members = story.entries
    return members if len(members) <= COMPARED else (*members[: COMPARED // 2], *members[-COMPARED // 2 :])


def _alike(one: TitleFeatures, other: TitleFeatures) -> bool:
    union = one.words | other.words
    return bool(union) and len(one.words & other.words) >= _SAME_TEXT * len(union) and one.numbers == other.numbers
