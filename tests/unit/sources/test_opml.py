"""Outlines of other readers."""

from __future__ import annotations

import pytest

from tocsin.errors import UsageError
from tocsin.sources.feeds.discovery import LARGEST, MOST_OUTLINES, Outline, read_opml

HEAD = b"<opml version='2.0'><body>"
TAIL = b"</body></opml>"


def test_feeds_are_found_in_folders_and_each_once() -> None:
    """Readers nest them, write names in any case, and repeat them."""
    body = (
        b"<outline text='Metals'><outline text='One &amp; only' title='' xmlUrl='https://a.example/feed'/>"
        b"<outline type='rss' TITLE='Two' XMLURL=' https://b.example/feed '/></outline>"
        b"<outline xmlUrl='http://www.a.example/feed/?utm_source=x' text='again'/><outline text='no feed'/>"
    )
    assert read_opml(HEAD + body + TAIL) == (
        Outline(url="https://a.example/feed", title="One & only"),
        Outline(url="https://b.example/feed", title="Two"),
        Outline(url="http://www.a.example/feed/?utm_source=x", title="again"),
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "line 1, column 1: no element found"),
        (b"<html></html>", "it is not OPML: its first element is html"),
        (HEAD + b"<outline", "unclosed token"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + HEAD + TAIL, "it declares a document type"),
        (HEAD + b"<outline>" * 100, "it is nested deeper than 64"),
        (
            HEAD + b"".join(b"<outline xmlUrl='http://a/%d'/>" % n for n in range(MOST_OUTLINES + 1)),
            "more than 5000 feeds",
        ),
        (b" " * (LARGEST + 1), "more than 5242880 octets"),
    ],
    ids=["empty", "html", "cut", "entities", "deep", "many", "large"],
)
def test_a_hostile_outline_is_refused(body: bytes, words: str) -> None:
    """It may come from anybody."""
    with pytest.raises(UsageError, match=words):
        read_opml(body)
