"""Pages without a feed: what selectors make of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tocsin.errors import Fault, SourceError
from tocsin.sources.documents.page import MOST_TAGS, Selectors, check_format, check_selector, read
from tocsin.sources.documents.parser_process import parse

URL = "https://example.org/notices/index.html"
PAGE = """\
<html lang="en"><head><title>Notices</title><base href="/zcfb/"></head><body>
<ul>
 <li class=notice><a href="art/1.html"> Export control of
   gallium </a> <span class=day>02.03.2026</span></li>
 <li class=notice><a href="https://other.example/2">Second &amp; last</a> <time datetime="2026-03-01T10:00:00Z">x</time></li>
 <li class=notice><p></p></li>
 <li class=ad><a href="/buy">Buy</a></li>
</ul>"""
NOTICES = Selectors(items="li.notice", title="a")


def seen(page: str, selectors: Selectors) -> list[tuple[str, str]]:
    """Title and link of each item."""
    return [(item.title, item.link) for item in read(page, selectors, url=URL).items]


def test_items_have_titles_links_and_dates() -> None:
    """A list of notices is as good as a feed."""
    found = read(PAGE, NOTICES, url=URL)
    assert [(item.title, item.link, item.own_link) for item in found.items] == [
        ("Export control of gallium", "https://example.org/zcfb/art/1.html", True),
        ("Second & last", "https://other.example/2", True),
    ]
    assert found.items[0].summary == "Export control of gallium 02.03.2026"
    assert (found.title, found.items[0].language) == ("Notices", "en")
    assert found.items[1].published == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert found.notes == ("left out, without a title: 1 item",)


def test_a_date_is_read_in_its_form_and_zone() -> None:
    """Registers write days as their country does."""
    selectors = Selectors(items="li.notice", title="a", date=".day", date_format="%d.%m.%Y", zone="Asia/Shanghai")
    found = read(PAGE, selectors, url=URL)
    assert found.items[0].published == datetime(2026, 3, 1, 16, tzinfo=UTC)
    assert found.items[1].published is None


@pytest.mark.parametrize(
    ("written", "form", "wanted"),
    [
        ("<time>2026-03-02 10:00</time>", "", datetime(2026, 3, 2, 2, tzinfo=UTC)),
        ("<time>2 March 2026</time>", "", datetime(2026, 3, 1, 16, tzinfo=UTC)),
        ("<time>2026-03-02T10:00Z</time>", "", datetime(2026, 3, 2, 10, tzinfo=UTC)),
        ("<time datetime=2026-03-02T10:00>Monday</time>", "%d.%m.%Y", datetime(2026, 3, 2, 2, tzinfo=UTC)),
        ("<time datetime=soon>02.03.2026</time>", "%d.%m.%Y", datetime(2026, 3, 1, 16, tzinfo=UTC)),
        ("<time>2026年3月2日</time>", "%Y年%m月%d日", datetime(2026, 3, 1, 16, tzinfo=UTC)),
        ("<time>31.02.2026</time>", "%d.%m.%Y", None),
        ("<time></time>", "%d.%m.%Y", None),
    ],
    ids=["plain", "words", "own-zone", "attribute", "bad-attribute", "chinese", "impossible", "empty"],
)
def test_a_date_is_that_of_the_zone_and_the_attribute_goes_first(
    written: str, form: str, wanted: datetime | None
) -> None:
    """A notice of the morning in Shanghai is one of the night in London, whether its form is given or not."""
    selectors = Selectors(items="li", title="a", date_format=form, zone="Asia/Shanghai")
    [item] = read(f"<li><a href=/1>x</a>{written}", selectors, url=URL).items
    assert item.published == wanted


def test_a_form_of_dates_is_checked() -> None:
    """One that strptime cannot read would leave every notice without a date."""
    assert check_format("%Y年%m月%d日 %H:%M") == "%Y年%m月%d日 %H:%M"
    for form in ("%Q", "%d %d %Y", "%H:%M", "dd.mm.yyyy", "%"):
        with pytest.raises(ValueError, match="is not a format of a whole date"):
            check_format(form)


def test_a_link_to_the_page_itself_tells_nothing_apart() -> None:
    """If only the newest notice has `#`, the next one would be taken for the same."""
    found = read("<p class=n><a href='#top'>One</a>", Selectors(items="p.n"), url=URL)
    assert [(item.link, item.own_link) for item in found.items] == [(f"{URL}#top", False)]


def test_a_link_that_is_nowhere_is_an_error() -> None:
    """Messages would point to the page for ever."""
    with pytest.raises(SourceError, match="none of 2 items has a link at 'b'; correct `link`"):
        read(PAGE, Selectors(items="li.notice", title="a", link="b"), url=URL)


@pytest.mark.parametrize("inside", ["word " * 20_000, ""], ids=["text", "short"])
def test_items_in_one_another_are_refused(inside: str) -> None:
    """Two thousand of them would repeat the page two thousand times."""
    with pytest.raises(SourceError, match="are nested; correct `items`") as caught:
        read("<div>x" * 9000 + inside, Selectors(items="div"), url=URL)
    assert caught.value.fault is Fault.TOO_LARGE


def test_a_date_that_is_nowhere_is_said() -> None:
    """Otherwise old notices look new for ever, without an explanation."""
    found = read(PAGE, Selectors(items="li.notice", title="a", date=".when"), url=URL)
    assert "no item has a date that can be read at '.when'; the first sight counts" in found.notes


def test_an_item_may_be_the_link_itself() -> None:
    """Its text is the title then."""
    assert seen("<a class=n href=/1>One</a><a class=n>Two</a>", Selectors(items="a.n")) == [
        ("One", "https://example.org/1"),
        ("Two", URL),
    ]


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("", "nothing on the page is 'li.notice'"),
        ("<html>Please enable JavaScript", "nothing on the page is 'li.notice': it was rebuilt, or needs a browser"),
        ("<li class=notice></li>", "1 node is 'li.notice', and none has 'a'; correct `title`"),
    ],
    ids=["empty", "challenge", "no-title"],
)
def test_a_page_on_which_nothing_is_an_item_is_an_error(page: str, words: str) -> None:
    """A page that was rebuilt must not look like one without news."""
    with pytest.raises(SourceError) as caught:
        read(page, NOTICES, url=URL)
    assert words in str(caught.value)
    assert caught.value.fault is Fault.NOT_A_FEED


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 25_000 + "<li class=notice><a href=/1>x</a>",
        "<li class=notice><a href='" + "y" * 1_000_000 + "'>x</a>",
        "<li class=notice><a href=/1>" + "x" * 3_000_000 + "</a>",
        "<li class=notice><a href=/1>a\x00b\ud800\u202e\x07c</a>",
        "<li class=notice><a href='javascript:alert(1)'>x</a>",
        "<li class=notice><a href=/1>x" + "<b>" * 25_000,
    ],
    ids=["deep", "attribute", "text", "controls", "script", "unclosed"],
)
def test_a_hostile_page_is_bounded(page: str) -> None:
    """It is somebody else's page; one that is larger and deeper is read in a process that may be ended."""
    [item] = read(page.encode("utf-8", "replace").decode(), NOTICES, url=URL).items
    assert len(item.title) <= 1000
    assert item.title.isprintable()
    assert len(item.link) <= 4000
    assert item.link.startswith("https://")


