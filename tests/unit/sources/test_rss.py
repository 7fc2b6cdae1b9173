"""RSS and Atom as they really come."""

from datetime import UTC, datetime

import pytest

from tocsin.errors import Fault, SourceError
from tocsin.sources.documents.items import LONGEST_NAME, LONGEST_TEXT, LONGEST_TITLE, MOST_ENTRIES, MOST_NAMES
from tocsin.sources.feeds.rss import parse
from tocsin.text.html import one_line

URL = "https://example.com/news/feed"


def _rss(*items, channel="<title>Metal News</title><link>https://example.com/</link>", version="2.0"):
    inner = "".join(f"<item>{item}</item>" for item in items)
    return f"<?xml version='1.0'?><rss version='{version}'><channel>{channel}{inner}</channel></rss>".encode()


def _atom(*entries, head="<title>Metal News</title>"):
    inner = "".join(f"<entry>{entry}</entry>" for entry in entries)
    return f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de">{head}{inner}</feed>'.encode()


def _one(body, **headers):
    (item,) = parse(body, url=URL, **headers).items
    return item


def test_an_rss_entry_becomes_plain_values():
    """Everything that rules, identity and messages need comes out of an entry."""
    parsed = parse(
        _rss(
            "<title>China bans gallium</title><link>/2026/gallium?a=1&amp;b=2</link>"
            "<guid isPermaLink='false'> g&amp;amp;1 </guid><pubDate>Mon, 02 Mar 2026 10:00:00 CET</pubDate>"
            "<description>&lt;p&gt;It said so.&lt;/p&gt;&lt;p&gt;Prices rose.&lt;/p&gt;</description>"
            "<source url='https://other.example/feed'>Other Wire</source>",
            channel="<title>Metal &amp;amp; News</title><link>https://example.com/</link><language>en_US</language>",
        ),
        url=URL,
        content_language="fr",
    )
    (item,) = parsed.items
    assert (parsed.title, parsed.link, parsed.complete, parsed.notes) == (
        "Metal & News",
        "https://example.com/",
        True,
        (),
    )
    assert item.id == "g&1"
    assert item.link == "https://example.com/2026/gallium?a=1&b=2"
    assert item.title == "China bans gallium"
    assert (item.summary, item.body) == ("It said so.\n\nPrices rose.", "")
    assert (item.outlet, item.language) == ("Other Wire", "en-us")
    assert item.published == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert item.published_raw == "Mon, 02 Mar 2026 10:00:00 CET"


def test_an_atom_entry_becomes_plain_values():
    """Atom says what is markup and what is text, and where its alternate is."""
    item = _one(
        _atom(
            '<id>tag:example.com,2026:1</id><title type="text">Prices &lt; 5 &amp;amp; falling</title>'
            "<updated>2026-03-02T10:00:00+02:00</updated>"
            '<link rel="self" href="https://example.com/self"/><link href="../a"/>'
            '<summary>Short.</summary><content type="html">&lt;p>Long&lt;br>text.&lt;/p></content>'
            "<source><title>Other Wire</title></source>"
        )
    )
    assert item.link == "https://example.com/a"
    assert item.title == "Prices < 5 & falling"
    assert (item.summary, item.body) == ("Short.", "Long\n\ntext.")
    assert (item.outlet, item.language) == ("Other Wire", "de")
    assert item.published == datetime(2026, 3, 2, 8, tzinfo=UTC)


def test_an_rdf_feed_is_read():
    """RSS 1.0 still carries official journals."""
    body = (
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"'
        b' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Journal</title></channel>'
        b'<item rdf:about="https://example.com/1"><title>Notice</title><link>https://example.com/1</link>'
        b"<dc:date>2026-03-02</dc:date></item></rdf:RDF>"
    )
    item = _one(body)
    assert (item.id, item.title, item.published) == (
        "https://example.com/1",
        "Notice",
        datetime(2026, 3, 2, tzinfo=UTC),
    )


def test_a_text_given_twice_is_kept_once():
    """A word would otherwise count twice as evidence."""
    item = _one(
        _rss(
            '<title>x</title><content:encoded xmlns:content="http://purl.org/rss/1.0/modules/content/">Whole</content:encoded>'
        )
    )
    assert (item.summary, item.body) == ("", "Whole")


