"""Named expressions: they mean what their bodies would in brackets, and are judged once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from tocsin.errors import Problem
from tocsin.model.rules import Evidence
from tocsin.rules.compile import compile_packs
from tocsin.rules.examples import check_examples
from tocsin.rules.lint.packs import lint, lint_names
from tocsin.rules.news.evaluate import Judgement

CURB = {"curb": "$restrict NOT NEAR/3 $undo", "act": "@curb NEAR/6 $export OR quota"}


def marked(bench: Any, match: str, text: str, expressions: Any) -> list[str]:
    """The words of each hit, joined by `+`."""
    found = bench.judge(bench.compile(bench.rule(match), expressions=expressions), text)
    assert found.unevaluated == ()
    hits = found.matches[0].evidence.hits if found.matches else ()
    return ["+".join(text[s.start : s.end] for s in hit.spans) for hit in hits]


def faults(bench: Any, match: str, expressions: Any, **more: Any) -> list[Problem]:
    """What is wrong with a rule and the expressions of its pack."""
    pack = bench.pack(bench.rule(match, **more), expressions=expressions)
    return [problem for problem in compile_packs([pack])[1] if not problem.warning]


MEANINGS = {
    "a name": ("@curb", "Ban on gallium", ["Ban"]),
    "in full": ("@p/curb", "Ban on gallium", ["Ban"]),
    "what it takes away": ("@curb", "US lifts ban", []),
    "a name in a name": ("@act", "Ban on exports", ["Ban+exports"]),
    "another branch of it": ("@act", "Quota set", ["Quota"]),
    "a pair is one hit": ("$mineral NEAR/4 @act", "Gallium: ban on exports", ["Gallium+ban+exports"]),
    "taken away": ("@curb NOT NEAR/4 @act", "Ban on exports", []),
    "in a field": ("title(@curb)", "Ban", ["Ban"]),
    "an amount": ("@tocsin/money NEAR/3 @curb", "Ban on $5bn of chips", ["Ban+$5bn"]),
    "in another field": ("summary(@curb)", "Ban", []),
}


@pytest.mark.parametrize(("match", "text", "hits"), MEANINGS.values(), ids=MEANINGS)
def test_a_name_means_its_body_in_brackets(bench: Any, match: str, text: str, hits: list[str]) -> None:
    """What is written once can be used everywhere without a second thought."""
    assert marked(bench, match, text, CURB) == hits


ACTORS = {
    "actor": "$company OR $mineral",
    "quiet": ("$mineral NEAR/2 ban", {}),
    "renamed": ("$mineral", {"actor": "mineral"}),
}
TWO = {
    "two": ("@actor SENT @actor", "Gallium and cobalt", ["Gallium+cobalt"]),
    "two of two lists": ("@actor SENT @actor", "Rio Tinto digs gallium", ["Rio Tinto+gallium"]),
    "one": ("@actor SENT @actor", "Gallium for gallium", []),
    "one by two names": ("@actor SENT @actor", "Rio Tinto, or 力拓", []),
    "one on the other side": ("(@actor NOT NEAR/1 x) BEFORE/9 @actor", "Gallium for gallium", []),
    "its body": ("@actor SENT ($mineral OR $company)", "Gallium for gallium", []),
    "no label leaves it": ("@quiet SENT @quiet", "Gallium ban, gallium ban", []),
    "no label leaves it, two": ("@quiet SENT @quiet", "Gallium ban, cobalt ban", ["Gallium+ban+cobalt+ban"]),
    "another label leaves it": ("@renamed SENT @renamed", "Gallium x cobalt x gallium", ["cobalt+gallium"]),
    "another list": ("@actor SENT $mineral", "Gallium", ["Gallium"]),
}


@pytest.mark.parametrize(("match", "text", "hits"), TWO.values(), ids=TWO)
def test_one_name_on_both_sides_asks_for_two_of_its_values(bench: Any, match: str, text: str, hits: list[str]) -> None:
    """Two actors agree; one that is named twice does not."""
    assert marked(bench, match, text, ACTORS) == hits


class Counted(Judgement):
    """A judgement that counts how often it works out a node in a field."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.count: Counter[tuple[int, int]] = Counter()

    def _find(self, node: Any, reading: Any) -> Any:
        self.count[id(node), id(reading)] += 1
        return super()._find(node, reading)


