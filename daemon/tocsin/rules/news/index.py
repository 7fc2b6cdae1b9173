"""The index: it picks the rules whose required words all stand in the gist of an entry, since no other rule can match.

Every branch of a rule asks for groups of keys, of each of which one must be there. It is filed under the rarest of its
groups, the anchors. One scan finds the anchors of all rules; the other groups are looked up before any rule is run.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, product
from typing import NamedTuple

import daachorse

from tocsin.rules.news.coverage import wanted
from tocsin.rules.news.nodes import All, Leaf, Named, Pair
from tocsin.rules.news.rarity import weight
from tocsin.rules.news.terms import Term
from tocsin.text.prefilter import FoldedWords, pieces, simplified


class Group(NamedTuple):
    """Keys of which a text must have at least one: whole narrow *words*, bytes of a gist as *parts*, or runs of *wide* ones.

    Most texts have no wide characters, so that those keys need not be looked for in them.
    """

    words: frozenset[bytes] = frozenset()
    parts: frozenset[bytes] = frozenset()
    wide: frozenset[bytes] = frozenset()


#: Groups of each of which a text must have a key.
Groups = tuple[Group, ...]

#: The most alternatives of a part that are kept apart; more are merged into one group.
_MOST = 64
#: Longer texts are scanned once a word, so that a word that is repeated a million times is found once.
_LONG = 100_000
#: In a regular expression, what makes it unclear which letters are required.
_UNCLEAR = re.compile(r"\\[pPxQ0-9]|\[\^?\]|\[:")
_REGEX_PIECE = re.compile(
    r"(?P<run>[a-z]+|[\u4e00-\u9fff]+)|(?P<set>\[(?:[^\]\\]|\\.)*\])|(?P<open>\()|(?P<close>\))|(?P<or>\|)|(?:\\.|.)",
    re.DOTALL,
)
_OPTIONAL = ("?", "*", "{")


class Index:
    """Rules by their anchors; rules are numbers, in the order in which their conditions were given."""

    def __init__(self, conditions: Iterable[object]) -> None:
        found = branches(conditions)
        shared = Counter(group for _, groups in found for group in groups)
        rarity = {group: _weight(group) * count for group, count in shared.items()}
        filed: dict[bytes, list[tuple[int, Groups]]] = {}
        self._always = sorted({rule for rule, groups in found if not groups})
        for rule, groups in found:
            if not groups:
                continue
            anchor = min(groups, key=lambda group: (rarity[group], min(frozenset().union(*group))))
            branch = rule, tuple(group for group in groups if group is not anchor)
            for pattern in (*(b" %s " % word for word in anchor.words), *anchor.parts, *anchor.wide):
                filed.setdefault(pattern, []).append(branch)
        self._filed = tuple(tuple(found) for found in filed.values())
        self._scan = daachorse.DoubleArrayAhoCorasick(list(filed)).find_overlapping if filed else None

    def candidates(self, gist: Callable[[], FoldedWords]) -> Sequence[int]:
        """Return the rules that a text may match, ascending; its *gist* is made only if there is something to find."""
        if self._scan is None:
            return self._always
        narrow, wide = gist()
        words: frozenset[bytes] | None = None
        if len(narrow) > _LONG:
            words = frozenset(narrow.split())
            narrow = b" %s " % b" ".join(words)
        text = narrow + wide
        hits = self._scan(text)
        if not hits:
            return self._always
        words = words or frozenset(narrow.split())
        found = set(self._always)
        known: dict[Group, bool] = {}
        for pattern in {hit[2] for hit in hits}:
            for rule, groups in self._filed[pattern]:
                if rule not in found and all(_has_key(group, words, text, wide, known) for group in groups):
                    found.add(rule)
        return sorted(found)


def _has_key(group: Group, words: frozenset[bytes], text: bytes, wide: bytes, known: dict[Group, bool]) -> bool:
    """Return whether *text* has a key of *group*; *known* keeps the answers, since many rules share a group."""
    if group.words and not group.words.isdisjoint(words):
        return True
    if not group.parts and not (wide and group.wide):
        return False
    found = known.get(group)
    if found is None:
        found = known[group] = any(part in text for part in group.parts) or any(part in wide for part in group.wide)
    return found


def _weight(group: Group) -> float:
    """Return a rough likelihood that a text has one of its keys: long words are rare, but for the commonest."""
    return sum(weight(key) for keys in group for key in keys)


def branches(conditions: Iterable[object]) -> list[tuple[int, Groups]]:
    """Return (rule, what a text needs) of every alternative of every condition; equal groups are one object."""
    known: dict[Group, Group] = {}
    shared: dict[int, tuple[Groups, ...]] = {}

    def alternatives(node: object) -> tuple[Groups, ...]:
        """Return alternatives of groups: a text that matches *node* has a key of each group of one of them.

        An alternative without groups requires nothing, as where it is unclear what a text needs.
        """
        if isinstance(node, Leaf | Named):
            # Every place that names a list or an expression asks for the same.
            key = id(node.terms if isinstance(node, Leaf) else node.expression)
            if key not in shared:
                shared[key] = (kept(_members(node)),) if isinstance(node, Leaf) else alternatives(node.expression.body)
            return shared[key]
        found = [alternatives(part) for part in wanted(node)]
        if not isinstance(node, All | Pair):
            return _together(list(chain.from_iterable(found)))
        # Alternatives multiply only with others.
        if math.prod(map(len, found)) > max([_MOST, *map(len, found)]):
            found = [(_any(part),) for part in found]
        return tuple(kept(chain.from_iterable(choice)) for choice in product(*found))

    def kept(groups: Iterable[Group]) -> Groups:
        return tuple(dict.fromkeys(known.setdefault(group, group) for group in groups))

    return [(rule, groups) for rule, condition in enumerate(conditions) for groups in alternatives(condition)]


def _together(alternatives: Sequence[Groups]) -> tuple[Groups, ...]:
    """Return *alternatives*, those of one group each as one; where one needs nothing, the others say nothing."""
    if not alternatives or not all(alternatives):
        return ((),)
    single = [groups for groups in alternatives if len(groups) == 1]
    rest = tuple(dict.fromkeys(groups for groups in alternatives if len(groups) > 1))
    return (_any(single), *rest) if single else rest


def _members(leaf: Leaf) -> Groups:
    return _any([_term(term) for term, _ in leaf.terms.members])


def _any(branches: Sequence[Groups]) -> Groups:
    """Return one group for any of *branches*, of the rarest of each; nothing where one of them requires nothing."""
    if len(branches) == 1:
        return branches[0]
    if not all(branches):
        return ()
    rarest = [min(groups, key=_weight) for groups in branches]
    return (Group(*(frozenset().union(*keys) for keys in zip(*rarest, strict=True))),) if rarest else ()


def _term(term: Term) -> Groups:
    """Return the groups of *term*: one for each narrow word, in any of its forms, and one for each run of wide characters."""
    if term.loose:
        return ()
    if term.pattern is not None:
        return tuple(_part(literal) for literal in _literals(term.text[4:-1]))
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
    return tuple(groups)


def _part(key: bytes) -> Group:
    """Return the group of one run of characters, which are all wide or all letters from a to z."""
    return Group(parts=frozenset([key])) if key.isascii() else Group(wide=frozenset([key]))


def _narrow(forms: Iterable[str]) -> Iterator[Group]:
    """Yield the longest piece of each form."""
    keys = [max(pieces(form), key=len, default=b"") for form in forms]
    if all(keys):
        yield Group(words=frozenset(keys))


def _prefix(prefix: str) -> Iterator[Group]:
    """Yield the pieces of *prefix*: all but the last are whole words, the last begins one."""
    *whole, last = pieces(prefix) or [b""]
    if last:
        yield Group(parts=frozenset([b" " + last]))
    for piece in whole:
        yield Group(words=frozenset([piece]))


def _literals(pattern: str) -> list[bytes]:
    """Return runs of letters that every text with *pattern* has; none where that is not obvious."""
    found: list[bytes] = []
    if _UNCLEAR.search(pattern):
        return found
    depth = 0
    for piece in _REGEX_PIECE.finditer(pattern):
        kind = piece.lastgroup
        depth += (kind == "open") - (kind == "close")
        if kind == "or" and not depth:
            return []
        if kind == "run" and not depth:
            run = piece.group()
            if pattern.startswith(_OPTIONAL, piece.end()):
                run = run[:-1]
            if len(run) >= 3 or (run and run > "z"):
                found.append(simplified(run).encode())
    return found
