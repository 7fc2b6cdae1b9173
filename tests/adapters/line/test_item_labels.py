"""Recipes of the documents on the whole line: made-up answers of the services that they name."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from adapters.loopback import documents
from tocsin.config.build import make_source
from tocsin.config.config import parse_config
from tocsin.config.feeds import FeedConfig
from tocsin.config.secrets import address
from tocsin.model.entries import Cursor, Entry
from tocsin.sources.http.client import HttpClient

if TYPE_CHECKING:
    from tests.adapters.line.conftest import Line

DOCUMENT = Path(__file__).parents[3] / "docs" / "sources.md"
EDGAR = b"""<?xml version="1.0" encoding="ISO-8859-1" ?><feed xmlns="http://www.w3.org/2005/Atom"><title>Latest Filings</title>
<entry><title>8-K - EXAMPLE METALS CORP (0000000001) (Filer)</title>
<link rel="alternate" type="text/html" href="https://filings.example/1-index.htm"/>
<summary type="html">&lt;b&gt;Filed:&lt;/b&gt; 2026-03-02 &lt;b&gt;AccNo:&lt;/b&gt; 0000000001-26-000001 &lt;b&gt;Size:&lt;/b&gt; 90 KB
&lt;br&gt;Item 1.01: Entry into a Material Definitive Agreement
&lt;br&gt;Item 9.01: Financial Statements and Exhibits</summary>
<updated>2026-03-02T06:00:00-05:00</updated><category scheme="https://www.sec.gov/" label="form type" term="8-K"/>
<id>urn:tag:filings.example,2008:accession-number=0000000001-26-000001</id></entry></feed>"""
COMPANY = b"""<?xml version="1.0" encoding="ISO-8859-1" ?><feed xmlns="http://www.w3.org/2005/Atom"><title>EXAMPLE METALS CORP</title>
<entry><category label="form type" scheme="https://www.sec.gov/" term="8-K"/><title>8-K  - Current report</title>
<link rel="alternate" type="text/html" href="https://filings.example/2-index.htm"/>
<summary type="html">&lt;b&gt;Filed:&lt;/b&gt; 2026-03-02 &lt;b&gt;AccNo:&lt;/b&gt; 0000000001-26-000002 &lt;b&gt;Size:&lt;/b&gt; 12 KB&lt;br&gt;Item 5.02: Departure of Directors or Certain Officers; Election of Directors: Compensatory Arrangements&lt;br&gt;Item 9.01: Financial Statements and Exhibits</summary>
<updated>2026-03-02T06:00:00-05:00</updated>
<id>urn:tag:filings.example,2008:accession-number=0000000001-26-000002</id></entry></feed>"""
BLUESKY = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>@metals.example - Metals</title>
<item><link>https://bsky.app/profile/metals.example/post/3k</link>
<description>China bans gallium exports.

More follows.</description><pubDate>02 Mar 2026 10:00 +0000</pubDate>
<guid isPermaLink="false">at://did:plc:made-up/app.bsky.feed.post/3k</guid></item></channel></rss>"""
YOUTUBE = b"""<?xml version="1.0"?><feed xmlns:yt="http://www.youtube.com/xml/schemas/2015" xmlns:media="http://search.yahoo.com/mrss/"
xmlns="http://www.w3.org/2005/Atom"><title>Metals</title><entry><id>yt:video:made-up</id><yt:videoId>made-up</yt:videoId>
<title>China bans gallium exports</title><link rel="alternate" href="https://www.youtube.com/watch?v=made-up"/>
<author><name>Metals</name></author><published>2026-03-02T10:00:00+00:00</published>
<media:group><media:title>China bans gallium exports</media:title><media:description>All of them.</media:description></media:group>
</entry></feed>"""
REDDIT = b"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>metals</title><entry>
<author><name>/u/somebody</name></author><category term="SUBREDDIT" label="r/SUBREDDIT"/>
<content type="html">&lt;div class="md"&gt;&lt;p&gt;All of them.&lt;/p&gt;&lt;/div&gt; submitted by &lt;a href="#"&gt;/u/somebody&lt;/a&gt;</content>
<id>t3_madeup</id><link href="https://www.reddit.com/r/SUBREDDIT/comments/madeup/china/"/>
<published>2026-03-02T10:00:00+00:00</published><title>China bans gallium exports</title></entry></feed>"""
REGISTER = b"""{"count": 1, "results": [{"title": "Controls on gallium", "type": "Rule", "document_number": "2026-00001",
"html_url": "https://register.example/d/1", "publication_date": "2026-03-02", "effective_on": "2026-04-01",
"abstract": "A made-up rule.", "agencies": [{"name": "Bureau of Examples"}]}]}"""
TELEGRAM = b"""<div class="tgme_widget_message"><div class="tgme_widget_message_text">China bans gallium exports.<br/>More follows.</div>
<a class="tgme_widget_message_date" href="https://t.me/CHANNEL/7"><time datetime="2026-03-02T10:00:00+00:00">10:00</time></a></div>"""


def recipe(name: str) -> str:
    """The block of the documents that configures the source *name*."""
    blocks = re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    return next(block for block in blocks if f"  {name}:" in block and "receivers:" in block)


def polled(line: Line, name: str, body: bytes) -> Entry:
    """The one entry of the source of a recipe, whose service answers with *body*, as the store has it."""
    config = parse_config(recipe(name), Path("/etc/tocsin/config.yaml"), {})
    source = next(one for one in config.sources if one.name == name)

    async def play(base: str) -> None:
        async with HttpClient("ops@example.org", gap=timedelta()) as http:
            given = make_source(_at(source, base), http, line.at_once)
            assert (await given.poll(Cursor(), line.clock.now())).entries
            await line.pipeline(given).run_due()

    url = urlsplit(source.url.reveal())
    with documents({f"{url.path}?{url.query}".rstrip("?"): body}) as base:
        asyncio.run(play(base))
    found = line.store.read.entry(1)
    assert found
    return found


def _at(source: FeedConfig, base: str) -> FeedConfig:
    url = urlsplit(source.url.reveal())
    return replace(
        source, url=address(url._replace(scheme="http", netloc=urlsplit(base).netloc).geturl()), allow_private=True
    )


def test_a_filing_has_its_form_and_items_as_labels(line: Line) -> None:
    """A rule can ask for a material agreement, and a person can read who made it."""
    entry = polled(line, "edgar", EDGAR)
    assert (
        entry.title
        == "EXAMPLE METALS CORP: Entry into a Material Definitive Agreement, Financial Statements and Exhibits (8-K)"
    )
    assert {name: entry.labels[name] for name in ("tier", "form", "item")} == {
        "tier": ("filing",),
        "form": ("8-K",),
        "item": ("1.01", "9.01"),
    }


def test_forms_with_a_blank_have_their_filer(line: Line) -> None:
    """A takeover is told by a schedule, whose name has two words."""
    entry = polled(
        line, "edgar", EDGAR.replace(b"<title>8-K - ", b"<title>SC 13D/A - ").replace(b'term="8-K"', b'term="SC 13D/A"')
    )
    assert entry.title.startswith("EXAMPLE METALS CORP: ")
    assert entry.labels["form"] == ("SC 13D/A",)


def test_the_filings_of_one_company_have_its_name(line: Line) -> None:
    """In its own feed all titles are alike."""
    entry = polled(line, "filings-of-one", COMPANY)
    assert entry.title == (
        "Example Metals: Departure of Directors or Certain Officers; Election of Directors: Compensatory Arrangements, "
        "Financial Statements and Exhibits (8-K)"
    )
    assert (entry.labels["item"], entry.labels["company"]) == (("5.02", "9.01"), ("example-metals",))


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [("bluesky", BLUESKY, "More follows."), ("youtube", YOUTUBE, "All of them."), ("reddit", REDDIT, "All of them.")],
)
def test_a_post_or_video_is_an_entry(line: Line, name: str, body: bytes, words: str) -> None:
    """A post of Bluesky has no title: its words become one."""
    entry = polled(line, name, body)
    assert entry.title.startswith("China bans gallium exports")
    assert words in f"{entry.title} {entry.summary} {entry.body}"
    assert entry.published
    assert entry.link.startswith("https://")


def test_a_document_of_the_register_has_its_type_and_effective_day(line: Line) -> None:
    """The day on which a rule takes effect is what procurement asks for."""
    entry = polled(line, "federal-register", REGISTER)
    assert (entry.title, entry.link, entry.authors) == (
        "Controls on gallium",
        "https://register.example/d/1",
        ("Bureau of Examples",),
    )
    assert entry.labels == {"tier": ("primary",), "document": ("Rule",), "effective": ("2026-04-01",)}


def test_a_notice_takes_effect_on_no_day(line: Line) -> None:
    """Most documents of the register have none, and are entries all the same."""
    entry = polled(line, "federal-register", REGISTER.replace(b'"2026-04-01"', b"null").replace(b'"Rule"', b'"Notice"'))
    assert entry.labels == {"tier": ("primary",), "document": ("Notice",)}


def test_a_post_of_a_channel_is_an_entry(line: Line) -> None:
    """A channel has no feed, but a page."""
    entry = polled(line, "telegram", TELEGRAM)
    assert (entry.title, entry.link) == ("China bans gallium exports. More follows.", "https://t.me/CHANNEL/7")
