"""Evaluation of conditions on one entry: pure, and everything found once.

Text is two-valued. An expression gives hits; a condition is true or not, and rests on hits.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import chain, islice

from tocsin.model.entries import Entry
from tocsin.model.prices import Labels
from tocsin.model.rules import Hit, Located, RuleInfo, Severity, Span
from tocsin.rules.news import distinct
from tocsin.rules.news.coverage import lists_in
from tocsin.rules.news.hits import Part, SentenceHit, before, in_clause, near, subtract
from tocsin.rules.news.lists import TermList, heads
from tocsin.rules.news.nodes import (
    IN_CLAUSE,
    KNOWN_BY,
    ORDERED,
    SUBTRACTING,
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
    Test,
    Union,
)
from tocsin.text.clauses import clauses
from tocsin.text.document import Document
from tocsin.text.fold import fold
from tocsin.text.tokens import Sentence, is_possessive

_FACE = re.compile(r"\Ahttps?://(?:www\.)?|\Awww\.")
#: Words of one coordination that a hit marks beside its own: a longer one is a table.
_MOST_PLACES = 20
#: A sentence of an entry: field and first character. The lede may end within one: it is the same sentence still.
Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Ground:
    """A hit and the sentence it stands in."""

    sentence: Sentence
    hit: SentenceHit


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


def place(sentence: Sentence) -> Place:
    """Return the place of *sentence*, which no other sentence of its entry has."""
    return sentence.field, sentence.start


class _Reading:
    """A *sentence* of a *text* under judgement, and what was found in it.

    *hits* are kept by the identity of a list or a node, which the rules keep alive. All places that name an expression
    share the node of its body.
    """

    def __init__(self, sentence: Sentence, text: str) -> None:
        self.sentence = sentence
        self.text = text
        self.hits: dict[int, list[SentenceHit]] = {}
        self.beginnings = heads(sentence)

    @cached_property
    def clauses(self) -> tuple[int, ...]:
        return clauses(self.sentence)


class Judgement:
    """One entry under judgement: its document, and everything already found in it.

    Below, *labels* are those that the match of the rule gave, and *only* narrows the text to some sentences.
    """

    def __init__(self, entry: Entry, now: datetime) -> None:
        self.entry = entry
        self.now = now
        self.document = Document(title=entry.title, summary=entry.summary, body=entry.body, language=entry.language)
        # By the identity of a sentence, which the document keeps alive.
        self._readings: dict[int, _Reading] = {}

    def condition(
        self, node: Condition, *, scope: str = "", labels: Labels, only: Collection[Place] | None = None
    ) -> list[Ground] | None:
        """Return the hits a condition rests on, or None where it is not true."""
        parts = (self.all_of(part, scope=scope, labels=labels, only=only) for part in node.parts)
        found = [grounds for grounds in parts if grounds is not None]
        return list(chain.from_iterable(found)) if found else None

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
        grounds = [
            Ground(sentence, hit)
            for sentence in self.document.sentences(scope)
            if only is None or place(sentence) in only
            for hit in self.near(node, sentence)
        ]
        return grounds or None

    def near(self, node: Near, sentence: Sentence) -> list[SentenceHit]:
        """Return the hits of an expression in one sentence, sorted."""
        reading = self._readings.get(id(sentence))
        if reading is None:
            reading = self._readings[id(sentence)] = _Reading(sentence, self.document.texts[sentence.field])
        return self._read(node, reading)

    def hit(self, ground: Ground) -> Hit:
        """Return *ground* as characters of the entry, with its labels and the words that they come from."""
        tokens = ground.sentence.tokens
        field = ground.sentence.field
        places = {place for part in ground.hit.parts for place in ((part.first, part.last), *part.places)}
        spans = {Span(field=field, start=tokens[first].start, end=tokens[last].end) for first, last in places}
        labels = dict.fromkeys(label for part in ground.hit.parts for label in part.labels)
        return Hit(spans=tuple(sorted(spans)), labels=tuple(labels))

    def _read(self, node: Near, reading: _Reading) -> list[SentenceHit]:
        key = id(node.terms if isinstance(node, Leaf) else node)
        hits = reading.hits.get(key)
        if hits is None:
            # Most sentences end here: what an expression needs is not among their words.
            words = node.needed.words
            hits = [] if words and words.isdisjoint(reading.beginnings) else self._near(node, reading)
            reading.hits[key] = hits
        return hits

    def _near(self, node: Near, reading: _Reading) -> list[SentenceHit]:
        sentence = reading.sentence
        if isinstance(node, Leaf):
            return _leaf_hits(node.terms, sentence, reading.text)
        if isinstance(node, Named):
            return _leaving(self._read(node.expression.body, reading), node.expression)
        if isinstance(node, Union):
            return sorted({hit for part in node.parts for hit in self._read(part, reading)})
        if isinstance(node, Bare):
            hits = self._read(node.inner, reading)
            return [hit for hit in hits if not is_possessive(sentence, hit.last, reading.text)]
        if isinstance(node, Field):
            grounds = self.condition(node.inner, scope=node.field, labels={}) or []
            return sorted({ground.hit for ground in grounds if place(ground.sentence) == place(sentence)})
        left = self._read(node.left, reading)
        # Whatever the right side is, nothing comes of nothing.
        if not left:
            return left
        right = self._read(node.right, reading)
        if not right:
            return left if node.op in SUBTRACTING else right
        if node.op in SUBTRACTING:
            return subtract(node.op, left, right, sentence, node.within)
        if node.distinct:
            pair = distinct.before if node.op in ORDERED else distinct.near
        else:
            pair = before if node.op in ORDERED else near
        if node.op in IN_CLAUSE:
            return sorted(in_clause(pair, left, right, sentence, reading.clauses))
        return sorted(pair(left, right, sentence, None if node.op == "SENT" else node.within))

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


def _leaf_hits(terms: TermList, sentence: Sentence, text: str) -> list[SentenceHit]:
    """Return the hits of a list; each span carries the labels of all that are coordinated with it."""
    found = terms.find(sentence, text)
    if not found:
        return []
    named: dict[int, dict[str, tuple[int, int]]] = {}
    for span in found:
        if span.label:
            named.setdefault(span.group, {}).setdefault(span.label, (span.first, span.last))
    shared = {
        group: (tuple((terms.label, value) for value in labels), _places(labels)) for group, labels in named.items()
    }
    hits: dict[tuple[int, int], SentenceHit] = {}
    for span in found:
        first, last, label, group, member = span
        # A word that two terms find, or a term of two labels, gives one hit, which carries both.
        if (first, last) not in hits:
            labels, places = shared.get(group, ((), ()))
            value = label or member or " ".join(token.word for token in sentence.tokens[first : last + 1])
            hits[first, last] = SentenceHit(first, last, (Part(first, last, terms.name, group, labels, places, value),))
    return list(hits.values())


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