def test_an_expression_is_judged_once_in_each_field(bench: Any) -> None:
    """Forty rules that name one frame cost what one does."""
    rules = bench.compile(
        bench.rule("@act AND on", name="a"),
        bench.rule("title(@act) OR @curb", name="b"),
        bench.rule("(b OR @act) NEAR/3 (@act OR c)", name="c", unless="@act"),
        expressions=CURB,
    )
    judgement = Counted(bench.entry("Ban on exports. Lift of curbs. B c", summary="Quota. A"), bench.now)
    for rule in rules.rules.values():
        for condition in (rule.match, *rule.cancels):
            judgement.condition(condition, labels={})
    for name in ("p/act", "p/curb"):
        body = rules.expressions[name].body
        counts = [count for (node, _), count in judgement.count.items() if node == id(body)]
        assert set(counts) == {1}, name
        assert len(counts) < 3, "a field without its words is passed over"


LABELS = {
    "all": ("$mineral NEAR/9 $company", {"mineral": ("gallium",), "company": ("mp-materials",)}),
    "one": (("$mineral NEAR/9 $company", {"mineral": "mineral"}), {"mineral": ("gallium",)}),
    "none": (("$mineral NEAR/9 $company", {}), {}),
    "renamed": (("$mineral NEAR/9 $company", {"actor": "company"}), {"actor": ("mp-materials",)}),
    "twice": (("$mineral", {"actor": "mineral", "mineral": "mineral"}), {"actor": ("gallium",), "mineral": ("gallium",)}),
    "what takes away gives none": ("$company NOT NEAR/1 $mineral", {"company": ("mp-materials",)}),
}  # fmt: skip


@pytest.mark.parametrize(("body", "labels"), LABELS.values(), ids=LABELS)
def test_an_expression_says_which_labels_leave_it(bench: Any, body: Any, labels: Any) -> None:
    """The actor and the target of an event may both be countries, and are told apart."""
    rules = bench.compile(bench.rule("@x"), expressions={"x": body})
    (match,) = bench.judge(rules, "Gallium miner in talks with MP Materials").matches
    assert match.labels == labels
    for name in labels:
        assert bench.compile(bench.rule("@x", key=[name], title=f"{{{name}}}"), expressions={"x": body})


def test_a_rule_can_name_only_labels_that_leave_the_expression(bench: Any) -> None:
    """Else it would be keyed by its story, and nobody would notice."""
    hidden = {"x": ("$mineral", {}), "y": ("$mineral", {"metal": "mineral"})}
    assert "gives no label mineral" in faults(bench, "@x", hidden, key=["mineral"])[0].message
    assert "did you mean metal?" in faults(bench, "@y", hidden, key=["meta"])[0].message
    assert "the title names {mineral}" in faults(bench, "@x", hidden, title="{mineral}")[0].message
    assert faults(bench, "@y", hidden, key=["metal"], title="{metal}") == []
    through = {**hidden, "z": "@x OR @y"}
    assert "did you mean metal?" in faults(bench, "@z", through, key=["mental"])[0].message
    assert "gives no label mineral" in faults(bench, "@z", through, key=["mineral"])[0].message


def test_coordination_goes_by_the_list_and_not_by_the_name_of_its_label(bench: Any) -> None:
    """Gallium and germanium exports are about both, whatever the label is called outside."""
    rules = bench.compile(bench.rule("@x NEAR/1 exports"), expressions={"x": ("$mineral", {"metal": "mineral"})})
    (match,) = bench.judge(rules, "Gallium, germanium exports").matches
    assert match.labels == {"metal": ("gallium", "germanium")}


