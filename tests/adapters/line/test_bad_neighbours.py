"""A good feed among bad ones, on one server: nothing of it is lost, and each of the others is a fault in words."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import zlib
from typing import Any

import pytest

from tocsin.errors import Fault
from tocsin.model.alerts import MatchOutcome
from tocsin.sources.feeds.feed import FeedSource
from tocsin.sources.http.client import HttpClient, Limits

LIMITS = Limits(connect=3, read=2, total=4, size=300_000)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n"
NEWS = ("China bans gallium", "Congo halts cobalt")


def _rss(*items: str) -> bytes:
    inner = "".join(f"<item>{item}</item>" for item in items)
    return f"<rss version='2.0'><channel><title>Feed</title>{inner}</channel></rss>".encode("utf-8", "surrogatepass")


def _whole(body: bytes, more: bytes = b"") -> bytes:
    return HEAD + more + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body


def _bomb() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(b"\0" * 50_000_000) + packer.flush()


#: What a server answers, and the fault that becomes of it; None where entries can be read all the same.
BAD: dict[str, tuple[bytes, Fault | None]] = {
    "nothing": (_whole(b""), Fault.NOT_A_FEED),
    "a page": (_whole(b"<!DOCTYPE html><html>Sign in</html>"), Fault.NOT_A_FEED),
    "another protocol": (b"SSH-2.0-x\r\n", Fault.NETWORK),
    "half an answer": (HEAD + b"Content-Length: 9999\r\n\r\n<rss>", Fault.NETWORK),
    "an endless answer": (HEAD + b"\r\n" + b"<item>  " * 50_000, Fault.TOO_LARGE),
    "a bomb": (_whole(_bomb(), b"Content-Encoding: gzip\r\n"), Fault.TOO_LARGE),
    "depth": (_whole(b"<rss>" + b"<a>" * 50_000), Fault.NOT_A_FEED),
    "a loop": (b"HTTP/1.1 302 Found\r\nLocation: /a-loop\r\nContent-Length: 0\r\n\r\n", Fault.BAD_REDIRECT),
    "a way inside": (
        b"HTTP/1.1 302 Found\r\nLocation: http://[::ffff:169.254.169.254]/\r\nContent-Length: 0\r\n\r\n",
        Fault.BLOCKED_ADDRESS,
    ),
    "silence": (b"", Fault.NETWORK),
    "no id, link, title or date": (_whole(_rss("", "<description>x</description>", "<guid/>")), None),
    "years": (_whole(_rss("<title>a</title><pubDate>1704-01-01</pubDate>", "<pubDate>2999-01-01</pubDate>")), None),
    "wrong octets": (_whole(_rss("<title>Caf\ud8e9 \0 \x1b[2J \u202e</title>") + b"\xff\xfe"), None),
    "a long title": (_whole(_rss(f"<title>{'x' * 200_000}</title>")), None),
}


def _slug(name: str) -> str:
    return name.replace(" ", "-").replace(",", "")


def test_bad_neighbours_cost_a_good_feed_nothing(line: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever its neighbours do, both news are told, and no poll ends in an exception that nobody expected."""
    published: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):  # the other side may have had enough
            path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode().strip("/")
            known = {_slug(name): answer for name, (answer, _) in BAD.items()}
            good = _whole(_rss(*(f"<title>{title}</title><guid>{title}</guid>" for title in published)))
            answer = good if path == "good" else known[path]
            writer.write(answer)
            await writer.drain()
            if not answer:
                await reader.read()
        writer.close()

    async def play() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with HttpClient(limits=LIMITS) as http, server:
            sources = [
                # In a thread, as the daemon does it: what parses long lets nobody else run out of time.
                FeedSource(
                    name, f"{base}/{_slug(name)}", http=http, run=asyncio.to_thread, labels={}, allow_private=True
                )
                for name in (*BAD, "good")
            ]
            pipeline = line.pipeline(*sources)
            for news in NEWS:
                await pipeline.run_due()
                published.append(news)
                line.clock.move(hours=2)
            await pipeline.run_due()

    with caplog.at_level(logging.ERROR):
        asyncio.run(play())
    assert not caplog.records
    found = {view.name: view.last_fault for view in line.store.read.sources()}
    assert found == {**{name: fault for name, (_, fault) in BAD.items()}, "good": None}
    assert [(view.title, view.fate) for view in line.store.read.matches()[::-1] if view.source == "good"] == [
        (news, MatchOutcome.ALERTED) for news in NEWS
    ]
