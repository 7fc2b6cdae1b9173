"""Checks of rule conditions: one per rule, with the keys that belong to it."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.config.yaml.nodes import Node, Pairs, Scalar, children, member, problem
from tocsin.errors import Problem
from tocsin.model.rules import CorrelationKind

CORRELATIONS = tuple(kind.value for kind in CorrelationKind)
_CONDITIONS = ("news", "price", *CORRELATIONS)


def check_conditions(root: Node) -> Iterator[Problem]:
    """Yield faults of conditions: more or less than one in a rule, a price without instruments, no window."""
    for rule in children(member(root, "rules")):
        if not isinstance(rule, Pairs):
            continue
        given = [key for name in _CONDITIONS if (key := rule.key(name))]
        for key in given[1:]:
            words = f"a rule has one condition, and {given[0].text} is one; write two rules and join them with all_of"
            yield problem(key, words)
        if not given:
            words = f"a rule needs one of {', '.join(_CONDITIONS)}"
            yield problem(rule.pairs[0][0] if rule.pairs else rule, words)
        instruments = member(member(rule, "price"), "instruments")
        if instruments is not None and not _about_instruments(instruments):
            words = "name the instruments: {class: metal}, or a list of their ids: [copper, tin]"
            yield problem(instruments, words)
        if given:
            yield from _check_correlation(rule, given[0])


def _check_correlation(rule: Pairs, condition: Scalar) -> Iterator[Problem]:
    """Yield faults of the keys of a correlation."""
    meaning = {"within": CORRELATIONS, "by": CORRELATIONS, "order": ("all_of",), "at_least": ("any_of",)}
    for name, kinds in meaning.items():
        key = rule.key(name)
        if key and condition.text not in kinds:
            remedy = "; write it inside of count" if name == "at_least" and condition.text == "count" else ""
            yield problem(key, f"{name} belongs to {' and '.join(kinds)}, and this rule has {condition.text}{remedy}")
    if condition.text not in CORRELATIONS:
        return
    counted = rule.get("count")
    if isinstance(counted, Pairs):
        yield from _check_count(rule, counted)
    if not rule.key("within") and not member(counted, "new") and not member(counted, "none_within"):
        yield problem(condition, "a correlation needs a window: add within, such as within: 48h")
    for name in ("fires", "quiet"):
        if key := rule.key(name):
            yield problem(key, f"{name} are examples of news; show what a correlation does in a test file")
    if condition.text != "count":
        members = rule.get(condition.text)
        number = 1 if isinstance(members, Scalar) else len(children(members))
        if number < 2:
            yield problem(members or condition, f"{condition.text} joins two rules or more")
        wanted = rule.get("at_least")
        if isinstance(wanted, Scalar) and isinstance(wanted.value, int) and wanted.value > number:
            yield problem(wanted, f"{wanted.value} of {number} rules can never match")


#: Keys of `count` that stand alone beside its rule, and why.
_ALONE = {
    "new": "new looks at the values of one label in all matches before",
    "none_within": "none_within waits for the next match of any kind",
}


def _check_count(rule: Pairs, counted: Pairs) -> Iterator[Problem]:
    """Yield faults of the keys of `count`: a number, or else what stands in its place and needs no other key."""
    alone = next((name for name in _ALONE if counted.key(name)), None)
    if alone is None:
        if counted.pairs and not counted.key("at_least"):
            words = "at_least is missing here: number of distinct matches that make it true"
            yield problem(counted.pairs[0][0], words)
        return
    beside = [
        key for name in ("at_least", "more_than", "distinct", *(_ALONE.keys() - {alone})) if (key := counted.key(name))
    ]
    beside += [key for name in ("within", "by") if (key := rule.key(name))]
    for key in beside:
        yield problem(key, f"{_ALONE[alone]}: remove {key.text}")


def _about_instruments(node: Node) -> bool:
    if isinstance(node, Pairs):
        kind = node.get("class")
        return len(node.pairs) == 1 and isinstance(kind, Scalar) and bool(kind.text)
    items = (node,) if isinstance(node, Scalar) else node.items
    return bool(items) and all(isinstance(item, Scalar) and item.text for item in items)