FAULTS = {
    "unknown": ("@crub", CURB, "unknown expression @crub; did you mean @curb?", 1, 1, 5),
    "unknown in a pack": ("@p/crub", CURB, "unknown expression @p/crub; did you mean @p/curb?", 1, 1, 7),
    "a list with the other sign": ("@mineral", CURB, "mineral is a list: write $mineral", 1, 1, 8),
    "an expression with the other sign": ("$curb", CURB, "curb is an expression: write @curb", 1, 1, 5),
    "a pack that is not used": ("@words/curb", CURB, "does not use words: write use: [words]", 1, 1, 11),
    "a list of a pack that is not used": ("$words/curb", CURB, "does not use words", 1, 1, 11),
    "unknown built-in": ("@tocsin/weather", CURB, "there is no @tocsin/weather", 1, 1, 15),
    "a sign alone": ("@", CURB, "a term cannot begin with @", 1, 1, 1),
    "a quoted name": ('"@curb"', CURB, "a term cannot begin with @", 1, 1, 7),
    "taken out": ("-@curb", CURB, "write AND NOT @curb", 1, 1, 6),
    "AND": ("@x", {"x": "ban AND curb"}, "a named expression has no AND", 200, 24, 3),
    "AND in brackets": ("@x", {"x": "(ban AND curb) NEAR/3 a"}, "a named expression has no AND", 200, 25, 3),
    "a label test": ("@x", {"x": "ban OR tier=primary"}, "no label and no age test", 200, 27, 12),
    "a label test in a field": ("@x", {"x": "title(tier=primary)"}, "no label and no age test", 200, 26, 12),
    "an age test": ("@x", {"x": "title(ban AND age<2h)"}, "no label and no age test", 200, 34, 6),
    "two operators": ("@x", {"x": "a NEAR/3 b NEAR/4 c"}, "two proximity operators in one bracket", 200, 31, 6),
    "nothing": ("@x", {"x": ""}, "the expression ends where a term is expected", 200, 20, 1),
    "bracket too many": ("@x", {"x": "ban)"}, "this bracket closes nothing", 200, 23, 1),
    "itself": ("@x", {"x": "ban OR @x"}, "@x is made of itself: @x uses @x", 200, 27, 2),
    "a circle": (
        "@x",
        {"x": "@y", "y": "ban OR @z", "z": "@x OR $mineral"},
        "@x is made of itself: @x uses @y, @y uses @z, @z uses @x",
        200,
        20,
        2,
    ),
    "a label that the body does not give": ("@x", {"x": ("$mineral", {"m": "minerals"})}, "no label minerals; did", 1, 1, 8),
}  # fmt: skip


@pytest.mark.parametrize(("match", "expressions", "words", "line", "column", "length"), FAULTS.values(), ids=FAULTS)
def test_a_fault_of_a_name_is_told_once_at_its_place(
    bench: Any, match: str, expressions: Any, words: str, line: int, column: int, length: int
) -> None:
    """Whoever writes an expression sees what is wrong, where, and what to write instead."""
    (problem,) = faults(bench, match, expressions)
    assert words in problem.message
    assert problem.position is not None
    assert (problem.position.line, problem.position.column, problem.length) == (line, column, length)


def test_a_fault_of_an_expression_names_the_places_that_use_it(bench: Any) -> None:
    """One message and not forty; and what else is wrong is told too."""
    expressions = {"bad": "$metals", "one": "@bad OR ban", "two": "@one OR @bad", "three": "@bad", "four": "@bad OR ("}
    bad, four = faults(bench, "@two AND @bad", expressions)
    assert str(bad).split("\n")[0] == (
        "p.yaml:200:20: unknown list $metals; did you mean $mineral?; used at p.yaml:1, p.yaml:201, p.yaml:202 and 2 more"
    )
    assert four.message.startswith("the expression ends where a term is expected: ")
    rules, _ = compile_packs([bench.pack(bench.rule("ban", unless="@bad"), expressions=expressions)])
    assert dict(rules.rules) == {}


