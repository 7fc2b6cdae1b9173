"""From items to entries."""

from datetime import UTC, datetime

import pytest

from tocsin.model.entries import KeyKind
from tocsin.sources.documents.items import Item, Parsed
from tocsin.sources.feeds.entries import entries
from tocsin.sources.feeds.rss import parse

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def _entries(*items, **feed):
    parsed = Parsed(**{"title": "Metal News", "link": "https://e.com/", "items": items, **feed})
    return entries(parsed, source="metal", url="https://feeds.e.com/x", labels={"tier": ("trade",)}, now=NOW)


def test_an_entry_carries_what_the_feed_said_of_it():
    """Nothing of an item is lost on its way into the line."""
    published = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
    (entry,) = _entries(
        Item(
            id="1",
            link="https://e.com/a?utm_source=x&ref=e.com",
            title="China bans it",
            summary="Short.",
            body="Long.",
            language="en",
            published=published,
            published_raw="raw",
        )
    )
    assert (entry.source, entry.id, entry.title, entry.summary, entry.body) == (
        "metal",
        "1",
        "China bans it",
        "Short.",
        "Long.",
    )
    assert (entry.link, entry.canonical_link) == ("https://e.com/a?utm_source=x&ref=e.com", "https://e.com/a")
    assert (entry.published, entry.published_raw, entry.first_seen) == (published, "raw", NOW)
    assert (entry.language, entry.labels) == ("en", {"tier": ("trade",)})


@pytest.mark.parametrize(
    ("item", "publisher"),
    [
        (Item(title="China bans gallium exports - Reuters", outlet="Other Wire"), "Other Wire"),
        (Item(title="China bans gallium exports - Reuters"), "Reuters"),
        (Item(title="China bans gallium exports"), "Metal News"),
    ],
    ids=["taken over", "behind the title", "the feed"],
)
def test_the_publisher_is_who_wrote_it(item, publisher):
    """People trust an outlet, not the aggregator that passed it on."""
    (entry,) = _entries(item)
    assert entry.publisher == publisher


@pytest.mark.parametrize(
    ("item", "title"),
    [
        (Item(summary="First block.\n\nSecond."), "First block."),
        (Item(body="word " * 40), ("word " * 24).strip() + "…"),
        (Item(body="字" * 200), "字" * 120 + "…"),
        (Item(), ""),
    ],
    ids=["block", "words", "no blanks", "nothing"],
)
def test_an_entry_without_a_title_is_called_by_its_text(item, title):
    """A message needs a headline."""
    (entry,) = _entries(item)
    assert entry.title == title


def test_a_time_that_cannot_be_believed_is_none():
    """A broken clock at the publisher neither hides nor ages an entry."""
    (entry,) = _entries(Item(title="x", published=datetime(2030, 1, 1, tzinfo=UTC)))
    assert entry.published is None
    assert entry.event_time == NOW


def test_the_link_to_the_feed_itself_identifies_nothing():
    """Two entries without links of their own are two."""
    one, other = _entries(
        Item(title="One", link="https://e.com/news", own_link=False),
        Item(title="Two", link="https://e.com/news", own_link=False),
    )
    assert (one.link, one.canonical_link) == ("https://e.com/news", "")
    assert one.id != other.id


def test_the_article_behind_a_click_counter_is_compared():
    """The same article through two counters is one."""
    (entry,) = _entries(Item(title="x", link="https://feeds.e.com/~r/1", origin="https://e.com/a"), link="")
    assert (entry.link, entry.canonical_link) == ("https://feeds.e.com/~r/1", "https://e.com/a")


def test_an_aggregators_item_has_the_title_and_the_publisher_of_the_article() -> None:
    """Its own name says nothing, and its link another thing every day."""
    feed = (
        b"<rss version='2.0'><channel><title>\"gallium\" - Google News</title><link>https://news.google.com/search</link>"
        b"<item><title>China bans gallium exports - Metal Wire</title><guid isPermaLink='false'>CBMiA</guid>"
        b"<link>https://news.google.com/rss/articles/CBMiA?oc=5</link>"
        b"<source url='https://metalwire.example'>Metal Wire</source></item></channel></rss>"
    )
    parsed = parse(feed, url="https://news.google.com/rss/search?q=gallium")
    [found] = entries(parsed, source="g", url="https://news.google.com/rss/search?q=gallium", labels={}, now=NOW)
    assert (found.title, found.publisher, found.canonical_link) == ("China bans gallium exports", "Metal Wire", "")
    assert found.link == "https://news.google.com/rss/articles/CBMiA?oc=5"
    assert {key.kind.value for key in found.keys} >= {"id", "title_day"}


