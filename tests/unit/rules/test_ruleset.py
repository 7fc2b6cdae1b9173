"""All rules together: their examples, and the daemon's own rules."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest

from tocsin.model.rules import Severity
from tocsin.policy.polling.health import News
from tocsin.rules import builtin
from tocsin.rules.compile import compile_packs
from tocsin.rules.examples import check_examples
from tocsin.rules.news.evaluate import CompiledRule
from tocsin.rules.ruleset import RuleSet


def test_every_rule_that_an_entry_meets_is_a_match(bench: Any) -> None:
    """Two rules may see two things in one entry."""
    rules = bench.compile(bench.rule("ban", name="a"), bench.rule("curb", name="b"), bench.rule("gallium", name="c"))
    entry = bench.entry("Gallium ban")
    judged = bench.judge(rules, entry)
    assert [match.rule.id for match in judged.matches] == ["p/a", "p/c"]
    assert judged.entry is entry
    assert judged.matches[0].entry is entry
    assert judged.matches[0].event_time == entry.event_time
    assert judged.matches[0].evidence.holds


def test_unless_silences_a_rule(bench: Any) -> None:
    """What was written for another reason is no match."""
    rules = bench.compile(bench.rule("ban", unless="CAGR"))
    assert len(bench.judge(rules, "Ban").matches) == 1
    assert bench.judge(rules, "Ban, CAGR").matches == ()


SEVERITIES = {
    "its own": ("Gallium ban", "", Severity.HIGH),
    "by a label": ("Gallium ban", "primary", Severity.CRITICAL),
    "by the sentence of the match": ("US may ban gallium", "", Severity.MEDIUM),
    "not by another sentence": ("US may act. China bans gallium", "", Severity.HIGH),
    "not by another sentence that would do": ("US may ban copper. China bans gallium", "", Severity.HIGH),
    "the first that is true": ("US may ban gallium", "primary", Severity.CRITICAL),
    "by a label of the match": ("Cobalt ban", "", Severity.LOW),
}


@pytest.mark.parametrize(("title", "tier", "severity"), SEVERITIES.values(), ids=SEVERITIES)
def test_the_severity_follows_the_sentences_of_the_match(bench: Any, title: str, tier: str, severity: Severity) -> None:
    """A hedge elsewhere in the text does not weaken what is certain."""
    conditions = [
        (Severity.CRITICAL, "tier=primary"),
        (Severity.MEDIUM, "$hedge NEAR/5 $restrict"),
        (Severity.LOW, "mineral=cobalt"),
    ]
    rules = bench.compile(bench.rule("$mineral SENT $restrict", severity_if=conditions))
    (match,) = bench.judge(rules, bench.entry(title, labels={"tier": (tier,)})).matches
    assert match.severity is severity


@pytest.mark.parametrize("match", ["gallium", "lede(gallium)"])
@pytest.mark.parametrize("hedge", ["may", "lede(may)"])
def test_a_sentence_in_which_the_lede_ends_is_one_sentence(bench: Any, match: str, hedge: str) -> None:
    """Severity looks at it whole, whether the match or the condition was about the lede."""
    entry = bench.entry("News", summary="Gallium may " + "x " * 80)
    rules = bench.compile(bench.rule(match, severity_if=[(Severity.LOW, hedge)]))
    assert bench.judge(rules, entry).matches[0].severity is Severity.LOW


def test_the_words_of_the_match_behind_the_lede_count_as_its_sentence(bench: Any) -> None:
    """The sentence of a lede match goes on behind the sixtieth token."""
    entry = bench.entry("News", summary="Gallium " + "x " * 80 + "may")
    rules = bench.compile(
        bench.rule("lede(gallium)", severity_if=[(Severity.LOW, "may"), (Severity.INFO, "lede(may)")])
    )
    assert bench.judge(rules, entry).matches[0].severity is Severity.LOW


def test_a_rule_that_raises_stops_no_other(bench: Any) -> None:
    """One broken rule must not cost the alerts of all others."""
    rules = bench.compile(bench.rule("ban", name="a"), bench.rule("gallium", name="b"), bench.rule("ban", name="c"))
    broken = dataclasses.replace(rules.rules["p/b"], match=None)
    judged = bench.judge(RuleSet({**rules.rules, "p/b": broken}), "Gallium ban")
    assert [match.rule.id for match in judged.matches] == ["p/a", "p/c"]
    (failed,) = judged.unevaluated
    assert (failed.rule, failed.rule_hash) == ("p/b", broken.info.hash)
    assert failed.error.startswith("AttributeError: ")
    assert len(failed.error) <= 500


def test_a_rule_is_found_by_its_full_id_or_a_bare_one_that_is_unique(bench: Any) -> None:
    """`why export-restriction` needs no pack where there is only one."""
    rules, _ = compile_packs(
        [
            bench.pack(bench.rule("ban", name="a"), bench.rule("ban", name="b"), lists={}, name="one"),
            bench.pack(bench.rule("ban", name="b"), lists={}, name="two"),
        ]
    )
    assert rules.find("one/b") == rules.infos["one/b"]
    assert rules.find("a") == rules.infos["one/a"]
    assert rules.find("b") is None
    assert rules.find("c") is None
    with pytest.raises(KeyError):
        rules.explain("c", bench.entry("Ban"), bench.now)


def test_the_hash_of_a_rule_set_is_that_of_its_rules(bench: Any) -> None:
    """What could not be judged is judged again after a change."""
    one, other = (bench.compile(bench.rule(match)) for match in ("ban", "curb"))
    assert one.hash == bench.compile(bench.rule("ban")).hash != other.hash


def test_examples_that_do_what_they_should_are_no_problem(bench: Any) -> None:
    """A good pack is silent."""
    assert check_examples(bench.compile(bench.rule("ban", fires=["Gallium ban"], quiet=["Gallium"]))) == ()


def test_an_example_that_stays_quiet_says_how_near_it_came(bench: Any) -> None:
    """Whoever edits a rule sees at once what it no longer finds, and why."""
    (problem,) = check_examples(bench.compile(bench.rule("ban NEAR/1 gallium", fires=["Ban on gallium"])))
    assert str(problem) == (
        "p.yaml:50:1: this should fire p/r, but does not: not met: ban NEAR/1 gallium: "
        "nearest: “Ban” and “gallium” are 2 apart, NEAR/1 asks for 1\n"
        "    Ban on gallium\n"
        "    ^^^^^^^^^^^^^^"
    )


def test_an_example_that_fires_says_by_which_words(bench: Any) -> None:
    """Whoever edits a rule sees at once what it finds too much."""
    (problem,) = check_examples(bench.compile(bench.rule("ban NEAR/1 gallium", quiet=["Gallium ban"])))
    assert problem.message == "this should not fire p/r, but does, by: Gallium, ban"
    assert problem.position is not None
    assert (problem.position.line, problem.length) == (60, 11)
    (problem,) = check_examples(bench.compile(bench.rule("source=example", quiet=["Gallium ban"])))
    assert problem.message.endswith("by: a test that needs no words")


OWN = [
    *(info for info in vars(builtin).values() if isinstance(info, builtin.RuleInfo)),
    *(builtin.about_source(news, "wire", "", datetime(2026, 3, 2, tzinfo=UTC)).rule for news in News),
]


@pytest.mark.parametrize("info", OWN, ids=lambda info: info.id)
def test_the_daemons_own_events_are_rules_like_others(bench: Any, info: Any) -> None:
    """A source that went silent is told on the same way as the news."""
    assert info.id.startswith("tocsin/")
    assert info.event.startswith("tocsin.")
    (key,) = info.key
    assert f"{{{key}}}" in info.title
    match = builtin.own_match(info, {key: ("mining-com",)}, "No answer for 6 hours.", bench.now)
    assert (match.entry, match.detail, match.labels, match.severity) == (
        None,
        "No answer for 6 hours.",
        {key: ("mining-com",)},
        info.severity,
    )
    assert match.event_time == bench.now
    assert match.spans == ()


def test_a_compiled_rule_is_a_value(bench: Any) -> None:
    """A batch is judged with one snapshot: nothing changes a rule behind its back."""
    rule = bench.compile(bench.rule("ban")).rules["p/r"]
    assert isinstance(rule, CompiledRule)
    with pytest.raises(dataclasses.FrozenInstanceError):
        rule.info = None
