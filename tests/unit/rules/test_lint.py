"""Lint that a golden file cannot show: warnings from history, warnings withheld, and suggestions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tocsin.config.packs import parse_pack
from tocsin.model.prices import Instrument
from tocsin.model.rules import Severity
from tocsin.rules.compile import compile_packs
from tocsin.rules.lint.history import History, lint_history
from tocsin.rules.lint.packs import lint, lint_names
from tocsin.rules.news.rarity import COMMON, OFTEN


def warnings(bench: Any, match: str, *, lists: Any = None, **more: Any) -> list[str]:
    """What is said of one rule that has its examples."""
    lists = bench.lists if lists is None else lists
    spec = bench.rule(match, fires=["x"], quiet=["y"], **more)
    return [problem.message for problem in lint([bench.pack(spec, lists=lists)], bench.compile(spec, lists=lists))]


@pytest.mark.parametrize(
    "match",
    [
        "ban OR curb",
        "$mineral OR gallium",
        "gallium OR $mineral",
        '(ban OR "total ban") NEAR/8 cobalt',
        "(ban OR ban NEAR/3 export) NEAR/8 cobalt",
        "ban NOT NEAR/3 not OR ban AND tier=primary",
        "$mineral BEFORE/3 $mineral",
        "re:/gallium [a-z]+/ SENT re:/gallium [a-z]+/",
        "(ban OR curb) CLAUSE (ban OR curb)",
        "(ban OR curb) BEFORE/3 (ban OR export)",
        "(ban OR curb) NEAR/0 (ban OR export)",
        "$mineral SENT (ban NEAR/3 $mineral)",
        "$mineral NOT NEAR/3 ($mineral OR ban)",
        "bare($mineral) THEN $mineral",
        "ban SENT (@tocsin/money SENT @tocsin/money)",
        "ban AND NOT title(ban)",
        "lede(gallium) NEAR/8 body(ban)",
        "body(gallium) SENT lede(ban)",
        "title(ban) OR body(ban)",
        "=BAN OR ban AND source=a",
        "re:/gallium/ OR re:/cobalt/",
        "restrict* OR rest",
        "age<2h AND ban OR age<3h AND ban",
        "(bare(ban) OR curb) NEAR/8 bare(cobalt)",
        "title(bare(ban)) OR body(bare(ban))",
        "ban AND source=a OR ban AND source=b",
        "source=a",  # all that a watched page brings
    ],
)
def test_what_may_make_a_difference_is_not_called_useless(bench: Any, match: str) -> None:
    """A warning that is wrong is worse than none."""
    # An OR that begins a line is none that is mistaken for a weaker AND.
    assert warnings(bench, match.replace(" OR ", "\nOR ")) == []


@pytest.mark.parametrize(
    ("match", "words"),
    [
        ("restrict* OR restriction", "restriction adds nothing"),
        ("restriction* OR restrict*", "restriction* adds nothing"),
        ("re:/gallium/ OR ban OR re:/gallium/", "re:/gallium/ adds nothing"),
        ("ban OR ban NOT NEAR/3 export", "ban NOT NEAR/3 export adds nothing"),
        ("(ban OR curb) OR ban", "ban adds nothing"),
        ("ban OR curb OR (ban OR curb)", "adds nothing"),
        ("title(ban) OR title(ban AND curb)", "title(ban AND curb) adds nothing"),
        ("ban AND NOT curb OR ban AND NOT curb AND cobalt", "ban AND NOT curb AND cobalt adds nothing"),
        ("ban OR bare(ban)", "bare(ban) adds nothing"),
        ("bare(ban OR ban)", "ban adds nothing"),
        ("(bare(ban) OR ban) NEAR/8 cobalt", "bare(ban) adds nothing"),
        ("bare(title(gallium)) NEAR/3 summary(ban)", "never in one sentence"),
        ("bare(title(summary(ban)))", "it can never match"),
        ("gallium SENT gallium", "both sides of SENT are gallium, which has no two values"),
        ("bare(gallium) BEFORE/3 (gallium NOT NEAR/2 ban)", "which has no two values"),
        ("(ban OR curb) NEAR/3 (ban OR export)", "a word of ban pairs with itself here"),
        ("bare($mineral NOT NEAR/2 ban) SENT (title($mineral) OR ban)", "a word of $mineral pairs with itself here"),
        ("$mineral CLAUSE ($mineral OR ban)", "write the same on both sides of CLAUSE for two different ones"),
        ("(ban OR curb) NEAR/0 (ban OR curb)", "(ban OR curb) alone says as much"),
        ("gallium NEAR/0 gallium OR gallium NEAR/3 ban", "NEAR/0 is true only where both sides overlap"),
        ("title((gallium OR cobalt) SENT summary(ban))", "it can never match"),
        ("(title(gallium) OR title(x1)) NEAR/3 summary(ban)", "never in one sentence"),
        ("(title(gallium) NEAR/2 ban) NEAR/3 (body(tin) NOT NEAR/2 tax)", "never in one sentence"),
    ],
)
def test_what_makes_no_difference_is_named(bench: Any, match: str, words: str) -> None:
    """A branch that is never needed hides what the rule does."""
    assert any(words in warning for warning in warnings(bench, match)), warnings(bench, match)


def test_a_list_that_no_rule_uses_is_warned_of(bench: Any) -> None:
    """A misspelt name elsewhere is its most likely cause."""
    lists = {"restrict": ["ban"], "hedge": ["may"], "cancel": ["lift"], "undo": ["lift"]}
    rule = bench.rule("$restrict", unless="$cancel", severity_if=[(Severity.LOW, "$hedge")])
    found = list(lint_names([bench.pack(rule, lists=lists)]))
    assert [(p.message, p.warning) for p in found] == [("no rule uses the list $undo", True)]


def test_an_or_of_hundreds_is_not_compared_pair_by_pair(bench: Any) -> None:
    """A list that a program wrote must not make a reload slow."""
    assert warnings(bench, " OR ".join(["gallium"] * 101)) == []


@pytest.mark.parametrize(
    ("match", "missing"),
    [
        ("$mineral NEAR/8 ban", False),
        ("title($mineral) AND ban", False),
        ("$mineral NEAR/8 ban OR $mineral NEAR/8 curb", False),
        ("($mineral OR ban) NEAR/8 curb", True),
        ("ban NOT NEAR/8 $undo OR $mineral NEAR/3 ban", True),
        ("title(ban OR $mineral)", True),
    ],
)
def test_a_branch_that_misses_a_label_of_the_key_is_named(bench: Any, match: str, missing: bool) -> None:
    """Its matches would all fall under one key, or each under its own, and nobody asked for that."""
    found = [words for words in warnings(bench, match, key=["mineral"]) if "gives no label mineral" in words]
    assert bool(found) == missing


def test_a_branch_without_the_label_that_an_example_shows_is_meant(bench: Any) -> None:
    """Whoever wrote the example knows."""
    match = "$mineral NEAR/8 ban OR quota"
    for fires, count in ((["Gallium ban"], 1), (["Gallium ban", "New quota"], 0)):
        spec = bench.rule(match, key=["mineral"], fires=fires, quiet=["y"])
        assert len(lint([bench.pack(spec, lists={**bench.lists})], bench.compile(spec))) == count


EVERYDAY = " OR ".join(sorted(OFTEN - COMMON - {"us"}))


@pytest.mark.parametrize(
    ("match", "branch"),
    [
        ("gallium", ""),
        (f"({EVERYDAY}) NEAR/3 gallium", ""),
        (" OR ".join(f"(share{i} OR stock{i}) NEAR/3 gallium" for i in range(90)), ""),
        ("镓 NEAR/3 出口", ""),
        (f"title(({EVERYDAY}) NEAR/3 ($mineral OR {EVERYDAY}))", ""),
        (f"title({EVERYDAY})", "ahead OR american OR amid"),
        (f"gallium OR title(cobalt OR ({EVERYDAY}))", "ahead OR american OR amid"),
        ("age<2h", "age<2h"),
    ],
    ids=[
        "a word",
        "a rare word beside",
        "many pairs",
        "no latin",
        "two everyday words",
        "verbs",
        "a branch",
        "no word",
    ],
)
def test_a_branch_that_opens_a_rule_to_every_title_is_named(bench: Any, match: str, branch: str) -> None:
    """It costs CPU with every entry, which nobody sees until there are thousands."""
    found = [words for words in warnings(bench, match) if "of ordinary titles" in words]
    assert len(found) == bool(branch)
    assert all(branch in words and words.endswith("(p.yaml:1): give it a rarer word") for words in found)


def past(days: float, matches: Mapping[str, int], alerts: Mapping[str, int]) -> History:
    """What is stored."""
    return History(days=days, matches=matches, alerts=alerts)


@pytest.mark.parametrize(
    ("history", "words"),
    [
        (past(30, {}, {}), ["in 30 days of history this rule never fired; try it with tocsin why-not"]),
        (past(3, {}, {}), []),
        (past(30, {"p/r": 1}, {"p/r": 1}), []),
        (past(2, {"p/r": 99}, {"p/r": 40}), []),
        (past(2, {"p/r": 99}, {"p/r": 50}), ["this rule raises 25 alerts a day; nobody reads more than 20: narrow it"]),
        (past(0.5, {"p/r": 99}, {"p/r": 50}), []),
    ],
    ids=["never", "too little history", "once", "twenty a day", "more", "half a day"],
)
def test_what_history_says_of_a_rule(bench: Any, history: History, words: list[str]) -> None:
    """A rule that is deaf, or that nobody reads."""
    spec = bench.rule("ban")
    found = lint_history([bench.pack(spec)], bench.compile(spec), history)
    assert [problem.message for problem in found] == words
    assert all(problem.warning for problem in found)


@pytest.mark.parametrize(
    ("when", "instruments", "warned"),
    [
        ("last < 0", (), True),
        ("last < 0", (Instrument(id="tin"),), True),
        ("last < 0", (Instrument(id="bund", negative=True),), True),
        ("last < 0", (Instrument(id="tin", negative=True),), False),
        ("last < 0", (Instrument(id="lead"), Instrument(id="tin", negative=True)), False),
        ("abs(last) <= 0", (Instrument(id="tin", negative=True),), False),
        ("0 > low(20td)", (Instrument(id="tin", negative=True),), False),
        ("high(1d) == 0", (Instrument(id="tin", negative=True),), False),
        ("change(1td) < -150%", (Instrument(id="tin", negative=True),), True),
        ("last - low(20td) < -1", (), False),
    ],
)
def test_a_price_below_zero_is_believed_of_an_instrument_that_may_have_one(
    when: str, instruments: tuple[Instrument, ...], warned: bool
) -> None:
    """The rule is right where one of its instruments says so; a share below -100 % is not known even there."""
    text = f"tocsin: 1\npack: {{id: p}}\nrules:\n  - id: r\n    price: {{instruments: [tin], when: {when}}}\n"
    spec, problems = parse_pack([("p.yaml", text)])
    assert spec, problems
    found = [item.message for item in lint([spec], compile_packs([spec])[0], instruments=instruments)]
    assert bool(found) is warned
    assert all("this is never true" in words for words in found)
    assert all("negative: true" in words for words in found if "change" not in when)


@pytest.mark.parametrize(("when", "warned"), [("cross(last, 30)", True), ("last > 30", False)])
def test_a_crossing_cannot_be_confirmed(when: str, warned: bool) -> None:
    """It is true of one quote only, so a rule that waits for a second one would never fire."""
    price = f"price: {{instruments: [tin], when: '{when}', confirm: 2}}"
    spec, problems = parse_pack([("p.yaml", f"tocsin: 1\npack: {{id: p}}\nrules:\n  - id: r\n    {price}\n")])
    assert spec, problems
    found = [item.message for item in lint([spec], compile_packs([spec])[0], instruments=[Instrument(id="tin")])]
    assert bool(found) is warned
    assert all("a crossing is true of one quote only" in words for words in found)
