"""`tocsin sources add|import`, against a server on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.loopback import documents

Tocsin = Any
FEED = (
    b"<rss version='2.0'><channel><title>Metal</title><item><title>Gallium</title><guid>1</guid></item></channel></rss>"
)
PAGES = {
    "/feed": FEED,
    "/": b"<html><link rel=alternate type=application/rss+xml href=/feed><link rel=alternate type=text/xml href=/two>",
    "/page": b"<html><p>nothing",
    "/list": b"<html><ul><li><a href=/1>China bans gallium exports</a><li><a href=/2>Weather</a></ul>",
}


@pytest.fixture
def base() -> Iterator[str]:
    """The address of a server with a feed and pages."""
    with documents(PAGES) as address:
        yield address


def written(tocsin: Tocsin) -> str:
    """The configuration as it is now."""
    return (tocsin.folder / "config.yaml").read_text(encoding="utf-8")


def test_a_page_is_added_by_the_feed_that_it_names(tocsin: Tocsin, base: str) -> None:
    """People paste the address that they see."""
    options = ("--allow-private", "--every", "30m", "--label", "tier=trade")
    result = tocsin("sources", "add", f"{base}/", *options)
    assert result.exit_code == 0, result.stderr
    line = f"127-0-0-1: {{feed: {base}/feed, every: 30m, allow_private: true, labels: {{tier: trade}}}}"
    assert result.stdout == f"{line}\n"
    assert f"it links to {base}/feed, {base}/two" in result.stderr
    assert "RSS 2.0, 1 entry" in result.stderr
    assert f'sources:\n  wire: {{feed: "https://me:s3cret@example.org/feed"}}\n  {line}\nreceivers:' in written(tocsin)
    assert tocsin("check").exit_code == 0
    again = tocsin("sources", "add", f"{base}/feed", "--allow-private")
    assert (again.exit_code, "it is already configured as 127-0-0-1" in again.stderr) == (0, True)
    told = json.loads(tocsin("sources", "add", f"{base}/", "--allow-private", "--json").stdout)
    assert told == {"feed": f"{base}/feed", "written": False, "reason": "it is already configured as 127-0-0-1"}


@pytest.mark.parametrize(
    ("path", "options", "code", "words"),
    [
        ("/page", (), 1, "not a feed but an HTML page"),
        ("/none", (), 1, "answered 404 Not Found; nothing was written\nwhat to do: open the address in a browser"),
        ("/feed", ("--name", "wire"), 2, "the name wire is taken"),
        ("/feed", ("--name", "a b"), 2, "must be letters, digits, dots"),
        ("/feed", ("--every", "soon"), 2, "--every 'soon' must be a whole number and one unit"),
        ("/feed", ("--label", "tier"), 2, "write name=value"),
    ],
)
def test_what_is_no_feed_is_not_written(
    tocsin: Tocsin, base: str, path: str, options: tuple[str, ...], code: int, words: str
) -> None:
    """A source that cannot work would be found out at night."""
    before = written(tocsin)
    result = tocsin("sources", "add", f"{base}{path}", "--allow-private", *options)
    assert (result.exit_code, words in result.stderr) == (code, True), result.stderr
    assert written(tocsin) == before


def test_private_addresses_need_a_word(tocsin: Tocsin, base: str) -> None:
    """As they do in the file."""
    result = tocsin("sources", "add", f"{base}/feed")
    assert (result.exit_code, "allow_private" in result.stderr) == (1, True)


OPML = """<opml version="2.0"><body><outline text="Métal Wire" xmlUrl="https://metal.example/feed"/>
<outline text="Métal Wire" xmlUrl="https://metal.example/feed2"/><outline text="鉱" xmlUrl="https://www.ko.example/rss"/>
<outline text="evil" xmlUrl="file:///etc/passwd"/><outline text="w" xmlUrl="https://example.org/feed"/></body></opml>"""


def test_an_outline_is_taken_over(tocsin: Tocsin) -> None:
    """Whoever comes from another reader brings hundreds of feeds; what cannot be one is named."""
    file = tocsin.folder / "all.opml"
    file.write_text(OPML, encoding="utf-8")
    before = written(tocsin)
    tried = tocsin("sources", "import", str(file), "--dry-run")
    assert (tried.exit_code, written(tocsin)) == (0, before)
    assert "@@ -4,0 +5,3 @@\n+  metal-wire: {feed: https://metal.example/feed}\n" in tried.stdout
    assert "s3cret" not in tried.stdout
    result = tocsin("sources", "import", str(file), "--json")
    assert result.exit_code == 0, result.stderr
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["feed"] for row in rows if not row["written"]] == ["file:///etc/passwd", "https://example.org/feed"]
    assert [row["name"] for row in rows if row["written"]] == ["metal-wire", "metal-wire-2", "ko-example"]
    assert "left out: evil: must be an address that begins with http:// or https://" in result.stderr
    assert "left out: w: it is already configured as wire" in result.stderr
    assert "metal-wire: {feed: https://metal.example/feed}" in written(tocsin)
    assert tocsin("check").exit_code == 0


def test_a_page_is_tried_and_what_is_wrong_says_its_own_remedy(tocsin: Tocsin, base: str) -> None:
    """A wrong selector is corrected here, and not with another address."""
    config = tocsin.folder / "config.yaml"
    page = f"  list: {{page: '{base}/list', items: li, allow_private: true}}\n"
    config.write_text(written(tocsin).replace("receivers:", f"{page}receivers:"), encoding="utf-8")
    result = tocsin("sources", "test", "list")
    assert result.exit_code == 0, result.stderr
    assert "a page: 2 entries" in result.stdout
    assert "China bans gallium exports  [metals/ban]" in result.stdout
    config.write_text(written(tocsin).replace("items: li", "items: tr"), encoding="utf-8")
    result = tocsin("sources", "test", "list")
    assert (result.exit_code, "correct `items`" in result.stderr) == (1, True)
    assert "what to do" not in result.stderr


def test_an_address_can_be_tried_without_a_configuration(
    tocsin: Tocsin, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first thing that people do, before they write a line."""
    empty = tocsin.folder / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    result = tocsin("sources", "test", f"{base}/feed", "--allow-private", config=False)
    assert result.exit_code == 0, result.stderr
    assert "RSS 2.0: 1 entry" in result.stdout
    assert "config.yaml does not exist, so no rules are run" in result.stderr


def test_a_source_of_prices_is_tried_too(tocsin: Tocsin) -> None:
    """What it says now, or what is wrong with it."""
    config = tocsin.folder / "config.yaml"
    config.write_text(
        "sources: {mine: {file: x.csv}}\ninstruments: {tin: {sources: mine:tin}}\nreceivers: {h: {console: true}}\n"
    )
    result = tocsin("sources", "test", "mine")
    assert (result.exit_code, "x.csv cannot be read: No such file" in result.stderr) == (1, True)
    (tocsin.folder / "x.csv").write_text("date,close\n2026-03-01,1\n2026-03-02,2.5\n")
    result = tocsin("sources", "test", "mine")
    assert result.stdout.splitlines()[2].split()[:2] == ["tin", "2.5"]
    assert json.loads(tocsin("sources", "test", "mine", "--json").stdout)["prints"][0]["price"] == "2.5"
