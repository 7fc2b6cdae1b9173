"""Large documents are parsed in a process of their own."""

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tocsin.errors import Fault, SourceError
from tocsin.sources import cell
from tocsin.sources.parse import parse

HEADERS = {"url": "http://e.com/feed", "content_type": "text/xml; charset=gbk", "content_language": "zh"}
ENTRIES = "".join(
    f"<item><title>中国 {n}</title><guid>{n}</guid><link>/{n}</link>"
    f"<pubDate>Mon, 02 Mar 2026 10:00:{n:02} GMT</pubDate><source url='x'>出处</source></item>"
    for n in range(9)
)
#: Cut off, so that every field of the result says something.
FEED = f"<rss version='2.0'><channel><title>矿业</title><link>/</link>{ENTRIES}<item><title>x".encode("gbk")


def test_the_cell_finds_what_the_parser_finds():
    """A feed does not change its entries or their identity on the day on which it has grown large."""
    apart = cell.parse(FEED, **HEADERS, large=0)
    assert apart == parse(FEED, **HEADERS)
    assert (len(apart.items), apart.complete, bool(apart.notes)) == (9, False, True)
    assert apart.items[0].published is not None


@pytest.mark.parametrize(
    ("size", "options", "words"),
    [
        pytest.param(100, {"large": 0}, "not a feed but an HTML page", id="no feed"),
        pytest.param(100, {"large": 0, "seconds": 0.001}, "takes more than 0.001 seconds", id="too slow"),
        pytest.param(9_000_000, {"memory": 1024 * 1024}, "the reader ended with", id="too much memory"),
        pytest.param(100, {"large": 200}, "not a feed but an HTML page", id="small, and parsed at home"),
    ],
)
def test_a_document_that_cannot_be_read_is_a_failed_poll(size, options, words):
    """Whatever becomes of the process, the daemon gets its one error."""
    with pytest.raises(SourceError, match=words) as caught:
        cell.parse(b"<html>".ljust(size), url="http://e.com/", **options)
    assert caught.value.fault is Fault.NOT_A_FEED


def test_the_cell_knows_no_secrets(monkeypatch):
    """What strangers feed is parsed where no password lies: its environment is empty, its arguments hold no address."""
    monkeypatch.setenv("TOCSIN_PASSWORD", "canary")
    large = b"<rss version='2.0'><channel>" + b"<item><title>x</title></item>" * 30_000 + b"</channel></rss>"
    with ThreadPoolExecutor(1) as pool:
        parsing = pool.submit(cell.parse, large, url="http://user:canary@e.com/feed")
        seen = b""
        while not parsing.done():
            seen = _looked_up() or seen
            time.sleep(0.005)
        assert len(parsing.result().items) == 2000
    assert b"tocsin.sources.cell" in seen
    assert b"PYTHONPATH=" in seen
    assert b"canary" not in seen


def _looked_up():
    """Arguments and environment of the cell that runs as a child of this process."""
    found = b""
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):  # threads and children come and go
            for child in (task / "children").read_text().split():
                command = Path(f"/proc/{child}/cmdline").read_bytes()
                if b"tocsin.sources.cell" in command:
                    found = command + Path(f"/proc/{child}/environ").read_bytes()
    return found


def test_a_large_json_feed_is_read_in_the_cell_as_well():
    """Every format has large documents."""
    body = b'{"version": "https://jsonfeed.org/version/1.1", "title": "T", "items": [{"id": "1", "title": "A\\ud800"}]}'
    parsed = cell.parse(body, url="https://example.com/feed", large=10)
    assert (parsed.title, [(item.id, item.title) for item in parsed.items]) == ("T", [("1", "A?")])


@pytest.mark.parametrize(
    ("document", "titles"),
    [
        pytest.param("<rss version='2.0'>{blanks}<channel><item><title>x</title></item></channel></rss>", ["x"], id="in"),
        pytest.param("{blanks}<rss version='2.0'><channel><item><title>x</title></item></channel></rss>", ["x"], id="before"),
        pytest.param("<rss version='2.0'><channel><item><title>x</title></item></channel></rss>{blanks}", ["x"], id="after"),
        pytest.param("<rss version='2.0'><channel><item><title>x{blanks}y</title></item></channel></rss>", ["x"], id="title"),
    ],
)  # fmt: skip
def test_a_megabyte_of_nothing_is_read_at_once(document, titles):
    """Blanks are searched once: twice from each would hold the interpreter, and with it every source, for minutes."""
    body = document.format(blanks=" \n" * 500_000).encode()
    assert [item.title for item in cell.parse(body, url="http://e.com/feed", seconds=15).items] == titles
