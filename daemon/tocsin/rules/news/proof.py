"""The proof, as a tree, that a rule is true of an entry or that it is not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import product

from tocsin.errors import Position
from tocsin.model.prices import Labels
from tocsin.model.rules import Evidence, Hit, Located
from tocsin.rules.news.coverage import wanted
from tocsin.rules.news.distinct import overlaps, values_of
from tocsin.rules.news.evaluate import CompiledRule, Ground, Judgement, Place, labels_of, merged, stands_alone
from tocsin.rules.news.nodes import (
    IN_CLAUSE,
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

#: Hits kept at a node; its count says how many there are.
KEPT = 20
#: Characters of a hit that a nearest miss repeats.
_WIDEST = 60


def prove(judgement: Judgement, rule: CompiledRule, *, placed: bool = False, unfold: bool = False) -> Evidence:
    """Return the whole tree of *rule*, true or not; its own hits are those of `match`.

    With *placed* every node says where it stands in its file; a proof that is stored needs no more than its rule's.
    With *unfold* every named expression shows all of its body; else one that is false shows its first false part only.
    """
    grounds = judgement.condition(rule.match, labels={})
    labels = merged(judgement.entry, labels_of(grounds or ()))
    match = _Prover(judgement, {}, None, placed=placed, unfold=unfold).whole("match", rule.match)
    prover = _Prover(judgement, labels, None, placed=placed, unfold=unfold)
    unless = [prover.whole("unless", condition) for condition in rule.cancels]
    cancelled = any(node.holds for node in unless)
    children = [match, *unless]
    if grounds:
        sentences = {ground.place for ground in grounds}
        prover = _Prover(judgement, labels, sentences, placed=placed, unfold=unfold)
        children += [prover.whole(f"severity_if {level}", node) for level, node in rule.severity_if]
    return Evidence(
        op="rule",
        text=rule.info.id,
        holds=match.holds and not cancelled,
        hits=match.hits,
        count=match.count,
        note=_verdict(match, cancelled),
        position=rule.info.position,
        children=tuple(children),
    )


class Unread:
    """The proof of a match of *rule*, of which nothing is made before somebody reads it."""

    def __init__(self, judgement: Judgement, rule: CompiledRule) -> None:
        """Keep what `prove` needs, with all that was found in the text."""
        self._judgement = judgement
        self._rule = rule

    @property
    def hits(self) -> tuple[Hit, ...]:
        """Return the hits at the root of the evidence."""
        grounds = self._judgement.condition(self._rule.match, labels={}) or ()
        return tuple(self._judgement.hit(ground) for ground in grounds[:KEPT])

    @cached_property
    def evidence(self) -> Evidence:
        """Return the whole tree."""
        return prove(self._judgement, self._rule)


def prove_named(judgement: Judgement, expression: Expression) -> Evidence:
    """Return the tree of a named expression by itself, with its first false part where it is not true."""
    node = Named(expression=expression, text=f"@{expression.name}", start=0)
    proof = _Prover(judgement, {}, None, placed=True, unfold=False).named(node, "")
    return proof if proof.holds else replace(proof, note=_missed(proof))


def first_false(node: Evidence) -> Evidence:
    """Return the node that explains why a tree is not true: the first false one, as deep as it goes."""
    for child in node.children:
        if not child.holds:
            return first_false(child)
    return node


def _verdict(match: Evidence, cancelled: bool) -> str:
    if cancelled:
        return "cancelled by unless"
    if match.holds:
        return ""
    return _missed(match)


def _missed(node: Evidence) -> str:
    culprit = first_false(node)
    note = f": {culprit.note}" if culprit.note else ""
    return f"not met: {culprit.text}{note}"


class _Prover:
    """Turns one condition after the other into evidence, on one judgement."""

    def __init__(
        self, judgement: Judgement, labels: Labels, only: Collection[Place] | None, *, placed: bool, unfold: bool
    ) -> None:
        self._judgement = judgement
        self._labels = labels
        self._only = only
        self._placed = placed
        self._unfold = unfold
        self._place: Located | None = None

    def whole(self, op: str, node: Condition) -> Evidence:
        """Return the tree of a whole expression."""
        self._place = node.place if self._placed else None
        return self.condition(op, node, "")

    def condition(self, op: str, node: Condition, scope: str) -> Evidence:
        parts = [self._all(part, scope) for part in node.parts]
        inner = parts[0].children if len(parts) == 1 and parts[0].op == "AND" else tuple(parts)
        return self._node(op, node, self._grounds(node, scope), children=inner)

    def named(self, node: Named, scope: str) -> Evidence:
        """Return the evidence of a named expression, at the place where its body stands."""
        body, grounds = node.expression.body, self._grounds(node, scope)
        used, self._place = self._place, node.expression.place if self._placed else None
        children: tuple[Evidence, ...] = ()
        if self._unfold:
            children = (self._near(body, scope),)
        elif not grounds:
            children = (self._culprit(body, scope),)
        found = replace(self._node("expression", node, grounds, children=children), position=self._at(body))
        self._place = used
        return found

    def _culprit(self, node: All | Near, scope: str) -> Evidence:
        """Return the evidence of the first false part of *node*, which is not true, as deep as it goes."""
        if isinstance(node, Named):
            return self.named(node, scope)
        inner = node.field if isinstance(node, Field) else scope
        for part in node.inner.parts if isinstance(node, Field) else wanted(node):
            # There are no label and age tests in the body of an expression.
            if isinstance(part, All | Near) and self._grounds(part, inner) is None:
                return self._culprit(part, inner)
        return self._all(node, scope) if isinstance(node, All) else self._near(node, scope)

    def _grounds(self, node: Condition | All | Near, scope: str) -> list[Ground] | None:
        judge, labels, only = self._judgement, self._labels, self._only
        if isinstance(node, Condition):
            return judge.condition(node, scope=scope, labels=labels, only=only)
        if isinstance(node, All):
            return judge.all_of(node, scope=scope, labels=labels, only=only)
        return judge.test(node, scope=scope, labels=labels, only=only)

    def _all(self, node: All, scope: str) -> Evidence:
        children = tuple(self._test(test, scope, negated, node) for negated, test in node.tests)
        if len(children) == 1:
            return children[0]
        return self._node("AND", node, self._grounds(node, scope), children=children)

    def _test(self, test: Test, scope: str, negated: bool, parent: All) -> Evidence:
        if isinstance(test, LabelTest | AgeTest):
            true = self._judgement.test(test, scope=scope, labels=self._labels) is not None
            op = "label" if isinstance(test, LabelTest) else "age"
            inner = Evidence(op=op, text=test.text, holds=true, position=self._at(test))
        else:
            inner = self._near(test, scope)
        if negated:
            note = f"found {self._quoted(inner.hits)}" if inner.hits else ""
            return replace(inner, op="NOT", holds=not inner.holds, hits=(), count=0, note=note, children=(inner,))
        if stands_alone(parent, test) and inner.holds:
            return replace(inner, hits=inner.hits[:1])
        return inner

    def _near(self, node: Near, scope: str) -> Evidence:
        if isinstance(node, Field):
            return self.condition(node.field, node.inner, node.field)
        if isinstance(node, Named):
            return self.named(node, scope)
        grounds = self._grounds(node, scope)
        if isinstance(node, Leaf):
            return self._node("list" if node.text.startswith("$") else "term", node, grounds)
        if isinstance(node, Union):
            children = tuple(self._near(part, scope) for part in node.parts)
            return self._node("OR", node, grounds, children=children)
        if isinstance(node, Bare):
            inner = self._near(node.inner, scope)
            note = f"only as a possessive: {self._quoted(inner.hits)}" if inner.holds and not grounds else ""
            return self._node("bare", node, grounds, note=note, children=(inner,))
        op = node.op if node.op in UNLIMITED else f"{node.op}/{node.within}"
        sides = self._near(node.left, scope), self._near(node.right, scope)
        if node.op in SUBTRACTING:
            # The right side is what cancels: that it is missing is no fault.
            note = f"cancelled by {self._quoted(sides[1].hits)}" if sides[0].holds and not grounds else ""
            return self._node(op, node, grounds, note=note, children=sides if sides[1].holds else sides[:1])
        note = "" if grounds else self._miss(node, scope, sides)
        return self._node(op, node, grounds, note=note, children=sides)

    def _miss(self, node: Pair, scope: str, sides: tuple[Evidence, Evidence]) -> str:
        """Return in words how near the two sides came to each other."""
        missing = [side.text for side in sides if not side.holds]
        if missing:
            return f"nowhere: {' and '.join(missing)}"
        nearest: tuple[int, Ground, Ground] | None = None
        shared = False
        for left, right in self._together(node, scope):
            shared = True
            for one, other in product(left, right):
                if node.distinct and (overlaps(one.hit, other.hit) or values_of(one.hit) == values_of(other.hit)):
                    continue
                early, late = (
                    (one, other) if node.op in ORDERED else sorted((one, other), key=lambda ground: ground.hit)
                )
                if node.op in ORDERED and early.hit.last >= late.hit.first:
                    continue
                positions = one.reading.positions
                steps = max(0, positions[late.hit.first] - positions[early.hit.last])
                if nearest is None or steps < nearest[0]:
                    nearest = steps, early, late
        if not shared:
            return "never in one sentence"
        if nearest is None and node.distinct:
            return f"two different ones are asked for, found only {self._quoted((*sides[0].hits, *sides[1].hits))}"
        if nearest is None:
            return "never in this order"
        steps, early, late = nearest
        pair = f"{_written(early)} and {_written(late)}"
        if node.op in IN_CLAUSE:
            return f"nearest: {pair} are not in one clause"
        return f"nearest: {pair} are {steps / 2:g} apart, {node.op}/{node.within} asks for {node.within}"

    def _together(self, node: Pair, scope: str) -> Iterator[tuple[Sequence[Ground], Sequence[Ground]]]:
        """Yield the hits of both sides of *node* in each sentence that has both, of many the first."""
        sides: dict[Place, tuple[list[Ground], list[Ground]]] = {}
        for reading in self._judgement.readings(scope):
            for number, side in enumerate((node.left, node.right)):
                for hit in self._judgement.hits(side, reading):
                    ground = Ground(reading, hit)
                    sides.setdefault(ground.place, ([], []))[number].append(ground)
        for place, (left, right) in sides.items():
            if left and right and (self._only is None or place in self._only):
                yield left[:KEPT], right[:KEPT]

    def _node(
        self,
        op: str,
        node: Condition | All | Near,
        grounds: list[Ground] | None,
        *,
        note: str = "",
        children: tuple[Evidence, ...] = (),
    ) -> Evidence:
        hits = tuple([self._judgement.hit(ground) for ground in grounds[:KEPT]]) if grounds else ()
        return Evidence(
            op=op,
            text=" ".join(node.text.split()),
            holds=grounds is not None,
            hits=hits,
            count=len(grounds or ()),
            note=note,
            position=self._at(node),
            children=children,
        )

    def _at(self, node: Condition | All | Test) -> Position | None:
        return self._place.at(node.start) if self._place else None

    def _quoted(self, hits: Collection[Hit]) -> str:
        texts = self._judgement.document.texts
        found = dict.fromkeys(f"“{texts[s.field][s.start : s.end]}”" for hit in hits for s in hit.spans)
        return ", ".join(list(found)[:3])


def _written(ground: Ground) -> str:
    """Return the words of a hit as they stand in the text; of a long one its ends."""
    reading, hit = ground
    words = " ".join(reading.text[reading.row.starts[hit.first] : reading.row.ends[hit.last]].split())
    return f"“{words}”" if len(words) <= _WIDEST else f"“{words[: _WIDEST // 2]} … {words[-_WIDEST // 2 :]}”"
