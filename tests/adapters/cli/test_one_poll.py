"""`tocsin sources test`, against a server on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.loopback import documents

Tocsin = Any
NOW = datetime.now(UTC)
ITEMS = [
    {
        "id": str(n),
        "title": title,
        "url": f"https://e.com/{n}",
        "date_published": (NOW - timedelta(hours=2 * n)).isoformat(),
    }
    for n, title in enumerate(["China bans gallium exports", "Lithium falls", "Copper \x1b[31mrises"], 1)
]
PAGE = b"<html><link rel=alternate type=application/rss+xml href=/feed></html>"
ANSWERS = {
    "/feed": {"version": "https://jsonfeed.org/version/1.1", "title": "T", "items": ITEMS},
    "/empty": {"version": "https://jsonfeed.org/version/1.1", "items": []},
    "/odd": {"version": "https://jsonfeed.org/version/1.1", "items": [{"date_published": "some day"}]},
    "/api": {"error": "no"},
}


@pytest.fixture
def base() -> Iterator[str]:
    """The address of a server with a few documents."""
    with documents({"/": PAGE, **{path: json.dumps(answer).encode() for path, answer in ANSWERS.items()}}) as address:
        yield address


def _try(tocsin: Tocsin, url: str, *options: str) -> Any:
    return tocsin("sources", "test", url, "--allow-private", *options)


def test_a_trial_says_what_a_source_holds_and_what_would_match(tocsin: Tocsin, base: str) -> None:
    """Before a source is configured its operator sees what it would bring; feed text cannot steer the terminal."""
    result = _try(tocsin, f"{base}/feed")
    assert result.exit_code == 0, result.stderr
    assert "3 entries in" in result.stdout
    assert "usually 2h between two entries" in result.stdout
    assert "1 would have matched:" in result.stdout
    assert "China bans gallium exports  [metals/ban]" in result.stdout
    assert "\x1b" not in result.stdout
    record = json.loads(_try(tocsin, f"{base}/feed", "--json").stdout)
    assert [[match["rule"] for match in entry["matches"]] for entry in record["entries"]] == [["metals/ban"], [], []]
    assert (record["rhythm"], record["problems"]) == (7200, [])


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/empty", ["there are no entries"]),
        ("/odd", ["entries have no ids", "1 of 1 entry has no credible time, such as 'some day'"]),
        ("/odd", ["1 entry has neither title nor text"]),
    ],
)
def test_a_trial_says_what_is_odd(tocsin: Tocsin, base: str, path: str, words: list[str]) -> None:
    """What works, but not as its operator expects, is said before it matters."""
    result = _try(tocsin, base + path)
    assert result.exit_code == 0, result.stderr
    for part in words:
        assert part in result.stdout


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/api", ["not a JSON Feed", "what to do: give the address of a feed"]),
        ("/nothing", ["404 Not Found", "what to do: open the address in a browser"]),
    ],
)
def test_a_failed_trial_says_what_to_do(tocsin: Tocsin, base: str, path: str, words: list[str]) -> None:
    """A fault without a remedy leaves people alone."""
    result = _try(tocsin, base + path)
    assert (result.exit_code, result.stdout) == (1, "")
    for part in words:
        assert part in result.stderr


def test_of_a_page_the_feed_that_it_names_is_tried(tocsin: Tocsin, base: str) -> None:
    """People know the address of the page."""
    result = _try(tocsin, f"{base}/")
    assert (result.exit_code, "JSON Feed: 3 entries" in result.stdout) == (0, True)
    assert f"{base}/ is a page; it links to {base}/feed" in result.stderr


def test_a_trial_reaches_no_private_address_unasked(tocsin: Tocsin, base: str) -> None:
    """The address guard holds here, too, and shows no password."""
    result = tocsin("sources", "test", base.replace("//", "//me:s3cret@") + "/feed")
    assert result.exit_code == 1
    assert "allow_private: true permits it" in result.stderr
    assert "s3cret" not in result.stderr


def test_a_trial_takes_a_configured_source_and_leaves_no_database(tocsin: Tocsin, base: str) -> None:
    """It is tried with its own settings, and nothing is seen by it."""
    config = tocsin.folder / "config.yaml"
    config.write_text(
        config.read_text().replace(
            "sources:", f"sources:\n  lab: {{feed: {base}/feed, allow_private: true}}\n  desk: {{push: true}}"
        )
    )
    before = sorted(tocsin.folder.rglob("*"))
    assert "1 would have matched" in tocsin("sources", "test", "lab").stdout
    assert sorted(tocsin.folder.rglob("*")) == before
    missing = tocsin("sources", "test", "lub")
    assert missing.exit_code == 2
    assert "neither a web address nor a source; there are: lab, wire, desk" in missing.stderr
    pushed = tocsin("sources", "test", "desk")
    assert pushed.exit_code == 2
    assert "desk is not polled: programs hand in its entries" in pushed.stderr


def test_a_trial_of_a_source_shows_what_its_filter_drops_and_an_article_that_it_links_to(tocsin: Tocsin) -> None:
    """Whoever writes `drop` or `body: fetch` sees what comes of it before it runs; a page without a text is told in words."""
    text = (
        "Exports of gallium need a licence from 1 December, the ministry said in a notice of \x1b[31m Monday evening."
    )
    items = [{"id": name, "title": f"Notice {name}", "url": f"/{name}"} for name in ("sport", "one", "two")]
    bodies = {
        "/feed": json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items}).encode(),
        "/one": f"<html><body><article><p>{text}</p></article></body></html>".encode(),
    }
    with documents(bodies) as address:
        config = tocsin.folder / "config.yaml"
        source = f"{{feed: {address}/feed, allow_private: true, body: fetch, drop: title(sport)}}"
        config.write_text(f"sources:\n  wire: {source}\nreceivers:\n  here: {{console: true, operator: true}}\n")
        result = tocsin("sources", "test", "wire")
        assert result.exit_code == 0, result.stderr
        assert "1 entry would be dropped by its filter" in result.stdout
        assert "Notice sport  [dropped]" in result.stdout
        assert "the article of “Notice one”" in result.stdout
        assert f"characters from {address}/one, which begin:\n    Exports of gallium" in result.stdout
        assert "\x1b" not in result.stdout
        config.write_text(config.read_text().replace("title(sport)", "title(one OR sport)"))
        result = tocsin("sources", "test", "wire")
        assert "not read: 127.0.0.1 answered 404" in result.stdout
