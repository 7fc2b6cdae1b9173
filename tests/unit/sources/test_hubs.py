"""Hubs that feeds name."""

from __future__ import annotations

import pytest

from tocsin.hints import Hub
from tocsin.sources.feeds.hubs import hub_of, read_hub, written

URL = "https://paper.example/feed"
HUB = "https://hub.example/"


@pytest.mark.parametrize(
    ("headers", "body", "wanted"),
    [
        (f'<{HUB}>; rel="hub", <https://paper.example/all>; rel=self', b"<rss/>", Hub(url=HUB, topic="https://paper.example/all")),
        ("", b"<feed><link rel='hub' href='https://hub.example/'/><link href=\"https://paper.example/all\" rel=\"self\"/>", Hub(url=HUB, topic="https://paper.example/all")),
        ("", b'<rss><channel><atom:link rel="hub" href="https://hub.example/?a=1&amp;b=2"/>', Hub(url=f"{HUB}?a=1&b=2", topic=URL)),
        ("", b'{"version": "https://jsonfeed.org/version/1.1", "hubs": [{"type": "WebSub", "url": "https://hub.example/"}]}', Hub(url=HUB, topic=URL)),
        ("", b"<rss><channel><link>https://paper.example/</link></channel></rss>", None),
        ('<javascript:alert(1)>; rel="hub"', b"", None),
        (f"<{HUB}{'x' * 2000}>; rel=hub", b"", None),
        ("<" * 10_000, b"<link " * 20_000, None),
    ],
    ids=["header", "Atom", "RSS", "JSON", "none", "no web address", "too long", "garbage"],
)  # fmt: skip
def test_a_document_names_its_hub(headers: str, body: bytes, wanted: Hub | None) -> None:
    """By a header or by links in it."""
    assert hub_of({"link": headers}, body, URL) == wanted
    assert read_hub(written(wanted)) == wanted
