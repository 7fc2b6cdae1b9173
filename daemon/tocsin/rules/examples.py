"""Run the examples that rules and expressions carry: `fires` must fire and `quiet` must not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from tocsin.errors import Problem
from tocsin.model.entries import Entry
from tocsin.model.rules import Evidence, Located
from tocsin.rules.news.evaluate import CompiledRule, Ground, Judgement
from tocsin.rules.news.nodes import Condition, Expression
from tocsin.rules.news.proof import prove_named
from tocsin.rules.ruleset import RuleSet, met

_THEN = datetime(2026, 1, 1, tzinfo=UTC)


def check_examples(rules: RuleSet, pack: str = "") -> tuple[Problem, ...]:
    """Return every example that does not do what it should, at its place, with the reason.

    With *pack* only its own expressions are tried: those of the packs that it uses are checked with these packs.
    """
    own = (one for name, one in rules.expressions.items() if name.startswith(f"{pack}/") or not pack)
    named = (problem for one in own for problem in _check_named(one))
    return (*named, *(problem for rule in rules.rules.values() for problem in _check(rules, rule)))


def grounds(condition: Condition, headline: str) -> list[Ground]:
    """Return what *condition* rests on in an example; nothing where it is not true."""
    return Judgement(_entry(headline), _THEN).condition(condition, labels={}) or []


def _check(rules: RuleSet, rule: CompiledRule) -> Iterator[Problem]:
    for wanted, example in _examples(rule):
        entry = _entry(example.text)
        if (met(Judgement(entry, _THEN), rule) is not None) != wanted:
            yield _fault(rule.info.id, example, rules.explain(rule.info.id, entry, _THEN))


def _check_named(expression: Expression) -> Iterator[Problem]:
    for wanted, example in _examples(expression):
        judgement = Judgement(_entry(example.text), _THEN)
        if (judgement.test(expression.body, labels={}) is not None) != wanted:
            proof = prove_named(judgement, expression)
            yield _fault(proof.text, example, proof)


def _examples(carrier: CompiledRule | Expression) -> Iterator[tuple[bool, Located]]:
    yield from ((True, example) for example in carrier.fires)
    yield from ((False, example) for example in carrier.quiet)


def _fault(name: str, example: Located, proof: Evidence) -> Problem:
    if not proof.holds:
        return example.problem(f"this should fire {name}, but does not: {proof.note}")
    found = [example.text[s.start : s.end] for hit in proof.hits for s in hit.spans]
    words = ", ".join(dict.fromkeys(found)) or "a test that needs no words"
    return example.problem(f"this should not fire {name}, but does, by: {words}")


def _entry(headline: str) -> Entry:
    return Entry(source="example", id="example", keys=(), title=headline, first_seen=_THEN, published=_THEN)