def test_every_circle_is_told(bench: Any) -> None:
    """One run of `check` shows all there is to mend; what is not part of a circle is read on."""
    expressions = {"a": "@b", "b": "@a", "c": "@c", "d": "@a OR $metals", "e": "@d"}
    assert sorted(str(problem).split("\n")[0] for problem in faults(bench, "@e", expressions)) == [
        "p.yaml:200:20: @a is made of itself: @a uses @b, @b uses @a; take one of these names out; used at p.yaml:203",
        "p.yaml:202:20: @c is made of itself: @c uses @c; take one of these names out",
        "p.yaml:203:26: unknown list $metals; did you mean $mineral?; used at p.yaml:204",
    ]


def chain(length: int, body: str = "ban") -> dict[str, str]:
    """Names each of which uses the next."""
    return {f"n{number}": f"@n{number + 1}" for number in range(1, length)} | {f"n{length}": body}


def doubled(length: int) -> dict[str, str]:
    """Names of which each uses the next twice."""
    return {f"n{n}": f"@n{n + 1} OR @n{n + 1}" for n in range(1, length)} | {f"n{length}": "ban OR curb"}


def test_forty_names_in_each_other_are_judged(bench: Any) -> None:
    """And so are brackets within them: nothing that is accepted is too deep for Python."""
    assert marked(bench, "@n1", "Ban", chain(40)) == ["Ban"]
    bracketed = {f"n{n}": f"title(x OR title(a OR @n{n + 1}))" for n in range(1, 20)} | {"n20": "title(y OR ban)"}
    assert marked(bench, "(" * 39 + "title(@n1)" + ")" * 39, "Ban", bracketed) == ["Ban"]
    (problem,) = faults(bench, "@n1", chain(41))
    assert "names are nested more than 40 deep" in problem.message
    assert "more than 40 deep" in faults(bench, "@n1", chain(39, "(b OR (c OR (d OR e)))"))[0].message


def test_five_thousand_terms_are_enough(bench: Any) -> None:
    """What doubles with each name is a slip, and would be worked on for years."""
    assert marked(bench, "@n1", "Ban", doubled(12)) == ["Ban"]
    problem = faults(bench, "@n1", doubled(40))[0]
    assert "more than 5,000 terms if every name is written out" in problem.message
    assert "more than 5,000 terms" in faults(bench, "@n1 OR @n1", doubled(12))[0].message


def test_an_expression_that_nothing_names_is_warned_of(bench: Any) -> None:
    """A misspelt name elsewhere is its most likely cause; what only it names is used."""
    lists = {"restrict": ["ban"], "undo": ["lift"]}
    pack = bench.pack(bench.rule("ban"), lists=lists, expressions={"x": "$restrict", "y": "@z", "z": "curb"})
    assert [p.message for p in lint_names([pack])] == [
        "no rule uses the list $undo",
        "no rule uses the expression @x",
        "no rule uses the expression @y",
    ]


def test_the_hash_of_a_rule_holds_the_text_of_all_that_it_reaches(bench: Any) -> None:
    """What could not be evaluated is tried again when a word deep within changes."""

    def hash_of(ban: str = "ban", inner: str = "$x", labels: Any = None) -> str:
        rules = bench.compile(
            bench.rule("@outer"),
            lists={"x": {"a": [ban]}, "unused": ["z"]},
            expressions={"outer": "@inner OR quota", "inner": (inner, labels) if labels is not None else inner},
        )
        return str(rules.find("r").hash)

    assert hash_of() == hash_of()
    assert len({hash_of(), hash_of(ban="curb"), hash_of(inner="$x OR z"), hash_of(labels={})}) == 4


