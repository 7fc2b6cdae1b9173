"""Warnings about tests and conditions that can never be true, or that do not mean what they seem to. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

from tocsin.errors import Problem, meant
from tocsin.model.prices import Instrument
from tocsin.model.rules import Located
from tocsin.rules.news.evaluate import CompiledRule
from tocsin.rules.news.nodes import KNOWN_BY, AgeTest, Condition, LabelTest
from tocsin.rules.prices.condition import Node, parts
from tocsin.rules.prices.edge import PriceRule
from tocsin.rules.spec import RuleSpec
from tocsin.text.language import COUNTRIES

#: Values of the sources by label; the names of the sources are under `source`.
Given = Mapping[str, Collection[str]]
#: Labels that packs may test even if no source is known: `tier` says how near to the event a source is.
_CUSTOMARY = ("tier",)
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{1,8})*", re.IGNORECASE)
_MOVES = ("change", "gap")
_PRICES = ("last", "day_high", "day_low", "high", "low", "mean")
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def news(spec: RuleSpec, rule: CompiledRule, given: Given | None, *, shipped: bool = False) -> Iterator[Problem]:
    """Yield the warnings about the tests of a rule; *given* is None if the sources are not known.

    A *shipped* rule may ask for what it awaits; an override of it is the user's own.
    """
    own = rule.match.gives
    waived = awaited(rule, given) if shipped else ()
    yield from _tests(rule.match, frozenset(), own, given, waived)
    for condition in (*rule.cancels, *(condition for _, condition in rule.severity_if)):
        yield from _tests(condition, own, own, given, () if condition is rule.also_unless else waived)
    if rule.severity_if and spec.news and rule.severity_if[-1][0] == rule.info.severity:
        words = f"the rule is {rule.info.severity} anyway: the last of severity_if changes nothing"
        yield spec.news.severity_if[-1][1].warning(words)


def awaited(rule: CompiledRule, given: Given | None) -> frozenset[tuple[str, str]]:
    """Return the customary labels that *rule* asks for and that no source has, nor one that may be mistyped."""
    conditions = (rule.match, *filter(None, [rule.unless]), *(condition for _, condition in rule.severity_if))
    tests = (test for condition in conditions for part in condition.parts for _, test in part.tests)
    return frozenset(
        (test.name, test.value)
        for test in tests
        if isinstance(test, LabelTest)
        and test.name in _CUSTOMARY
        and test.name not in rule.match.gives
        and given is not None
        and _is_missing(test, given)
    )


def _is_missing(test: LabelTest, given: Given) -> bool:
    """Return whether no source has the label of *test*, or one like it."""
    if test.name not in given:
        return not meant(test.name, given)
    return test.value not in given[test.name] and not meant(test.value, given[test.name])


def prices(spec: RuleSpec, rule: PriceRule, instruments: Iterable[Instrument]) -> Iterator[Problem]:
    """Yield the warnings about comparisons of a price rule that are misleading or can never be true.

    *instruments* are all that are known. If the rule covers one whose price may be negative, a price may be compared with
    zero or less.
    """
    if spec.price is None:
        return
    if rule.confirm > 1 and not rule.crossings.isdisjoint(part.text for part in parts(rule.when)):
        words = "a crossing is true of one quote only, so confirm would never be met: remove it, or compare with < or >"
        yield spec.price.when.warning(words)
    negative = any(item.negative and rule.covers(item) for item in instruments)
    for node, place in ((rule.when, spec.price.when), (rule.clear, spec.price.clear)):
        if node and place:
            for part in parts(node):
                if words := _compared(part, negative=negative):
                    yield place.warning(words, part.start, len(part.text))


def _tests(
    condition: Condition,
    matched: Collection[str],
    own: Collection[str],
    given: Given | None,
    waived: Collection[tuple[str, str]],
) -> Iterator[Problem]:
    place = condition.place
    if place is None:
        return
    yield from _precedence(condition, place)
    for part in condition.parts:
        for _, test in part.tests:
            words = ""
            if isinstance(test, LabelTest):
                words = "" if (test.name, test.value) in waived else _label(test, matched, own, given)
            elif isinstance(test, AgeTest) and test.span == timedelta(0):
                words = f"{test.text} is {'never' if test.op.startswith('<') else 'always'} true: no entry is from the future"
            if words:
                yield place.warning(words, test.start, len(test.text))


def _precedence(condition: Condition, place: Located) -> Iterator[Problem]:
    """Warn of AND beside OR on one line, where it is hard to see which binds first."""
    for one, other in pairwise(condition.parts):
        between = place.text[one.start + len(one.text) : other.start]
        if "\n" not in between and max(len(one.tests), len(other.tests)) > 1:
            words = (
                "AND binds before OR: this is (... AND ...) OR ...; put a bracket round the OR, or begin a line with it"
            )
            yield place.warning(words, one.start, other.start + len(other.text) - one.start)
            return


def _label(test: LabelTest, matched: Collection[str], own: Collection[str], given: Given | None) -> str:
    if test.name == "lang":
        return _language(test.value)
    if test.name in KNOWN_BY and test.name != "source":
        return "" if test.value.strip() else f"{test.text} compares with nothing"
    if test.name in matched or (given is None and test.name in (*_CUSTOMARY, "source")):
        return ""
    if given is None or test.name not in given:
        known = {*KNOWN_BY, *(_CUSTOMARY if given is None else given), *matched}
        if test.name in own:
            return f"within match the list ${test.name} has given no label yet: write ${test.name}, or ask in unless or severity_if"
        near = meant(test.name, known)
        remedy = near if near or given is None else _labelled(test)
        return f"no list of this rule and no source gives the label {test.name}: this is never true{remedy}"
    if test.value not in given[test.name]:
        near = meant(test.value, given[test.name])
        if test.name == "source":
            return f"no source is called {test.value}: this is never true{near}"
        return f"no source has {test.name} {test.value}: this is never true{near or _labelled(test)}"
    return ""


def _labelled(test: LabelTest) -> str:
    return f"; add labels: {{{test.name}: {test.value}}} to the sources it is true of"


def _language(value: str) -> str:
    if value.lower() in COUNTRIES:
        return f"lang={value} is a country; its language is lang={COUNTRIES[value.lower()]}"
    return "" if _LANGUAGE.fullmatch(value) else f"lang={value} is no language tag: write lang=en, lang=zh, lang=pt-br"


def _compared(node: Node, *, negative: bool) -> str:
    """Return a warning about the comparison *node* of a price or a move with a number; empty if there is none."""
    if node.op not in _TURNED:
        return ""
    left, right = node.children
    op, number = node.op, _number(right)
    if number is None:
        left, op, number = right, _TURNED[op], _number(left)
    if number is None:
        return ""
    bare = left.children[0] if left.op == "abs" else left
    if bare.op in _PRICES and not negative and number <= 0 and op in ("<", "<=", "=="):
        remedy = "an instrument whose price may be below says negative: true"
        return f"{left.text} is the price, which is above zero: this is never true; {remedy}"
    if bare.op in _MOVES and abs(number) >= 1 and "%" not in node.text:
        return f"{left.text} is a fraction: {number:f} is {number * 100:f} %; write {number:f}% for {number:f} per cent"
    if bare.op in _MOVES and left is bare and op in ("<", "<=") and number < -1:
        return f"{left.text} is never below -100 %, nor known where a price is not above zero: this is never true"
    return ""


def _number(node: Node) -> Decimal | None:
    if node.op == "number":
        return node.number
    if node.op in ("minus", "%") and (inner := _number(node.children[0])) is not None:
        return -inner if node.op == "minus" else inner / 100
    return None
