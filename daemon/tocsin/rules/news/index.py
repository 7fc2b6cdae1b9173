"""The index: it picks the rules whose required words all stand in the gist of an entry, since no other rule can match.

Every branch of a rule asks for groups of keys, of each of which one must be there. It is filed under the rarest of its
groups, the anchors. One scan finds the anchors of all rules; the other groups are looked up before any rule is run.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, reduce
from itertools import chain, product
from operator import and_
from typing import NamedTuple

import daachorse

from tocsin.rules.news.coverage import wanted
from tocsin.rules.news.nodes import All, Leaf, Named, Pair
from tocsin.rules.news.rarity import weight
from tocsin.rules.news.terms import Term
from tocsin.text.prefilter import FoldedWords, longest_piece, pieces, simplified

Keys = tuple[bytes, ...]


class Group(NamedTuple):
    """Keys of which a text must have at least one: whole narrow *words*, bytes of a gist as *parts*, or runs of *wide* ones.

    A word may be two with a blank between them: a text must have both, the rarer first, but not side by side. Most texts have
    no wide characters, so that those keys need not be looked for in them.
    """

    # In order, so that equal groups are equal. There is one for every few rules: a set would take several times as much memory.
    words: Keys = ()
    parts: Keys = ()
    wide: Keys = ()


#: Groups of each of which a text must have a key.
Groups = tuple[Group, ...]


class _Branch(NamedTuple):
    """What a rule needs beside an anchor: *groups*, and those of them that have a bit as one number."""

    rule: int
    need: int
    groups: tuple[int, ...]


class _Anchor(NamedTuple):
    """A group under which *branches* are filed, and what all of these need, of the groups that have a bit."""

    need: int
    branches: tuple[_Branch, ...]


#: So many groups, those most asked for, are looked up all at once: each has a bit of one number.
_BITS = 1024
#: The most alternatives of a part that are kept apart; more are merged into one group.
_MOST = 64
#: Longer texts are scanned once a word, so that a word that is repeated a million times is found once.
_LONG = 100_000


class Index:
    """Rules by their anchors; rules are numbers, in the order in which their conditions were given."""

    def __init__(self, conditions: Iterable[object]) -> None:
        found = branches(conditions)
        shared = Counter(group for rule, group in {(rule, group): None for rule, groups in found for group in groups})
        # Behind the anchor the rarest is looked up first: most branches end there.
        groups = sorted(shared, key=lambda group: (_weight(group) * shared[group], min(chain(*group))))
        rank = {group: number for number, group in enumerate(groups)}
        self._always = sorted({rule for rule, groups in found if not groups})
        asked = [(rule, sorted([rank[group] for group in groups])) for rule, groups in found if groups]
        behind = Counter(number for _, asks in asked for number in asks[1:])
        # What is only looked for as an anchor is not kept.
        self._behind = {number: groups[number] for number in sorted(behind)}
        self._bit = bits = {number: 1 << bit for bit, (number, _) in enumerate(behind.most_common(_BITS))}
        self._bits = self._bits_of_words(bits)
        # A text of narrow words alone, and any text, cannot have these but by their words.
        self._narrow = sum(bit for number, bit in bits.items() if not groups[number].parts)
        self._wide = sum(bit for number, bit in bits.items() if not (groups[number].parts or groups[number].wide))
        self._twos = _twos(chain.from_iterable(group.words for group in groups))
        anchors = {
            number: _Anchor(reduce(and_, [branch.need for branch in found]), tuple(found))
            for number, found in self._branches(asked).items()
        }
        words: dict[bytes, list[_Anchor]] = {}
        patterns: dict[bytes, list[_Anchor]] = {}
        for number, anchor in anchors.items():
            group = groups[number]
            for word in group.words:
                words.setdefault(word, []).append(anchor)
            for pattern in (*group.parts, *group.wide):
                patterns.setdefault(pattern, []).append(anchor)
        self._by_word = {word: tuple(found) for word, found in words.items()}
        self._by_pattern = tuple(map(tuple, patterns.values()))
        self._scan = daachorse.DoubleArrayAhoCorasick(list(patterns)).find_overlapping if patterns else None

    def candidates(self, gist: Callable[[], FoldedWords]) -> Sequence[int]:
        """Return the rules that a text may match, ascending; its *gist* is made only if there is something to find."""
        if not self._by_word and not self._scan:
            return self._always
        narrow, wide = gist()
        words = set(narrow.split())
        if len(narrow) > _LONG:
            narrow = b" %s " % b" ".join(words)
        for first in self._twos.keys() & words:
            seconds = self._twos[first]
            words.update([seconds[second] for second in seconds.keys() & words])
        anchored = [self._by_word[word] for word in self._by_word.keys() & words]
        text = narrow + wide
        if self._scan:
            anchored += [self._by_pattern[pattern] for pattern in {hit[2] for hit in self._scan(text)}]
        if not anchored:
            return self._always
        present = 0
        for word in self._bits.keys() & words:
            present |= self._bits[word]
        missing = ~present & (self._wide if wide else self._narrow)
        # Most anchors end at what all their branches need.
        left = {id(one[1]): one[1] for anchors in anchored for one in anchors if not one[0] & missing}
        found = set(self._always)
        known: dict[int, bool] = {}
        for rule, need, groups in chain.from_iterable(left.values()):
            if need & missing or rule in found:
                continue
            for number in groups:
                if number not in known:
                    by_word = present & self._bit.get(number, 0)
                    known[number] = bool(by_word) or _has_key(self._behind[number], words, text, wide)
                if not known[number]:
                    break
            else:
                found.add(rule)
        return sorted(found)

    def _branches(self, asked: Iterable[tuple[int, Sequence[int]]]) -> dict[int, list[_Branch]]:
        """Return by the number of their anchor what the rules need that have *asked* for groups, the rarest first."""
        found: dict[int, dict[_Branch, None]] = {}
        # Equal ones are kept once.
        needs: dict[int, int] = {}
        numbers: dict[tuple[int, ...], tuple[int, ...]] = {}
        for rule, (anchor, *others) in asked:
            need = sum(self._bit.get(number, 0) for number in others)
            branch = _Branch(rule, needs.setdefault(need, need), numbers.setdefault(rest := tuple(others), rest))
            found.setdefault(anchor, {})[branch] = None
        return {anchor: list(branches) for anchor, branches in found.items()}

    def _bits_of_words(self, bits: Mapping[int, int]) -> dict[bytes, int]:
        """Return for each word the groups that have it, of those with a bit."""
        found: dict[bytes, int] = {}
        for number, bit in bits.items():
            for word in self._behind[number].words:
                found[word] = found.get(word, 0) | bit
        # The words of a list have the same groups: a number of a thousand bits is kept once.
        same: dict[int, int] = {}
        return {word: same.setdefault(groups, groups) for word, groups in found.items()}


def _twos(words: Iterable[bytes]) -> dict[bytes, dict[bytes, bytes]]:
    """Return the keys of two words among *words*, by the first and then by the second."""
    found: dict[bytes, dict[bytes, bytes]] = {}
    for word in words:
        first, blank, second = word.partition(b" ")
        if blank:
            found.setdefault(first, {})[second] = word
    return found


def _has_key(group: Group, words: set[bytes], text: bytes, wide: bytes) -> bool:
    """Return whether *text*, with these *words* and *wide* characters, has a key of *group*."""
    if not words.isdisjoint(group.words):
        return True
    # Few groups have parts, and few texts have wide characters.
    if group.parts and any(part in text for part in group.parts):
        return True
    return bool(wide) and any(part in wide for part in group.wide)


def _weight(group: Group) -> float:
    """Return a rough likelihood that a text has one of its keys: long words are rare, but for the commonest."""
    return sum(map(weight, chain(*group)))


def branches(conditions: Iterable[object]) -> list[tuple[int, Groups]]:
    """Return (rule, what a text needs) of every alternative of every condition; equal groups are one object."""
    found = _Alternatives()
    return [(rule, groups) for rule, condition in enumerate(conditions) for groups in found.of(condition)]


class _Alternatives:
    """The needs of texts that match the nodes of several conditions. What these share is looked at once."""

    def __init__(self) -> None:
        self._known: dict[Group, Group] = {}
        self._shared: dict[int, tuple[Groups, ...]] = {}
        self._weight = cache(_weight)

    def of(self, node: object) -> tuple[Groups, ...]:
        """Return alternatives of groups: a text that matches *node* has a key of each group of one of them.

        An alternative without groups requires nothing, as where it is unclear what a text needs.
        """
        if isinstance(node, Leaf | Named):
            # Every place that names a list or an expression asks for the same.
            key = id(node.terms if isinstance(node, Leaf) else node.expression)
            if key not in self._shared:
                self._shared[key] = (
                    (self._kept(self._any([_term(term) for term, _ in node.terms.members])),)
                    if isinstance(node, Leaf)
                    else self.of(node.expression.body)
                )
            return self._shared[key]
        found = [self.of(part) for part in wanted(node)]
        if not isinstance(node, All | Pair):
            return self._together(list(chain.from_iterable(found)))
        # Alternatives multiply. Where they are too many, the side with the fewest is asked for as a whole.
        while math.prod(map(len, found)) > max([_MOST, *map(len, found)]):
            fewest = min((part for part in found if len(part) > 1), key=len)
            found[found.index(fewest)] = (self._any(fewest),)
        return tuple(self._kept(chain.from_iterable(choice)) for choice in product(*found))

    def _kept(self, groups: Iterable[Group]) -> Groups:
        return tuple(dict.fromkeys([self._known.setdefault(group, group) for group in groups]))

    def _together(self, alternatives: Sequence[Groups]) -> tuple[Groups, ...]:
        """Return *alternatives*, those of one group each as one; where one needs nothing, the others say nothing."""
        if not alternatives or not all(alternatives):
            return ((),)
        single = [groups for groups in alternatives if len(groups) == 1]
        rest = tuple(dict.fromkeys(groups for groups in alternatives if len(groups) > 1))
        return (self._any(single), *rest) if single else rest

    def _any(self, branches: Sequence[Groups]) -> Groups:
        """Return one group for any of *branches*, of the rarest of each; nothing where one of them requires nothing."""
        if len(branches) == 1:
            return branches[0]
        if not all(branches):
            return ()
        rarest = [groups[0] if len(groups) == 1 else min(groups, key=self._weight) for groups in branches]
        return (Group(*(_keys(chain(*keys)) for keys in zip(*rarest, strict=True))),) if rarest else ()


def _term(term: Term) -> Groups:
    """Return the groups of *term*: one for each narrow word, in any of its forms, and one for each run of wide characters.

    The two rarest of its narrow words are one group: one list in two has phrases of a rare and a common word, and either alone
    stands in many texts.
    """
    if term.loose:
        return ()
    if term.pattern is not None:
        return tuple(_any_run(runs) for runs in term.literals)
    groups: list[Group] = []
    run = ""
    for word, wide in zip(term.words, term.wide, strict=True):
        if wide and not word.prefix:
            run += simplified(min(word.forms))
            continue
        if run:
            groups.append(_part(run.encode()))
            run = ""
        if wide:
            groups.append(_part(simplified(word.prefix).encode()))
        else:
            groups += _prefix(word.prefix) if word.prefix else _narrow(word.forms)
    if run:
        groups.append(_part(run.encode()))
    return _paired(groups)


def _paired(groups: Sequence[Group]) -> Groups:
    """Return *groups* of which each text must have a key; the two rarest of whole words are one group of both words."""
    rarest = sorted((group for group in groups if group.words), key=_weight)[:2]
    if len(rarest) < 2 or len(rarest[0].words) * len(rarest[1].words) > _MOST:
        return tuple(groups)
    both = Group(words=_keys(b"%s %s" % two for two in product(*(group.words for group in rarest))))
    return (both, *(group for group in groups if group not in rarest))


def _keys(keys: Iterable[bytes]) -> Keys:
    return tuple(sorted(set(keys)))


def _part(key: bytes) -> Group:
    """Return the group of one run of characters, which are all wide or all letters from a to z."""
    return Group(parts=(key,)) if key.isascii() else Group(wide=(key,))


def _any_run(runs: Sequence[str]) -> Group:
    """Return the group of *runs*, of letters from a to z or one of wide characters."""
    return Group(parts=_keys(run.encode() for run in runs)) if runs[0] <= "z" else _part(simplified(runs[0]).encode())


def _narrow(forms: Iterable[str]) -> Iterator[Group]:
    """Yield the longest piece of each form."""
    keys = _keys(map(longest_piece, forms))
    if b"" not in keys:
        yield Group(words=keys)


def _prefix(prefix: str) -> Iterator[Group]:
    """Yield the pieces of *prefix*: all but the last are whole words, the last begins one."""
    *whole, last = pieces(prefix) or [b""]
    if last:
        yield Group(parts=(b" " + last,))
    for piece in whole:
        yield Group(words=(piece,))
