"""Documents that mean no good, in their full size: each is read or refused within a bound of memory and of time."""

import random

import pytest

from tocsin.errors import Fault, SourceError
from tocsin.sources.documents import parser_process
from tocsin.sources.documents.items import LONGEST_TITLE, MOST_ENTRIES
from tocsin.sources.documents.page import Selectors
from tocsin.sources.prices.extract import Format
from tocsin.sources.prices.table import Columns, Table

#: Octets of address space, programs and libraries among them, and seconds.
MEMORY, SECONDS = 200_000_000, 20.0


def _rss(inner, head=""):
    return f"<?xml version='1.0' encoding='utf-8'?>{head}<rss version='2.0'><channel><title>Feed</title>{inner}</channel></rss>"


def _item(title, more=""):
    return f"<item><title>{title}</title><guid>1</guid>{more}</item>"


LAUGHS = "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 10))
MANY = "".join(f"<item><title>Pit {n}</title><guid>{n}</guid></item>" for n in range(10_000))


@pytest.mark.parametrize(
    ("document", "entries", "title"),
    [
        pytest.param(_rss(MANY), MOST_ENTRIES, "Pit 8000", id="ten thousand entries"),
        pytest.param(_rss(_item("x&a9;"), f"<!DOCTYPE x [<!ENTITY a0 'ha'>{LAUGHS}]>"), 1, "x&a9;", id="a billion laughs"),
        pytest.param(_rss(_item("x" + "&a;" * 50_000), f"<!DOCTYPE x [<!ENTITY a '{'y' * 50_000}'>]>"), 1, "x&a;", id="quadratic entities"),
        pytest.param(_rss(_item("x&a;"), "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>"), 1, "x&a;", id="an entity of a file"),
        pytest.param(_rss(_item("x&a;"), "<!DOCTYPE x SYSTEM 'http://127.0.0.1:9/x.dtd' [<!ENTITY % b SYSTEM 'http://127.0.0.1:9/'>%b;]>"), 1, "x&a;", id="a declaration elsewhere"),
        pytest.param(_rss(_item("bans " * 200_000)), 1, "bans bans", id="a title of a megabyte"),
        pytest.param(_rss(_item("x", f"<description>{'word ' * 1_900_000}</description>")), 1, "x", id="nine megabytes of text"),
        pytest.param(_rss(_item("x", f"<description>{'é' * 4_500_000}</description>")), 1, "x", id="nine megabytes of accents"),
        pytest.param(_rss(_item("x\U0001f389", f"<description>{'word ' * 1_900_000}</description>")), 1, "x\U0001f389", id="nine megabytes and a picture"),
        pytest.param(_rss("".join(f"<item><title>t{n}</title><guid>{n}</guid></item>" for n in range(9)))[:-60], 8, "t0", id="truncated"),
    ],
)  # fmt: skip
def test_what_can_be_read_of_a_bad_document_is_read(document, entries, title):
    """Its entries may be news all the same, and reading them takes neither all memory nor all day."""
    found = parser_process.parse(document.encode(), url="http://e.com/feed", large=0, memory=MEMORY, seconds=SECONDS)
    assert len(found.items) == entries
    assert found.items[0].title.startswith(title)
    assert max(len(item.title) for item in found.items) <= LONGEST_TITLE


@pytest.mark.parametrize(
    ("document", "words"),
    [
        pytest.param(_rss("<a>" * 100_000), "more than 5000 levels deep", id="100,000 levels"),
        pytest.param(_rss(_item("<b>" * 100_000 + "x" + "</b>" * 100_000)), "more than 5000 levels deep", id="100,000 levels in a title"),
        pytest.param(_rss("<item " + " ".join(f"a{n}='1'" for n in range(100_000)) + "/>"), "more than 500 attributes", id="100,000 attributes"),
        pytest.param(_rss("<a/>" * 1_000_000), "more than 400000 tags", id="a million tags"),
        pytest.param(random.Random(7).randbytes(9_000_000).decode("latin-1"), "not a feed", id="nine megabytes of noise"),
        pytest.param("[" * 9_000_000, "JSON with more than", id="nine megabytes of brackets"),
        pytest.param(f"<!DOCTYPE html><html>{'<p>Sign in</p>' * 100_000}</html>", "not a feed but an HTML page", id="a page of a megabyte"),
    ],
)  # fmt: skip
def test_a_document_that_cannot_be_read_is_refused_in_time(document, words):
    """The words say what is wrong with it, and not that it took too long or too much."""
    with pytest.raises(SourceError, match=words) as caught:
        parser_process.parse(document.encode(), url="http://e.com/feed", large=0, memory=MEMORY, seconds=SECONDS)
    assert caught.value.fault in {Fault.NOT_A_FEED, Fault.TOO_LARGE}
    assert "seconds" not in str(caught.value)
    assert "reader ended" not in str(caught.value)


#: Each paragraph opens again whatever is open: the tree grows with the square of the page.
OPEN = "".join(f"<b id={n}><p>" for n in range(6000))


def test_a_page_of_100_kilobytes_takes_no_gigabytes():
    """A browser may bear it; the daemon would be ended by the kernel, and every other source with it."""
    with pytest.raises(SourceError, match="cannot be read") as caught:
        parser_process.parse(OPEN.encode(), url="http://e.com/", reading=Selectors(items="a"))
    assert caught.value.fault is Fault.NOT_A_FEED


def test_a_table_of_prices_takes_no_gigabytes():
    """Prices are hostile input, too."""
    table = Table(Columns(format=Format.HTML, rows="tr", symbol="td", price="td"))
    with pytest.raises(SourceError, match="cannot be read") as caught:
        table.parse(OPEN.encode(), "text/html", ["A"])
    assert caught.value.fault is Fault.NOT_DATA
