"""JSON Feed as it really comes."""

import json
from datetime import UTC, datetime

import pytest

from tocsin.errors import Fault, SourceError
from tocsin.sources.documents.items import LONGEST_TITLE, MOST_ENTRIES
from tocsin.sources.feeds.jsonfeed import MOST_ITEMS, MOST_MARKS
from tocsin.sources.feeds.parser_program import read

URL = "https://example.com/news/feed.json"
VERSION = "https://jsonfeed.org/version/1.1"


def _feed(*items, **more):
    return json.dumps({"version": VERSION, "title": "Metal News", "items": list(items), **more}).encode()


def _one(**fields):
    (item,) = read(_feed(fields), url=URL).items
    return item


def test_an_item_becomes_the_same_plain_values_as_of_any_feed():
    """Rules, identity and messages do not know which format a feed is in."""
    parsed = read(
        _feed(
            {
                "id": "g1",
                "url": "/2026/gallium",
                "title": "China bans gallium",
                "content_html": "<p>It said so.</p><p>Prices rose.</p>",
                "summary": "A ban.",
                "date_published": "2026-03-02T10:00:00+01:00",
            },
            home_page_url="https://example.com/",
            language="en-US",
        ),
        url=URL,
        content_type="application/feed+json",
    )
    (item,) = parsed.items
    assert (parsed.title, parsed.link, parsed.complete, parsed.notes) == (
        "Metal News",
        "https://example.com/",
        True,
        (),
    )
    assert (item.id, item.link, item.own_link) == ("g1", "https://example.com/2026/gallium", True)
    assert (item.title, item.summary, item.body) == (
        "China bans gallium",
        "A ban.",
        "It said so.\n\nPrices rose.",
    )
    assert item.language == "en-us"
    assert item.published == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert item.published_raw == "2026-03-02T10:00:00+01:00"


AUTHORS = {
    "version 1.1": (
        {"authors": [{"name": "Jane Doe"}, {"url": "x"}, 5, {"name": "<b>J</b> Roe"}]},
        ("Jane Doe", "J Roe"),
    ),
    "version 1.0": ({"author": {"name": "Jane Doe"}}, ("Jane Doe",)),
    "both": ({"authors": [{"name": "A"}], "author": {"name": "A"}}, ("A",)),
    "odd": ({"authors": "Jane", "author": ["x"]}, ()),
}


@pytest.mark.parametrize(("fields", "authors"), AUTHORS.values(), ids=AUTHORS)
def test_authors_and_tags_are_read(fields, authors):
    """A rule can ask who wrote an item, and where it is filed."""
    item = _one(**fields, tags=["Mining", "Mining", [7], "Trade &amp; policy"])
    assert item.authors == authors
    assert item.categories == ("Mining", "Trade & policy")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (_feed({"id": "1"}), "application/feed+json"),
        (_feed({"id": "1"}), "text/html"),
        (b"\xef\xbb\xbf \n" + _feed({"id": "1"}), ""),
        (b'{"title": "T", "items": [{"id": "1"}]}', "application/json"),
        (b'{"version": "http://jsonfeed.org/version/1", "items": [{"id": 1}]}', "application/json"),
        (b"<rss version='2.0'><channel><item><guid>1</guid></item></channel></rss>", "application/feed+json"),
    ],
    ids=["said", "said wrongly", "marked", "without version", "version 1.0", "XML that says it is JSON"],
)
def test_the_content_decides_what_a_document_is(body, content_type):
    """Servers say the wrong type of half of their documents."""
    assert [item.id for item in read(body, url=URL, content_type=content_type).items] == ["1"]


