"""Proper names that no list has."""

from __future__ import annotations

import pytest

from tocsin.rules.news.names import ProperNames
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
    "an ampersand": ("A&C and Boro & Sons to build smelters", ["A&C", "Boro & Sons"]),
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
        title[part.tokens[span.first].start : part.tokens[span.last].end]
        for part in Document(title=title).sentences("title")
        for span in ProperNames().find(part, title)
    ]
    assert found == names


def test_names_of_a_list_are_coordinated() -> None:
    """What is taken from one of them is taken from all."""
    title = "Acme Metals, Boro and Coba sign a deal with Delo"
    (part,) = Document(title=title).sentences("title")
    assert [span.group for span in ProperNames().find(part, title)] == [0, 0, 0, 1]