def test_a_page_of_tags_alone_is_not_read() -> None:
    """Each of them would take memory."""
    with pytest.raises(SourceError) as caught:
        read("<b>" * (MOST_TAGS + 1), NOTICES, url=URL)
    assert caught.value.fault is Fault.TOO_LARGE


@pytest.mark.parametrize("page", ["<div>" * 31_000, "<p><a></x>" * 31_000, "<div><img></DIV><b>" * 31_000 + "</b>"])
def test_a_page_that_is_nested_without_end_is_not_read(page: str) -> None:
    """The parser took a minute for half a megabyte, at each poll."""
    with pytest.raises(SourceError, match="more than 30000 levels deep"):
        read(page, NOTICES, url=URL)


@pytest.mark.parametrize("page", ["<p>" * 40_000, "<div><br></div>" * 40_000, "<ul>" + "<li>Notice" * 40_000])
def test_a_long_page_is_not_taken_for_a_deep_one(page: str) -> None:
    """HTML lets many elements stay open, or ends them by itself."""
    assert seen(f"{page}</ul><li class=notice><a>Ban</a>", NOTICES)[0][0] == "Ban"


def test_a_large_page_is_read_in_a_parser_process() -> None:
    """As a large feed is: with the selectors, and the same result."""
    body = PAGE.encode()
    assert parse(body, url=URL, reading=NOTICES, large=10) == parse(body, url=URL, reading=NOTICES)


def test_a_selector_is_checked() -> None:
    """By `tocsin check`, at its place."""
    assert check_selector("li.notice > a[href]") == "li.notice > a[href]"
    with pytest.raises(ValueError, match="is not a CSS selector"):
        check_selector("li[[")
