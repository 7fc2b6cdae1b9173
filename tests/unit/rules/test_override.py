"""Overrides: changes of an operator to a rule without editing its pack."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tocsin.model.rules import Severity
from tocsin.rules.compile import compile_packs
from tocsin.rules.overlay import lay_over
from tocsin.rules.spec import Override


def overridden(bench: Any, name: str = "r", **change: Any) -> Any:
    """A rule `p/r` on `ban`, critical where it says so, with *change* laid over it."""
    spec = bench.rule("ban", unless="CAGR", severity_if=[(Severity.CRITICAL, "total NEAR/1 ban")])
    packs, problems = lay_over([bench.pack(spec)], [Override(rule=bench.located(name, line=9), **change)])
    assert problems == ()
    rules, faults = compile_packs(packs)
    assert [fault for fault in faults if not fault.warning] == []
    return rules


@pytest.mark.parametrize("name", ["r", "p/r"], ids=["bare id", "full id"])
def test_a_severity_stands_in_place_of_all_that_the_rule_says(bench: Any, name: str) -> None:
    """Whoever wants a rule to be low does not want it critical on some days."""
    rules = overridden(bench, name, severity=Severity.LOW)
    (match,) = bench.judge(rules, "Total ban").matches
    assert match.severity is Severity.LOW
    assert match.rule.override == "severity low (p.yaml:9)"


def test_an_extra_unless_cancels_beside_the_rules_own_with_the_lists_of_its_pack(bench: Any) -> None:
    """What floods one desk only is kept away there, and why-not shows which of the two did it."""
    rules = overridden(bench, unless=bench.located("$mineral AND\n cobalt", line=10))
    assert [len(bench.judge(rules, title).matches) for title in ("Ban", "Ban on cobalt", "Ban CAGR")] == [1, 0, 0]
    proof = rules.explain("p/r", bench.entry("Ban on cobalt"), bench.now)
    assert [(node.op, node.holds, str(node.position)) for node in proof.children[1:3]] == [
        ("unless", False, "p.yaml:1:1"),
        ("unless", True, "p.yaml:10:1"),
    ]
    assert rules.rules["p/r"].info.override == "unless $mineral AND cobalt (p.yaml:9)"


def test_a_disabled_rule_is_never_judged_but_can_be_explained(bench: Any) -> None:
    """Why-not must be able to say that it is switched off."""
    rules = overridden(bench, disable=True)
    assert bench.judge(rules, "Ban").matches == ()
    assert rules.explain("p/r", bench.entry("Ban"), bench.now).holds
    assert rules.disabled["p/r"].info.override == "disabled (p.yaml:9)"


def test_every_change_makes_it_another_rule(bench: Any) -> None:
    """What was judged by the rule as it was is known to be old."""
    changes: list[dict[str, Any]] = [
        {"severity": Severity.LOW},
        {"severity": Severity.INFO},
        {"to": ("mail",)},
        {"unless": bench.located("x")},
        {"unless": bench.located("$mineral")},
    ]
    hashes = [overridden(bench, **change).rules["p/r"].info.hash for change in changes]
    plain = bench.compile(bench.rule("ban", unless="CAGR", severity_if=[(Severity.CRITICAL, "total NEAR/1 ban")]))
    assert len({*hashes, plain.rules["p/r"].info.hash}) == 6


def test_an_override_names_one_rule_that_exists(bench: Any) -> None:
    """A typo must not leave a rule as loud as it was."""
    packs = [bench.pack(bench.rule("ban", name="permit")), bench.pack(bench.rule("ban", name="permit"), name="q")]
    packs[0] = replace(packs[0], rules=(*packs[0].rules, bench.rule("curb", name="curb")))
    names = ["permitt", "p/permits", "permit", "curb", "p/curb"]
    _, problems = lay_over(
        packs, [Override(rule=bench.located(name, line=n), disable=True) for n, name in enumerate(names, 1)]
    )
    assert [str(problem).split("\n", maxsplit=1)[0] for problem in problems] == [
        "p.yaml:1:1: there is no rule permitt; did you mean permit?",
        "p.yaml:2:1: there is no rule p/permits; did you mean p/permit?",
        "p.yaml:3:1: several packs have a rule permit: write p/permit or q/permit",
        "p.yaml:5:1: the rule p/curb is overridden twice, first at p.yaml:4",
    ]


def test_an_unless_that_cannot_be_read_is_told_at_its_place(bench: Any) -> None:
    """The fault is the configuration's, not the pack's."""
    override = Override(rule=bench.located("r"), unless=bench.located("$minerals", line=7, column=5))
    packs, _ = lay_over([bench.pack(bench.rule("$mineral"))], [override])
    faults = [str(fault).split("\n", maxsplit=1)[0] for fault in compile_packs(packs)[1] if not fault.warning]
    assert faults == ["p.yaml:7:5: unknown list $minerals; did you mean $mineral?"]


def lists_of(bench: Any, lists: Any) -> Override:
    """An override that adds to lists of the pack `p`."""
    return Override(rule=bench.located("p", line=9), lists=bench.pack(lists=lists).lists)


def test_members_are_added_to_lists_of_a_pack(bench: Any) -> None:
    """A new metal, another word for an old one, and a word that takes spans out."""
    pack = bench.pack(bench.rule("$mineral"), bench.rule("$state", name="q"))
    lists = {
        "mineral": {"tellurium": ["tellurium"], "gallium": ["Ga arsenide"]},
        "state": ["Cabinet", "-government bond"],
    }
    packs, problems = lay_over([pack], [lists_of(bench, lists)])
    assert problems == ()
    before, rules = compile_packs([pack])[0], compile_packs(packs)[0]
    found = {
        title: [(match.rule.id, match.labels) for match in bench.judge(rules, title).matches]
        for title in ("Gallium", "Ga arsenide", "Tellurium", "Cabinet", "Government bonds")
    }
    assert found == {
        "Gallium": [("p/r", {"mineral": ("gallium",)})],
        "Ga arsenide": [("p/r", {"mineral": ("gallium",)})],
        "Tellurium": [("p/r", {"mineral": ("tellurium",)})],
        "Cabinet": [("p/q", {})],
        "Government bonds": [],
    }
    assert before.hash != rules.hash


def test_members_that_are_added_to_a_library_reach_all_that_use_it(bench: Any) -> None:
    """Two packs that name the same list mean the same words afterwards too."""
    library = replace(bench.pack(lists={"state": ["government"]}), library=True)
    users = [
        replace(bench.pack(bench.rule("$p/state"), lists={}, name=name), used=(library,)) for name in ("one", "two")
    ]
    packs, problems = lay_over(users, [lists_of(bench, {"state": ["Cabinet"]})])
    assert problems == ()
    assert packs[0].used[0] is packs[1].used[0]
    rules, _ = compile_packs(packs)
    assert [match.rule.id for match in bench.judge(rules, "Cabinet").matches] == ["one/r", "two/r"]
    assert lay_over(users, [])[0] == tuple(users)
