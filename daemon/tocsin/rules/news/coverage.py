"""Coverage of expressions: the fields and labels of their hits, and whether one is true wherever another is.

What cannot be shown is denied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tocsin.rules.news.lists import TermList
from tocsin.rules.news.nodes import (
    SUBTRACTING,
    All,
    Bare,
    Condition,
    Field,
    Leaf,
    Named,
    Near,
    Pair,
    Test,
    Union,
)
from tocsin.rules.news.places import Distance
from tocsin.rules.news.terms import Term, Word

_ALL = frozenset(["title", "summary", "body"])
_FIELDS = {"": _ALL, "lede": _ALL} | {name: frozenset([name]) for name in _ALL}


def fields(node: Near, scope: str = "") -> frozenset[str]:
    """Return the fields in which hits of *node* can stand, within *scope* (a field, or all of them)."""
    here = _FIELDS[scope]
    if isinstance(node, Field):
        return here & _FIELDS[node.field]
    if isinstance(node, Named):
        return here & node.expression.fields
    if isinstance(node, Bare):
        return fields(node.inner, scope)
    if isinstance(node, Pair):
        left = fields(node.left, scope)
        return left if node.op in SUBTRACTING else left & fields(node.right, scope)
    return frozenset().union(*(fields(part, scope) for part in node.parts)) if isinstance(node, Union) else here


def wanted(node: object) -> Sequence[Condition | All | Test]:
    """Return the parts of *node* whose hits can be among its own: what AND NOT, NOT NEAR and the like take away is none.

    A pair and an `All` need each of them, every other node any; a term, a test and what is no expression have none.
    """
    if isinstance(node, Condition | Union):
        return node.parts
    if isinstance(node, All):
        return [test for negated, test in node.tests if not negated]
    if isinstance(node, Pair):
        return (node.left,) if node.op in SUBTRACTING else (node.left, node.right)
    if isinstance(node, Named):
        return (node.expression.body,)
    return (node.inner,) if isinstance(node, Bare | Field) else ()


def needed_distance(node: object) -> Distance | None:
    """Return a distance between words that every text has in which *node* is true; None where none is known."""
    for test in wanted(node.parts[0]) if isinstance(node, Condition) and len(node.parts) == 1 else ():
        body = test.expression.body if isinstance(test, Named) else test
        if isinstance(body, Pair) and body.plain:
            return body.distance
    return None


def made_of(node: Condition | All | Test) -> frozenset[int]:
    """Return the identities of the lists and terms whose hits can be among those of *node*."""
    if isinstance(node, Leaf):
        return frozenset([id(node.terms)])
    if isinstance(node, Named):
        return node.expression.made_of
    return frozenset().union(*map(made_of, wanted(node)))


def alone(node: Condition | All | Test) -> Mapping[int, str]:
    """Return the lists and terms whose words are hits of *node* by themselves, by identity, as they are written."""
    if isinstance(node, Leaf):
        return {id(node.terms): node.text}
    if isinstance(node, Pair) and node.op not in SUBTRACTING:
        return {}
    return {key: text for part in wanted(node) for key, text in alone(part).items()}


def has_one_value(node: object) -> bool:
    """Return whether all hits of *node* stand for the same value."""
    if isinstance(node, Leaf):
        values = {label or term.text for term, label in node.terms.members}
        return len(values) == 1 and not any(term.pattern for term, _ in node.terms.members)
    parts = wanted(node)
    return len(parts) == 1 and has_one_value(parts[0])


def units(node: Condition | All | Test) -> Iterator[Leaf | Named]:
    """Yield every term, list and name that is written in *node*, also where it takes away."""
    if isinstance(node, Leaf | Named):
        yield node
    elif isinstance(node, All):
        for _, test in node.tests:
            yield from units(test)
    elif isinstance(node, Pair):
        yield from units(node.left)
        yield from units(node.right)
    else:
        for part in wanted(node):
            yield from units(part)


def lists_in(*conditions: Condition) -> Mapping[str, TermList]:
    """Return the lists that *conditions* name, themselves or by named expressions, also to take away, by full name."""
    found: dict[str, TermList] = {}
    seen: set[str] = set()
    waiting: list[Condition | Near] = list(reversed(conditions))
    while waiting:
        for unit in units(waiting.pop()):
            if isinstance(unit, Leaf):
                found |= {unit.terms.name: unit.terms} if unit.text.startswith("$") else {}
            elif unit.expression.name not in seen:
                seen.add(unit.expression.name)
                waiting.append(unit.expression.body)
    return found


def size(node: Condition | All | Test) -> int:
    """Return the number of terms and lists in *node* if every name were written out."""
    return sum(unit.expression.size if isinstance(unit, Named) else 1 for unit in units(node))


def levels(node: Condition | All | Test) -> int:
    """Return how deep brackets stand in each other in *node* if every name were written out; a name counts twice."""
    if isinstance(node, Named):
        return 2 + node.expression.levels
    if isinstance(node, Pair):
        return max(levels(node.left), levels(node.right))
    parts = [test for _, test in node.tests] if isinstance(node, All) else wanted(node)
    return isinstance(node, Union | Bare | Field) + max(map(levels, parts), default=0)


def is_textual(node: Condition | All | Test) -> bool:
    """Return whether a match of *node* can rest on words."""
    return isinstance(node, Leaf) or any(map(is_textual, wanted(node)))


def labelled(node: Condition | All | Test) -> Iterator[tuple[str, TermList]]:
    """Yield the labels that a match of *node* can give, each with a list that gives it."""
    # Generators within generators would hand each label through all of them.
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Leaf):
            if part.terms.labelled:
                yield part.terms.label, part.terms
        elif isinstance(part, Named):
            yield from part.expression.given
        else:
            waiting += reversed(wanted(part))


def sure_labels(node: Condition | All | Test) -> frozenset[str]:
    """Return the labels that every match of *node* gives."""
    if isinstance(node, Leaf):
        every = node.terms.labelled and all(label for _, label in node.terms.members)
        return frozenset([node.terms.label]) if every else frozenset()
    if isinstance(node, Named):
        return frozenset(name for label in sure_labels(node.expression.body) for name in node.expression.leaving(label))
    found = [sure_labels(part) for part in wanted(node)]
    if isinstance(node, All | Pair):
        return frozenset().union(*found)
    return frozenset.intersection(*found) if found else frozenset()


def is_anchored(node: Condition | All | Test) -> bool:
    """Return whether *node* matches no text without certain words."""
    if isinstance(node, Leaf):
        return not node.terms.loose
    found = wanted(node)
    if isinstance(node, All | Pair):
        return any(map(is_anchored, found))
    return bool(found) and all(map(is_anchored, found))


def same(one: Test, other: Test) -> bool:
    """Return whether two expressions are written the same, and name the same."""
    if one.text[:1] != other.text[:1] or type(one) is not type(other) or one.text.split() != other.text.split():
        return False
    return list(map(_identity, units(one))) == list(map(_identity, units(other)))


def _identity(unit: Leaf | Named) -> str:
    return unit.terms.name if isinstance(unit, Leaf) else unit.expression.name


def contains(outer: Condition | All | Test, inner: Condition | All | Test, *, whole: bool = False) -> bool:
    """Return whether *outer* is surely true wherever *inner* is, with no fewer labels; *whole*: with the very same hits.

    Only the same hits are as near to something else.
    """
    if isinstance(inner, Condition):
        return all(contains(outer, part, whole=whole) for part in inner.parts)
    if isinstance(outer, Condition):
        return any(contains(part, inner, whole=whole) for part in outer.parts)
    if isinstance(outer, All):
        return isinstance(inner, All) and _all_contains(outer, inner, whole)
    if isinstance(inner, All):
        tests = [test for negated, test in inner.tests if not negated]
        return (len(tests) == 1 or not whole) and any(contains(outer, test, whole=whole) for test in tests)
    return _test_contains(outer, inner, whole)


def _all_contains(outer: All, inner: All, whole: bool) -> bool:
    """Return whether one test of *inner* implies each of *outer*, and *inner* has no labels of its own."""
    if whole and len(inner.tests) > len(outer.tests):
        return False
    return inner.gives <= outer.gives and all(
        any(
            negated == other_negated and (same(test, other) if negated else _test_contains(test, other, whole))
            for other_negated, other in inner.tests
        )
        for negated, test in outer.tests
    )


def _test_contains(outer: Test, inner: Test, whole: bool) -> bool:
    # It is asked of each two branches of each OR: the commonest answers come first, without generators.
    if same(outer, inner):
        return True
    if (given := inner.gives) and not given <= outer.gives:
        return False
    if isinstance(inner, Leaf) and isinstance(outer, Leaf):
        return _list_contains(outer.terms, inner.terms, whole)
    if isinstance(inner, Named):
        return inner.expression.labels is None and _test_contains(outer, inner.expression.body, whole)
    if isinstance(outer, Named):
        return outer.expression.labels is None and _test_contains(outer.expression.body, inner, whole)
    if isinstance(inner, Field) and (not isinstance(outer, Field) or outer.field == inner.field):
        return contains(outer.inner if isinstance(outer, Field) else outer, inner.inner, whole=whole)
    if isinstance(inner, Union):
        return all(_test_contains(outer, part, whole) for part in inner.parts)
    if isinstance(outer, Union) and any(_test_contains(part, inner, whole) for part in outer.parts):
        return True
    if isinstance(inner, Bare):
        return _test_contains(outer, inner.inner, whole)
    return isinstance(inner, Pair) and _pair_contains(outer, inner, whole)


def _pair_contains(outer: Test, inner: Pair, whole: bool) -> bool:
    if isinstance(outer, Pair) and outer.op == inner.op and outer.op in ("NEAR", "BEFORE"):
        sides = same(outer.left, inner.left) and same(outer.right, inner.right)
        if sides and inner.within <= outer.within and inner.distinct == outer.distinct:
            return True
    if inner.op in SUBTRACTING:
        return _test_contains(outer, inner.left, whole)
    return not whole and (_test_contains(outer, inner.left, whole) or _test_contains(outer, inner.right, whole))


def _list_contains(outer: TermList, inner: TermList, whole: bool) -> bool:
    return not outer.excluded and all(takes(outer, term, whole=whole) for term, _ in inner.members)


def takes(terms: TermList, term: Term, *, whole: bool = False) -> bool:
    """Return whether a member of *terms* is found wherever *term* is, within its words; *whole*: in all of them."""
    return any(
        _swallowed(term, other) for other in terms.akin(term) if not whole or len(other.words) == len(term.words)
    )


def _swallowed(term: Term, other: Term) -> bool:
    words, others = term.words, other.words
    if not (words and others):  # a regular expression, or what is built in
        return term.text == other.text
    if len(others) > len(words):
        return False
    if other.cased or term.katakana_start != other.katakana_start or term.katakana_end != other.katakana_end:
        return words == others and term.cased == other.cased
    return any(_fit(words[start:], others) for start in range(len(words) - len(others) + 1))


def _fit(words: Sequence[Word], others: Sequence[Word]) -> bool:
    return all(map(_word_fits, words, others))


def _word_fits(word: Word, other: Word) -> bool:
    if word.prefix:
        return bool(other.prefix) and word.prefix.startswith(other.prefix)
    return all(map(other.fits, word.forms))
