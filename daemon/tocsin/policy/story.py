"""Which story an entry belongs to, and who really reports it (DESIGN 1 and 6)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from tocsin.model import Entry, Story, StoryEntry
from tocsin.policy.facts import STORY_WINDOW
from tocsin.text.titles import TitleFeatures, features, normal, same_story

#: Members that a newcomer is compared with: the first and the newest of a long story.
_COMPARED = 40
#: How much of two titles must agree to be the same text.
_SAME_TEXT = 0.8
_WIRES = "Reuters|AP|Associated Press|AFP|Agence France-Presse|Bloomberg|Xinhua|Kyodo|Nikkei|Dow Jones|dpa|TASS|PTI"
# A credit stands in brackets, or behind the place at the head of the text: BEIJING, Dec 3 (Reuters) -
_CREDIT = re.compile(rf"\((?:[A-Z][\w .,]{{0,40}}/)?({_WIRES})\)|^\W*({_WIRES})\s*[-–—:]")
_HEAD = 400

_features = lru_cache(maxsize=4096)(features)
_normal = lru_cache(maxsize=4096)(normal)


def find(entry: Entry, event_time: datetime, stories: Sequence[Story]) -> Story | None:
    """The story among *stories* (of one event) that *entry* reports: the newest that fits.

    The same link, the same headline, or headlines that share half of their words.
    """
    for story in sorted(stories, key=lambda story: story.last_at, reverse=True):
        if event_time - story.last_at > STORY_WINDOW or story.opened_at - event_time > STORY_WINDOW:
            continue
        if any(_same(entry, member) for member in _compared(story)):
            return story
    return None


def origin(entry: Entry, story: Story | None) -> str:
    """Who reports: the wire credited, else whoever had nearly the same text first, else the publisher."""
    credit = _CREDIT.search((entry.summary or entry.body)[:_HEAD])
    if credit:
        return credit[1] or credit[2]
    for member in _compared(story) if story else ():
        if _normal(member.title) == _normal(entry.title) or _alike(_features(member.title), _features(entry.title)):
            return member.origin
    return entry.publisher or entry.source


def _compared(story: Story) -> tuple[StoryEntry, ...]:
    members = story.entries
    return members if len(members) <= _COMPARED else (*members[: _COMPARED // 2], *members[-_COMPARED // 2 :])


def _same(entry: Entry, member: StoryEntry) -> bool:
    if entry.canonical_link and entry.canonical_link == member.canonical_link:
        return True
    title = _normal(entry.title)
    if title and title == _normal(member.title):
        return True
    return same_story(_features(entry.title), _features(member.title))


def _alike(one: TitleFeatures, other: TitleFeatures) -> bool:
    union = one.words | other.words
    return bool(union) and len(one.words & other.words) >= _SAME_TEXT * len(union) and one.numbers == other.numbers
