"""The cost of reading a document."""

import pytest

from tocsin.errors import Fault, SourceError
from tocsin.sources.feeds.repair import DEEPEST, HARMLESS, MOST_ATTRIBUTES, MOST_TAGS, check_cost
from tocsin.sources.feeds.rss import parse

ATTRIBUTES = " ".join(f"a{n}='1'" for n in range(MOST_ATTRIBUTES + 1))
#: Makes a document so long that it is looked at.
LONG = f"<!--{' ' * HARMLESS}-->"
FEED = "<rss version='2.0'><channel><title>x</title>{}<item><title>y</title></item></channel></rss>"


@pytest.mark.parametrize(
    ("document", "words"),
    [
        pytest.param("<a/>" * (MOST_TAGS + 1), "tags", id="too many tags"),
        pytest.param(f"<a {ATTRIBUTES}/>", "attributes", id="too many attributes"),
        pytest.param("<a b='>' " + ATTRIBUTES + "/>", "attributes", id="an angle bracket in a value"),
        pytest.param("<a>" * (DEEPEST + 1), "levels deep", id="too deep, and never closed"),
        pytest.param("<a>" * (DEEPEST + 1) + "</a>" * (DEEPEST + 1), "levels deep", id="too deep"),
    ],
)
def test_a_document_that_would_cost_too_much_is_refused(document, words):
    """A feed of a megabyte may not keep the processor for minutes, and its owner's reader learns why it is empty."""
    with pytest.raises(SourceError, match=words) as caught:
        check_cost(f"{document}{LONG}".encode())
    assert caught.value.fault is Fault.NOT_A_FEED


@pytest.mark.parametrize(
    "document",
    [
        pytest.param("<a " + ATTRIBUTES.removesuffix(f"a{MOST_ATTRIBUTES}='1'") + "/>", id="many attributes"),
        pytest.param("<a>" * DEEPEST + "</a>" * DEEPEST, id="deep"),
        pytest.param("<a>" + "<b></b>" * (2 * DEEPEST) + "</a>", id="many beside one another"),
        pytest.param("<a><![CDATA[" + "<b>" * (2 * DEEPEST) + "]]></a>", id="markup that is text"),
        pytest.param("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", id="an entity"),
        pytest.param("no markup & nonsense <", id="nonsense"),
        pytest.param("", id="nothing"),
    ],
)
def test_what_a_feed_may_be_is_let_through(document):
    """Long feeds, deep markup and broken documents are daily bread."""
    check_cost(f"{document}{LONG}".encode())


def test_what_is_short_is_let_through():
    """Looking costs time, too, and most feeds are short."""
    check_cost(f"<a {ATTRIBUTES}/>".encode())


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(FEED.format(f"<item {ATTRIBUTES}/>"), id="plain"),
        pytest.param("<!DOCTYPE @@@>\n" + FEED.format(f"<item {ATTRIBUTES}/>"), id="behind a broken declaration"),
        pytest.param("<!DOCTYPE a [\n<!ENTITY b '<c/>'>\n]>" + FEED.format(f"<item {ATTRIBUTES}/>"), id="entity"),
        pytest.param(
            "<!-- --><!DOCTYPE a [<!ATTLIST item b CDATA '1'>]>" + FEED.format(f"<item {ATTRIBUTES}/>"), id="declared"
        ),
    ],
)
def test_no_declaration_hides_the_cost(document):
    """The parser takes declarations away, and so must whoever looks before it."""
    with pytest.raises(SourceError, match="attributes"):
        parse(f"{document}{LONG}".encode(), url="http://e.com/")


def test_a_long_text_is_cut_before_it_is_read():
    """Nine megabytes in one description are no reason to take two hundred of memory; what is kept is its beginning."""
    body = FEED.format(f"<item><title>z</title><description>{'word ' * 400_000}</description></item>").encode()
    item = parse(body, url="http://e.com/").items[0]
    assert item.title == "z"
    assert len(item.summary) == 199_999