def test_a_broken_feed_is_repaired_and_keeps_every_entry():
    """A bare ampersand must not lose the feed, nor change the ids of its entries."""
    body = _rss("<title>A & B&nbsp;C</title><guid>https://e.com/?a=1&b=2</guid>", "<title>D</title><guid>2</guid>")
    parsed = parse(body, url=URL)
    assert [(item.id, item.title) for item in parsed.items] == [("https://e.com/?a=1&b=2", "A & B C"), ("2", "D")]
    assert parsed.complete


def test_strict_and_loose_reading_give_the_same_id():
    """A feed that breaks for a day must not announce all its entries again."""
    item = "<title>x</title><guid>https://e.com/?a=1&amp;b=2</guid>"
    good = parse(_rss(item), url=URL)
    broken = parse(_rss(item, "<title>y</b></title><guid>2</guid>"), url=URL)
    assert broken.notes
    assert broken.complete
    assert good.items[0].id == broken.items[0].id == "https://e.com/?a=1&b=2"


AUTHORS = {
    "address and name": ("<author>jane@example.org (Jane Doe)</author>", ("Jane Doe",)),
    "an address alone": ("<author>jane@example.org</author>", ("jane@example.org",)),
    "Dublin Core": ("<dc:creator>Jane Doe</dc:creator>", ("Jane Doe",)),
    "two": ("<dc:creator>Jane Doe</dc:creator><dc:creator>J. Roe</dc:creator>", ("Jane Doe", "J. Roe")),
    "none": ("", ()),
}


@pytest.mark.parametrize(("markup", "authors"), AUTHORS.values(), ids=AUTHORS)
def test_authors_and_categories_are_read(markup, authors):
    """A rule can ask who wrote an entry, and where it is filed."""
    filed = "<category>Mining</category><category domain='x'>Trade &amp;amp; policy</category><category/>"
    body = _rss(f"<title>t</title>{markup}{filed}").replace(
        b"<rss ", b"<rss xmlns:dc='http://purl.org/dc/elements/1.1/' "
    )
    item = _one(body)
    assert item.authors == authors
    assert item.categories == ("Mining", "Trade & policy")


def test_authors_and_categories_of_atom_are_read():
    """Atom names a category by a term for machines and may add one for people; either is found."""
    item = _one(
        _atom(
            "<title>t</title><author><name>Jane Doe</name><email>j@x</email></author><author><name>J. Roe</name></author><category term='min' label='Mining'/>"
        )
    )
    assert item.authors == ("Jane Doe", "J. Roe")
    assert item.categories == ("min", "Mining")


def test_authors_and_categories_are_bounded():
    """A thousand categories of a megabyte are no way to fill the database."""
    item = _one(_rss("<title>t</title>" + "".join(f"<category>{n}{'x' * 5000}</category>" for n in range(300))))
    assert len(item.categories) == MOST_NAMES
    assert max(map(len, item.categories)) == LONGEST_NAME


def test_an_entry_cut_off_is_left_for_the_next_time():
    """Half an entry would be judged by half its text and then count as seen."""
    body = _rss("<title>one</title><guid>1</guid>", "<title>two</title><guid>2</guid>")
    parsed = parse(body[: body.index(b"<guid>2")], url=URL)
    assert [item.id for item in parsed.items] == ["1"]
    assert not parsed.complete
    assert len(parsed.notes) == 2
    between = parse(body[: body.index(b"</channel>")], url=URL)
    assert [item.id for item in between.items] == ["1", "2"]
    assert not between.complete


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "an HTML page"),
        (b"<?xml version='1.0'?><!-- x --><html/>", "an HTML page"),
        (b'{"version": "https://jsonfeed.org/version/1.1"}', "JSON"),
        (b"<error>no</error>", "XML of another kind"),
        (b"Service unavailable", "something else"),
        (b" \n", "an empty document"),
        (b"\x00\x01\x02", "something else"),
    ],
)
def test_what_is_no_feed_is_said_so(body, what):
    """A login page with status 200 is a failure, not a quiet day."""
    with pytest.raises(SourceError, match=f"not a feed but {what}") as caught:
        parse(body, url=URL)
    assert caught.value.fault is Fault.NOT_A_FEED


