"""URLs as they are requested and compared."""

import pytest

from tocsin.sources.http import urls


@pytest.mark.parametrize(
    ("url", "form"),
    [
        ("http://Example.com:80/a/", "https://example.com/a"),
        ("https://example.com:443/a#top", "https://example.com/a"),
        ("https://example.com:8443/a", "https://example.com:8443/a"),
        ("https://example.com/#!/story", "https://example.com#!/story"),
        ("https://example.com/a?utm_source=x&b=2&a=1&fbclid=y", "https://example.com/a?a=1&b=2"),
        ("https://example.com/a?MTM_campaign=x&OCID=y", "https://example.com/a"),
        ("https://example.com/a?ref=rss&source=feed.example.org", "https://example.com/a"),
        ("https://example.com/a?ref=42&source=reuters", "https://example.com/a?ref=42&source=reuters"),
        ("https://amp.example.com/a/amp/", "https://example.com/a"),
        ("https://amp.com/a", "https://amp.com/a"),
        ("https://example.com/a?amp&outputType=amp", "https://example.com/a"),
        ("https://example.com/a?amp=1", "https://example.com/a"),
        ("https://www.example.com/a", "https://example.com/a"),
        ("https://m.example.com/a", "https://example.com/a"),
        ("https://mobile.www.example.com/a", "https://example.com/a"),
        ("https://m.com/a", "https://m.com/a"),
        ("https://www-example-com.cdn.ampproject.org/c/s/www.example.com/a/amp?x=1", "https://example.com/a?x=1"),
        ("https://www.google.com/amp/s/m.example.com/a", "https://example.com/a"),
        ("https://www.google.com/amp/s/", "https://google.com/amp/s"),
        ("https://example.com/%7eops/%c3%bc?q=%2f%41", "https://example.com/~ops/%C3%BC?q=%2FA"),
        ("https://example.com/100%/a", "https://example.com/100%/a"),
        ("https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"),
        ("https://user:word@example.com/a", "https://example.com/a"),
        ("http://[2606:4700::1]:80/a", "https://[2606:4700::1]/a"),
        (" https://example.com/a\n", "https://example.com/a"),
        ("mailto:desk@example.com", ""),
        ("https:///a", ""),
        ("https://example.com:port/a", ""),
        ("http://[::1/a", ""),
        ("", ""),
    ],
)
def test_links_to_one_article_have_one_form(url, form):
    """The same article under two campaign links is one, and parameters that choose an article are kept."""
    assert urls.canonical(url, feed_host="feed.example.org") == form


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://e.com/f?sig=a%2Fb%3D,c", "https://e.com/f?sig=a%2Fb%3D,c"),
        ("https://e.com/a b?q=é", "https://e.com/a%20b?q=%C3%A9"),
        ("http://user:word@bücher.example:81/", "http://user:word@xn--bcher-kva.example:81/"),
        ("http://[2606:4700::1]/\x00a", "http://[2606:4700::1]/a"),
        ("http://a..bücher/", "http://a..b%C3%BCcher/"),
    ],
)
def test_a_signed_url_is_requested_as_it_was_given(url, asked):
    """Re-encoding a query would break every signed feed address."""
    assert urls.escape(url) == asked


@pytest.mark.parametrize(
    ("url", "rest"),
    [
        ("https://www.e.com/a/b/?x=1", "/a/b?x=1"),
        ("https://e.com/?p=12", "/?p=12"),
        ("https://e.com/", ""),
        ("tag:e.com,2026:1", ""),
    ],
)
def test_what_stays_of_an_url_without_its_host(url, rest):
    """A site that moves to another name keeps the identity of its articles, and a home page has none."""
    assert urls.without_host(url) == rest


@pytest.mark.parametrize(
    ("url", "form"),
    [
        ("https://news.google.com/rss/articles/CBMiAbc?oc=5", ""),
        (
            "http://www.bing.com/news/apiclick.aspx?ref=FexRss&aid=&tid=1&url=https%3a%2f%2fwww.e.com%2fa%3fb%3d1&c=2",
            "https://e.com/a?b=1",
        ),
        ("https://www.bing.com/news/apiclick.aspx?url=javascript%3aalert(1)", ""),
        ("https://www.bing.com/news/apiclick.aspx?url=https%3a%2f%2fwww.bing.com%2f%3furl%3dhttps%3a%2f%2fe.com", ""),
        ("https://news.google.com.evil.test/a", "https://news.google.com.evil.test/a"),
    ],
)
def test_an_aggregators_link_is_the_articles_or_says_nothing(url: str, form: str) -> None:
    """No request is made to find out where it leads. Title and day then distinguish entries."""
    assert urls.canonical(url) == form


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://e.com:80/feed/?utm_source=x", "https://E.com/feed", True),
        ("https://news.google.com/rss/search?q=tin", "https://news.google.com/rss/search?q=zinc", False),
        ("https://www.e.com/feed", "https://e.com/feed", False),
        ("https://m.e.com/feed", "https://e.com/feed", False),
        ("https://e.com/feed/amp", "https://e.com/feed", False),
    ],
    ids=["one feed", "two searches", "another name", "for telephones", "another path"],
)
def test_addresses_of_feeds_are_compared_more_narrowly(one: str, other: str, same: bool) -> None:
    """Two searches at one aggregator are two sources; whoever adds the second wants it."""
    assert (urls.address(one) == urls.address(other)) is same
    assert urls.address(one) != ""


