"""Hubs that feeds name, on the line from a server to the one who subscribes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.loopback import documents
from tocsin.config.build import dry_makers
from tocsin.config.config import parse_config
from tocsin.hints import Hub
from tocsin.service.assembly import assembled
from tocsin.sources.feeds.feed import FeedSource
from tocsin.sources.http.client import HttpClient
from tocsin.web.links import subscriber_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.adapters.line.conftest import Line

FEED = b"""<feed xmlns='http://www.w3.org/2005/Atom'><title>Paper</title><link rel='hub' href='https://hub.example/'/>
<link rel='self' href='https://paper.example/feed'/><entry><id>1</id><title>Notice</title></entry></feed>"""
HUB = Hub(url="https://hub.example/", topic="https://paper.example/feed")


def _offered(line: Line, polls: int, headers: dict[str, str]) -> list[tuple[str, Hub]]:
    """What is offered by so many polls of one document, each in a new process."""
    found: list[tuple[str, Hub]] = []

    async def poll(base: str) -> None:
        async with HttpClient(gap=timedelta()) as http:
            source = FeedSource(
                "paper", f"{base}/feed", http=http, run=line.at_once, labels={}, allow_private=True, headers=headers
            )
            pipeline = line.pipeline(source)
            pipeline.inbound = replace(pipeline.inbound, offered=lambda name, hub, _: found.append((name, hub)))
            await pipeline.run_due()
            await pipeline.drain(None)
            await pipeline.tick()
            await pipeline.drain(None)

    with documents({"/feed": FEED}) as base:
        for _ in range(polls):
            asyncio.run(poll(base))
            line.clock.move(hours=1)
    return found


def test_the_hub_of_a_feed_is_offered_at_each_poll(line: Line) -> None:
    """Also if the document is the same as before a restart: the subscription has to be renewed."""
    assert _offered(line, 2, {}) == [("paper", HUB)] * 2


def test_a_hub_learns_of_no_feed_that_only_some_may_read(line: Line) -> None:
    """The address of a feed behind a key is nobody else's."""
    assert _offered(line, 1, {"X-Key": "c4nary"}) == []


def test_nothing_is_offered_without_the_key_or_in_a_dry_run(tmp_path: Path, line: Line) -> None:
    """A hub that was asked would call a page that is not there."""
    text = "database: sqlite:///t.db\nreceivers: {here: {console: true, operator: true}}\nweb: {url: https://ops.example.org"

    async def offers(web: str, *, dry: bool) -> bool:
        config = parse_config(f"{text}{web}}}\n", tmp_path / "config.yaml", {})
        async with HttpClient() as http:
            if dry:
                inbound, _ = await assembled(config, line.rules(), dry_makers(), http, line.at_once)
                return "Subscriber" in repr(inbound.offered)
            return "Subscriber" in repr(subscriber_of(config, http))

    assert asyncio.run(offers(", websub: true", dry=False))
    assert not asyncio.run(offers("", dry=False))
    assert not asyncio.run(offers(", websub: true", dry=True))