def test_a_document_is_never_taken_for_a_file_or_an_address(tmp_path):
    """The parser opens the file or address that its argument names, so a server could make it publish local files."""
    file = tmp_path / "feed.xml"
    file.write_bytes(_rss("<title>secret</title>"))
    for body in (str(file).encode(), b"file://" + str(file).encode(), b"http://127.0.0.1:9/"):
        with pytest.raises(SourceError, match="not a feed but something else"):
            parse(body, url=URL)


@pytest.mark.parametrize("kind", ["text/xml", "text/plain", "application/octet-stream", "nonsense", ""])
def test_a_wrong_type_is_nothing_to_say(kind):
    """Half of all feeds are served so, and the entries are as good."""
    parsed = parse(_rss("<title>Café</title>"), url=URL, content_type=kind)
    assert ([item.title for item in parsed.items], parsed.notes) == (["Café"], ())


@pytest.mark.parametrize(
    ("links", "link"),
    [
        ("<link href='tag:e.com,2026:1'/><link rel='alternate' href='https://e.com/a'/>", "https://e.com/a"),
        ("<link rel='replies' href='https://e.com/c'/><link href='https://e.com/a'/>", "https://e.com/a"),
        ("<link rel='self' href='https://e.com/s'/><link rel='enclosure' href='https://e.com/f.pdf'/>", "https://e.com/f.pdf"),
        ("<link href='/a'/>", "https://example.com/a"),
        ("<link href='../a?b=1&amp;c=2'/>", "https://example.com/a?b=1&c=2"),
    ],
    ids=["an id first", "comments first", "only a file", "without a host", "relative"],
)  # fmt: skip
def test_of_many_links_the_page_is_taken(links, link):
    """Readers want the article, not its comments, its feed or its id."""
    assert _one(_atom(f"<id>1</id>{links}")).link == link


def test_a_feed_without_entries_is_a_feed():
    """A source may be new."""
    assert parse(_rss(), url=URL).items == ()


@pytest.mark.parametrize(
    ("inner", "link", "own"),
    [
        ("<link>https://e.com/a</link>", "https://e.com/a", True),
        ("<guid>https://e.com/g</guid>", "https://e.com/g", True),
        ("<guid isPermaLink='false'>https://e.com/g</guid>", "https://example.com/", False),
        ("<enclosure url='https://e.com/a.pdf' length='1' type='application/pdf'/>", "https://e.com/a.pdf", True),
        ("<guid>12</guid>", "https://example.com/", False),
        ("<link>http://[::1</link>", "https://example.com/", False),
        ("<link>javascript:alert(1)</link>", "https://example.com/", False),
        ('<link>https://e.com/a b"c</link>', "https://e.com/a%20b%22c", True),
        (f"<link>https://e.com/{'a' * 5000}</link>", "https://example.com/", False),
        ("", "https://example.com/", False),
    ],
)
def test_the_link_is_the_page_people_want(inner, link, own):
    """People click it; an id or a script is no page."""
    item = _one(_rss(f"<title>x</title>{inner}"))
    assert (item.link, item.own_link) == (link, own)


def test_the_article_behind_a_click_counter_is_kept():
    """Counters change their links, articles do not."""
    body = _rss(
        "<title>x</title><link>https://feeds.example/~r/1</link><feedburner:origLink"
        ' xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0">https://e.com/a</feedburner:origLink>'
    )
    assert _one(body).origin == "https://e.com/a"


@pytest.mark.parametrize(
    ("inner", "day"),
    [
        ("<published>2026-03-01</published><updated>2026-03-02</updated>", 1),
        ("<updated>2026-03-02</updated>", 2),
        ("<published>soon</published><updated>2026-03-02</updated>", 2),
        ("<title>x</title>", None),
    ],
)
def test_the_published_time_comes_first(inner, day):
    """An old entry that is edited stays old, and one with only one time has that."""
    item = _one(_atom(f"<id>1</id>{inner}"))
    assert item.published == (datetime(2026, 3, day, tzinfo=UTC) if day else None)


def test_only_texts_are_the_body():
    """An attached picture in base64 is nothing to read."""
    item = _one(_atom('<id>1</id><content type="image/png">aGVsbG8gd29ybGQ=</content>'))
    assert item.body == ""


def test_endless_texts_are_cut():
    """A hostile feed cannot make an entry as large as its body."""
    item = _one(_rss(f"<title>{'x ' * 2000}</title><description>{'y ' * LONGEST_TEXT}</description>"))
    assert len(item.title) <= LONGEST_TITLE
    assert len(item.summary) <= LONGEST_TEXT


