"""Run the examples that rules carry: `fires` must fire and `quiet` must not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from tocsin.errors import Problem
from tocsin.model.entries import Entry
from tocsin.rules.news.evaluate import CompiledRule, Ground, Judgement
from tocsin.rules.news.query import Condition
from tocsin.rules.ruleset import RuleSet

_THEN = datetime(2026, 1, 1, tzinfo=UTC)


def check_examples(rules: RuleSet) -> tuple[Problem, ...]:
    """Return every example that does not do what it should, at its place, with the reason."""
    return tuple(problem for rule in rules.rules.values() for problem in _check(rules, rule))


def grounds(condition: Condition, headline: str) -> list[Ground]:
    """Return what *condition* rests on in an example; nothing where it is not true."""
    return Judgement(_entry(headline), _THEN).condition(condition, labels={}) or []


def _check(rules: RuleSet, rule: CompiledRule) -> Iterator[Problem]:
    for wanted, examples in ((True, rule.fires), (False, rule.quiet)):
        for example in examples:
            proof = rules.explain(rule.info.id, _entry(example.text), _THEN)
            if proof.holds == wanted:
                continue
            if wanted:
                yield example.problem(f"this should fire {rule.info.id}, but does not: {proof.note}")
            else:
                found = [example.text[s.start : s.end] for hit in proof.hits for s in hit.spans]
                words = ", ".join(dict.fromkeys(found)) or "a test that needs no words"
                yield example.problem(f"this should not fire {rule.info.id}, but does, by: {words}")


def _entry(headline: str) -> Entry:
    return Entry(source="example", id="example", keys=(), title=headline, first_seen=_THEN, published=_THEN)
