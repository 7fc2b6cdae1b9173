"""The proof: why a rule holds for an entry, or why it does not, as a tree (DESIGN 4, Explain)."""

from __future__ import annotations

from collections.abc import Collection
from itertools import product

from tocsin.model import Evidence, Hit, Labels
from tocsin.rules.evaluate import CompiledRule, Ground, Judgement, Place, labels_of, merged, place, stands_alone
from tocsin.rules.query import AgeTest, All, Condition, Field, LabelTest, Leaf, Near, Pair, Test, Union

#: Hits kept at a node; its count says how many there are.
KEPT = 20


def prove(judgement: Judgement, rule: CompiledRule) -> Evidence:
    """The whole tree of *rule*, whether it holds or not; its own hits are those of `match`."""
    grounds = judgement.condition(rule.match, labels={})
    labels = merged(judgement.entry, labels_of(grounds or ()))
    match = _Prover(judgement, {}, None).condition("match", rule.match, "")
    children = [match]
    cancelled = False
    if rule.unless:
        unless = _Prover(judgement, labels, None).condition("unless", rule.unless, "")
        cancelled = unless.holds
        children.append(unless)
    if grounds:
        prover = _Prover(judgement, labels, {place(ground.sentence) for ground in grounds})
        children += [prover.condition(f"severity_if {level}", node, "") for level, node in rule.severity_if]
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


def first_false(node: Evidence) -> Evidence:
    """The node that explains why a tree does not hold: the first false one, as deep as it goes."""
    for child in node.children:
        if not child.holds:
            return first_false(child)
    return node


def _verdict(match: Evidence, cancelled: bool) -> str:
    if cancelled:
        return "cancelled by unless"
    if match.holds:
        return ""
    culprit = first_false(match)
    note = f": {culprit.note}" if culprit.note else ""
    return f"not met: {culprit.text}{note}"


class _Prover:
    """Turns one condition after the other into evidence, on one judgement."""

    def __init__(self, judgement: Judgement, labels: Labels, only: Collection[Place] | None) -> None:
        self._judgement = judgement
        self._labels = labels
        self._only = only

    def condition(self, op: str, node: Condition, scope: str) -> Evidence:
        parts = [self._all(part, scope) for part in node.parts]
        inner = parts[0].children if len(parts) == 1 and parts[0].op == "AND" else tuple(parts)
        grounds = self._judgement.condition(node, scope=scope, labels=self._labels, only=self._only)
        return self._node(op, node.text, grounds, children=inner)

    def _all(self, node: All, scope: str) -> Evidence:
        children = tuple(self._test(test, scope, negated, node) for negated, test in node.tests)
        if len(children) == 1:
            return children[0]
        grounds = self._judgement.all_of(node, scope=scope, labels=self._labels, only=self._only)
        return self._node("AND", node.text, grounds, children=children)

    def _test(self, test: Test, scope: str, negated: bool, parent: All) -> Evidence:
        if isinstance(test, LabelTest | AgeTest):
            held = self._judgement.test(test, scope=scope, labels=self._labels) is not None
            inner = Evidence(op="label" if isinstance(test, LabelTest) else "age", text=test.text, holds=held)
        else:
            inner = self._near(test, scope)
        if negated:
            note = f"found {self._quoted(inner.hits)}" if inner.hits else ""
            return Evidence(op="NOT", text=inner.text, holds=not inner.holds, note=note, children=(inner,))
        if stands_alone(parent, test) and inner.holds:
            return Evidence(op=inner.op, text=inner.text, holds=True, hits=inner.hits[:1], count=inner.count)
        return inner

    def _near(self, node: Near, scope: str) -> Evidence:
        if isinstance(node, Field):
            return self.condition(node.field, node.inner, node.field)
        grounds = self._judgement.test(node, scope=scope, labels=self._labels, only=self._only)
        if isinstance(node, Leaf):
            return self._node("list" if node.text.startswith("$") else "term", node.text, grounds)
        if isinstance(node, Union):
            children = tuple(self._near(part, scope) for part in node.parts)
            return self._node("OR", node.text, grounds, children=children)
        op = node.op if node.op == "SENT" else f"{node.op}/{node.within}"
        sides = self._near(node.left, scope), self._near(node.right, scope)
        if node.op == "NOT NEAR":
            # The right side is what cancels: that it is missing is no fault.
            note = f"cancelled by {self._quoted(sides[1].hits)}" if sides[0].holds and not grounds else ""
            return self._node(op, node.text, grounds, note=note, children=sides if sides[1].holds else sides[:1])
        note = "" if grounds else self._miss(node, scope, sides)
        return self._node(op, node.text, grounds, note=note, children=sides)

    def _miss(self, node: Pair, scope: str, sides: tuple[Evidence, Evidence]) -> str:
        """The nearest that the two sides came to each other, in words."""
        missing = [side.text for side in sides if not side.holds]
        if missing:
            return f"nowhere: {' and '.join(missing)}"
        steps: list[int] = []
        shared = False
        for sentence in self._judgement.document.sentences(scope):
            if self._only is not None and place(sentence) not in self._only:
                continue
            left, right = (self._judgement.near(side, sentence)[:KEPT] for side in (node.left, node.right))
            shared = shared or bool(left and right)
            for one, other in product(left, right):
                early, late = (one, other) if node.op == "BEFORE" else sorted((one, other))
                if node.op != "BEFORE" or early.last < late.first:
                    steps.append(max(0, sentence.positions[late.first] - sentence.positions[early.last]))
        if not shared:
            return "never in one sentence"
        if not steps:
            return "never in this order"
        return f"nearest: {min(steps) / 2:g} words apart, {node.within} allowed"

    def _node(
        self,
        op: str,
        text: str,
        grounds: list[Ground] | None,
        *,
        note: str = "",
        children: tuple[Evidence, ...] = (),
    ) -> Evidence:
        hits = tuple(self._judgement.hit(ground) for ground in (grounds or ())[:KEPT])
        written = " ".join(text.split())
        count = len(grounds or ())
        return Evidence(
            op=op, text=written, holds=grounds is not None, hits=hits, count=count, note=note, children=children
        )

    def _quoted(self, hits: Collection[Hit]) -> str:
        texts = self._judgement.document.texts
        found = dict.fromkeys(f"“{texts[s.field][s.start : s.end]}”" for hit in hits for s in hit.spans)
        return ", ".join(list(found)[:3])
