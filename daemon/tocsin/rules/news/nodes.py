"""The nodes of the tree that the parser makes of an expression."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain
from operator import attrgetter
from typing import ClassVar

from tocsin.model.rules import Located
from tocsin.rules.news.lists import TermList
from tocsin.rules.news.places import Distance, reach
from tocsin.rules.news.rarity import UNKNOWN, Needed, Needs

#: What an entry is known by, beside the labels of its source.
KNOWN_BY = ("source", "lang", "publisher", "author", "category", "url")
#: Operators without a distance, those of them that look within a clause, and those whose left hit ends before the right one.
UNLIMITED = ("SENT", "CLAUSE", "THEN")
IN_CLAUSE = ("CLAUSE", "THEN")
ORDERED = ("BEFORE", "THEN")
#: Operators whose hits are those of the left side, less what the right side takes away.
SUBTRACTING = ("NOT NEAR", "NOT BEFORE", "NOT AFTER")
_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A part of an expression: the *text* it was written as, and where that starts."""

    text: str
    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf(Written):
    """A term or a list."""

    terms: TermList

    @property
    def needed(self) -> Needed:
        """What a sentence with a hit has."""
        return self.terms.needed

    @property
    def needs(self) -> Needs:
        """All that is known of what a field with a hit has."""
        return self.terms.needs

    @property
    def gives(self) -> frozenset[str]:
        """The labels that a hit can give."""
        return self.terms.gives


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Expression:
    """A named expression: its *body* is compiled once, and shared by all that name it.

    *name* is its name in full, `pack/name`. *labels* are those that leave it: (the name outside, the name that the body
    gives); None where all do. *given* are these labels as they are outside, with the lists that give them. *fields* are those
    in which hits of its body can stand, *made_of* the identities of the lists and terms that these are hits of. *levels* and
    *size* are those of its body if every name in it were written out. *digest* changes with the text of everything that it names.
    """

    name: str
    body: Near
    place: Located
    labels: tuple[tuple[str, str], ...] | None = None
    given: tuple[tuple[str, TermList], ...] = ()
    fields: frozenset[str] = frozenset()
    made_of: frozenset[int] = frozenset()
    levels: int = 0
    size: int = 1
    digest: str = ""
    fires: tuple[Located, ...] = ()
    quiet: tuple[Located, ...] = ()

    def leaving(self, label: str) -> tuple[str, ...]:
        """Return the names under which the *label* of its body leaves it."""
        return (label,) if self.labels is None else tuple(out for out, own in self.labels if own == label)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named(Written):
    """A named expression in the place where it is used."""

    expression: Expression

    @property
    def needed(self) -> Needed:
        """What a sentence with a hit has."""
        return self.expression.body.needed

    @property
    def needs(self) -> Needs:
        """All that is known of what a field with a hit has."""
        return self.expression.body.needs

    @property
    def gives(self) -> frozenset[str]:
        """The labels that a hit can give."""
        return frozenset(label for label, _ in self.expression.given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair(Written):
    """Two units and the proximity operator between them; those of `UNLIMITED` have no *within*.

    *distinct*: both sides are made of the same lists and terms, so two different values of them are asked for. *gives* are the
    labels that a hit can give. *plain*: the hits of each side are words by themselves. *measured*: then their distance alone says
    whether there is a hit.
    """

    op: str
    within: int
    left: Near
    right: Near
    distinct: bool = False
    gives: frozenset[str] = field(init=False, compare=False, repr=False)
    plain: bool = field(init=False, compare=False, repr=False)
    measured: bool = field(init=False, compare=False, repr=False)
    _needs: Needs | None = field(default=None, init=False, compare=False, repr=False)
    _needed: Needed | None = field(default=None, init=False, compare=False, repr=False)
    _distance: Distance | None = field(default=None, init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        plain = self.op not in SUBTRACTING and _is_plain(self.left) and _is_plain(self.right)
        object.__setattr__(self, "plain", plain)
        object.__setattr__(self, "measured", plain and self.op not in IN_CLAUSE and not self.distinct)
        sides = (self.left,) if self.op in SUBTRACTING else (self.left, self.right)
        object.__setattr__(self, "gives", _given(sides))

    @property
    def needed(self) -> Needed:
        """What a sentence with a hit has."""
        if (found := self._needed) is None:
            found = min((side.needed for side in self._sides), key=attrgetter("weight"))
            object.__setattr__(self, "_needed", found)
        return found

    @property
    def needs(self) -> Needs:
        """All that is known of what a field with a hit has."""
        if (found := self._needs) is None:
            # A plain pair is decided by its words at once.
            found = () if self.plain else tuple(side.needed.words for side in self._sides if side.needed.words)
            object.__setattr__(self, "_needs", found)
        return found

    @property
    def distance(self) -> Distance:
        """Which words of a plain pair stand how far from each other in a field with a hit."""
        if (found := self._distance) is None:
            left, right = tuple(_words(self.left)), tuple(_words(self.right))
            found = Distance(left, right, reach(None if self.op in UNLIMITED else self.within), self.op in ORDERED)
            object.__setattr__(self, "_distance", found)
        return found

    @property
    def _sides(self) -> tuple[Near, ...]:
        return (self.left,) if self.op in SUBTRACTING else (self.left, self.right)


@dataclass(frozen=True, slots=True, kw_only=True)
class Union(Written):
    """Any of several: the union of their hits, which can give the labels *gives*. *plain*: each hit is a word by itself."""

    parts: tuple[Near, ...]
    gives: frozenset[str] = field(init=False, compare=False, repr=False)
    plain: bool = field(init=False, compare=False, repr=False)
    # Each part is as soon found as missed; the words of all of them together would take more memory than all lists.
    needed: ClassVar[Needed] = UNKNOWN
    needs: ClassVar[Needs] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "gives", _given(self.parts))
        object.__setattr__(self, "plain", all(map(_is_plain, self.parts)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bare(Written):
    """The hits of its *inner* part whose last word is no possessive: Japan, but not Japan's."""

    inner: Near

    @property
    def needed(self) -> Needed:
        """What a sentence with a hit has."""
        return self.inner.needed

    @property
    def needs(self) -> Needs:
        """All that is known of what a field with a hit has."""
        return self.inner.needs

    @property
    def gives(self) -> frozenset[str]:
        """The labels that a hit can give."""
        return self.inner.gives


@dataclass(frozen=True, slots=True, kw_only=True)
class Field(Written):
    """A condition on one field only."""

    field: str
    inner: Condition
    needed: ClassVar[Needed] = UNKNOWN
    needs: ClassVar[Needs] = ()

    @property
    def gives(self) -> frozenset[str]:
        """The labels that a hit can give."""
        return self.inner.gives


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelTest(Written):
    """A label of the entry (or of the match so far), or what it is known by (`KNOWN_BY`), has this value."""

    name: str
    value: str
    gives: ClassVar = _NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeTest(Written):
    """A test of the time since the entry was published, by the Clock."""

    op: str
    span: timedelta
    gives: ClassVar = _NOTHING


Near = Leaf | Named | Pair | Union | Bare | Field
Test = Near | LabelTest | AgeTest


@dataclass(frozen=True, slots=True, kw_only=True)
class All(Written):
    """Tests that must all be true; those with True beside them must not."""

    tests: tuple[tuple[bool, Test], ...]

    @property
    def gives(self) -> frozenset[str]:
        """The labels that a match can give."""
        return _given([test for negated, test in self.tests if not negated])


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition(Written):
    """Any of several `All`s, which can give the labels *gives*; a whole expression knows its *place* in a file."""

    parts: tuple[All, ...]
    place: Located | None = field(default=None, compare=False, repr=False)
    gives: frozenset[str] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "gives", _given(self.parts))


def _is_plain(node: Near) -> bool:
    """Return whether each hit of *node* is a word by itself."""
    if isinstance(node, Union):
        return node.plain
    return isinstance(node, Leaf) and not node.terms.excluded and bool(node.terms.forms)


def _words(node: Near) -> Iterable[tuple[str, ...]]:
    """Return the words that can be hits of a plain *node*, each in its forms."""
    if isinstance(node, Leaf):
        return (node.terms.forms,)
    return chain.from_iterable(map(_words, node.parts)) if isinstance(node, Union) else ()


def _given(parts: Iterable[All | Test]) -> frozenset[str]:
    """Return the labels of all *parts*; where one has them all, its own set, since there are many nodes."""
    given = _NOTHING
    for part in parts:
        if not part.gives <= given:
            given = given | part.gives if given else part.gives
    return given
