"""Labels that a source finds in its entries, and the headline that it makes of them."""

from __future__ import annotations

import pytest

from tocsin.errors import Fault, SourceError
from tocsin.sources.documents.item_labels import LONGEST_VALUE, MOST_VALUES, ItemLabels, LabelPattern, Place
from tocsin.sources.documents.items import Item
from tocsin.sources.feeds import parser_program

FILING = Item(
    title="8-K - EXAMPLE METALS CORP (0000000000) (Filer)",
    summary="Filed: 2026-03-02 Item 1.01: Entry into a Material Definitive Agreement\n\nItem 9.01: Exhibits",
    categories=("8-K",),
)
PATTERNS = (
    LabelPattern(label="form", at=Place.CATEGORY),
    LabelPattern(label="item", at=Place.TEXT, pattern=r"Item ([0-9.]+)"),
    LabelPattern(label="filer", at=Place.TITLE, pattern=r" - (.+?) \("),
)


def test_labels_are_found_and_make_a_headline() -> None:
    """Codes are for rules and names for people."""
    found = ItemLabels(PATTERNS, "{filer} files {form} ({item})").of(FILING)
    assert found.labels == {"form": ("8-K",), "item": ("1.01", "9.01"), "filer": ("EXAMPLE METALS CORP",)}
    assert found.title == "EXAMPLE METALS CORP files 8-K (1.01, 9.01)"


def test_an_entry_that_lacks_a_part_keeps_its_title() -> None:
    """Half a headline is worse than an ugly one."""
    found = ItemLabels(PATTERNS, "{filer} files {form} ({item})").of(Item(title="Notice"))
    assert (found.title, found.labels) == ("Notice", {})


def test_what_strangers_write_is_bounded_and_plain() -> None:
    """A label leads messages to people, so it is short, on one line and not too many."""
    text = " ".join(f"Item {number}" for number in range(1000))
    hostile = Item(title="x" * 5000 + "\u202e\n<b>y</b>", summary=text)
    patterns = (
        LabelPattern(label="item", at=Place.TEXT, pattern="Item [0-9]+"),
        LabelPattern(label="all", at=Place.TITLE),
        LabelPattern(label="none", at=Place.LINK),
    )
    found = ItemLabels(patterns, "{all} {{item} {item}").of(hostile)
    assert len(found.labels["item"]) == MOST_VALUES
    assert found.labels["all"] == ("x" * LONGEST_VALUE,)
    assert "none" not in found.labels


REGISTER = """{"count": 2, "results": [
 {"title": "Controls on gallium", "type": "Rule", "document_number": "2026-00001", "html_url": "https://example.org/d/1",
  "publication_date": "2026-03-02", "effective_on": "2026-04-01", "abstract": "A made-up rule.", "agencies": [{"name": "Bureau"}]},
 {"title": "Meeting", "type": "Notice", "document_number": "2026-00002", "html_url": "https://example.org/d/2",
  "publication_date": "2026-03-01", "effective_on": null, "abstract": null, "agencies": []}]}"""
ITEMS = """results[].{id: document_number, url: html_url, title: title, summary: abstract,
    date_published: publication_date, tags: [type, effective_on], authors: agencies}"""


def test_any_json_can_be_a_feed() -> None:
    """A register that has an API needs no page to be read."""
    found = parser_program.read(REGISTER.encode(), url="https://example.org/documents.json", items=ITEMS)
    first, second = found.items
    assert (first.id, first.title, first.link, first.summary) == (
        "2026-00001",
        "Controls on gallium",
        "https://example.org/d/1",
        "A made-up rule.",
    )
    assert (first.categories, first.authors, first.published_raw) == (("Rule", "2026-04-01"), ("Bureau",), "2026-03-02")
    assert second.categories == ("Notice",)


@pytest.mark.parametrize(
    ("body", "items", "words"),
    [
        ('{"error": "no"}', "results", "its `items` are no list"),
        ('{"results": 1}', "abs(results)", "correct `items`"),
        ("<html>busy</html>", "results", "broken JSON"),
    ],
)
def test_json_that_is_no_list_says_so(body: str, items: str, words: str) -> None:
    """An API that answers with an error is trouble, never a day without news."""
    with pytest.raises(SourceError, match=words) as caught:
        parser_program.read(body.encode(), url="https://example.org/", items=items)
    assert caught.value.fault is Fault.NOT_A_FEED
