"""Faults of a pack, each reported in words and at its place."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tocsin.model.rules import Severity
from tocsin.rules.compile import compile_packs

FAULTS = {
    "unknown list": ("$metals NEAR/3 ban", "unknown list $metals", 1, 7),
    "nearly a list": ("ban NEAR/3 $minerals", "unknown list $minerals; did you mean $mineral?", 12, 9),
    "two terms": ("rare earth", 'two terms without an operator: write "rare earth" for the phrase', 1, 10),
    "three terms": ("rare earth magnet OR ban", 'write "rare earth magnet" for the phrase', 1, 17),
    "two phrases": ('"rare earth" "export ban"', 'write "rare earth export ban" for the phrase', 1, 25),
    "operator in small letters": ("gallium and ban", "operators are written in capitals", 1, 15),
    "operator missing behind a list": ("$mineral ban", "an operator is missing before ban: AND, OR, NEAR/8 ...", 10, 3),
    "operator missing before a list": ("ban $mineral", "an operator is missing before $mineral", 5, 8),
    "operator missing before a bracket": ("ban (curb)", "an operator is missing before (", 5, 1),
    "operator missing before a label": ("ban tier=primary", "an operator is missing before tier=primary", 5, 12),
    "nothing": ("", "the expression ends where a term is expected", 1, 1),
    "ends early": ("ban NEAR/3 ", "the expression ends where a term is expected", 10, 1),
    "ends behind AND": ("ban AND", "the expression ends where a term is expected", 7, 1),
    "begins with OR": ("OR ban", "OR needs something on both of its sides", 1, 2),
    "AND OR": ("ban AND OR curb", "OR needs something on both of its sides", 9, 2),
    "begins with NOT": ("NOT ban", "NOT must follow AND: say first what is wanted", 1, 3),
    "NOT behind OR": ("ban OR NOT curb", "NOT must follow AND", 8, 3),
    "a label where a term stands": ("ban NEAR/3 tier=primary", "an operator is missing before tier=primary", 12, 12),
    "bracket left open": ("(ban OR curb", "this bracket is never closed", 1, 1),
    "bare left open": ("bare(curb", "this bracket is never closed", 5, 1),
    "AND within bare": ("bare(ban AND curb)", "AND and NOT stand only at the level of the entry", 10, 3),
    "bare of nothing": ("bare()", "a term is expected before this bracket", 6, 1),
    "field left open": ("ban AND title(curb", "this bracket is never closed", 9, 5),
    "bracket too many": ("ban)", "this bracket closes nothing", 4, 1),
    "empty brackets": ("()", "a term is expected before this bracket", 2, 1),
    "quotation mark left open": ('ban OR "curb', "this quotation mark is never closed", 8, 1),
    "AND within brackets": ("(ban AND curb) NEAR/3 export", "AND and NOT stand only at the level of the entry", 6, 3),
    "NOT within brackets": ("(ban OR NOT curb)", "AND and NOT stand only at the level of the entry", 9, 3),
    "label within brackets": (
        "(tier=primary OR ban)",
        "label and age tests stand only at the level of the entry",
        2,
        12,
    ),
    "age within brackets": ("(ban OR age<2h)", "label and age tests stand only at the level of the entry", 9, 6),
    "two operators": (
        "a NEAR/3 b NEAR/4 c",
        "two proximity operators in one bracket: put brackets round the pair",
        12,
        6,
    ),
    "NEAR without a distance": ("a NEAR b", "NEAR needs a distance in words: NEAR/8", 3, 4),
    "BEFORE without a distance": ("a BEFORE b", "BEFORE needs a distance in words: BEFORE/8", 3, 6),
    "NOT NEAR without a distance": ("a NOT NEAR b", "NOT NEAR needs a distance in words: NOT NEAR/8", 3, 8),
    "too far": ("a NEAR/1001 b", "more than 1000 words; write SENT for the whole sentence", 3, 9),
    "endless number": (f"a NEAR/{'9' * 5000} b", "more than 1000 words", 3, 5005),
    "NOT BEFORE without a distance": ("a NOT BEFORE b", "NOT BEFORE needs a distance in words: NOT BEFORE/8", 3, 10),
    "NOT AFTER without a distance": ("a NOT AFTER b", "NOT AFTER needs a distance in words: NOT AFTER/8", 3, 9),
    "AFTER": ("a AFTER/3 b", "there is no AFTER: swap the sides and write BEFORE/3", 3, 7),
    "AFTER without a distance": ("a AFTER b", "there is no AFTER: swap the sides and write BEFORE/8", 3, 5),
    "NOT THEN": ("a NOT THEN b", "there is no NOT THEN: NOT NEAR/n, NOT BEFORE/n and NOT AFTER/n take away", 3, 8),
    "NOT SENT": ("a NOT SENT b", "there is no NOT SENT", 3, 8),
    "THEN in small letters": ("gallium then ban", "operators are written in capitals", 1, 16),
    "AFTER in small letters": ("gallium after/3 ban", "operators are written in capitals", 1, 19),
    "a term that means nothing": ("ban OR ban*", "ban* is too short: a prefix needs 4 letters or more", 8, 4),
    "a phrase that means nothing": ('ban OR "--"', "has no word", 8, 4),
    "expression that is not RE2": ("re:/a(?=b)/ NEAR/3 ban", "the syntax is RE2's: no look-around", 1, 11),
    "expression left open": ("re:/ab", "write a regular expression as re:/.../", 1, 6),
    "expression without a word": (
        r"re:/\d+%/",
        "a regular expression without a word of its own, and @tocsin/..., need a word beside them",
        1,
        9,
    ),
    "expression without a word in one branch": (r"ban OR (gallium OR re:/\d+%/)", "need a word beside them", 8, 22),
    "expression beside what drops": (r"re:/\d+%/ NOT NEAR/3 ban", "need a word beside them", 1, 24),
    "expression without a word in a field": (r"title(re:/\d+%/)", "need a word beside them", 1, 16),
    "brackets without end": ("(" * 41 + "a" + ")" * 41, "brackets are nested more than 40 deep", 41, 1),
}


@pytest.mark.parametrize(("expression", "words", "column", "length"), FAULTS.values(), ids=FAULTS)
def test_a_fault_of_an_expression_stands_at_its_place(
    bench: Any, expression: str, words: str, column: int, length: int
) -> None:
    """Whoever writes a rule sees what is wrong, where, and what to write instead."""
    (problem,) = bench.faults(expression)
    assert words in problem.message
    assert problem.position is not None
    assert (problem.position.column, problem.length) == (column, length)
    assert problem.excerpt == expression


SOUND = {
    "expression with a word": r"re:/gallium \d+/",
    "expression beside a word": r"re:/\d+%/ NEAR/8 gallium",
    "expression joined with a word": r"re:/\d+%/ AND gallium",
    "expression in a field beside a word": r"title(re:/\d+%/ AND gallium)",
    "expression with an optional word": r"(re:/ban(ned)? exports/ OR re:/镓\d/)",
    "expression with a slash": r"re:/gallium\/germanium/",
    "labels in a field": "title(ban AND tier=primary)",
    "forty brackets": "(" * 40 + "a" + ")" * 40,
    "endless age": f"ban AND age<{'9' * 5000}w",
    "zeros": "a NEAR/0 b",
    "words that look like operators": "NEARLY OR SENTINEL OR ORE OR ANDES OR NOTHING OR BEFOREHAND OR THENCE OR AFTERMATH",
    "words that look like fields": "subtitle OR embody OR bare OR threadbare",
    "bare in brackets": "bare((bare(ban) OR curb) NEAR/3 title(bare($mineral)))",
    "operator across lines": "a NOT\n  NEAR/3 b",
}


@pytest.mark.parametrize("expression", SOUND.values(), ids=SOUND)
def test_what_is_sound_is_taken(bench: Any, expression: str) -> None:
    """Nothing that means something is refused."""
    assert bench.faults(expression) == []


def test_a_fault_shows_its_line_and_a_caret(bench: Any) -> None:
    """The message is what an editor and a person need: file, line, column, the line, the place."""
    match = bench.located("ban OR\n$metal NEAR/3 curb", line=27, column=11)
    (problem,) = [p for p in compile_packs([bench.pack(bench.rule(match))])[1] if not p.warning]
    assert str(problem) == (
        "p.yaml:28:11: unknown list $metal; did you mean $mineral?\n"
        "              $metal NEAR/3 curb\n"
        "              ^^^^^^"
    )


def test_every_fault_of_every_pack_is_told_at_once(bench: Any) -> None:
    """One run of `check` shows all there is to mend, and what is sound still runs."""
    first = bench.pack(
        bench.rule("ban OR", name="a", unless="$x1", severity_if=[(Severity.LOW, "(")]),
        bench.rule("ban", name="sound"),
        lists={"restrict": ["ban", "~"]},
        name="one",
    )
    second = bench.pack(bench.rule("$y1", name="b"), lists={}, name="two")
    rules, problems = compile_packs([first, second])
    assert list(rules.rules) == ["one/sound"]
    assert [p.message.split(":")[0] for p in problems if not p.warning] == [
        "the term '~' has no word",
        "the expression ends where a term is expected",
        "unknown list $x1",
        "the expression ends where a term is expected",
        "unknown list $y1",
    ]


def test_two_rules_of_one_id_are_a_fault(bench: Any) -> None:
    """The second would silently take the place of the first."""
    rules, problems = compile_packs([bench.pack(bench.rule("ban", line=3), bench.rule("curb", line=9), lists={})])
    assert list(rules.rules) == ["p/r"]
    (problem,) = problems
    assert problem.message == "the rule r is defined twice, first at p.yaml:3"
    assert problem.position is not None
    assert problem.position.line == 9


def test_two_packs_of_one_id_are_a_fault(bench: Any) -> None:
    """Rules are named by their pack."""
    rules, problems = compile_packs(
        [bench.pack(bench.rule("ban"), lists={}), bench.pack(bench.rule("curb", name="q"), lists={})]
    )
    assert list(rules.rules) == ["p/r"]
    assert [p.message for p in problems] == ["two packs have the id p; give one of them another"]


def test_a_rule_without_a_condition_is_a_fault(bench: Any) -> None:
    """A rule that was never judged would be an alert that never comes."""
    spec = dataclasses.replace(bench.rule("ban"), news=None)
    rules, problems = compile_packs([bench.pack(spec, lists={})])
    assert dict(rules.rules) == {}
    assert [p.message for p in problems] == ["the rule r has no condition: say under news what it matches"]


KEYS = {
    "no such list": ("$mineral", "metal", "the match of this rule gives no label metal"),
    "nearly": ("$mineral", "minerals", "gives no label minerals; did you mean mineral?"),
    "a list without labels": ("$restrict", "restrict", "gives no label restrict"),
    "a list that only drops": ("ban NOT NEAR/3 $mineral", "mineral", "gives no label mineral"),
    "a list behind AND NOT": ("ban AND NOT $mineral", "mineral", "gives no label mineral"),
}


@pytest.mark.parametrize(("match", "key", "words"), KEYS.values(), ids=KEYS)
def test_a_key_must_be_a_label_that_the_match_gives(bench: Any, match: str, key: str, words: str) -> None:
    """Without it, every match would be keyed by its story, and nobody would notice."""
    rules, problems = compile_packs([bench.pack(bench.rule(match, key=[key], line=4))])
    (problem,) = [p for p in problems if not p.warning]
    assert words in problem.message
    assert problem.position is not None
    assert (problem.position.line, problem.position.column, problem.length) == (5, 7, len(key))
    assert dict(rules.rules) == {}


GIVEN = {
    "a list": ("$mineral", "mineral"),
    "a list in a pair": ("ban NEAR/3 $mineral", "mineral"),
    "a list in one branch": ("ban OR ($mineral OR curb)", "mineral"),
    "a list in a field": ("title($mineral)", "mineral"),
    "story": ("ban", "story"),
    "source": ("ban", "source"),
}


@pytest.mark.parametrize(("match", "key"), GIVEN.values(), ids=GIVEN)
def test_a_key_may_be_what_the_match_gives(bench: Any, match: str, key: str) -> None:
    """Story and source are always there."""
    assert bench.compile(bench.rule(match, key=[key])).find("r").key == (key,)


def test_a_title_may_name_what_the_match_gives(bench: Any) -> None:
    """The value stands in its place."""
    assert bench.compile(bench.rule("$mineral", title="{mineral}: t")).find("r").title == "{mineral}: t"


@pytest.mark.parametrize(("name", "remedy"), [("minerals", "; did you mean mineral?"), ("source", ""), ("story", "")])
def test_a_title_can_only_name_what_the_match_gives(bench: Any, name: str, remedy: str) -> None:
    """A message headed `{mineral}` tells nobody anything; story and source are for keys, and nothing fills them in."""
    _, problems = compile_packs([bench.pack(bench.rule("$mineral", title=f"{{{name}}} restricted"))])
    (problem,) = [p for p in problems if not p.warning]
    assert problem.message == f"the title names {{{name}}}, a label that the match does not give{remedy}"


def test_a_key_list_joined_by_and_alone_is_warned_of(bench: Any) -> None:
    """It names the first metal of the text, which may not be the one that is restricted."""
    rules, problems = compile_packs([bench.pack(bench.rule("$mineral AND $restrict NEAR/3 $export", key=["mineral"]))])
    (problem,) = [p for p in problems if "joined by AND alone" in p.message]
    assert problem.warning
    assert str(problem).startswith("p.yaml:2:7: warning: $mineral is joined by AND alone")
    assert list(rules.rules) == ["p/r"]


def test_the_hash_of_a_rule_changes_with_its_meaning_only(bench: Any) -> None:
    """What could not be evaluated is tried again when the rule changes, and not for a new note."""

    def hash_of(rule: Any, ban: str = "ban") -> str:
        return str(bench.compile(rule, lists={"x": [ban], "y": ["curb"]}).find("r").hash)

    same = hash_of(bench.rule("$x"))
    assert hash_of(bench.rule("$x", title="other")) == same
    changed = [
        hash_of(bench.rule("$x"), ban="curb"),
        hash_of(bench.rule("$y")),
        hash_of(bench.rule("$x", unless="z")),
        hash_of(bench.rule("$x", severity_if=[(Severity.LOW, "z")])),
        hash_of(bench.rule("$x", severity_if=[(Severity.INFO, "z")])),
        hash_of(bench.rule("$x", key=["source"])),
    ]
    assert len({same, *changed}) == 7