def test_what_is_no_web_address_has_no_form() -> None:
    """Nor do two such have one in common."""
    assert urls.address("mailto:desk@e.com") == ""


def test_a_host_of_a_thousand_faces_has_a_form() -> None:
    """The author of a link may repeat a part of it a thousand times."""
    assert urls.canonical(f"http://{'www.m.' * 600}e.com/x") == "https://e.com/x"


@pytest.mark.parametrize(
    ("name", "edition"),
    [
        ("https://e.com/a#0", True),
        ("http://www.e.com/a/#2026-03-02T10:00:00Z", True),
        ("https://e.com/a?v=2", True),
        ("https://e.com/a;3", True),
        ("https://e.com/a 1772445600", True),
        ("https://e.com/a", False),
        ("https://e.com/a2", False),
        ("https://e.com/b#0", False),
        ("bulletin-47", False),
        ("", False),
    ],
)
def test_an_id_that_counts_up_behind_its_link_is_an_edition(name, edition):
    """The same article has another id after each change of it."""
    assert urls.is_edition(name, "https://e.com/a") is edition


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://straße.example/feed", "xn--strae-oqa.example"),
        ("https://βόλος.example/", "xn--nxasmm1c.example"),
        ("https://MÜNCHEN.example/", "xn--mnchen-3ya.example"),
        ("https://日本語。example/", "xn--wgv71a119e.example"),
        ("https://i❤.example/", "xn--i-7iq.example"),
        (f"https://{'ä' * 200}.example/", ""),
    ],
)
def test_a_name_is_asked_for_as_browsers_do(url, host):
    """By the older standard straße is strasse, which belongs to somebody else."""
    assert urls.host(url) == host


PAPER = "https://www.paper.example/a?b=1"
HELD = "https%3A%2F%2Fwww.paper.example%2Fa%3Fb%3D1"


@pytest.mark.parametrize(
    ("url", "direct", "key"),
    [
        (f"https://www.google.com/url?rct=j&sa=t&url={HELD}&ct=ga&cd=X1&usg=U", PAPER, "https://paper.example/a?b=1"),
        (f"https://www.google.co.uk/url?q={HELD}", PAPER, "https://paper.example/a?b=1"),
        (f"http://www.bing.com/news/apiclick.aspx?ref=F&url={HELD}&c=1", PAPER, "https://paper.example/a?b=1"),
        (f"https://r.search.yahoo.com/_ylt=A/RV=2/RU={HELD}/RK=2/RS=x-", PAPER, "https://paper.example/a?b=1"),
        (f"https://l.facebook.com/l.php?u={HELD}&h=A", PAPER, "https://paper.example/a?b=1"),
        ("https://www.google.com/url?url=https://t.co/x", "https://t.co/x", ""),
        ("https://www.google.com/url?url=javascript:alert(1)", None, "https://google.com/url?url=javascript:alert(1)"),
        ("https://feedproxy.google.com/~r/paper/~3/abc/", None, ""),
        ("https://t.co/abc", None, ""),
        (f"https://paper.example/url?url={HELD}", None, f"https://paper.example/url?url={HELD}"),
    ],
)
def test_the_article_behind_a_counter_of_clicks_is_meant(url, direct, key):
    """A counter's address is another in every alert, and all papers would be one origin; a short one says nothing."""
    assert urls.direct(url) == (direct or url)
    assert urls.canonical(url) == key


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("feed://e.com/f", "http://e.com/f"),
        ("FEED:https://e.com/f", "https://e.com/f"),
        ("https://e.com/feed:x", "https://e.com/feed:x"),
        ("feed:", "feed:"),
    ],
)
def test_an_address_for_feed_readers_is_a_web_address(url, plain):
    """Sites and other readers give their feeds so."""
    assert urls.plain_scheme(url) == plain