WARNINGS = {
    "a branch of the body": ("@x OR ban", {"x": "ban OR curb"}, "ban adds nothing"),
    "the same name": ("@x OR @x", {"x": "ban OR curb"}, "@x adds nothing"),
    "a branch within a body": ("@x", {"x": "ban OR ban NEAR/3 curb OR ban"}, "ban adds nothing"),
    "both sides": ("@x NEAR/3 @x", {"x": "ban"}, "both sides of NEAR are @x, which has no two values"),
    "another field": ("title(@x)", {"x": "body(ban)"}, "@x looks in other fields than title(...)"),
    "never together": ("@x NEAR/3 title(curb)", {"x": "body(ban)"}, "both sides of NEAR are never in one sentence"),
    "a term": ("@x", {"x": "the OR ban"}, "the is in nearly every text"),
    "the same body": ("@x NEAR/3 @y", {"x": "ban", "y": " ban"}, "@y is the same as @x, line 200"),
}


def warnings(bench: Any, match: str, expressions: Any, **more: Any) -> list[str]:
    """What is said of one rule that has its examples."""
    spec = bench.rule(match, fires=["x"], quiet=["y"], **more)
    rules = bench.compile(spec, expressions=expressions)
    return [problem.message for problem in lint([bench.pack(spec, expressions=expressions)], rules)]


@pytest.mark.parametrize(("match", "expressions", "words"), WARNINGS.values(), ids=WARNINGS)
def test_lint_looks_through_a_name(bench: Any, match: str, expressions: Any, words: str) -> None:
    """A branch that is never needed hides what the rule does, wherever it is written."""
    found = warnings(bench, match, expressions)
    assert any(words in warning for warning in found), found


@pytest.mark.parametrize(
    ("match", "expressions"),
    [
        ("@x\nOR $mineral", {"x": ("$mineral", {})}),
        ("@x\nOR $mineral", {"x": ("$mineral", {"metal": "mineral"})}),
        ("@x\nOR @y", {"x": "ban NEAR/3 curb", "y": "ban NEAR/2 cut"}),
    ],
)
def test_lint_calls_nothing_useless_that_gives_other_labels(bench: Any, match: str, expressions: Any) -> None:
    """A warning that is wrong is worse than none."""
    assert warnings(bench, match, expressions) == []


def test_a_branch_that_loses_a_label_of_the_key_is_named(bench: Any) -> None:
    """Its matches are keyed by their story."""
    bodies = {"x": "$mineral NEAR/3 ban", "y": "@x OR ban NEAR/3 quota"}
    assert warnings(bench, "@x", bodies, key=["mineral"]) == []
    assert any("gives no label mineral" in words for words in warnings(bench, "@y", bodies, key=["mineral"]))


def test_examples_of_an_expression_are_run(bench: Any) -> None:
    """A frame is tried by itself, where its words are, and not only through the rules that use it."""
    pack = bench.pack(bench.rule("@curb"), expressions={"curb": "$restrict NOT NEAR/3 $undo"})
    spec = replace(
        pack.expressions[0],
        fires=(bench.located("Ban on tin", line=5), bench.located("US lifts ban", line=6)),
        quiet=(bench.located("Curbs eased", line=7), bench.located("Ban stays", line=8)),
    )
    rules, _ = compile_packs([replace(pack, expressions=(spec,))])
    assert [str(problem).split("\n")[0] for problem in check_examples(rules)] == [
        "p.yaml:6:1: this should fire @p/curb, but does not: not met: $restrict NOT NEAR/3 $undo: cancelled by “lifts”",
        "p.yaml:8:1: this should not fire @p/curb, but does, by: Ban",
    ]


def lines(node: Evidence, depth: int = 0) -> list[str]:
    """A tree as text, with the lines of its nodes."""
    at = f" :{node.position.line}" if node.position else ""
    own = f"{'  ' * depth}{'+' if node.holds else '-'} {node.op} {node.text}{at}"
    return [own, *(line for child in node.children for line in lines(child, depth + 1))]


