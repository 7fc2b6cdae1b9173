"""Reports of one happening in several languages, which share no words: found by rule, key values and particulars. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import product

from tocsin.model.alerts import Report, StoryEntry
from tocsin.model.entries import Entry
from tocsin.model.rules import Match
from tocsin.policy.alerting.keys import key_values
from tocsin.text.language import differ
from tocsin.text.particulars import particulars

#: The label of an expression for the party that acts.
ACTOR = "actor"
_COMPANY = "company"
#: Kinds of particulars, from what one party may do twice a day to what is there once.
_TELLING = (ACTOR, _COMPANY, "figure", "date", "document")
#: Reports in different languages join one story if their event times lie within this time.
LANGUAGE_WINDOW = timedelta(hours=6)
#: The part of a text in which particulars are looked for, beside the headline.
_HEAD = 600

_named = lru_cache(maxsize=256)(particulars)


def reports(entry: Entry, matches: Iterable[Match]) -> tuple[Report, ...]:
    """Return the reports that *matches* find in *entry*; none for a match without a value for each label of its key."""
    keyed = [match for match in matches if all(_has(match, name) for name in match.rule.key)]
    text = f"{entry.title} ; {(entry.summary or entry.body)[:_HEAD]}"
    return tuple(_report(match, _named(text, match.event_time.date())) for match in keyed)


def _has(match: Match, name: str) -> bool:
    """Return whether *match* has a value for *name* of its key that another report may have, too."""
    return bool(match.source if name == "source" else match.labels.get(name)) and name != "story"


def _report(match: Match, named: tuple[str, ...]) -> Report:
    """Return the report of *match*; an actor that is the whole key says nothing beside it."""
    beside = any(name != ACTOR for name in match.rule.key)
    companies = (f"{_COMPANY} {name}" for name in match.labels.get(_COMPANY, ()))
    return Report(
        rule=match.rule.id,
        key=tuple(sorted(key_values(match, 0))),
        actor=tuple(sorted(match.labels.get(ACTOR, ()))) if beside else (),
        particulars=(*companies, *named),
    )


#: What a report is found by: rule, key, one particular, and actors. None stands for any actors, and none.
_Place = tuple[str, tuple[str, ...], str, tuple[str, ...] | None]
#: The newest report of a language: its event time and its story.
_Newest = dict[str, tuple[datetime, int]]


class Reports:
    """The newest report in each language of each rule, key and particular. It has state; *base* is not changed."""

    def __init__(self, base: Reports | None = None) -> None:
        self._base = base
        self._newest: defaultdict[_Place, _Newest] = defaultdict(dict)

    def put(self, story: int, member: StoryEntry) -> None:
        """Keep the reports of a *member* of *story*."""
        own: _Newest = {member.language: (member.event_time, story)}
        for report in member.reports:
            for particular in _particulars(report):
                for actor in (report.actor, None):
                    place = report.rule, report.key, particular, actor
                    self._newest[place] = _newer(self._newest[place], own)

    def find(self, member: StoryEntry) -> Iterator[tuple[datetime, int, str]]:
        """Yield (event time, story, particular) of the reports in other languages that *member* shares something with.

        Two reports that both name an actor share nothing unless it is the same.
        """
        for report in member.reports:
            for particular, actor in product(_particulars(report), (report.actor, ()) if report.actor else (None,)):
                for language, (at, story) in self._at((report.rule, report.key, particular, actor)).items():
                    if abs(at - member.event_time) <= LANGUAGE_WINDOW and differ(language, member.language):
                        yield at, story, particular

    def _at(self, place: _Place) -> _Newest:
        found = self._newest.get(place, {})
        return _newer(self._base._at(place), found) if self._base else found


def _newer(one: _Newest, other: _Newest) -> _Newest:
    """Return the newest reports of both; one of two at the same time is that of the later story."""
    return one | {language: max(found, one.get(language, found)) for language, found in other.items()}


def conclusive(particulars: Iterable[str]) -> bool:
    """Return whether one of shared *particulars* is more than who acts: a figure, a date or a document."""
    return any(not one.startswith((f"{ACTOR} ", f"{_COMPANY} ")) for one in particulars)


def telling(particular: str) -> int:
    """Return how much a shared *particular* tells: a document more than a date, and an actor least."""
    return _TELLING.index(particular.partition(" ")[0])


def _particulars(report: Report) -> Iterator[str]:
    """Yield all particulars of a report, its actors as one."""
    if report.actor:
        yield f"{ACTOR} {', '.join(report.actor)}"
    yield from report.particulars
