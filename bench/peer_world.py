"""The world of bench/peers.py: feeds and a mailbox on loopback, and what they saw."""

from __future__ import annotations

import asyncio
import gzip
import random
import re
import socket
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.utils import format_datetime
from functools import cache
from typing import Any

from aiohttp import web
from aiosmtpd.controller import Controller
from world import item, rss, word

#: The word that all made-up headlines have.
MET = "annuls"
#: Feeds that never publish, by the last part of their address, which says what is wrong with them.
SILENT, DRIP, BOMB, ENDLESS = "silent", "drip", "bomb", "endless"
#: The most octets that one answer sends or unpacks to, and the seconds for which an answer hangs.
MOST, LONGEST = 400_000_000, 60


@dataclass(frozen=True, slots=True)
class Story:
    """A story; *mark* is a word that occurs in no other one."""

    mark: str
    title: str
    at: float

    def item(self) -> str:
        date = format_datetime(datetime.fromtimestamp(self.at, UTC))
        return item(self.title, self.mark, date=f"<pubDate>{date}</pubDate>")


@dataclass
class World:
    """Feeds, each on a host of its own, and a mailbox. *heard* has the times of the messages that name a story, by mark."""

    feeds: int
    http: int = 0
    smtp: int = 0
    shown: dict[int, list[Story]] = field(default_factory=lambda: defaultdict(list))
    published: dict[str, Story] = field(default_factory=dict)
    asked: Counter[int] = field(default_factory=Counter)
    heard: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    messages: int = 0
    listeners: list[Callable[[Story], None]] = field(default_factory=list)
    inbox: list[tuple[float, bytes]] = field(default_factory=list)
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    ended: threading.Event = field(default_factory=threading.Event)
    #: Set when the feeds with something wrong begin; until then they are good.
    armed: threading.Event = field(default_factory=threading.Event)

    def address(self, feed: int | str) -> str:
        """Return the address of a feed: its number, or the name of what is wrong with it."""
        number = feed if isinstance(feed, int) else self.feeds + (SILENT, DRIP, BOMB, ENDLESS).index(feed)
        return f"http://{host(number)}:{self.http}/{feed}"

    def publish(self, feed: int, title: str = "") -> Story:
        """Publish a story in a feed; *title* is its headline without the mark."""
        mark = word(self.chance) + word(self.chance)
        made = f"{mark.title()} {' '.join(word(self.chance) for _ in range(5))} {MET} {word(self.chance)}"
        story = Story(mark, f"{title} - {mark.title()}" if title else made, time.time())
        self.published[mark] = story
        self.shown[feed] = [story, *self.shown[feed]]
        for listener in self.listeners:
            listener(story)
        return story

    def hear(self) -> None:
        """Read the mails that came."""
        while self.inbox:
            at, octets = self.inbox.pop(0)
            self.messages += 1
            for mark in set(re.findall(r"[a-z]+", text(octets).lower())) & self.published.keys():
                self.heard[mark].append(at)

    def forget(self) -> None:
        """Forget the mails and requests of the beginning, in which old entries are read."""
        self.hear()
        self.messages = 0
        self.heard.clear()
        self.asked.clear()

    def waits(self) -> list[float]:
        """Return the seconds from the publication of each heard story to its first message, in order."""
        return sorted(min(times) - self.published[mark].at for mark, times in self.heard.items())

    def missing(self) -> int:
        self.hear()
        return len(self.published.keys() - self.heard.keys())


def host(number: int) -> str:
    return f"127.1.{number // 200}.{number % 200 + 1}"


def text(octets: bytes) -> str:
    """Return the subject and the text of a mail; its HTML if it has no text."""
    mail = message_from_bytes(octets, policy=policy.default)
    body = mail.get_body(("plain", "html"))
    return f"{mail['Subject']}\n{body.get_content() if body else ''}"


# ---- servers -------------------------------------------------------------------------------------------------------


class Mailbox:
    """Keeps every mail with the time at which it came."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self._world.inbox.append((time.time(), envelope.content))
        return "250 kept"


@cache
def _bomb() -> bytes:
    return gzip.compress(bytes(MOST), compresslevel=1)


def _answers(world: World) -> web.Application:
    async def feed(request: web.Request) -> web.Response:
        number = int(request.match_info["feed"])
        world.asked[number] += 1
        stories = list(world.shown[number])
        # A feed of three has validators, as about as many have out there.
        headers = {"ETag": f'"{len(stories)}"'} if number % 3 == 0 else {}
        if headers and request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
        # Something old below, so that the first fetch has a baseline.
        body = rss("".join(map(Story.item, stories)) + item("Nothing to see", f"old{number}"))
        return web.Response(body=body, content_type="application/rss+xml", headers=headers)

    async def silent(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(LONGEST)
        return web.Response()

    async def drip(request: web.Request) -> web.StreamResponse:
        return await _send(request, b"<!-- -->", count=LONGEST, pause=1)

    async def endless(request: web.Request) -> web.StreamResponse:
        return await _send(request, b" " * 2**16, count=MOST // 2**16, pause=0)

    async def bombs(_: web.Request) -> web.StreamResponse:
        return web.Response(body=_bomb(), headers={"Content-Encoding": "gzip", "Content-Type": "application/rss+xml"})

    async def beside(request: web.Request) -> web.StreamResponse:
        if not world.armed.is_set():
            return web.Response(body=rss(item("Nothing to see", "old")), content_type="application/rss+xml")
        return await wrong[request.match_info["name"]](request)

    wrong = {SILENT: silent, DRIP: drip, ENDLESS: endless, BOMB: bombs}
    application = web.Application()
    application.router.add_get(r"/{feed:\d+}", feed)
    application.router.add_get("/{name:[a-z]+}", beside)
    return application


async def _send(request: web.Request, piece: bytes, *, count: int, pause: float) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Type": "application/rss+xml"})
    await answer.prepare(request)
    with suppress(ConnectionError):
        await answer.write(b"<?xml version='1.0'?>")
        for _ in range(count):
            await answer.write(piece)
            await asyncio.sleep(pause)
    return answer


def free_port(address: str = "127.0.0.1") -> int:
    with socket.create_server((address, 0)) as free:
        port: int = free.getsockname()[1]
    return port


@contextmanager
def serving(feeds: int, beside: Sequence[str] = ()) -> Iterator[World]:
    """Serve a world until the block ends. *beside* are the feeds with something wrong that are going to be asked."""
    if BOMB in beside:
        _bomb()
    world = World(feeds, smtp=free_port())
    world.http = free_port(host(0))
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)  # a client that was killed hangs up

    async def begin() -> tuple[web.AppRunner, asyncio.Server]:
        runner = web.AppRunner(_answers(world), access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        assert runner.server
        hosts = [host(number) for number in range(feeds + 4)]
        return runner, await loop.create_server(runner.server, hosts, world.http, backlog=32)

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    runner, listener = asyncio.run_coroutine_threadsafe(begin(), loop).result(60)
    mailbox = Controller(Mailbox(world), hostname="127.0.0.1", port=world.smtp)
    mailbox.start()
    try:
        yield world
    finally:
        world.ended.set()
        mailbox.stop()

        async def end() -> None:
            listener.close()
            await runner.cleanup()
            rest = asyncio.all_tasks() - {asyncio.current_task()}
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
