"""Conversion of markup to plain text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.text.html import clean, to_plain

FRAGMENTS = {
    "entity": ("Gallium &amp; germanium &#8212; banned", "Gallium & germanium — banned"),
    "newline is a blank": ("China\nbans\r\n\r\ngallium", "China bans gallium"),
    "newline between tags is a blank": ("<b>China</b>\n\nbans", "China bans"),
    "block tags are borders": ("<p>China bans gallium</p><p>Prices rise</p>", "China bans gallium\n\nPrices rise"),
    "br is a border": ("China bans<br/>gallium", "China bans\n\ngallium"),
    "inline tags join": ("gall<b>ium</b>", "gallium"),
    "attributes go": ('<a href="https://x.test/?a=1&b=2">ban</a>', "ban"),
    "script": ("a<script>if (x < 1) ban()</SCRIPT > b", "a b"),
    "style with tags in it": ("a<style><p>ban</p></style> b", "a b"),
    "script left open swallows the rest": ("a<script>ban", "a"),
    "empty script element has an end": ("a<script/>b", "ab"),
    "svg left open swallows nothing": ("<svg>China<svg> bans", "China bans"),
    "head without an end": ("<head><title>News</title><body>China bans", "News\n\nChina bans"),
    "comment": ("a<!-- <p>ban</p> -->b", "ab"),
    "shortest comment": ("<!-->China bans", "China bans"),
    "comment left open": ("a<!-- ban", "a"),
    "doctype": ("<!DOCTYPE html>China", "China"),
    "cdata is text": ("<![CDATA[China bans]]> gallium", "China bans gallium"),
    "lone angle bracket stays": ("z < 2 and 3 > 2", "z < 2 and 3 > 2"),
    "escaped tag is text": ("&lt;p&gt;", "<p>"),
    "control characters and NUL go": ("gal\x00li\x07um", "gallium"),
    "bidi overrides go": ("gallium\u202e\u2066", "gallium"),
    "lone surrogates go": ("gal\ud800lium", "gallium"),
    "reference without end": (f"&#{'9' * 5000};x", "\ufffdx"),
    "empty": ("", ""),
}


@pytest.mark.parametrize(("html", "text"), FRAGMENTS.values(), ids=FRAGMENTS)
def test_markup_becomes_the_text_a_reader_sees(html: str, text: str) -> None:
    """A rule sees what a browser would show, and loses nothing to broken markup."""
    assert to_plain(html) == text


PLAIN = {
    "an empty line is kept as a border": ("China bans\n \n\ngallium", "China bans\n\ngallium"),
    "one newline is a blank": ("China\nbans", "China bans"),
    "blanks are single": ("  China \t bans\u00a0gallium ", "China bans gallium"),
    "markup is text": ("a <b> c", "a <b> c"),
    "control characters go": ("a\x1bb\x9f", "ab"),
}


@pytest.mark.parametrize(("raw", "text"), PLAIN.values(), ids=PLAIN)
def test_plain_text_is_cleaned_but_not_read_as_markup(raw: str, text: str) -> None:
    """Text that is plain already keeps its angle brackets and its paragraphs."""
    assert clean(raw) == text


HOSTILE = st.text(
    st.one_of(
        st.sampled_from([*"<>&#;!-/[]'\" \n\t=", "\ud800", "\u200b", "\u202e", "\x00"]),
        st.characters(codec=None, exclude_categories=()),
    ),
    max_size=120,
)


@settings(max_examples=150, deadline=None)
@given(HOSTILE)
def test_no_fragment_raises_or_leaves_what_cannot_be_shown(html: str) -> None:
    """Feed text is hostile: whatever arrives, the result can be stored, shown and cleaned again without a change."""
    for text in (to_plain(html), clean(html)):
        text.encode()
        assert not set(text) & set("\x00\x07\u202e\ufeff")
        assert clean(text) == text


MILLION = 1_000_000
ROWS = {
    "opening brackets": "<" * MILLION,
    "one endless tag name": "<" + "a" * MILLION,
    "tags left open": "<a " * (MILLION // 3),
    "closing brackets": ">" * MILLION,
    "blanks": " " * MILLION,
    "blank lines": "\n \t" * (MILLION // 3),
    "zero-width": "\u200b" * MILLION,
    "ampersands": "&#" * (MILLION // 2),
    "comments left open": "<!--" * (MILLION // 4),
    "silent elements left open": "<svg>" * (MILLION // 5),
    "cdata ends": "]]" * (MILLION // 2),
}


@pytest.mark.no_cover
@pytest.mark.parametrize("html", ROWS.values(), ids=ROWS)
def test_a_million_characters_of_malice_take_linear_time(html: str) -> None:
    """A quadratic scan of this would hold a worker for hours and hang this test."""
    assert len(to_plain(html)) <= len(html)
    assert len(clean(html)) <= len(html)
