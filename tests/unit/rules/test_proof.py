"""The proof of a verdict."""

from __future__ import annotations

from typing import Any

import pytest

from tocsin.model.rules import Evidence, Severity, Span

NOTES = {
    "too far": (
        "ban NEAR/2 gallium",
        "A ban on all that gallium",
        "not met: ban NEAR/2 gallium: nearest: “ban” and “gallium” are 4 apart, NEAR/2 asks for 2",
    ),
    "half words": (
        "禁止 NEAR/1 镓",
        "禁止铜铁镓",
        "not met: 禁止 NEAR/1 镓: nearest: “禁止” and “镓” are 1.5 apart, NEAR/1 asks for 1",
    ),
    "never in one sentence": (
        "ban NEAR/2 gallium",
        "Ban lifted. Gallium up",
        "not met: ban NEAR/2 gallium: never in one sentence",
    ),
    "SENT": ("ban SENT gallium", "Ban lifted. Gallium up", "not met: ban SENT gallium: never in one sentence"),
    "CLAUSE": (
        "ban CLAUSE gallium",
        "Ban stands as gallium rises",
        "not met: ban CLAUSE gallium: nearest: “Ban” and “gallium” are not in one clause",
    ),
    "THEN": (
        "ban THEN gallium",
        "Ban stands as gallium rises",
        "not met: ban THEN gallium: nearest: “Ban” and “gallium” are not in one clause",
    ),
    "THEN, wrong order": ("ban THEN gallium", "Gallium ban", "not met: ban THEN gallium: never in this order"),
    "cancelled by what follows": (
        "fall NOT BEFORE/1 in",
        "A fall in output",
        "not met: fall NOT BEFORE/1 in: cancelled by “in”",
    ),
    "cancelled by what precedes": (
        "hit NOT AFTER/1 to",
        "Set to hit",
        "not met: hit NOT AFTER/1 to: cancelled by “to”",
    ),
    "only a possessive": (
        "bare(gallium) NEAR/3 ban",
        "Gallium’s ban",
        "not met: bare(gallium): only as a possessive: “Gallium’s”",
    ),
    "bare, nowhere": ("bare(gallium)", "Ban", "not met: gallium"),
    "only one of two": (
        "$mineral SENT $mineral",
        "Gallium for gallium",
        "not met: $mineral SENT $mineral: two different ones are asked for, found only “Gallium”, “gallium”",
    ),
    "two that are too far": (
        "$mineral NEAR/1 $mineral",
        "Gallium, gallium for cobalt",
        "not met: $mineral NEAR/1 $mineral: nearest: “gallium” and “cobalt” are 2 apart, NEAR/1 asks for 1",
    ),
    "wrong order": ("ban BEFORE/9 gallium", "Gallium ban", "not met: ban BEFORE/9 gallium: never in this order"),
    "in order, too far": (
        "ban BEFORE/1 gallium",
        "Gallium ban on gallium",
        "not met: ban BEFORE/1 gallium: nearest: “ban” and “gallium” are 2 apart, BEFORE/1 asks for 1",
    ),
    "one side nowhere": ("ban NEAR/2 gallium", "Gallium", "not met: ban"),
    "nothing": ("gallium", "Prices rise", "not met: gallium"),
    "cancelled": ("ban NOT NEAR/3 $undo", "US lifts ban", "not met: ban NOT NEAR/3 $undo: cancelled by “lifts”"),
    "the first false test": ("ban AND gallium AND curb", "Ban", "not met: gallium"),
    "deep within": (
        "gallium SENT (ban NOT NEAR/3 $undo)",
        "US lifts ban on gallium",
        "not met: ban NOT NEAR/3 $undo: cancelled by “lifts”",
    ),
    "found what must not be": (
        "ban AND NOT gallium",
        "Gallium ban, gallium",
        "not met: gallium: found “Gallium”, “gallium”",
    ),
    "a label must not be": ("ban AND NOT source=s", "Ban", "not met: source=s"),
    "a label": ("ban AND source=t", "Ban", "not met: source=t"),
    "an age": ("ban AND age>1h", "Ban", "not met: age>1h"),
    "in a field": ("summary(ban NEAR/1 gallium)", "Gallium ban", "not met: ban"),
}


@pytest.mark.parametrize(("match", "text", "note"), NOTES.values(), ids=NOTES)
def test_a_rule_that_does_not_hold_says_why(bench: Any, match: str, text: str, note: str) -> None:
    """`why-not` names the first test that failed and how near it came."""
    proof = bench.prove(match, text)
    assert not proof.holds
    assert proof.note == note


def shape(node: Evidence) -> Any:
    """Operators and verdicts of a tree."""
    return (f"{node.op}{'' if node.holds else '!'}", *map(shape, node.children))


TREES = {
    "term": ("ban", ("rule", ("match", ("term",)))),
    "list": ("$restrict", ("rule", ("match", ("list",)))),
    "pair": ("ban NEAR/3 gallium", ("rule", ("match", ("NEAR/3", ("term",), ("term",))))),
    "sentence": ("ban SENT gallium", ("rule", ("match", ("SENT", ("term",), ("term",))))),
    "clause, in order": ("ban THEN gallium", ("rule", ("match", ("THEN", ("term",), ("term",))))),
    "and": ("ban AND gallium AND NOT x", ("rule", ("match", ("term",), ("term",), ("NOT", ("term!",))))),
    "or": ("ban AND gallium OR x", ("rule", ("match", ("AND", ("term",), ("term",)), ("term!",)))),
    "bare": ("bare(ban OR x)", ("rule", ("match", ("bare", ("OR", ("term",), ("term!",)))))),
    "union": ("(ban OR x)", ("rule", ("match", ("OR", ("term",), ("term!",))))),
    "field": ("title(ban AND gallium)", ("rule", ("match", ("title", ("term",), ("term",))))),
    "field in a pair": ("title(ban) NEAR/3 gallium", ("rule", ("match", ("NEAR/3", ("title", ("term",)), ("term",))))),
    "tests": ("ban AND source=s AND age<1h", ("rule", ("match", ("term",), ("label",), ("age",)))),
    "nothing dropped": ("ban NOT NEAR/3 x", ("rule", ("match", ("NOT NEAR/3", ("term",))))),
    "one dropped by order": ("ban NOT BEFORE/3 all", ("rule!", ("match!", ("NOT BEFORE/3!", ("term",), ("term",))))),
    "one dropped": ("ban NOT NEAR/3 all", ("rule!", ("match!", ("NOT NEAR/3!", ("term",), ("term",))))),
}


