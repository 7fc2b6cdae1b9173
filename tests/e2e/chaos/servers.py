"""The world around the daemon: feeds, a price table, a mail server and a webhook, which write down what they took."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from aiosmtpd.smtp import SMTP

from chaos.evidence import Accepted, Call, Poll
from tocsin.protocols import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item of a feed; *guid* stays when its *title* changes."""

    feed: str
    guid: str
    title: str
    published: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How a receiving server answers once, out of turn: *keeps* says whether it takes the message all the same.

    *words* is what it says after *status*; status 0 says nothing at all and hangs up.
    """

    status: int
    words: str = "not now"
    headers: Mapping[str, str] = field(default_factory=dict)
    keeps: bool = False


#: Real seconds that a feed waits for those with which it answers.
_MEETING = 0.5


class Ledger:
    """What the servers saw, by the world's *clock* and in real seconds; safe to use from every thread."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.accepted: list[Accepted] = []
        self.calls: list[Call] = []
        self.polls: list[Poll] = []
        self.versions: dict[str, tuple[str, ...]] = {}
        #: Called when a message was taken, and before that is said.
        self.taken: Callable[[Accepted], None] = lambda _: None

    def take(self, receiver: str, key: str, recipient: str, body: bytes) -> None:
        """Note a message that was taken."""
        accepted = Accepted(
            receiver=receiver, key=key, recipient=recipient, body=body, at=self.clock.now(), real=time.monotonic()
        )
        self.accepted.append(accepted)
        self.taken(accepted)

    def called(self, receiver: str, key: str, began: float) -> None:
        """Note a try, before it is answered."""
        self.calls.append(Call(receiver=receiver, key=key, began=began, ended=time.monotonic()))


class Web:
    """Feeds at /NAME, a table of prices at /prices, a webhook at /hook; it is a proxy for feeds of other hosts, too.

    *delay* is the seconds that a feed takes, *slowness* those that the webhook takes.
    """

    def __init__(self, ledger: Ledger, delay: float = 0.0, slowness: float = 0.0) -> None:
        self.feeds: dict[str, list[Item]] = {}
        self.prices: dict[str, tuple[str, datetime]] = {}
        self.broken: set[str] = set()
        self.answers: deque[Answer] = deque()
        self.hanging = threading.Event()
        self._together: Collection[str] = ()
        self._meeting = threading.Barrier(1)
        self._ledger = ledger
        self._slowness = slowness
        web = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                web._give(self, delay)

            def do_POST(self) -> None:
                web._hear(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("0.0.0.0", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that was killed hangs up
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def answer_together(self, names: Collection[str]) -> None:
        """Let the feeds *names*, and no others, answer from now on when each of them has been asked."""
        self._together, self._meeting = names, threading.Barrier(max(1, len(names)))

    def _meet(self) -> None:
        meeting = self._meeting
        try:
            meeting.wait(_MEETING)
        except threading.BrokenBarrierError:  # not all of them were asked in time
            meeting.reset()

    def _give(self, request: BaseHTTPRequestHandler, delay: float) -> None:
        asked, began = urlsplit(request.path), time.monotonic()
        name = asked.path.strip("/")
        if name in self._together:
            self._meet()
        body = self._prices() if name == "prices" else self._feed(name)
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        self._ledger.versions.setdefault(etag, tuple(item.title for item in self.feeds.get(name, ())))
        time.sleep(delay)
        if name in self.broken:
            status, body = 500, b"broken"
        else:
            status, body = (304, b"") if request.headers.get("If-None-Match") == etag else (200, body)
        kind = "application/json" if name == "prices" else "application/rss+xml"
        try:
            _answer(request, status, body, {"ETag": etag, "Content-Type": kind})
        finally:
            ended, host = time.monotonic(), asked.hostname or ""
            self._ledger.polls.append(Poll(source=name, began=began, ended=ended, status=status, host=host))

    def _hear(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        if self.hanging.is_set():
            while self.hanging.is_set():
                time.sleep(0.05)
            request.close_connection = True
            return
        key, began = _hook_key(request.headers, body), time.monotonic()
        time.sleep(self._slowness)
        special = self.answers.popleft() if self.answers else None
        if special is None or special.keeps:
            self._ledger.take("hook", key, "", body)
        self._ledger.called("hook", key, began)
        if special is None:
            _answer(request, 200, b"ok", {})
        elif special.status:
            _answer(request, special.status, special.words.encode(), special.headers)
        else:
            request.close_connection = True

    def _feed(self, name: str) -> bytes:
        items = "".join(
            f"<item><title>{escape(item.title)}</title><guid isPermaLink='false'>{item.guid}</guid>"
            f"<link>http://{name}.example/{item.guid}</link><pubDate>{format_datetime(item.published)}</pubDate>"
            "<description>More on this.</description></item>"
            for item in self.feeds.get(name, ())
        )
        head = f"<title>{name} wire</title><link>http://{name}.example/</link>"
        return f"<rss version='2.0'><channel>{head}{items}</channel></rss>".encode()

    def _prices(self) -> bytes:
        rows = [{"metal": name, "price": price, "at": at.isoformat()} for name, (price, at) in self.prices.items()]
        return json.dumps({"rows": rows}).encode()


class Mailbox:
    """An SMTP server on loopback; *names* are the receivers of addresses, "mail" is that of all others.

    Mails to those in *refused* are not taken. *slowness* is the seconds that a mail takes.
    """

    def __init__(self, ledger: Ledger, names: Mapping[str, str], slowness: float = 0.0) -> None:
        self._names = names
        self._slowness = slowness
        self.answers: deque[Answer] = deque()
        self.refused: set[str] = set()
        self._ledger = ledger
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        opening = self._loop.create_server(lambda: SMTP(self, loop=self._loop), "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(opening, self._loop).result(10)
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Take a mail, or answer out of turn."""
        if envelope.rcpt_tos[0] in self.refused:
            return "451 nobody is here"
        to, began = envelope.rcpt_tos[0], time.monotonic()
        receiver = self._names.get(to, "mail")
        found = re.search(rb"(?mi)^Message-ID: <([^@>]+)", envelope.content)
        key = found[1].decode() if found else ""
        await asyncio.sleep(self._slowness)
        special = self.answers.popleft() if self.answers else None
        if special is None or special.keeps:
            self._ledger.take(receiver, key, to, envelope.content)
        self._ledger.called(receiver, key, began)
        if special is None:
            return "250 kept"
        if special.status:
            return f"{special.status} {special.words}"
        server.transport.abort()
        return "250 never heard"

    def close(self) -> None:
        """Stop listening."""
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()


def _answer(request: BaseHTTPRequestHandler, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    request.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(body)


def _hook_key(headers: Any, body: bytes) -> str:
    """The idempotency key of a hook's message: its header, else the delivery id that every message ends with."""
    if named := headers.get("webhook-id"):
        return str(named)
    found = re.findall(rb"Delivery ([0-9a-f]{32})", body)
    return found[-1].decode() if found else ""
