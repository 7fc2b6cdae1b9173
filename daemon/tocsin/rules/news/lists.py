"""Lists of terms, which find spans in a field that is read."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import NamedTuple

from tocsin.rules.news.rarity import UNKNOWN, Needed, Needs
from tocsin.rules.news.reading import Reading
from tocsin.rules.news.terms import PREFIX, Term
from tocsin.text.fold import unmarked
from tocsin.text.tokens import JOINT, Sentence

#: So many members are faster looked at than looked up.
_FEW = 4
#: Makes a named tuple at half the cost of calling its class.
new = tuple.__new__
#: There is one empty set for all lists: each of its own would be as large as a list.
_NOTHING: frozenset[str] = frozenset()
_COORDINATORS = frozenset(["and", "or", "和", "与", "及", "或"])


class Found(NamedTuple):
    """Tokens [first, last] of a field that a list found; *group* is shared by coordinated spans of the list.

    *member* is the term that was found; empty where it is no words.
    """

    first: int
    last: int
    label: str
    group: int = 0
    member: str = ""


#: Returns the first and last tokens of each span in a sentence, given the text of its field.
Finder = Callable[[Sentence, str], Iterable[tuple[int, int]]]


_Member = tuple[Term, str]


@dataclass(frozen=True, slots=True)
class _Lookup:
    """The members of a list by what they begin with."""

    words: Mapping[str, Sequence[_Member]]
    prefixes: Mapping[str, Sequence[_Member]]
    regexes: Sequence[_Member]

    def beginning(self, word: str) -> Sequence[_Member]:
        """Return the members that may begin with *word*."""
        found = self.words.get(word, ())
        return [*found, *self.prefixes.get(word[:PREFIX], ())] if self.prefixes else found


def _lookup_of(members: Iterable[_Member]) -> _Lookup:
    words: dict[str, list[_Member]] = {}
    prefixes: dict[str, list[_Member]] = {}
    regexes = []
    for member in members:
        term, _ = member
        if not term.words:
            regexes.append(member)
        elif term.words[0].prefix:
            prefixes.setdefault(term.words[0].prefix[:PREFIX], []).append(member)
        else:
            for form in term.words[0].forms:
                words.setdefault(form, []).append(member)
    # A pack has ten thousands of words, most of them forms of one member, which share what is kept.
    shared: dict[tuple[int, ...], tuple[_Member, ...]] = {}
    kept = {word: shared.setdefault(tuple(map(id, found)), tuple(found)) for word, found in words.items()}
    return _Lookup(kept, prefixes, regexes)


@dataclass(slots=True)
class TermList:
    """Terms and what label each gives; they are looked up among the words of a field."""

    name: str
    members: tuple[_Member, ...]
    excluded: tuple[Term, ...] = ()
    labelled: bool = False
    #: Finds spans instead of the words of the members, such as names by their capitals.
    finder: Finder | None = None
    # They are made when they are first needed: most rules never see a text with their words.
    _lookup: _Lookup | None = None
    _minus: TermList | None = None
    _loose: bool | None = None
    _needed: Needed | None = None
    _needs: Needs | None = None
    _gives: frozenset[str] | None = None

    @property
    def label(self) -> str:
        """The name of its label: the list's own, without its pack."""
        return self.name.rpartition("/")[2]

    @property
    def gives(self) -> frozenset[str]:
        """The labels that a hit can give: its own, or none."""
        if self._gives is None:
            self._gives = frozenset([self.label]) if self.labelled else _NOTHING
        return self._gives

    @property
    def labels(self) -> frozenset[str]:
        """The values of its label."""
        return frozenset(label for _, label in self.members if label)

    @property
    def loose(self) -> bool:
        """Return whether a text without any of its words can have a hit, as of a regular expression."""
        if self._loose is None:
            self._loose = any(term.loose for term, _ in self.members)
        return self._loose

    @property
    def forms(self) -> tuple[str, ...]:
        """The words of which each of its hits is one; none where a hit can be anything else."""
        if len(self.members) != 1 or self.finder or not self.members[0][0].single:
            return ()
        word = self.members[0][0].words[0]
        return () if word.prefix else word.forms

    @property
    def needed(self) -> Needed:
        """What a sentence with a hit has, which is quickly known to be missing of most lists."""
        if self._needed is None:
            needed = UNKNOWN
            if not self.finder and all(term.words for term, _ in self.members):
                rarest = [term.rarest for term, _ in self.members]
                words = frozenset(chain.from_iterable([word.needed for word in rarest]))
                needed = Needed(words, sum([word.weight for word in rarest]))
            self._needed = needed
        return self._needed

    @property
    def needs(self) -> Needs:
        """All that is known of what a field with a hit has; what is looked up as fast is left out."""
        if self._needs is None:
            self._needs = (self.needed.words,) if len(self.members) > _FEW and self.needed.words else ()
        return self._needs

    def akin(self, term: Term) -> list[Term]:
        """Return the members that can be within the words of *term*; of many those that begin with one of them."""
        if len(self.members) <= _FEW or not term.words or self.finder:
            return [member for member, _ in self.members]
        lookup = self._by_beginning()
        heads = [word.prefix or word.forms[0] for word in term.words]
        heads += [unmarked(head) for head in heads if not head.isascii()]
        return [member for head in heads for member, _ in lookup.beginning(head)]

    def find(self, reading: Reading) -> list[Found]:
        """Return the spans in *reading* in their order; excluded ones are gone."""
        found = self._spans(reading)
        if not found:
            return found
        found = sorted(set(found))
        if self.excluded:
            if self._minus is None:
                self._minus = TermList(self.name, tuple((term, "") for term in self.excluded))
            found = _without(found, self._minus._spans(reading))
        return _grouped(found, reading) if len(found) > 1 else found

    def _spans(self, reading: Reading) -> list[Found]:
        if self.finder:
            return [
                Found(place + first, place + last, "")
                for place, sentence in reading.placed
                for first, last in self.finder(sentence, reading.text)
            ]
        if forms := self.forms:  # as of most terms outside of lists
            ((term, label),) = self.members
            return [new(Found, (token, token, label, 0, term.text)) for token in reading.tokens_of(forms)]
        spans: list[Found] = []
        candidates, regexes = self._candidates(reading)
        for term, label, word in candidates:
            # Most phrases end here: their second word stands nowhere. Of a name, forms do not say how it is written.
            if len(term.words) > 1 and not term.cased and not reading.forms(term.words[1]):
                continue
            for first in reading.places[word]:
                last = first if term.single else _last(term, reading, first)
                if last >= 0:
                    spans.append(Found(first, last, label, 0, term.text))
        for term, label in regexes:
            spans += [Found(first, last, label) for first, last in _regex_spans(term, reading)]
        return spans

    def _candidates(self, reading: Reading) -> tuple[list[tuple[Term, str, str]], Iterable[tuple[Term, str]]]:
        """Return the members that may begin with words of *reading*, each with such a word, and the regular expressions."""
        if len(self.members) <= _FEW:
            wordy = [member for member in self.members if member[0].words]
            found = [(term, label, word) for term, label in wordy for word in reading.forms(term.words[0])]
            return found, [member for member in self.members if not member[0].words]
        lookup = self._by_beginning()
        here = lookup.words.keys() & reading.places.keys()
        found = [(term, label, word) for word in here for term, label in lookup.words[word]]
        for stem in lookup.prefixes.keys() & reading.beginnings:
            members = lookup.prefixes[stem]
            found += [(term, label, word) for term, label in members for word in reading.forms(term.words[0])]
        return found, lookup.regexes

    def _by_beginning(self) -> _Lookup:
        lookup = self._lookup
        if lookup is None:
            lookup = self._lookup = _lookup_of(self.members)  # only when it is whole: another thread may be looking
        return lookup


