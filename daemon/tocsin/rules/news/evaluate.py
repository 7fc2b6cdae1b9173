"""Evaluation of conditions on one entry: pure, and everything found once.

Text is two-valued. An expression gives hits; a condition is true or not, and rests on hits.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from tocsin.model.entries import Entry
from tocsin.model.prices import Labels
from tocsin.model.rules import Hit, Located, RuleInfo, Severity, Span
from tocsin.rules.news import distinct
from tocsin.rules.news.coverage import lists_in
from tocsin.rules.news.hits import Part, SentenceHit, before, in_clause, near, subtract
from tocsin.rules.news.lists import Found, TermList
from tocsin.rules.news.nodes import (
    IN_CLAUSE,
    KNOWN_BY,
    ORDERED,
    SUBTRACTING,
    UNLIMITED,
    AgeTest,
    All,
    Bare,
    Condition,
    Expression,
    Field,
    LabelTest,
    Leaf,
    Named,
    Near,
    Pair,
    Test,
    Union,
)
from tocsin.rules.news.places import Distance, Places
from tocsin.rules.news.reading import Reading
from tocsin.text.document import Document
from tocsin.text.fold import fold
from tocsin.text.tokens import is_possessive

_FACE = re.compile(r"\Ahttps?://(?:www\.)?|\Awww\.")
#: Words of one coordination that a hit marks beside its own: a longer one is a table.
_MOST_PLACES = 20
#: Makes a named tuple at half the cost of calling its class.
new = tuple.__new__
_Labels = tuple[tuple[str, str], ...]
FIELDS = ("title", "summary", "body")
#: A sentence of an entry: field and first character. The lede may end within one: it is the same sentence still.
Place = tuple[str, int]


class Ground(NamedTuple):
    """A hit and the field it stands in."""

    reading: Reading
    hit: SentenceHit

    @property
    def place(self) -> Place:
        """The place of its sentence, which no other sentence of its entry has."""
        row = self.reading.row
        return row.field, row.starts[row.firsts[self.reading.sentence(self.hit.first)]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRule:
    """A rule with its expressions parsed and its lists at hand; *also_unless* comes from an override."""

    info: RuleInfo
    match: Condition
    unless: Condition | None = None
    also_unless: Condition | None = None
    severity_if: tuple[tuple[Severity, Condition], ...] = ()
    fires: tuple[Located, ...] = ()
    quiet: tuple[Located, ...] = ()

    @property
    def lists(self) -> Mapping[str, TermList]:
        """The lists that it is made of, by full name, those within named expressions too."""
        return lists_in(self.match, *self.cancels, *(condition for _, condition in self.severity_if))

    @property
    def cancels(self) -> tuple[Condition, ...]:
        """The conditions of which one is enough to cancel a match."""
        return tuple(condition for condition in (self.unless, self.also_unless) if condition)


class Judgement:
    """One entry under judgement: its document, and everything already found in it.

    Below, *labels* are those that the match of the rule gave, and *only* narrows the text to some sentences.
    """

    def __init__(self, entry: Entry, now: datetime) -> None:
        self.entry = entry
        self.now = now
        self.document = Document(title=entry.title, summary=entry.summary, body=entry.body, language=entry.language)
        self._readings: dict[str, Sequence[Reading]] = {}
        self._everywhere: Places | None = None

    def readings(self, scope: str) -> Sequence[Reading]:
        """Return the fields in `title`, `summary`, `body`, `lede` or, for the empty string, in all of them."""
        found = self._readings.get(scope)
        if found is None:
            found = self._readings[scope] = tuple(self._read(scope))
        return found

    def has(self, distance: Distance) -> bool:
        """Return whether words of the entry stand at this distance."""
        if self._everywhere is None:
            rows = self.document.rows("")
            self._everywhere = Places(rows) if len(rows) > 1 else next(iter(self.readings("")), Places(rows))
        return self._everywhere.has(distance)

    def holds(self, node: Condition, *, labels: Labels) -> bool:
        """Return whether a condition is true, without the hits that it rests on."""
        for part in node.parts:
            for negated, test in part.tests:
                if self._is_met(test, labels) == negated:
                    break
            else:
                return True
        return False

    def condition(
        self, node: Condition, *, scope: str = "", labels: Labels, only: Collection[Place] | None = None
    ) -> list[Ground] | None:
        """Return the hits a condition rests on, or None where it is not true."""
        found: list[Ground] | None = None
        for part in node.parts:
            grounds = self.all_of(part, scope=scope, labels=labels, only=only)
            if grounds is not None:
                found = [*found, *grounds] if found else grounds
        return found

    def all_of(
        self, node: All, *, scope: str = "", labels: Labels, only: Collection[Place] | None = None
    ) -> list[Ground] | None:
        """Return the hits of tests that are all true, or None."""
        grounds: list[Ground] = []
        for negated, test in node.tests:
            found = self.test(test, scope=scope, labels=labels, only=only)
            if (found is None) != negated:
                return None
            if not negated and found:
                grounds += found[:1] if stands_alone(node, test) else found
        return grounds

    def test(
        self, node: Test, *, scope: str = "", labels: Labels, only: Collection[Place] | None = None
    ) -> list[Ground] | None:
        """Return the hits of one test, or None where it is not true; label and age tests rest on no words."""
        if isinstance(node, LabelTest):
            return [] if self._labelled(node, labels) else None
        if isinstance(node, AgeTest):
            return [] if self._aged(node) else None
        if isinstance(node, Field):
            return self.condition(node.inner, scope=node.field, labels=labels, only=only)
        grounds = [new(Ground, (reading, hit)) for reading in self.readings(scope) for hit in self.hits(node, reading)]
        if only is not None:
            grounds = [ground for ground in grounds if ground.place in only]
        return grounds or None

    def hits(self, node: Near, reading: Reading) -> list[SentenceHit]:
        """Return the hits of an expression in one field, sorted."""
        shared = node.terms if isinstance(node, Leaf) else node.expression if isinstance(node, Named) else node
        key = id(shared)
        found = reading.hits.get(key)
        if found is None:
            found = []
            for words in node.needs:
                # Most expressions end here: what they need is not among the words of the field.
                if reading.beginnings.isdisjoint(words):
                    break
            else:
                found = self._find(node, reading)
            reading.hits[key] = found
        return found

    def hit(self, ground: Ground) -> Hit:
        """Return *ground* as characters of the entry, with its labels and the words that they come from."""
        reading, hit = ground
        # The nodes of a proof share most of their hits. A hit is kept, so that no other can have its identity.
        if (found := reading.shown.get(id(hit))) is None:
            starts, ends = reading.row.starts, reading.row.ends
            places = [part[:2] for part in hit.parts]
            labels: dict[tuple[str, str], None] = {}
            for part in hit.parts:
                if part.labels:
                    places += part.places
                    labels.update(dict.fromkeys(part.labels))
            if len(places) > 1:
                places = sorted(set(places))
            spans = [Span(field=reading.field, start=starts[first], end=ends[last]) for first, last in places]
            found = reading.shown[id(hit)] = hit, Hit(spans=tuple(spans), labels=tuple(labels))
        return found[1]

    def _read(self, scope: str) -> Iterator[Reading]:
        if not scope:
            for field in FIELDS:
                yield from self.readings(field)
            return
        for row in self.document.rows(scope):
            # A lede may end within a field.
            if scope == "lede" and row in self.document.rows(row.field):
                yield from self.readings(row.field)
            else:
                yield Reading(row, self.document.texts[row.field])

    def _is_met(self, test: Test, labels: Labels) -> bool:
        if isinstance(test, Pair) and test.measured:
            return self.has(test.distance)
        return self.test(test, labels=labels) is not None

    def _find(self, node: Near, reading: Reading) -> list[SentenceHit]:
        if isinstance(node, Leaf):
            return _leaf_hits(node.terms, reading)
        if isinstance(node, Pair):
            return self._paired(node, reading)
        if isinstance(node, Named):
            return _leaving(self.hits(node.expression.body, reading), node.expression)
        if isinstance(node, Union):
            found = [hits for part in node.parts if (hits := self.hits(part, reading))]
            return found[0] if len(found) == 1 else sorted({hit for hits in found for hit in hits})
        if isinstance(node, Bare):
            hits = self.hits(node.inner, reading)
            return [hit for hit in hits if not is_possessive(*reading.within(hit.last), reading.text)]
        grounds = self.condition(node.inner, scope=node.field, labels={}) or []
        return sorted({ground.hit for ground in grounds if reading.covers(ground.reading.field, ground.hit.last)})

    def _paired(self, node: Pair, reading: Reading) -> list[SentenceHit]:
        within = None if node.op in UNLIMITED else node.within
        if node.plain and not reading.has(node.distance):
            return []
        left = self.hits(node.left, reading)
        # Whatever the right side is, nothing comes of nothing.
        if not left:
            return left
        right = self.hits(node.right, reading)
        if not right:
            return left if node.op in SUBTRACTING else right
        positions = reading.positions
        if node.op in SUBTRACTING:
            return subtract(node.op, left, right, positions, node.within)
        if node.distinct:
            pair = distinct.before if node.op in ORDERED else distinct.near
        else:
            pair = before if node.op in ORDERED else near
        if node.op in IN_CLAUSE:
            return sorted(in_clause(pair, left, right, positions, reading.clause))
        return sorted(pair(left, right, positions, within))

    def _labelled(self, node: LabelTest, labels: Labels) -> bool:
        if node.name == "source":
            return self.entry.source == node.value
        if node.name == "lang":
            return self.entry.language[: len(node.value)].casefold() == node.value.casefold()
        if node.name == "url":
            return stands_at(self.entry.canonical_link or self.entry.link, node.value)
        if node.name in KNOWN_BY:
            named = {"author": self.entry.authors, "category": self.entry.categories}
            wanted = fold(node.value)
            return any(fold(name) == wanted for name in named.get(node.name, (self.entry.publisher,)))
        return node.value in labels.get(node.name, ()) or node.value in self.entry.labels.get(node.name, ())

    def _aged(self, node: AgeTest) -> bool:
        age = self.now - (self.entry.published or self.entry.first_seen)
        return {"<": age < node.span, "<=": age <= node.span, ">": age > node.span, ">=": age >= node.span}[node.op]


def _leaving(hits: list[SentenceHit], expression: Expression) -> list[SentenceHit]:
    """Return the *hits* of its body with the labels that leave *expression*, under the names outside."""
    if expression.labels is None:
        return hits
    return sorted({hit._replace(parts=tuple(_renamed(part, expression) for part in hit.parts)) for hit in hits})


def _renamed(part: Part, expression: Expression) -> Part:
    labels = tuple((name, value) for label, value in part.labels for name in expression.leaving(label))
    return part._replace(labels=labels, places=part.places if labels else ())


def _leaf_hits(terms: TermList, reading: Reading) -> list[SentenceHit]:
    """Return the hits of a list; each span carries the labels of all that are coordinated with it."""
    found = terms.find(reading)
    if not found:
        return []
    shared = _shared(found, terms) if terms.labelled else {}
    hits: dict[tuple[int, int], SentenceHit] = {}
    for first, last, label, group, member in found:
        # A word that two terms find, or a term of two labels, gives one hit, which carries both.
        if (first, last) not in hits:
            labels, places = shared.get(group, ((), ()))
            value = label or member or " ".join(reading.row.words[first : last + 1])
            part = new(Part, (first, last, terms.name, group, labels, places, value))
            hits[first, last] = new(SentenceHit, (first, last, (part,)))
    return list(hits.values())


def _shared(found: Sequence[Found], terms: TermList) -> dict[int, tuple[_Labels, Sequence[tuple[int, int]]]]:
    """Return the labels of each group of *found*, and where they stand."""
    named: dict[int, dict[str, tuple[int, int]]] = {}
    for span in found:
        if span.label:
            named.setdefault(span.group, {}).setdefault(span.label, (span.first, span.last))
    return {
        group: (tuple((terms.label, value) for value in labels), _places(labels)) for group, labels in named.items()
    }


def _places(labels: Mapping[str, tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Return where the labels of a group stand, once each."""
    return tuple(islice(dict.fromkeys(labels.values()), _MOST_PLACES))


def stands_at(address: str, written: str) -> bool:
    """Return whether a web address begins as *written*, or is on the host that is; scheme and `www.` do not count."""
    here, wanted = _FACE.sub("", address.casefold()), _FACE.sub("", written.casefold())
    if "/" in wanted.rstrip("/"):
        return here.startswith(wanted)
    return re.split("[/?#]", here, maxsplit=1)[0] == wanted.rstrip("/") != ""


def stands_alone(node: All, test: Test) -> bool:
    """Return whether *test* is a labelled list joined by AND alone: it names the entry's subject once, by its first hit."""
    while isinstance(test, Named):
        test = test.expression.body
    return len(node.tests) > 1 and isinstance(test, Leaf) and test.terms.labelled


def labels_of(grounds: Collection[Ground]) -> dict[str, tuple[str, ...]]:
    """Return the labels of all *grounds* by list, each value once, in the order of the text."""
    values: dict[str, dict[str, None]] = {}
    for ground in grounds:
        for part in ground.hit.parts:
            for label, value in part.labels:
                values.setdefault(label, {})[value] = None
    return {name: tuple(found) for name, found in values.items()}


def merged(entry: Entry, found: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Return the labels of a match: those *found* in the text go before those of its source."""
    return {**entry.labels, **found}
