"""Warnings about the conditions and expressions of news: what can never match, adds nothing or pairs with itself. Pure.

The analysis of expressions is in `tocsin.rules.news.coverage`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

from tocsin.errors import Problem
from tocsin.model.rules import Located
from tocsin.rules.lint.lists import lint_term
from tocsin.rules.news.coverage import alone, contains, fields, has_one_value, same
from tocsin.rules.news.nodes import (
    ORDERED,
    SUBTRACTING,
    All,
    Bare,
    Condition,
    Field,
    LabelTest,
    Leaf,
    Named,
    Near,
    Pair,
    Union,
)

#: Branches of one OR that are compared with each other: longer ones are written by programs.
_MOST_BRANCHES = 100


def lint_condition(condition: Condition) -> Iterator[Problem]:
    """Yield the warnings about a condition of a rule."""
    if condition.place:
        yield from _condition(condition, condition.place, "")


def lint_body(body: Near, place: Located) -> Iterator[Problem]:
    """Yield the warnings about the body of a named expression, which stands at *place*."""
    yield from _near(body, place, "", paired=True)


def short(text: str) -> str:
    """Return *text* on one line, cut where it is too long to be named in a sentence."""
    flat = " ".join(text.split())
    return flat if len(flat) <= 60 else f"{flat[:57]}..."


def _condition(condition: Condition, place: Located, scope: str, *, paired: bool = False) -> Iterator[Problem]:
    yield from _branches(condition.parts, place, whole=paired)
    for part in condition.parts:
        yield from _all(part, place, scope, paired)


def _all(part: All, place: Located, scope: str, paired: bool) -> Iterator[Problem]:
    wanted = [test for negated, test in part.tests if not negated]
    for negated, test in part.tests:
        if negated and any(same(test, other) for other in wanted):
            words = f"{short(test.text)} is asked for and excluded: this can never match"
            yield place.warning(words, test.start, len(test.text))
        if isinstance(test, Near):
            yield from _near(test, place, scope, paired=paired)
    sources = [test for test in wanted if isinstance(test, LabelTest) and test.name == "source"]
    for one, other in pairwise(sources):
        if one.value != other.value:
            words = f"no entry comes from {one.value} and from {other.value}: this can never match"
            yield place.warning(words, other.start, len(other.text))


def _near(node: Near, place: Located, scope: str, *, paired: bool = False) -> Iterator[Problem]:
    """Yield the warnings about *node*. With *paired* its hits are one side of another pair, so it matters which they are."""
    if isinstance(node, Leaf):
        if not node.text.startswith(("$", "@")):
            yield from lint_term(place, node.terms.members[0][0], node.start)
    elif isinstance(node, Named):
        if not fields(node, scope):
            words = f"{node.text} looks in other fields than {scope}(...): it can never match here"
            yield place.warning(words, node.start, len(node.text))
    elif isinstance(node, Field):
        if not fields(node, scope):
            words = f"{node.field}(...) is within {scope}(...): it can never match"
            yield place.warning(words, node.start, len(node.text))
        yield from _condition(node.inner, place, node.field, paired=paired)
    elif isinstance(node, Union):
        yield from _branches(node.parts, place, whole=paired)
        for branch in node.parts:
            yield from _near(branch, place, scope, paired=paired)
    elif isinstance(node, Bare):
        yield from _near(node.inner, place, scope, paired=paired)
    else:
        yield from _pair(node, place, scope)
        yield from _near(node.left, place, scope, paired=True)
        yield from _near(node.right, place, scope, paired=True)


def _pair(node: Pair, place: Located, scope: str) -> Iterator[Problem]:
    part: Near = node
    if fields(node.left, scope) & fields(node.right, scope):
        words = _odd(node)
    elif node.op in SUBTRACTING:
        part = node.right
        words = f"{short(part.text)} is never in one sentence with {short(node.left.text)}: it takes nothing away"
    else:
        words = f"both sides of {node.op} are never in one sentence: this can never match; join them by AND"
    if words:
        yield place.warning(words, part.start, len(part.text))


def _odd(node: Pair) -> str:
    """Return why *node* does not do what it seems to, in words; empty where it does."""
    left, twice = short(node.left.text), same(node.left, node.right)
    if node.within == 0 and node.op in ("BEFORE", "NOT BEFORE", "NOT AFTER"):
        what = "takes nothing away" if node.op in SUBTRACTING else "can never match"
        return f"no word ends before itself: {node.op}/0 {what}; write {node.op}/1"
    if node.within == 0 and node.op == "NEAR" and isinstance(node.left, Leaf) and isinstance(node.right, Leaf):
        return "NEAR/0 is true only where both sides overlap; words side by side are NEAR/1"
    if twice and node.op == "NOT NEAR":
        return f"{left} takes itself away: this can never match"
    if node.distinct and has_one_value(node.left):
        return f"both sides of {node.op} are {left}, which has no two values: this can never match"
    if shared := _pairs_with_itself(node):
        return f"a word of {shared} pairs with itself here: write the same on both sides of {node.op} for two different ones"
    if twice and node.op == "NEAR" and not node.distinct:
        return f"both sides of {node.op}/0 are the same: {left} alone says as much"
    return ""


def _pairs_with_itself(node: Pair) -> str:
    """Return a list of which one word is a hit of both sides, though they are not the same; empty if there is none."""
    if node.distinct or node.op in (*ORDERED, *SUBTRACTING) or (node.op, node.within) == ("NEAR", 0):
        return ""
    left, right = alone(node.left), alone(node.right)
    return next((text for key, text in left.items() if key in right), "")


def _branches(parts: Sequence[Near] | Sequence[All], place: Located, *, whole: bool) -> Iterator[Problem]:
    """Yield the branches of an OR that others contain; of two that are the same, the later."""
    if len(parts) > _MOST_BRANCHES:
        return
    warned: set[int] = set()
    for (i, one), (j, other) in combinations(enumerate(parts), 2):
        inner, outer = (j, one) if contains(one, other, whole=whole) else (i, other)
        branch = parts[inner]
        if inner in warned or not contains(outer, branch, whole=whole):
            continue
        warned.add(inner)
        twice = outer.text.split() == branch.text.split()
        why = "it is in this OR twice" if twice else f"{short(outer.text)} matches wherever it does"
        yield place.warning(f"{short(branch.text)} adds nothing: {why}", branch.start, len(branch.text))