@pytest.mark.parametrize(
    ("title", "outlet", "cut"),
    [
        ("China bans gallium - the daily metal of the north", "the daily metal of the north", "China bans gallium"),
        ("Lynas - a story - Metal Wire", "Metal Wire", "Lynas - a story"),
        ("中国禁止镓出口_矿业", "矿业", "中国禁止镓出口"),
        ("中国禁止镓出口｜矿业", "矿业", "中国禁止镓出口"),
        ("Lynas - a story", "Metal Wire", "Lynas - a story"),
        ("We read Metal Wire", "Metal Wire", "We read Metal Wire"),
        ("Metal Wire", "Metal Wire", "Metal Wire"),
        (" - Metal Wire", "Metal Wire", " - Metal Wire"),
    ],
    ids=[
        "no name by its looks",
        "the last only",
        "low line",
        "wide bar",
        "another",
        "no mark",
        "alone",
        "nothing before",
    ],
)
def test_an_outlet_is_cut_off_where_the_item_names_it(title: str, outlet: str, cut: str) -> None:
    """The known name of the outlet is not part of the title, whatever it looks like. Anything else stays."""
    (entry,) = _entries(Item(title=title, outlet=outlet))
    assert (entry.title, entry.publisher) == (cut, outlet)


def test_an_item_of_bing_has_the_publisher_and_the_address_of_the_article() -> None:
    """Five papers that one search shows are five origins."""
    feed = (
        b"<rss version='2.0' xmlns:News='https://www.bing.com/news/search?q=x&amp;format=rss'><channel><title>x - BingNews"
        b"</title><item><title>China bans gallium exports</title><News:Source>Metal Wire on MSN</News:Source>"
        b"<link>http://www.bing.com/news/apiclick.aspx?tid=1&amp;url=https%3a%2f%2fwww.e.com%2fa&amp;c=1</link></item>"
        b"</channel></rss>"
    )
    url = "https://www.bing.com/news/search?q=x&format=rss"
    [found] = entries(parse(feed, url=url), source="b", url=url, labels={}, now=NOW)
    assert (found.publisher, found.canonical_link) == ("Metal Wire", "https://e.com/a")


def test_an_aggregators_item_is_known_under_another_id() -> None:
    """The same article of the same outlet and day, found by another search; that of another outlet is another."""
    link = "https://news.google.com/rss/articles/"
    one, again, other = (
        {key.value for key in entry.keys if key.kind is KeyKind.ID_NOHOST}
        for ident, outlet in (("CBMiA", "Metal Wire"), ("CBMiB", "Metal Wire"), ("CBMiC", "Other Wire"))
        for entry in _entries(Item(id=ident, link=link + ident, title=f"China bans it - {outlet}", outlet=outlet))
    )
    assert one == again
    assert one != other


def test_a_tombstone_names_the_entry_that_is_withdrawn() -> None:
    """RFC 6721: in a feed of its own namespace, whatever the prefix."""
    feed = (
        b"<feed xmlns='http://www.w3.org/2005/Atom' xmlns:at='http://purl.org/atompub/tombstones/1.0'><title>t</title>"
        b"<at:deleted-entry ref='tag:e.com,2026:1&amp;2' when='2026-03-02T10:00:00Z'/>"
        b"<at:deleted-entry when='x' ref=\"b\"><at:comment>why</at:comment></at:deleted-entry>"
        b"<entry><id>c</id><title>x</title></entry></feed>"
    )
    assert parse(feed, url="https://e.com/").deleted == ("tag:e.com,2026:1&2", "b")
    other = feed.replace(b"http://purl.org/atompub/tombstones/1.0", b"http://e.com/")
    assert parse(other, url="https://e.com/").deleted == ()


@pytest.mark.parametrize(
    "inside",
    ["<![CDATA[{}]]>", "<!--{}-->", "<![CDATA[{}"],
    ids=["text", "comment", "text that does not end"],
)
def test_a_tombstone_in_a_text_withdraws_nothing(inside: str) -> None:
    """Otherwise a comment below an article could withdraw an entry of the feed."""
    forged = inside.format("<at:deleted-entry ref='c'/>")
    feed = (
        "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:at='http://purl.org/atompub/tombstones/1.0'><title>t</title>"
        f"<at:deleted-entry ref='b'/><entry><id>c</id><title>x</title><content>{forged}</content></entry></feed>"
    )
    assert parse(feed.encode(), url="https://e.com/").deleted == ("b",)


def test_papers_behind_an_alert_of_a_search_engine_are_origins_of_their_own() -> None:
    """Three papers in one feed of alerts are three, each with the address of its article."""
    inner = "".join(
        f"<entry><id>tag:google.com,2013:feed:{n}</id><title type='html'>Weather {n}</title>"
        f"<link href='https://www.google.com/url?url=https://www.paper-{n}.example/a&amp;cd={n}'/></entry>"
        for n in range(3)
    )
    feed = f"<feed xmlns='http://www.w3.org/2005/Atom'><title>Google Alert - weather</title>{inner}</feed>"
    found = entries(parse(feed.encode(), url="https://e.com/f"), source="s", url="https://e.com/f", labels={}, now=NOW)
    assert [entry.publisher for entry in found] == ["paper-0.example", "paper-1.example", "paper-2.example"]
    assert found[0].link == "https://www.paper-0.example/a"
    assert found[0].canonical_link == "https://paper-0.example/a"


def test_a_feed_without_a_title_is_named_by_the_site_of_its_articles() -> None:
    """A sitemap often names no paper, and what has no name is no origin."""
    (entry,) = _entries(Item(title="Weather", link="https://www.e.com/a"), title="")
    assert entry.publisher == "e.com"