PROOFS = {
    "true": ("Ban on exports", False, ["+ expression @act :201"]),
    "true, unfolded": (
        "Ban on exports",
        True,
        [
            "+ expression @act :201",
            "  + OR @curb NEAR/6 $export OR quota :201",
            "    + NEAR/6 @curb NEAR/6 $export :201",
            "      + expression @curb :200",
            "        + NOT NEAR/3 $restrict NOT NEAR/3 $undo :200",
            "          + list $restrict :200",
            "      + list $export :201",
            "    - term quota :201",
        ],
    ),
    "a side is missing": (
        "Ban on gallium",
        False,
        ["- expression @act :201", "  - list $export :201"],
    ),
    "deep within": (
        "US lifts ban on exports",
        False,
        [
            "- expression @act :201",
            "  - expression @curb :200",
            "    - NOT NEAR/3 $restrict NOT NEAR/3 $undo :200",
            "      + list $restrict :200",
            "      + list $undo :200",
        ],
    ),
    "too far": (
        "Ban on all that the country still wants exported",
        False,
        [
            "- expression @act :201",
            "  - NEAR/6 @curb NEAR/6 $export :201",
            "    + expression @curb :200",
            "    + list $export :201",
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "unfold", "tree"), PROOFS.values(), ids=PROOFS)
def test_a_name_is_proved_in_one_line_and_disproved_by_its_first_false_part(
    bench: Any, text: str, unfold: bool, tree: list[str]
) -> None:
    """The reader of a proof wants the words that were found, and of what failed the place to mend."""
    rules = bench.compile(bench.rule("@act"), expressions=CURB)
    proof = rules.explain("p/r", bench.entry(text), bench.now, unfold=unfold)
    assert lines(proof.children[0].children[0]) == tree
    assert bool(proof.children[0].children[0].hits) == proof.holds


def test_what_is_not_true_is_said_by_the_deepest_part(bench: Any) -> None:
    """The reason in the first line is the same that one would find by unfolding."""
    rules = bench.compile(bench.rule("@act"), expressions=CURB)
    for unfold in (False, True):
        proof = rules.explain("p/r", bench.entry("US lifts ban on exports"), bench.now, unfold=unfold)
        assert proof.note == "not met: $restrict NOT NEAR/3 $undo: cancelled by “lifts”"


def test_a_stored_proof_has_one_line_for_a_name(bench: Any) -> None:
    """An alert keeps what was found, not the whole library."""
    rules = bench.compile(bench.rule("@act"), expressions=CURB)
    (match,) = bench.judge(rules, "Ban on exports").matches
    (found,) = match.evidence.children[0].children
    assert (found.op, found.text, found.children, found.position) == ("expression", "@act", (), None)


def test_a_labelled_list_under_a_name_names_the_subject_once(bench: Any) -> None:
    """Joined by AND alone it gives the label of its first hit, as it would in brackets; `check` says so."""
    rule = bench.rule("@x AND ban", key=["mineral"])
    rules = bench.compile(rule, expressions={"x": "@y", "y": "$mineral"})
    (match,) = bench.judge(rules, "Gallium up. Germanium ban").matches
    assert match.labels == {"mineral": ("gallium",)}
    _, problems = compile_packs([bench.pack(rule, expressions={"x": "@y", "y": "$mineral"})])
    assert any(problem.message.startswith("@x is joined by AND alone") for problem in problems)


def test_lint_knows_lists_of_one_name_in_two_packs_apart(bench: Any) -> None:
    """What is written the same means another thing in another pack."""
    library = bench.pack(lists={"state": ["government"]}, expressions={"x": "$state NEAR/3 ban"})
    spec = bench.rule("@p/x\nOR $state NEAR/3 ban", fires=["x"], quiet=["y"])
    pack = replace(bench.pack(spec, lists={"state": ["cabinet"]}, name="q"), used=(library,))
    rules, problems = compile_packs([pack])
    assert problems == ()
    assert lint([pack], rules) == ()