def _last(term: Term, reading: Reading, first: int) -> int:
    """Return the last token of *term* when it stands at the token *first*, else -1."""
    sentence, place = reading.within(first)
    last = term.at(sentence, place)
    return last if last < 0 else first + last - place


def _regex_spans(term: Term, reading: Reading) -> Iterator[tuple[int, int]]:
    """Yield the hits in the folded sentences, widened to whole tokens."""
    if term.pattern is None:
        return
    for place, (text, starts, ends) in reading.folded:
        if not all(any(run in text for run in runs) for runs in term.literals):
            continue
        for hit in term.pattern.finditer(text):
            first = bisect_right(ends, hit.start())
            last = bisect_left(starts, hit.end()) - 1
            if first <= last:
                yield place + first, place + last


def _without(found: list[Found], minus: list[Found]) -> list[Found]:
    """Return *found* less what overlaps a span of *minus*."""
    if not minus:
        return found
    minus = sorted(minus)
    firsts = [m.first for m in minus]
    reach = list(accumulate((m.last for m in minus), max))
    kept = []
    for span in found:
        before = bisect_right(firsts, span.last)
        if not before or reach[before - 1] < span.first:
            kept.append(span)
    return kept


def _grouped(found: list[Found], reading: Reading) -> list[Found]:
    """Return *found* with coordinated neighbours in one group: nothing between them but `,` `、` `/` and or & and the like."""
    groups: list[Found] = []
    group, reach = 0, -1
    for span in found:
        if groups and not _coordinated(reading, reach, span.first):
            group += 1
        groups.append(span._replace(group=group) if group else span)
        reach = max(reach, span.last)
    return groups


def _coordinated(reading: Reading, last: int, first: int) -> bool:
    if first <= last:
        return True
    if first - last > 3:  # `, and` is the longest there is between two
        return False
    between = range(last + 1, first)
    return all(reading.row.words[token] in _COORDINATORS for token in between) and all(
        mark & JOINT for mark in reading.row.marks[last + 1 : first + 1]
    )