def test_of_too_many_entries_the_newest_are_read():
    """An archive in one document is not read whole, and what is new in it is not lost."""
    old = [f"<guid>o{n}</guid><pubDate>2026-01-01</pubDate>" for n in range(MOST_ENTRIES)]
    parsed = parse(_rss(*old, "<guid>new</guid><pubDate>2026-03-01</pubDate>", "<guid>undated</guid>"), url=URL)
    assert len(parsed.items) == MOST_ENTRIES
    assert [item.id for item in parsed.items[-2:]] == ["new", "undated"]
    assert parsed.notes


def test_a_wrong_encoding_is_noted():
    """The operator may tell the publisher."""
    parsed = parse(_rss("<title>Café</title>"), url=URL, content_type="text/xml; charset=iso-8859-1")
    assert parsed.items[0].title == "Café"
    assert parsed.notes


def test_what_the_parser_cannot_stand_is_left_out():
    """A category that never ends must not cost the feed its entries."""
    body = _rss("<title>x</title><guid>1</guid><category>")
    (item,) = parse(body + b"c</category>", url=URL).items
    assert (item.id, item.title) == ("1", "x")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]>" + _rss("<title>&b;</title>"), id="bomb"),
        pytest.param(b"<rss version='2.0'><channel>" + b"<item>" * 3000, id="nested"),
        pytest.param(b"<rss version='2.0'><channel><![CDATA[" * 2000, id="sections"),
        pytest.param(_rss("<title>\xed\xa0\x80\xff\x00</title>"), id="bytes"),
        pytest.param(_rss("<pubDate>9999-99-99</pubDate><guid/><link/><title/>"), id="empty"),
        pytest.param(_atom("<id/><link href='http://[::1'/><content src='x'/>"), id="odd links"),
        pytest.param(_rss("<!DOCTYPE x><![if"), id="declaration"),
    ],
)
def test_whatever_a_feed_contains_it_is_read(body):
    """One hostile or broken entry must not stop its feed."""
    assert parse(body, url=URL).items is not None


@pytest.mark.parametrize(
    "document",
    [
        pytest.param("<rss version='2.0'><channel><item><title>x</title><guid>&amp;#{};</guid></item></channel></rss>", id="id"),
        pytest.param("<feed xmlns='http://www.w3.org/2005/Atom'><entry><title type='text'>x&amp;#{};</title><id>1</id></entry></feed>", id="title"),
        pytest.param("<rss version='2.0'><channel><item><title>x</title><link>http://{}a.b/</link></item></channel></rss>", id="host"),
    ],
)  # fmt: skip
def test_what_is_absurdly_long_fails_no_poll(document):
    """A number of 5,000 digits is none that Python reads."""
    [item] = parse(document.format("9" * 5000).encode(), url="https://e.com/feed").items
    assert item.title.startswith("x")


def test_the_dates_of_a_feed_are_read_in_one_order():
    """A date that may be two days is read as its neighbours are; alone it is none, and the first sight counts."""
    ambiguous = "<title>a</title><pubDate>02/03/2026 10:00</pubDate>"
    neighbour = "<title>b</title><pubDate>25/02/2026 10:00</pubDate>"
    assert _one(_rss(ambiguous)).published is None
    items = parse(_rss(ambiguous, neighbour), url=URL).items
    assert [item.published for item in items] == [
        datetime(2026, 3, 2, 10, tzinfo=UTC),
        datetime(2026, 2, 25, 10, tzinfo=UTC),
    ]


@pytest.mark.parametrize(
    ("items", "kept", "note"),
    [
        pytest.param([f"<guid>{n}</guid>" for n in range(2500)], "2499", "newest", id="ids that rise"),
        pytest.param([f"<guid>{n}</guid>" for n in range(2500, 0, -1)], "2500", "newest", id="ids that fall"),
        pytest.param(["<title>a</title>"] * 2500, "", "first", id="nothing tells"),
        pytest.param(
            ["<guid>x</guid>"] * 2500 + ["<guid>new</guid><pubDate>2 Mar 2026</pubDate>"],
            "new",
            "newest",
            id="one dated",
        ),
        pytest.param(
            [f"<guid>{n}</guid><pubDate>2026-01-{1 + n // 100:02}</pubDate>" for n in range(2500)]
            + ["<guid>undated</guid>"],
            "undated",
            "newest",
            id="one undated at the end of times that rise",
        ),
    ],
)
def test_of_too_many_entries_the_newest_are_kept_and_the_note_says_so(items, kept, note):
    """A list that grows at its end would else never show what is new."""
    parsed = parse(_rss(*items), url=URL)
    assert len(parsed.items) == MOST_ENTRIES
    assert kept in {item.id for item in parsed.items}
    assert parsed.notes == (f"{len(items)} entries, the {note} 2000 were read",)


