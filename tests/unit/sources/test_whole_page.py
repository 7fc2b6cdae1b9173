"""The text of a page that is watched, line by line."""

from __future__ import annotations

import pytest

from tocsin.errors import Fault, SourceError
from tocsin.sources.documents.page import MOST_TAGS
from tocsin.sources.documents.whole_page import read_text
from tocsin.sources.feeds import parser_program

URL = "https://example.org/tariff"


def lines(page: str, part: str = "") -> list[str]:
    """The lines of a page."""
    return read_text(page, part, url=URL).items[0].body.split("\n\n")


def test_a_line_is_a_block_a_row_or_a_term_with_what_it_is() -> None:
    """A figure is read together with what it is about."""
    page = (
        "<html lang=de><head><title>Tariff</title><style>p{}</style></head><body><h1>Tariff</h1><p>One <b>bold</b><br>Two"
        "<table><tr><th>Metal<th>Quota</tr><tr><td>Gallium</td><td>500 t</td></tr></table>"
        "<dl><dt>In force until</dt><dd>27 November 2026</dd></dl><script>var x = 1</script><!-- c --></body></html>"
    )
    assert lines(page) == [
        "Tariff",
        "One bold",
        "Two",
        "Metal Quota",
        "Gallium 500 t",
        "In force until 27 November 2026",
    ]
    found = read_text(page, "", url=URL)
    assert (found.title, found.items[0].link, found.items[0].own_link) == ("Tariff", URL, False)
    assert found.items[0].language == "de"


def test_plain_text_has_lines_of_its_own() -> None:
    """Some registers are text files."""
    assert lines("Gallium 500 t\nGermanium 20 t\n") == ["Gallium 500 t", "Germanium 20 t"]


def test_several_parts_are_one_text() -> None:
    """A selector may name more than one place."""
    assert lines("<p class=a>One</p><p>Two</p><p class=a>Three</p>", ".a") == ["One", "Three"]


@pytest.mark.parametrize(
    ("page", "part", "words"),
    [
        ("<p>x</p>", "#content", "correct `part`"),
        ("<?xml version='1.0'?>\n<rss version='2.0'><channel/></rss>", "", "write `feed` in place of `watch`"),
        ("%PDF-1.7 x", "", "no page, but a file"),
        ("<b>" * (MOST_TAGS + 1), "", "more than"),
        ("<div>x" * 3000, "div", "nested"),
    ],
    ids=["no part", "feed", "file", "tags", "nested"],
)
def test_what_cannot_be_watched_says_why(page: str, part: str, words: str) -> None:
    """The first mistake has a remedy."""
    with pytest.raises(SourceError, match=words) as caught:
        read_text(page, part, url=URL)
    assert caught.value.fault in (Fault.NOT_A_FEED, Fault.TOO_LARGE)


def test_a_page_in_another_charset_is_read() -> None:
    """The same charset rules hold for all documents."""
    found = parser_program.read(
        "<p>镓 出口</p>".encode("gb18030"), url=URL, content_type="text/html; charset=gbk", part=""
    )
    assert found.items[0].body == "镓 出口"
