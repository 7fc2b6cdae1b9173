"""The demo's world: feeds that are feeds, a clock that jumps, servers that behave as the story needs."""

from __future__ import annotations

import asyncio
import smtplib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from tocsin.demo.run import ChapterClock
from tocsin.demo.servers import ARCHIVE, FEEDS, TIMELINE, World, document, visible
from tocsin.errors import SourceError
from tocsin.sources.feeds.rss import parse

LATER = TIMELINE[-1].at + timedelta(days=1)


@pytest.mark.parametrize("feed", [name for name in FEEDS if name != "broken"])
def test_every_feed_of_the_demo_can_be_read(feed: str) -> None:
    """RSS 2.0, RSS 1.0 and Atom, with every item of the story in it."""
    items = visible(feed, LATER)
    parsed = parse(document(feed, items), url="http://127.0.0.1/")
    assert [item.title for item in parsed.items] == [item.title for item in items]
    assert parsed.complete


def test_the_broken_feed_is_broken() -> None:
    """It stands for the page that a server shows when its feed has moved."""
    with pytest.raises(SourceError, match="HTML"):
        parse(document("broken", ()), url="http://127.0.0.1/")


def test_the_story_is_told_in_order_and_every_feed_takes_part() -> None:
    """Chapters follow each other, and every item is in a feed that is served."""
    days = [chapter.at for chapter in TIMELINE]
    assert days == sorted(days)
    named = {item.feed for chapter in (ARCHIVE, *TIMELINE) for item in chapter.items}
    assert named == set(FEEDS) - {"broken"}


def test_a_feed_grows_with_the_clock() -> None:
    """Before the first chapter there is the archive alone; the newest item comes first."""
    assert len(visible("wire", TIMELINE[0].at - timedelta(hours=1))) == 1
    shown = visible("wire", LATER)
    assert [p.at for p in shown] == sorted((p.at for p in shown), reverse=True)


def test_the_clock_jumps_and_runs() -> None:
    """From where it was set it only goes forward."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    clock = ChapterClock(start, 60.0)
    assert clock.now() >= start
    clock.jump(start + timedelta(days=9))
    assert clock.now() - start >= timedelta(days=9)


def test_the_servers_answer_as_the_story_needs(tmp_path: Path) -> None:
    """304 for what is known, 404 for what is not, one refusal of the webhook, and mails that become files."""

    async def talk() -> World:
        async with World(ChapterClock(LATER, 1.0), tmp_path) as world, aiohttp.ClientSession() as session:
            base = f"http://127.0.0.1:{world.web_port}"
            async with session.get(f"{base}/feeds/wire") as first:
                etag = first.headers["ETag"]
            async with session.get(f"{base}/feeds/wire", headers={"If-None-Match": etag}) as second:
                assert second.status == 304
            async with session.get(f"{base}/feeds/none") as missing:
                assert missing.status == 404
            statuses = []
            for _ in range(3):
                async with session.post(f"{base}/hook", json={"text": "x"}) as post:
                    statuses.append(post.status)
            assert statuses == [200, 503, 200]
            await asyncio.to_thread(_send, world.mail_port)
            assert not world.all_polled.is_set()
            return world

    world = asyncio.run(talk())
    assert len(world.posts) == 2
    assert [path.name for path in world.mails] == ["01-high-gallium-ban.eml"]
    assert b"Subject" in world.mails[0].read_bytes()


def _send(port: int) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as server:
        server.sendmail("a@example.org", ["b@example.org"], "Subject: [HIGH] gallium: ban\r\n\r\nx\r\n")
