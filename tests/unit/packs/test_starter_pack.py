"""The starter pack: every rule says what it finds and what it leaves alone, and tells a measure from its opposite."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tocsin.model.entries import Entry
from tocsin.model.prices import Labels
from tocsin.model.rules import Match
from tocsin.rules.ruleset import RuleSet

NOW = datetime(2026, 1, 1, tzinfo=UTC)
Judge = Callable[..., dict[str, Match]]


@pytest.fixture(scope="module")
def judge(rules: RuleSet) -> Judge:
    """What the pack says of a headline, by the bare name of the rule."""

    def found(title: str, *, summary: str = "", labels: Labels | None = None) -> dict[str, Match]:
        entry = Entry(
            source="x",
            id="x",
            keys=(),
            title=title,
            summary=summary,
            first_seen=NOW,
            published=NOW,
            labels=labels or {},
        )
        return {match.rule.id.rpartition("/")[2]: match for match in rules.evaluate(entry, NOW).matches}

    return found


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("China suspends rare earth exports", "export-restriction"),
        ("China suspends rare earth export controls", "export-easing"),
        ("China suspends export ban on gallium", "export-easing"),
        ("China extends suspension of rare earth curbs", "export-easing"),
        ("China's suspension of rare earth curbs expires", "export-restriction"),
        ("Beijing says it will not lift curbs on antimony exports", "export-restriction"),
        ("US lifts tariff on graphite", "tariff-easing"),
        ("US raises tariff on graphite", "tariff"),
        ("暂停稀土出口", "export-restriction"),
        ("暂停实施稀土出口管制", "export-easing"),
        ("暫停實施稀土出口管制", "export-easing"),
        ("中国、ガリウムの輸出規制を強化", "export-restriction"),
        ("中国、レアアースの輸出規制を緩和", "export-easing"),
        ("China verschärft Exportkontrollen für seltene Erden", "export-restriction"),
        ("China lockert Exportkontrollen für Gallium", "export-easing"),
    ],
)
def test_a_measure_and_its_opposite_are_never_confused(judge: Judge, title: str, kind: str) -> None:
    """The verb and its object decide, not the bag of words: a flipped sign is worse than silence."""
    trade = {"export-restriction", "export-easing", "tariff", "tariff-easing"}
    assert trade & judge(title).keys() == {kind}


@pytest.mark.parametrize(
    "title",
    [
        "Beijing denies it will ban antimony exports",
        "Gallium Market to Reach USD 6 Billion by 2031 at a CAGR of 24%",
        "Law firm announces class action against lithium miner",
        "Graphite 2.0 bans default exports in JavaScript modules",
        "Rare Earth announce reunion tour of Canada",
        "Nickel and dime budget passes the council",
        "Silver medal lifts the spirits of the team",
        "Cobalt blue returns to the catwalks",
        "MP raises stake in debate on government spending",
        "Vulcan Materials opens a quarry with a government warrant",
        "Doctor eases limits on lithium for patients",
        "Minister strikes a note of caution on lead in drinking water",
    ],
)
def test_words_that_only_look_like_the_domain_are_left_alone(judge: Judge, title: str) -> None:
    """Bands, browsers, medicine and market reports are what wears readers of keyword alerts out."""
    assert judge(title) == {}


def test_a_match_names_every_mineral_of_the_list_in_the_headline(judge: Judge) -> None:
    """Labels go by the minerals that the measure is about, whatever the script."""
    for title in ("China bans exports of gallium, germanium and antimony", "中国禁止镓、锗、锑出口"):
        assert judge(title)["export-restriction"].labels["mineral"] == ("gallium", "germanium", "antimony")


def test_only_what_is_still_restricted_gives_its_label(judge: Judge) -> None:
    """One sentence may lift one measure and tighten another: nobody is told of the wrong mineral."""
    found = judge("China lifts antimony ban, tightens germanium export curbs")
    assert found["export-restriction"].labels["mineral"] == ("germanium",)


@pytest.mark.parametrize(
    ("title", "labels", "severity"),
    [
        ("China bans exports of gallium", {}, "high"),
        ("China bans exports of gallium", {"tier": ("primary",)}, "critical"),
        ("China may ban exports of gallium", {}, "medium"),
    ],
)
def test_the_issuer_makes_it_louder_and_a_maybe_softer(judge: Judge, title: str, labels: Labels, severity: str) -> None:
    """The ministry's own notice wakes people at night; what might come does not."""
    assert judge(title, labels=labels)["export-restriction"].severity == severity


@pytest.mark.parametrize(
    ("title", "company"),
    [
        ("Pentagon to become largest shareholder in MP Materials", "mp-materials"),
        ("US takes 10% stake in Trilogy Metals", "trilogy-metals"),
        ("Commerce Department letter of intent gives it 10% stake in USA Rare Earth", "usa-rare-earth"),
    ],
)
def test_a_state_that_buys_in_is_told_with_the_company(judge: Judge, title: str, company: str) -> None:
    """The company is the key of the rule: two stakes in one week are two messages."""
    assert judge(title)["state-equity-stake"].labels["company"] == (company,)


@pytest.mark.parametrize(
    ("title", "told"),
    [
        ("Pentagon drops plan to take stake in MP Materials", {"state-equity-dropped"}),
        ("PENTAGON DROPS PLAN TO TAKE STAKE IN MP MATERIALS", {"state-equity-dropped"}),
        ("Government drops its stake in MP Materials", {"state-equity-exit"}),
        ("Government completes stake sale in MP Materials", {"state-equity-exit"}),
        ("Government shelves plan to sell its stake in MP Materials", set()),
        ("Government fails to take stake in MP Materials", set()),
    ],
)
def test_a_stake_that_was_never_taken_is_not_sold(judge: Judge, title: str, told: set[str]) -> None:
    """Whoever drops a plan sells nothing, and the title of the message says which of the two it was."""
    assert set(judge(title)) == told


def test_deals_and_talks_are_known_but_wake_nobody(judge: Judge) -> None:
    """They are info, so that a route for measures passes them by."""
    for title, rule in (
        ("Automaker signs lithium offtake with Albemarle", "offtake"),
        ("G7 ministers to meet on critical minerals supply", "alliance-talks"),
    ):
        assert judge(title)[rule].severity == "info"
