"""Servers of the demo on loopback: a web server with feeds in every format and prices, a webhook like Slack's, a mail server.

The feeds tell three years of critical minerals in a dozen chapters. The events and their dates are public history. Every
headline and sentence in timeline.json was written for this demo.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default
from email.utils import format_datetime
from html import escape
from pathlib import Path
from typing import Any, Self

from aiohttp import web
from aiosmtpd.smtp import SMTP

from tocsin.demo.prices import closes
from tocsin.protocols import Clock

HOST = "127.0.0.1"
#: Real seconds that the slow feed takes to answer.
SLOW = 1.5
#: Posts that the webhook refuses before it takes one, to show that nothing is lost.
REFUSALS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An entry of *feed*, and the time when it appears there."""

    feed: str
    title: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One day: its title, and the items that the feeds publish."""

    at: datetime
    title: str
    items: tuple[Item, ...]


def _chapter(at: str, title: str, items: Sequence[Mapping[str, Any]]) -> Chapter:
    begins = datetime.fromisoformat(at)
    shown = [
        Item(
            feed=item["feed"],
            title=item["title"],
            text=item.get("text", ""),
            at=begins + timedelta(minutes=item.get("minute", 0)),
        )
        for item in items
    ]
    return Chapter(at=begins, title=title, items=tuple(shown))


#: The items that the feeds contain before the story begins (their silent baseline), and the story.
ARCHIVE, *TIMELINE = (
    _chapter(**day) for day in json.loads(Path(__file__).with_name("timeline.json").read_text(encoding="utf-8"))
)


def visible(feed: str, now: datetime) -> list[Item]:
    """Return the items of *feed* at *now*, newest first."""
    items = [item for day in (ARCHIVE, *TIMELINE) for item in day.items if item.feed == feed and item.at <= now]
    return sorted(items, key=lambda item: item.at, reverse=True)


class World:
    """The demo's servers. They serve feeds by *clock*, and write every mail into *mails*."""

    def __init__(self, clock: Clock, mails: Path) -> None:
        self.answers: Counter[str] = Counter()  # of the feeds, by status
        self.posts: list[dict[str, Any]] = []
        self.mails: list[Path] = []
        self.all_polled = asyncio.Event()
        self.web_port = 0
        self.mail_port = 0
        self._clock = clock
        self._folder = mails
        self._refused = 0
        self._polled: set[str] = set()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/feeds/{name}", self._feed)
        app.router.add_get("/prices", self._prices)
        app.router.add_post("/hook", self._hook)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, HOST, 0)
        await site.start()
        self.web_port = runner.addresses[0][1]
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(self, loop=loop), HOST, 0)
        self._stack.callback(server.close)
        self.mail_port = server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802, ARG002 - aiosmtpd's names
        """Save a mail as a file that a mail program can open."""
        mail = message_from_bytes(envelope.content, policy=default)
        words = re.sub(r"[^a-z0-9]+", "-", str(mail["Subject"]).lower()).strip("-")[:50].strip("-")
        path = self._folder / f"{len(self.mails) + 1:02}-{words}.eml"
        path.write_bytes(envelope.content)
        self.mails.append(path)
        return "250 kept"

    async def _feed(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in FEEDS:
            return self._counted(404, web.Response(status=404))
        body = document(name, visible(name, self._clock.now()))
        if name == "slow":
            await asyncio.sleep(SLOW)
        self._polled.add(name)
        if self._polled == set(FEEDS):
            self.all_polled.set()
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if request.headers.get("If-None-Match") == etag:
            return self._counted(304, web.Response(status=304, headers={"ETag": etag}))
        kind = "text/html" if name == "broken" else "application/xml"
        return self._counted(200, web.Response(body=body, content_type=kind, charset="utf-8", headers={"ETag": etag}))

    async def _prices(self, _: web.Request) -> web.Response:
        return web.json_response(closes(self._clock.now()))

    async def _hook(self, request: web.Request) -> web.Response:
        if self.posts and self._refused < REFUSALS:
            self._refused += 1
            return web.Response(status=503, text="back in a moment")
        self.posts.append(json.loads(await request.read()))
        return web.Response(text="ok")

    def _counted(self, status: int, response: web.Response) -> web.Response:
        self.answers[str(status)] += 1
        return response


#: Kind and title of each feed, by name.
FEEDS = {
    "wire": ("rss", "Commodity Wire"),
    "metals": ("atom", "Metals Daily"),
    "gazette": ("rdf", "Trade Gazette"),
    "post": ("rss", "Harbour Post"),
    "shangbao": ("rss", "港口商报"),
    "slow": ("atom", "Slow News"),
    "broken": ("broken", "Broken Herald"),
}


#: Documents and entries of each kind.
_DOCUMENTS = {
    "rss": '<rss version="2.0"><channel><title>{title}</title><link>https://x.example/</link>\n{entries}</channel></rss>',
    "atom": '<feed xmlns="http://www.w3.org/2005/Atom"><id>x</id><title>{title}</title>\n{entries}</feed>',
    "rdf": '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://x.example/"><title>{title}</title>'
    "<link>https://x.example/</link></channel>\n{entries}</rdf:RDF>",
    "broken": "<!DOCTYPE html><html><head><title>{title}</title></head><body>Back soon</body></html>",
}
_ENTRIES = {
    "rss": "<item><title>{title}</title><link>{link}</link><guid>{link}</guid><pubDate>{dated}</pubDate>"
    "<description>{text}</description></item>\n",
    "atom": '<entry><id>{link}</id><title>{title}</title><link href="{link}"/><published>{at}</published>'
    '<updated>{at}</updated><summary type="html">{text}</summary></entry>\n',
    "rdf": '<item rdf:about="{link}"><title>{title}</title><link>{link}</link><dc:date>{at}</dc:date>'
    "<description>{text}</description></item>\n",
}


def document(feed: str, items: Sequence[Item]) -> bytes:
    """Return the document of *feed* with *items*, as UTF-8 bytes."""
    kind, title = FEEDS[feed]
    entries = "".join(
        _ENTRIES[kind].format(
            title=escape(item.title),
            link=f"https://{feed}.example/{hashlib.sha256(item.title.encode()).hexdigest()[:10]}",
            at=item.at.isoformat(),
            dated=format_datetime(item.at),
            text=escape(f"<p>{escape(item.text)}</p>") if item.text else "",
        )
        for item in items
    )
    text = _DOCUMENTS[kind].format(title=title, entries=entries)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}'.encode()