@pytest.mark.parametrize(
    ("fields", "name", "value"),
    [
        ({"id": 12}, "id", "12"),
        ({"id": 1.50}, "id", "1.5"),
        ({"id": True}, "id", ""),
        ({"id": ["x"]}, "id", ""),
        ({"id": "a\x00b\ud800"}, "id", "ab?"),
        ({"url": "javascript:alert(1)"}, "link", ""),
        ({"external_url": "https://other.example/a"}, "link", "https://other.example/a"),
        ({"attachments": [3, {"url": "https://e.com/a.mp3"}]}, "link", "https://e.com/a.mp3"),
        ({"attachments": {"url": "https://e.com/a.mp3"}}, "link", ""),
        ({"title": "A &amp; <b>B</b>\u202e"}, "title", "A & B"),
        ({"title": "t" * 5000}, "title", "t" * LONGEST_TITLE),
        ({"content_text": "One <two>\n\nthree"}, "body", "One <two>\n\nthree"),
        ({"content_text": "x", "summary": "x"}, "summary", ""),
        ({"date_published": "never", "date_modified": "2026-03-02T10:00:00Z"}, "published_raw", "never"),
        ({"date_published": 1772445600}, "published", datetime(2026, 3, 2, 10, tzinfo=UTC)),
        ({"date_published": "1704-99-99"}, "published", None),
    ],
)
def test_a_field_is_read_whatever_its_type(fields, name, value):
    """A value of a wrong type counts as missing, and no entry is lost."""
    assert getattr(_one(**fields), name) == value


def test_what_cannot_be_items_is_told_and_left_out():
    """An operator sees why there are fewer entries than expected."""
    parsed = read(_feed({"id": "1"}, 2, None, expired=True), url=URL)
    assert len(parsed.items) == 1
    assert parsed.notes == (
        "left out because they are not objects: 2 items",
        "the feed says that it has expired: there will be no more items",
    )
    assert read(b'{"version": "%s"}' % VERSION.encode(), url=URL).notes == ("`items` is missing",)


def test_of_too_many_items_the_newest_are_read():
    """A bound that loses old news, never new."""
    items = [{"id": str(n), "date_published": 1_700_000_000 + n} for n in range(MOST_ENTRIES + 2)]
    parsed = read(_feed(*items), url=URL)
    assert len(parsed.items) == MOST_ENTRIES
    assert parsed.items[0].id == "2"
    assert parsed.notes == (f"{MOST_ENTRIES + 2} entries, the newest {MOST_ENTRIES} were read",)


def test_a_wrong_encoding_is_told():
    """The note of the decoder stands before those of the reader."""
    body = _feed({"id": "1", "title": "Métal"}).decode("unicode_escape").encode("latin-1")
    assert read(body, url=URL).notes[0].endswith("read as windows-1252")


@pytest.mark.parametrize(
    ("body", "fault", "words"),
    [
        (b'{"version": "x"}', Fault.NOT_A_FEED, "not a JSON Feed"),
        (b"[1, 2]", Fault.NOT_A_FEED, "not a JSON Feed"),
        (b'{"error": "no such page", "items": 3}', Fault.NOT_A_FEED, "not a JSON Feed"),
        (b'{"title": "a",\n "items": [', Fault.NOT_A_FEED, "broken JSON: line 2, column"),
        (b'{"version": ' + b"[" * 100_000, Fault.NOT_A_FEED, "nested too deeply"),
        (b'{"items": [' + b"{}," * MOST_MARKS, Fault.TOO_LARGE, f"more than {MOST_MARKS} values"),
        (b'{"title": "", "items": [' + b"{}," * MOST_ITEMS + b"{}]}", Fault.TOO_LARGE, f"more than {MOST_ITEMS} items"),
    ],
    ids=["another version", "a list", "an answer of an interface", "cut off", "deep", "many values", "many items"],
)
def test_what_is_no_json_feed_is_a_source_error(body, fault, words):
    """Nothing that a server can send is more than one failed poll."""
    with pytest.raises(SourceError, match=words) as caught:
        read(body, url=URL)
    assert caught.value.fault is fault


def test_numbers_that_are_none_or_endless_are_read():
    """NaN and a number of a hundred thousand digits are not worth a lost entry."""
    body = b'{"version": "%s", "x": NaN, "items": [{"id": %s, "title": Infinity}]}' % (VERSION.encode(), b"9" * 100_000)
    (item,) = read(body, url=URL).items
    assert (len(item.id), item.title) == (100_000, "")
