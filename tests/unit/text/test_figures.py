"""Figures: one amount has one form, and different amounts never share one."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.text.fold import fold
from tocsin.text.titles import features, same_story


def _numbers(text: str) -> set[str]:
    return set(features(text).numbers)


@pytest.mark.parametrize(
    ("form", "written"),
    [
        (
            "10%",
            "10% · 10 % · 10 percent · 10 per cent · 10 pct · 10pct · 10pc · 10-percent · 10.0% · １０％ · 10 Prozent",
        ),
        ("0.5%", "0.5% · 0.50 percent · 0,5 %"),
        (
            "1600000000",
            (
                "$1.6bn · $1.6 billion · US$1.6B · 1.6bn dollars · USD 1.6 bn · US$ 1.60 billion · A$1.6bn · "
                "$1,600 million · 1.6-billion-dollar · 16亿美元 · 16億美元 · $1,600,000,000 · 1,6 Mrd. Dollar · 1.600.000.000"
            ),
        ),
        ("10000", "$10,000 · $10k · $10K · 10 thousand dollars · 1万美元 · 10,000 · 10 thousand"),
        ("3000000000cny", "30亿元 · RMB 3bn · 3 billion yuan · ¥3bn"),
        ("5000000eur", "€5m · 5 million euros · EUR 5 mln · 500万欧元"),
        ("1500000000000", "$1.5t · $1.5trn · 1.5 trillion dollars"),
        ("1500", "1,500 · 1500 · $1,500.00"),
        ("1500000", "1.500.000 · 1,500,000 · 1.5m · 150万"),
        ("120000", "120,000t · 120,000 tonnes · 120kt · 12万吨 · 120,000 tons"),
    ],
)
def test_one_figure_has_one_form(form: str, written: str) -> None:
    """Agencies write one figure in many ways."""
    assert {each: _numbers(f"Mine sold for {each} today") for each in written.split(" · ")} == {
        each: {form} for each in written.split(" · ")
    }


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("10%", "10"),
        ("10%", "10 percentage points"),
        ("1.500", "1,500"),
        ("1.500", "1.5"),
        ("$1.6bn", "$1.6m"),
        ("$1.6bn", "€1.6bn"),
        ("$5m", "5 mines"),
        ("5G", "5"),
        ("H20", "20"),
        ("2.0.1", "201"),
        ("10,20,30", "10"),
    ],
)
def test_other_figures_keep_another_form(one: str, other: str) -> None:
    """A figure that may mean two things is taken for neither."""
    assert _numbers(f"Mine sold for {one} today") != _numbers(f"Mine sold for {other} today")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("US takes 10% stake in Trilogy Metals", "US takes 10 per cent stake in Trilogy Metals", True),
        ("US takes 10% stake in Trilogy Metals", "US takes 12 per cent stake in Trilogy Metals", False),
        ("UPDATE 1-Pentagon lends Vulcan $1.6bn", "UPDATE 2-Pentagon lends Vulcan $1.6 billion", True),
        ("Pentagon lends Vulcan Elements $1.6bn", "Pentagon lends Vulcan Elements $1.6 million", False),
        ("Tin tops $40,000 in London trade", "Tin tops $40k in London trade", True),
        ("Tin tops $40,000 in London trade", "Tin tops $41k in London trade", False),
    ],
)
def test_only_equal_figures_make_one_story(one: str, other: str, same: bool) -> None:
    """Two stakes, two loans and two records are two happenings, however their figures are written."""
    assert same_story(features(one), features(other)) is same


@given(st.decimals(min_value=Decimal("0.01"), max_value=Decimal(9999), places=2))
def test_a_scale_word_and_its_zeros_are_one_figure(value: Decimal) -> None:
    """Law: the words million and billion say no more than zeros do."""
    million = _numbers(f"mine sold for ${value} million")
    assert million == _numbers(f"mine sold for ${value * 1_000_000:,.0f}") == _numbers(f"mine sold for ${value}m")
    assert million != _numbers(f"mine sold for ${value + 1} million")


@given(st.text(st.sampled_from("0123456789.,%$€ -kmbtn万亿元percent"), max_size=60))
def test_no_figure_raises(text: str) -> None:
    """Feed text is hostile."""
    assert features(text).numbers <= features(text).words
    assert features(fold(text)).numbers == features(text).numbers
