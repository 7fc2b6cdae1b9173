"""Whole sentences of news under one rule that uses all of the language."""

from __future__ import annotations

from typing import Any

import pytest

RESTRICTION = """
$mineral SENT (($restrict NOT NEAR/10 (($undo OR $pause) NOT NEAR/2 $not)) NEAR/8 $export)
OR $mineral SENT ($pause NEAR/6 ($export NOT NEAR/4 $restrict))
"""

HEADLINES = {
    "banned": ("China bans exports of gallium", ("gallium",)),
    "lifted, then tightened": ("China lifts antimony ban, tightens germanium export curbs", ("germanium",)),
    "tightened, then lifted": ("China tightens germanium export curbs, lifts antimony ban", ("germanium",)),
    "not lifted": ("Beijing says it will not lift curbs on antimony exports", ("antimony",)),
    "lifted": ("China lifts its ban on gallium exports", None),
    "ban suspended": ("China's ban on exports of rare earth magnets is suspended until November", None),
    "exports suspended": ("China suspends rare earth exports", ("rare-earths",)),
    "others are told of prices": ("China bans gallium exports, cobalt and antimony prices rise", ("gallium",)),
    "one considered, one banned": (
        "US considers lifting export curbs on antimony after China bans gallium exports",
        ("gallium",),
    ),
    "all capitals": ("CHINA BANS EXPORTS OF GALLIUM AND GERMANIUM TO US", ("gallium", "germanium")),
    "Chinese": ("中国对镓、锗实施出口管制", ("gallium", "germanium")),
    "Chinese with 和": ("中国对镓和锗实施出口管制", ("gallium", "germanium")),
    "traditional Chinese": ("中國對鎵、鍺實施出口管制", ("gallium", "germanium")),
    "Chinese, one lifted and one tightened": ("中国取消锑出口管制，收紧锗出口管制", ("germanium",)),
    "Chinese, to be lifted in future": ("中国未来将取消镓出口管制", None),
    "Chinese, not lifted": ("中国不取消镓出口管制", ("gallium",)),
    "Chinese, exports suspended": ("中国暂停稀土出口", ("rare-earths",)),
    "Chinese, controls suspended": ("中国暂停实施稀土出口管制", None),
    "the metal in another sentence": ("China bans exports. Gallium prices rise", None),
    "the metal in the outlet's name": ("China bans exports to the US - Gallium News", None),
}


@pytest.mark.parametrize(("headline", "minerals"), HEADLINES.values(), ids=HEADLINES)
def test_a_headline_fires_for_the_metals_it_restricts(
    bench: Any, headline: str, minerals: tuple[str, ...] | None
) -> None:
    """A false alert costs trust, a missed one costs money: both in one sentence must be told apart."""
    found = bench.labels(RESTRICTION, headline)
    assert (found["mineral"] if found else None) == minerals


STAKE = "$company SENT ($state NEAR/12 ($stake NOT NEAR/8 $abandon))"

STAKES = {
    "intent": ("美国政府拟入股MP", ("mp-materials",)),
    "in English": ("US government plans to take a stake in MP Materials", ("mp-materials",)),
    "traditional Chinese": ("美國政府擬入股MP", ("mp-materials",)),
    "dropped": ("美国政府放弃入股MP", None),
    "others buy": ("力拓拟入股MP", None),
    "another sentence": ("美国政府批评车企。力拓拟入股MP", None),
}


@pytest.mark.parametrize(("headline", "companies"), STAKES.values(), ids=STAKES)
def test_a_headline_fires_for_the_company_a_state_buys_into(
    bench: Any, headline: str, companies: tuple[str, ...] | None
) -> None:
    """A name in Latin letters within Chinese is a word of its own; who buys and whether at all is told apart."""
    found = bench.labels(STAKE, headline)
    assert (found["company"] if found else None) == companies