@pytest.mark.parametrize(("match", "tree"), TREES.values(), ids=TREES)
def test_the_proof_has_the_shape_of_the_rule(bench: Any, match: str, tree: Any) -> None:
    """Every operator of the rule is a node that says whether it held."""
    assert shape(bench.prove(match, "Ban on all gallium")) == tree


def test_a_proof_shows_twenty_hits_and_counts_the_rest(bench: Any) -> None:
    """A body that says gallium a thousand times makes no message of a megabyte."""
    proof = bench.prove("gallium", "gallium; " * 45)
    assert len(proof.hits) == 20
    assert proof.count == 45
    assert len(proof.children[0].hits) == 20


def test_spans_are_exactly_the_original_characters(bench: Any) -> None:
    """What is marked in a message is what the source wrote, whatever folding did to it."""
    entry = bench.entry("ＣＨＩＮＡ ban\u00adned “ﬁne” 鎵\u200b", summary="Cafe\u0301 gallium’s")
    proof = bench.prove("banned AND 镓 AND café AND gallium", entry)
    assert proof.hits[0].spans == (Span(field="title", start=6, end=13),)
    assert [getattr(entry, s.field)[s.start : s.end].strip("\u200b") for hit in proof.hits for s in hit.spans] == [
        "ban\u00adned",
        "鎵",
        "Cafe\u0301",
        "gallium’s",
    ]


def test_unless_cancels_and_says_so(bench: Any) -> None:
    """A market report that mentions a ban is no news, and why-not says what silenced it."""
    proof = bench.prove("ban", "Ban: market to reach 5bn", unless='title("market to reach")')
    assert not proof.holds
    assert proof.note == "cancelled by unless"
    assert shape(proof) == ("rule!", ("match", ("term",)), ("unless", ("title", ("term",))))
    assert bench.prove("ban", "Ban", unless="CAGR").holds


def test_unless_may_ask_for_a_label_of_the_match(bench: Any) -> None:
    """A rule may be for every metal but one."""
    assert not bench.prove("$mineral", "Gallium", unless="mineral=gallium").holds
    assert bench.prove("$mineral", "Cobalt", unless="mineral=gallium").holds


def test_the_severity_conditions_are_proved_where_the_rule_holds(bench: Any) -> None:
    """A message can say why it is only medium."""
    proof = bench.prove(
        "ban", "May ban", severity_if=[(Severity.CRITICAL, "tier=primary"), (Severity.MEDIUM, "may NEAR/1 ban")]
    )
    assert shape(proof)[2:] == (
        ("severity_if critical!", ("label!",)),
        ("severity_if medium", ("NEAR/1", ("term",), ("term",))),
    )
    assert len(bench.prove("ban", "May", severity_if=[(Severity.MEDIUM, "may")]).children) == 1


def test_a_severity_condition_that_misses_speaks_of_its_sentences_only(bench: Any) -> None:
    """A hedge in another sentence is no near miss."""
    proof = bench.prove("ban", "Ban. Plan x curb", severity_if=[(Severity.LOW, "plan NEAR/1 curb")])
    assert proof.children[1].children[0].note == "nowhere: plan and curb"
    proof = bench.prove("ban", "Ban plan x curb. Plan curb", severity_if=[(Severity.LOW, "plan NEAR/1 curb")])
    assert proof.children[1].children[0].note == "nearest: “plan” and “curb” are 2 apart, NEAR/1 asks for 1"


def test_a_list_joined_by_and_alone_is_proved_by_its_first_hit(bench: Any) -> None:
    """The proof shows what the label rests on, and how much more there was."""
    proof = bench.prove("$mineral AND ban", "Gallium, then cobalt. Ban")
    assert [len(child.hits) for child in proof.children[0].children] == [1, 1]
    assert proof.children[0].children[0].count == 2
    assert proof.count == 2


def test_a_proof_knows_where_its_rule_stands(bench: Any) -> None:
    """A message names file and line."""
    assert str(bench.prove("ban", "Ban", line=27).position) == "p.yaml:27:1"


def test_every_node_of_an_explanation_knows_its_line(bench: Any) -> None:
    """Whoever reads why finds the words to change; a proof that is stored carries the place of its rule only."""
    spec = bench.rule(bench.located("$mineral\n  NEAR/8 (ban OR\n  curb)", line=27, column=9))
    rules = bench.compile(spec)
    entry = bench.entry("Gallium curb")
    match = rules.explain("p/r", entry, bench.now).children[0]
    pair = match.children[0]
    assert [str(node.position) for node in (match, pair, *pair.children, *pair.children[1].children)] == [
        "p.yaml:27:9",
        "p.yaml:27:9",
        "p.yaml:27:9",
        "p.yaml:28:18",
        "p.yaml:28:19",
        "p.yaml:29:11",
    ]
    (judged,) = bench.judge(rules, entry).matches
    assert judged.evidence.children[0].position is None
