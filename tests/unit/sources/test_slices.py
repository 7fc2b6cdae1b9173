"""Items of the last document are not parsed again, and the entries are the same as if they were."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.errors import SourceError
from tocsin.model.entries import Cursor, Entry, trace
from tocsin.sources.documents.items import Parsed
from tocsin.sources.feeds.entries import entries
from tocsin.sources.feeds.last_items import MOST, LastItems
from tocsin.sources.feeds.rss import parse

URL = "https://example.org/feed"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ATOM = "http://www.w3.org/2005/Atom"

#: Items that say the same in any document.
PLAIN = {
    "short": "<item><title>Gallium &amp; more</title><link>/1</link><guid>1</guid><pubDate>Mon, 02 Mar 2026 10:00:00 GMT</pubDate></item>",
    "text": "<item><title>Two</title><description><![CDATA[<b>Two</b> </item> <item>]]></description><content:encoded>&lt;p>Long</content:encoded></item>",
    "people": "<item><title>Three</title><author><name>Jane</name><email>j@e.org</email></author><dc:creator>Jo</dc:creator></item>",
    "media": '<item><title>Four</title><media:content url="/a.jpg"><media:title>A</media:title><media:credit>B</media:credit></media:content></item>',
    "again": "<item><description>One</description><description>Two</description></item>",
    "language": "<item xml:lang='fr'><title>Cinq</title></item>",
    "source": "<item><title>Six - Paper</title><source url='http://p.org/'>Paper</source><category>a</category><tag x='1'>b</tag></item>",
    "empty": "<item></item>",
    "comment": "<item><title>Seven</title><!-- <item> --><guid isPermaLink='false'>7</guid></item>",
    "the same id": "<item><title>Eight</title><link>/8</link><guid>1</guid></item>",
    "the same link": "<item><title>Nine</title><link>/1</link><guid>9</guid></item>",
    "letters": "<item><title>镓 – Überblick</title><updated>2026-03-02T10:00:00Z</updated></item>",
}
#: Items after which feedparser reads others differently, or that depend on others.
LASTING = {
    "base": "<item xml:base='http://elsewhere.org/'><title>Based</title><link>/8</link></item>",
    "base of a text": "<item><title xml:base='http://elsewhere.org/'>Based</title></item>",
    "namespace": "<item xmlns:p='http://purl.org/dc/elements/1.1/'><p:title>Named</p:title></item>",
    "markup in a text": "<item><title>A <b>bold</b> <title>one</title></title><description>Nine</description></item>",
    "markup in a summary": "<item><summary type='xhtml'><div><summary>x</summary></div></summary><title>Ten</title></item>",
    "an item in it": "<item><title>Outer</title><item><title>Inner</title></item></item>",
    "an item with a prefix": "<item><title>Outer</title><r:item><title>Inner</title></r:item></item>",
    "the end of the channel": "<item><title>Ends</title><channel><title>Other</title></channel></item>",
    "a feed in it": "<item><title>Holds</title><feed xml:lang='es'/></item>",
    "an input": "<item><textInput><title>x</title></textInput><title>After</title></item>",
    "day first": "<item><title>Day</title><pubDate>13/5/2026</pubDate></item>",
    "month first": "<item><title>Month</title><pubDate>5/13/2026</pubDate></item>",
    "either": "<item><title>Either</title><pubDate>4/5/2026</pubDate></item>",
    "closed at once": "<item/>",
    "with another case": "<ITEM><title>Loud</title></ITEM>",
    "not well-formed": "<item><title>Broken</item>",
    "cut off": "<item><title>Cut",
    "in an attribute": "<x y='<item><title>Hidden</title></item>'/>",
    "in a comment": "<!-- <item><title>Gone</title></item> -->",
    "an unknown entity": "<item><title>&nope; &bull;</title></item>",
    "an instruction": "<?x <item> ?>",
}
HEADS = (
    "<rss version='2.0'{ns}><channel><title>Feed</title><link>http://example.org/</link>",
    "<rss version='2.0'{ns}><channel><title>Feed</title><link>http://example.org/</link><lastBuildDate>Mon, 02 Mar 2026 10:00:00 GMT</lastBuildDate>",
    "<rss version='2.0'{ns}><channel><title>Feed</title><link>http://example.org/</link><lastBuildDate>Tue, 03 Mar 2026 10:00:00 GMT</lastBuildDate>",
    "<rss version='2.0'{ns}><channel><language>de</language><title>Other</title><link>http://example.org/</link>",
    "<rss version='2.0'{ns} xml:base='http://base.org/'><channel><title>Feed</title>",
    "<rss version='2.0'><channel><title>Feed</title>",
    "<rdf:RDF xmlns='http://purl.org/rss/1.0/'{ns}><channel><title>Feed</title></channel>",
    "<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY nope 'known'>]><rss version='2.0'{ns}><channel><title>Feed</title>",
    "<feed><title>Feed</title><image>",
    "<channel/>",
    "",
)
TAILS = (
    "</channel></rss>",
    "</channel></rss>\n<!-- made in 0.1 s, <item> -->",
    "<title>Late</title></channel></rss>",
    "</channel></rss><item><title>Outside</title></item>",
    "</rdf:RDF>",
    "",
)
NAMESPACES = (
    " xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:content='http://purl.org/rss/1.0/modules/content/'"
    " xmlns:media='http://search.yahoo.com/mrss/' xmlns:r='http://purl.org/rss/1.0/'"
)
#: Namespaces under wrong prefixes.
TRAPS = f" xmlns:dc='{ATOM}' xmlns:content='http://purl.org/rss/1.0/' xmlns:media='{ATOM}' xmlns:r='http://purl.org/rss/1.0/'"


def feed(
    *items: str, head: str = HEADS[0], tail: str = TAILS[0], gap: str = "\n", namespaces: str = NAMESPACES
) -> bytes:
    """Return a document of *items*."""
    return f"{head.format(ns=namespaces)}{gap}{gap.join(items)}{gap}{tail}".encode()


def outcome(document: bytes, last: LastItems | None = None) -> tuple[tuple[Parsed, tuple[Entry, ...]] | str, LastItems]:
    """Return the content and the entries of *document*, or the error, after the *last* items; and the items to keep."""
    try:
        found = parse(document, url=URL, known=last.marks if last else None)
    except SourceError as error:
        return str(error), last or LastItems()
    whole = (last or LastItems()).completed(found, Cursor(), NOW, url=URL)
    found, drafts = whole.document, whole.drafts if last else ()
    return (found, entries(found, source="s", url=URL, labels={}, now=NOW, drafts=drafts)), whole.last


@st.composite
def series(draw: st.DrawFn) -> list[bytes]:
    """Return documents of one feed: its items come, go and change places, and now and then all else changes."""
    plain = draw(st.lists(st.sampled_from([*PLAIN.values()]), min_size=3, max_size=5, unique=True))
    lasting = draw(st.sampled_from([""] * len(LASTING) + [*LASTING.values()]))
    usual = (draw(st.sampled_from(HEADS[:5] * 4 + HEADS)), TAILS[0], "\n", NAMESPACES)
    found = []
    for _ in range(draw(st.integers(2, 4))):
        items = draw(st.permutations(plain))[: draw(st.integers(1, 5))]
        if lasting and draw(st.booleans()):
            items = [*items, lasting] if draw(st.booleans()) else [lasting, *items]
        head, tail, gap, namespaces = usual
        match draw(st.integers(0, 15)):
            case 0:
                head = draw(st.sampled_from(HEADS))
            case 1:
                tail = draw(st.sampled_from(TAILS))
            case 2:
                gap = draw(st.sampled_from(["", "<!-- <item> -->", "<x/>", " text "]))
            case 3:
                namespaces = draw(st.sampled_from([TRAPS, ""]))
        found.append(feed(*items, head=head, tail=tail, gap=gap, namespaces=namespaces))
    return found


@pytest.mark.no_cover
@settings(max_examples=150, deadline=None)
@given(series())
def test_documents_one_after_another_say_what_each_says_alone(documents: list[bytes]) -> None:
    """An item that is left out, or makes others read differently, would be news that is lost or wrong."""
    last = LastItems()
    for document in documents:
        found, last = outcome(document, last)
        assert found == outcome(document)[0]


@pytest.mark.no_cover
@settings(max_examples=150, deadline=None)
@given(series())
def test_only_entries_that_the_last_document_had_are_left_out(documents: list[bytes]) -> None:
    """The store is not asked about them; another one that is left out would be lost."""
    last, before, cursor = LastItems(), tuple[Entry, ...](), Cursor()
    for number, document in enumerate(documents):
        try:
            found = parse(document, url=URL, known=last.marks)
        except SourceError:
            continue
        part, whole = (
            one.completed(found, cursor, NOW, body_hash=f"{number}", url=URL)
            for one in (last, dataclasses.replace(last, whole=None))
        )
        left, every = (
            entries(one.document, source="s", url=URL, labels={}, now=NOW, drafts=one.drafts) for one in (part, whole)
        )
        assert part.named == any(item.id for item in whole.document.items)
        assert left == tuple(entry for entry in every if entry in left)
        assert all(entry in before for entry in every if entry not in left)
        if part.traces:
            assert part.traces == tuple(trace(entry.keys) for entry in every)
        else:
            assert left == every
        last, before, cursor = part.last, every, Cursor(body_hash=f"{number}")


@pytest.mark.parametrize(
    ("committed", "days", "given"),
    [
        pytest.param("first", 0, 1, id="the new ones, after a document that was committed"),
        pytest.param("", 0, 3, id="all, after one that was not"),
        pytest.param("other", 0, 3, id="all, after one that another worker committed"),
        pytest.param("first", 1, 3, id="all, at the first poll of a day"),
    ],
)
def test_known_entries_are_left_out_while_the_store_has_them(committed: str, days: int, given: int) -> None:
    """After a failure they must be found again, and their keys would be forgotten if they were never given."""
    first = parse(feed(PLAIN["short"], PLAIN["text"]), url=URL)
    last = LastItems().completed(first, Cursor(), NOW, body_hash="first", url=URL).last
    second = parse(feed(PLAIN["people"], PLAIN["short"], PLAIN["text"]), url=URL, known=last.marks)
    found = last.completed(second, Cursor(body_hash=committed), NOW + timedelta(days=days), body_hash="second", url=URL)
    assert len(found.document.items) == len(found.drafts) == given
    third = parse(feed(PLAIN["letters"], PLAIN["people"], PLAIN["short"]), url=URL, known=found.last.marks)
    later = found.last.completed(
        third, Cursor(body_hash="second"), NOW + timedelta(days=days, hours=1), body_hash="third", url=URL
    )
    assert [item.title for item in later.document.items] == ["镓 – Überblick"]
    assert len(later.traces) == 3


@pytest.mark.parametrize("name", ["the same id", "the same link"])
def test_entries_beside_one_with_the_same_id_or_link_are_given(name: str) -> None:
    """Whether an id or a link identifies an entry depends on the others of its document."""
    first = parse(feed(PLAIN["short"], PLAIN["text"]), url=URL)
    last = LastItems().completed(first, Cursor(), NOW, body_hash="first", url=URL).last
    for number, others in enumerate(((PLAIN[name],), (PLAIN["people"],))):
        document = parse(feed(*others, PLAIN["short"], PLAIN["text"]), url=URL, known=last.marks)
        hashes = ["first", "second", "third"]
        cursor = Cursor(body_hash=hashes[number])
        found = last.completed(document, cursor, NOW, body_hash=hashes[number + 1], url=URL)
        assert len(found.document.items) == 3
        last = found.last


@pytest.mark.no_cover
@pytest.mark.parametrize("lasting", LASTING.values(), ids=LASTING)
@pytest.mark.parametrize("plain", PLAIN.values(), ids=PLAIN)
def test_items_beside_hostile_ones_are_read_as_they_stand(plain: str, lasting: str) -> None:
    """Only a document whose items cannot affect each other may be read in part."""
    for before, after in (
        (feed(plain, PLAIN["short"]), feed(lasting, plain, PLAIN["short"])),
        (feed(lasting, plain), feed(PLAIN["short"], plain)),
        (feed(lasting, plain), feed(PLAIN["short"], lasting, plain)),
        (feed(lasting, plain, PLAIN["short"]), feed(plain, PLAIN["text"])),
    ):
        _, last = outcome(before)
        assert outcome(after, last)[0] == outcome(after)[0]


@pytest.mark.parametrize("name", PLAIN)
def test_only_a_new_item_is_parsed(name: str) -> None:
    """Otherwise every poll would cost as much as the first one."""
    items = [item for other, item in PLAIN.items() if other != name]
    _, last = outcome(feed(*items, head=HEADS[1]))
    document = feed(PLAIN[name], *items, head=HEADS[2])
    found = parse(document, url=URL, known=last.marks)
    assert found.skipped == tuple(range(1, len(PLAIN)))
    assert len(found.items) == 1
    assert outcome(document, last)[0] == outcome(document)[0]


def test_an_edited_item_is_parsed_again() -> None:
    """A correction of a headline must be found."""
    _, last = outcome(feed(*PLAIN.values()))
    edited = feed(*PLAIN.values()).replace(b"Gallium", b"Germanium")
    found, _ = outcome(edited, last)
    assert not isinstance(found, str)
    assert found[0].items[0].title == found[1][0].title == "Germanium & more"


@pytest.mark.parametrize("other", ["url", "language"])
def test_items_depend_on_the_address_and_the_headers(other: str) -> None:
    """A link of an item is resolved against the address of the feed, and its language may stand in a header."""
    document = feed(PLAIN["short"], head=HEADS[5])
    _, last = outcome(document)
    named = {"url": "https://moved.org/feed"} if other == "url" else {"url": URL, "content_language": "fr"}
    assert parse(document, **named, known=last.marks) == parse(document, **named)


def test_the_same_item_under_another_head_is_another_one() -> None:
    """A feed that begins to name its language names it for all its items, also in the document after that."""
    last = LastItems()
    for head in (HEADS[3], HEADS[0], HEADS[0]):
        document = feed(PLAIN["short"], head=head)
        found, last = outcome(document, last)
        assert found == outcome(document)[0]


@pytest.mark.parametrize(
    "begun",
    [
        pytest.param("<itunes:summary>About</itunes:summary><description>All about</description>", id="podcast"),
        pytest.param("<content:encoded>About</content:encoded>", id="text of a feed"),
        pytest.param("<source>", id="source around items"),
    ],
)
def test_an_item_says_the_same_in_any_place(begun: str) -> None:
    """The first item of most podcasts had another summary than the same item behind a newer one."""
    named = f"{NAMESPACES} xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'"
    head, tail = f"{HEADS[0]}{begun}", f"{'</source>' if begun == '<source>' else ''}{TAILS[0]}"
    newer, older = (
        f"<item><title>{n}</title><source>A</source><itunes:summary>Short {n}</itunes:summary><description>Long {n}</description></item>"
        for n in (2, 1)
    )
    before, after = (feed(*items, head=head, tail=tail, namespaces=named) for items in ([older], [newer, older]))
    found = parse(before, url=URL)
    _, last = outcome(before)
    again = parse(after, url=URL, known=last.marks)
    assert again.skipped == (1,)
    whole = parse(after, url=URL)
    assert last.completed(again, Cursor(), NOW).document == whole
    assert whole.items[1] == found.items[0]


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(
            f"<rss version='2.0'{{ns}}><channel xmlns:media='{ATOM}'><title>Feed</title>", id="declared again"
        ),
        pytest.param(
            f"<rss version='2.0' xmlns:media='{ATOM}'><!--{{ns}}--><channel><title>Feed</title>", id="in a comment"
        ),
    ],
)
def test_media_is_only_what_has_its_namespace(head: str) -> None:
    """In a text with markup languages are miscounted, so that one item has that of another."""
    lasting = "<item xml:lang='es'><title>Cinco</title><media:content type='text'><div lang='fr'>x</div></media:content></item>"
    _, last = outcome(feed(lasting, PLAIN["short"], head=head))
    after = feed(PLAIN["short"], head=head)
    assert outcome(after, last)[0] == outcome(after)[0]


def test_a_feed_in_another_encoding_is_read_in_part_too() -> None:
    """What counts is the text, not its octets."""
    declared = b"<?xml version='1.0' encoding='iso-8859-1'?>"
    old, new = (
        declared + feed(*items).decode().encode("latin-1")
        for items in (
            ["<item><title>Ä</title></item>"],
            ["<item><title>Ö</title></item>", "<item><title>Ä</title></item>"],
        )
    )
    _, last = outcome(old)
    assert parse(new, url=URL, known=last.marks).skipped == (1,)
    assert outcome(new, last)[0] == outcome(new)[0]


def test_what_is_kept_of_a_feed_is_limited() -> None:
    """Hundreds of feeds with long texts must fit into memory."""
    texts = [f"<item><title>{n}</title><description>{pow(7, 20_000 + n):x}</description></item>" for n in range(9)]
    document = feed(*texts)
    whole, last = outcome(document)
    assert 0 < sum(len(one.packed) for one in last.kept) <= MOST
    assert len(last.kept) < len(texts)
    assert outcome(document, last)[0] == whole