@pytest.mark.parametrize(
    "title",
    [
        "<![CDATA[China bans<br/>its &amp; other exports]]>",
        "<![CDATA[<p>China bans</p><div>its &amp;amp; other exports</div>]]>",
        "China bans&amp;amp;nbsp;its &amp;amp;amp; other exports",
        "China &amp;lt;b&amp;gt;bans&amp;lt;/b&amp;gt; its &amp;amp;#38; other exports",
        "&amp;lt;![CDATA[China bans its &amp;amp; other exports]]&amp;gt;",
        "China bans\n\n its &amp; other exports",
    ],
)
def test_a_title_is_one_line_of_plain_text(title):
    """A border in a headline hides from rules what stands on both sides of it, and an entity is a piece of a word."""
    assert _one(_rss(f"<title>{title}</title>")).title == "China bans its & other exports"
    assert _one(_atom(f"<id>1</id><title type='html'>{title}</title>")).title == "China bans its & other exports"


@pytest.mark.parametrize("title", ["Prices < 5 & > 3", "R&D&notes <Rio> AT&T; x", "a <title> tag"])
def test_what_only_looks_like_markup_stays_in_a_title(title):
    """Marks of figures and names in brackets are words of a headline."""
    assert one_line(title) == title


@pytest.mark.parametrize(
    ("head", "link", "read"),
    [
        ("<title>x</title><link>https://ministry.example/</link>", "<link>/a.html</link>", "https://ministry.example/a.html"),
        ("<title>x</title><link>https://ministry.example/</link>", "<guid>/a.html</guid>", "https://ministry.example/a.html"),
        ("<title>x</title><link>https://ministry.example/en/</link>", "<link>a.html</link>", "https://ministry.example/en/a.html"),
        ("<title>x</title>", "<link>/a.html</link>", "https://example.com/a.html"),
        (
            "<title>x</title><link>https://ministry.example/</link>",
            "<title xml:base='https://press.example/x/'>a</title><link>a.html</link>",
            "https://press.example/x/a.html",
        ),
    ],
    ids=["of the channel", "a permanent id", "of its folder", "without a channel link", "with a base"],
)  # fmt: skip
def test_a_relative_link_is_seen_from_the_site_of_its_channel(head, link, read):
    """A feed may be served by another host than the pages that it lists."""
    assert _one(_rss(link, channel=head)).link == read


def test_a_sitemap_of_news_is_read_as_a_feed():
    """For many papers it is the only list of all their news."""
    body = (
        b"<?xml version='1.0'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'"
        b" xmlns:news='http://www.google.com/schemas/sitemap-news/0.9' xmlns:image='http://www.google.com/schemas/image'>"
        b"<url><loc>https://site.example/1?a=1&amp;b=2</loc><lastmod>2026-03-02</lastmod><news:news><news:publication>"
        b"<news:name>The Paper</news:name><news:language>zh-cn</news:language></news:publication>"
        b"<news:publication_date>2026-03-02T10:00:00+01:00</news:publication_date>"
        b"<news:title><![CDATA[China bans its & other exports]]></news:title></news:news>"
        b"<image:image><image:loc>https://site.example/p.jpg</image:loc><image:title>Photo</image:title></image:image></url>"
        b"<url><loc>https://site.example/about</loc></url></urlset>"
    )
    parsed = parse(body, url=URL)
    (item,) = parsed.items
    assert (parsed.form, item.title, item.outlet, item.language) == (
        "a news sitemap",
        "China bans its & other exports",
        "The Paper",
        "zh-cn",
    )
    assert item.link == "https://site.example/1?a=1&b=2"
    assert item.published == datetime(2026, 3, 2, 9, tzinfo=UTC)
