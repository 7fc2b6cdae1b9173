"""Titles: their outlets, and the comparison of two titles."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.text.titles import features, normal, same_story, split_outlet

OUTLETS = {
    "dash": ("China bans gallium exports - Reuters", "Reuters"),
    "bar": ("China bans gallium exports | Mining Weekly", "Mining Weekly"),
    "en dash": ("China bans gallium exports – The Voice of Mining", "The Voice of Mining"),
    "only the last": ("China bans gallium - and germanium - Reuters", "Reuters"),
    "a name with a hyphen": ("China bans gallium exports - Al-Jazeera", "Al-Jazeera"),
    "an address": ("China bans gallium exports - mining.com", "mining.com"),
    "Han": ("中国对镓实施出口管制 - 路透中文网", "路透中文网"),
    "the rest of a sentence": ("Gallium prices soar once more - again", ""),
    "half a sentence": ("China announces new controls - Gallium exports banned", ""),
    "too many words": ("China bans gallium exports - What It Means For You Now", ""),
    "sentence mark": ("China bans gallium exports - Really?", ""),
    "a figure": ("China bans gallium exports - Announcement 2025", ""),
    "too little before": ("Gallium ban - Reuters", ""),
    "hyphen without blanks": ("China bans rare-earth exports", ""),
    "nothing behind": ("China bans gallium exports - ", ""),
    "empty": ("", ""),
}


@pytest.mark.parametrize(("title", "outlet"), OUTLETS.values(), ids=OUTLETS)
def test_the_outlet_behind_a_title_is_told_from_its_text(title: str, outlet: str) -> None:
    """A publisher's name must fire no rule, and no half of a headline may be lost as one."""
    text, found = split_outlet(title)
    assert found == outlet
    assert title.startswith(text)
    assert outlet or text == title


def test_a_headline_has_one_normal_form() -> None:
    """The same headline is recognised in another outlet, case and punctuation."""
    assert (
        normal("China Bans Gallium Exports! - Reuters")
        == normal("CHINA bans “gallium” exports")
        == "china bans gallium exports"
    )


PAIRS = {
    "reworded": ("China bans exports of gallium and germanium", "China bans gallium, germanium exports to US", True),
    "plural and possessive": (
        "China's gallium exporters face bans again",
        "China gallium exporter face ban again",
        True,
    ),
    "other metal": ("China bans exports of gallium", "China bans exports of antimony", False),
    "too little in common": ("China bans gallium", "China bans gallium", False),
    "equal figures": (
        "Lithium price jumps 10% in Jiangxi auction",
        "Lithium price jumps 10 % at Jiangxi auction",
        True,
    ),
    "other figures": (
        "Lithium price jumps 10% in Jiangxi auction",
        "Lithium price jumps 12% in Jiangxi auction",
        False,
    ),
    "a figure in one only": (
        "Lithium price jumps in Jiangxi auction",
        "Lithium price jumps 12% in Jiangxi auction",
        True,
    ),
    "Han": ("中国对镓锗实施出口管制", "中国宣布对镓锗实施出口管制", True),
    "other Han": ("中国对镓锗实施出口管制", "美国加征稀土进口关税", False),
    "Han across a mark is no pair": ("镓、锗、锑、钨、钼", "镓、锗、锑、钨、钼", False),
}


@pytest.mark.parametrize(("one", "other", "same"), PAIRS.values(), ids=PAIRS)
def test_two_titles_tell_one_story_or_two(one: str, other: str, same: bool) -> None:
    """Twenty feeds with one headline are one alert; two headlines are two."""
    assert same_story(features(one), features(other)) is same
    assert same_story(features(other), features(one)) is same


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=80))
def test_no_title_raises(title: str) -> None:
    """Feed text is hostile."""
    text, outlet = split_outlet(title)
    assert len(text) + len(outlet) <= len(title)
    assert normal(title) == normal(title)
    assert isinstance(features(title).words, frozenset)


def test_a_very_long_title_is_compared_by_its_beginning() -> None:
    """A title of a megabyte costs no more than one of a kilobyte."""
    assert len(normal("gallium - " * 100_000)) <= 1000
    assert split_outlet(" - " * 300_000)[1] == ""


@pytest.mark.parametrize(
    ("title", "text", "outlet"),
    [
        ("中国对镓锗实施出口管制_新浪财经", "中国对镓锗实施出口管制", "新浪财经"),
        ("商务部公告2025年第62号｜界面新闻", "商务部公告2025年第62号", "界面新闻"),
        ("中国對稀土出口實施管制 | 聯合新聞網", "中国對稀土出口實施管制", "聯合新聞網"),
        ("レアアース輸出規制を強化－共同通信", "レアアース輸出規制を強化", "共同通信"),
        ("中国限制稀土_镓出口", "中国限制稀土_镓出口", ""),
        ("镓_新华网", "镓_新华网", ""),
    ],
)
def test_outlets_of_chinese_and_japanese_titles_are_cut(title: str, text: str, outlet: str) -> None:
    """The same headline on two sites is one headline, and a paper's name meets no rule."""
    assert split_outlet(title) == (text, outlet)
    assert normal(title) == normal(text)
