"""Proper names that are in no list."""

from __future__ import annotations

from typing import Any

import pytest

from tocsin.rules.news.built_in import BUILT_IN, proper_names
from tocsin.text.document import Document

NAMES = {
    "two words at the head": ("Acme Metals to build a mine", ["Acme Metals"]),
    "one word at the head may be any": ("Miner to build a smelter", []),
    "capitals at the head": ("BHX to build a smelter", ["BHX"]),
    "a capital within": ("SolCopper to build a smelter", ["SolCopper"]),
    "one word within": ("Loan helps Acme build a smelter", ["Acme"]),
    "several": ("Acme Metals buys mine from Boro Gold", ["Acme Metals", "Boro Gold"]),
    "in a list": ("Acme Metals, Boro and Coba sign a deal", ["Acme Metals", "Boro", "Coba"]),
    "a hyphen": ("Acme-Boro merger nears", ["Acme-Boro"]),
    "an ampersand": ("B&C and Boro & Sons to build smelters", ["B&C", "Boro & Sons"]),
    "a possessive": ("Peru's Acme to build a smelter", ["Peru's Acme"]),
    "a mark over a letter": ("Émile Metals ouvre une mine", ["Émile Metals"]),
    "behind a colon may be any": ("Minister: Smelter opens", []),
    "two words behind a colon": ("Update: Acme Metals opens smelter", ["Acme Metals"]),
    "behind a quotation mark may be any": ('Minister says "Smelter opens"', []),
    "a word that begins sentences": ("As Acme grows, the Boro mine shrinks", ["Acme", "Boro"]),
    "The belongs to no name": ("The Acme Company digs tunnels", ["Acme Company"]),
    "in brackets": ("Acme Metals (Toronto) opens smelter", ["Acme Metals"]),
    "title case": ("Acme Metals To Build a Mine In Peru", []),
    "small words of a title": ("Acme Metals Moves from Peru into Chile", []),
    "capitals": ("ACME METALS TO BUILD A SMELTER", []),
    "no capital": ("copper rises", []),
    "Han": ("智利铜矿停产", []),
}


@pytest.mark.parametrize(("title", "names"), NAMES.values(), ids=NAMES)
def test_a_name_is_told_by_its_capitals(title: str, names: list[str]) -> None:
    """Most companies are in no list, and their deeds are news all the same."""
    found = [
        title[part.tokens[first].start : part.tokens[last].end]
        for part in Document(title=title).sentences("title")
        for first, last in proper_names(part, title)
    ]
    assert found == names


USES = {
    "before a verb": ("@tocsin/name THEN build", "Acme Metals to build smelter", ["Acme Metals+build"]),
    "less what a list knows": (
        "(@tocsin/name NOT NEAR/0 $mineral) THEN sells",
        "Cobalt Lake sells mine, Acme Lake sells smelter",
        ["Acme Lake+sells"],
    ),
    "what is listed goes together": (
        "(@tocsin/name NOT NEAR/3 not) SENT sold",
        "Mines of Acme, Boro and Coba not sold",
        [],
    ),
    "beside money": (
        "(@tocsin/name BEFORE/3 @tocsin/money) SENT loan",
        "Acme Metals raises $5m in loans",
        ["Acme Metals+$5m+loans"],
    ),
}


@pytest.mark.parametrize(("expression", "title", "found"), USES.values(), ids=USES)
def test_a_name_is_a_unit_like_a_list(bench: Any, expression: str, title: str, found: list[str]) -> None:
    """A rule says who acts without a list of all companies."""
    assert bench.hits(expression, title) == found


@pytest.mark.parametrize("name", BUILT_IN)
def test_what_is_built_in_needs_a_word_beside_it(bench: Any, name: str) -> None:
    """A rule that any text with a figure may meet would be run on every text."""
    (fault,) = bench.faults(f"@tocsin/{name}")
    assert "and @tocsin/..., need a word beside them" in fault.message
    assert bench.faults(f"@tocsin/{name} SENT gallium") == []
