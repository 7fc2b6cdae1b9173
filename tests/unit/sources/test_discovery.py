"""The feeds that a page names."""

import pytest

from tocsin.errors import Fault, SourceError
from tocsin.sources.feeds.discovery import MOST_FEEDS, discover
from tocsin.sources.feeds.parser_program import read

URL = "https://me:s3cret@example.com/news/"
RSS = 'type="application/rss+xml"'


@pytest.mark.parametrize(
    ("page", "found"),
    [
        (f'<link rel="alternate" {RSS} href="/feed">', ["https://example.com/feed"]),
        (f'<link rel="alternate" {RSS} href="feed">', ["https://example.com/news/feed"]),
        (f'<base href="/b/"><link rel="alternate" {RSS} href="feed">', ["https://example.com/b/feed"]),
        (f'<base href="javascript:x"><link rel="alternate" {RSS} href="/f">', ["https://example.com/f"]),
        (f'<LINK HREF="//o.example/f?a=1&amp;b=2" REL="Home Alternate" {RSS}>', ["https://o.example/f?a=1&b=2"]),
        ('<link rel=alternate type="application/feed+json; charset=utf-8" href=/j>', ["https://example.com/j"]),
        (
            "".join(f"<link rel=alternate {RSS} href='{path}'>" for path in ("/comments/feed", "/a", "/b", "/a")),
            ["https://example.com/a", "https://example.com/b", "https://example.com/comments/feed"],
        ),
        ('<link rel="alternate" type="application/json" href="/wp-json/">', []),
        ('<link rel="alternate" hreflang="de" href="/de/">', []),
        (f'<link rel="stylesheet" {RSS} href="/x">', []),
        (f'<link rel="alternate" {RSS} href="javascript:alert(1)">', []),
        (f'<link rel="alternate" {RSS} href="http://[bad">', []),
        (f'<link rel="alternate" {RSS}>', []),
        (f'<!-- <link rel="alternate" {RSS} href="/x"> -->', []),
        (f'<script>"<link rel=alternate {RSS} href=/x>"</script>', []),
        (f'<link rel="alternate" {RSS} href="/\u202efeed">', ["https://example.com/%E2%80%AEfeed"]),
        (f'<![if x]><a\x00<link rel="alternate" {RSS} href="/x"/>', ["https://example.com/x"]),
        ("", []),
    ],
)
def test_a_page_proposes_its_feeds(page, found):
    """In the order of the page, comments last."""
    assert list(discover(page, url="https://example.com/news/")) == found


def test_a_page_proposes_only_so_many_feeds():
    """A page of a hundred thousand links is no list for a person."""
    page = "".join(f'<link rel=alternate {RSS} href="/{n}">' for n in range(MOST_FEEDS + 5))
    assert len(discover(page, url=URL)) == MOST_FEEDS


def test_a_source_that_got_a_page_is_told_its_feeds():
    """The most common mistake is to give the address of a site, and the error contains the remedy."""
    page = f'<html><head><link rel="alternate" {RSS} href="/feed" title="All"></head><body>Hi</body></html>'
    with pytest.raises(SourceError, match=r"an HTML page; did you mean https://example\.com/feed\?$") as caught:
        read(page.encode(), url=URL, content_type="text/html")
    assert caught.value.fault is Fault.NOT_A_FEED
    assert "s3cret" not in str(caught.value)


def test_a_page_without_feeds_is_only_no_feed():
    """Nothing is proposed that is not there."""
    with pytest.raises(SourceError, match=r"an HTML page$"):
        read(b"<html><body>Hi</body></html>", url=URL)


def test_a_password_of_the_address_goes_into_no_link():
    """Links stand in messages and in the database."""
    rss = b"<rss version='2.0'><channel><link>/</link><item><link>a</link></item></channel></rss>"
    feed = b'{"version": "https://jsonfeed.org/version/1.1", "home_page_url": "/", "items": [{"url": "a"}]}'
    for parsed in (read(rss, url=URL), read(feed, url=URL)):
        assert (parsed.link, parsed.items[0].link) == ("https://example.com/", "https://example.com/a")
