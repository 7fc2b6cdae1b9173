"""A loopback server of feeds that misbehave, of feeds that are good, and of a webhook that notes what arrives.

    /KIND/N      a feed; KIND is `good`, `quiet`, or a name of MISDEEDS
    /hook, /ops  take messages; /report says as JSON what was asked, published and told

It speaks HTTP by hand, since most of what it does no library would do. Good feeds publish while `publish` runs: each
entry has a title whose first word occurs nowhere else, so that it can be found again in the database and in a message.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import random
import struct
import sys
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from http import HTTPStatus
from socket import SO_LINGER, SOL_SOCKET

from world import item, rss, word

MOST_SHOWN = 30
_DRIP = 0.5


# ---- documents -----------------------------------------------------------------------------------------------------


def _plain(count: int, *, title: str = "Quarry {n} bans visitors", **parts: str) -> bytes:
    """Three entries of which one is new at every poll."""
    return rss("".join(item(title.replace("{n}", str(n)), n, **parts) for n in range(count, count + 3)))


@cache
def _ten_thousand() -> str:
    text = "A sentence about supply, demand and the weather at the pit. " * 5
    return "".join(
        f"<item><title>Pit {n} opens</title><guid>{n}</guid><description>{text}</description></item>"
        for n in range(10_000)
    )


@cache
def _attributes() -> str:
    return " ".join(f"a{k}='1'" for k in range(100_000))


@cache
def _bomb() -> bytes:
    """A gigabyte of zeros, compressed to a megabyte."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = b"\0" * (1 << 20)
    return b"".join([*(packer.compress(piece) for _ in range(1024)), packer.flush()])


_LAUGHS = "<!DOCTYPE x [<!ENTITY a0 'ha'>{}]>".format(
    "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 10))
)

#: What costs others most of what can be wrong with a document, by name: the document at the *count*-th poll.
DOCUMENTS: dict[str, Callable[[int], bytes]] = {
    "empty document": lambda _: b"",
    "HTML page": lambda n: b"<!DOCTYPE html><html><body><h1>Sign in</h1>%d</body></html>" % n,
    "random octets": lambda n: random.Random(n).randbytes(200_000),
    "truncated": lambda n: _plain(n)[:-70],
    "ten thousand entries": lambda n: rss(_ten_thousand(), changing=n),
    "ten thousand new entries": lambda n: rss(_ten_thousand().replace("<guid>", f"<guid>{n}-")),
    "entity bomb": lambda n: rss(item("&a9;", n), head=_LAUGHS),
    "100,000 levels deep": lambda n: rss("<a>" * 100_000, changing=n),
    "100,000 attributes": lambda n: rss(f"<item {_attributes()}><title>{n}</title></item>"),
    "title of a megabyte": lambda n: rss(item("Quarry bans " * 87_000, n)),
    "9 megabytes of text": lambda n: rss(f"<item><title>x</title><description>{n}{'word ' * 1_850_000}</description></item>"),
}  # fmt: skip


# ---- connections ---------------------------------------------------------------------------------------------------


@dataclass
class Call:
    """One request: what a misdeed needs of it."""

    writer: asyncio.StreamWriter
    path: str
    headers: dict[str, str]
    count: int
    port: int

    async def send(self, octets: bytes) -> None:
        self.writer.write(octets)
        await self.writer.drain()

    async def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        await self.send("\r\n".join([*lines, "", ""]).encode() + body)

    def reset(self) -> None:
        """End the connection with RST instead of FIN."""
        self.writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n"


async def _endless(call: Call) -> None:
    await call.send(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        await call.send(b"10000\r\n" + b"<item>  " * 8192 + b"\r\n")


async def _endless_headers(call: Call) -> None:
    await call.send(_HEAD)
    for n in itertools.count():
        await call.send(b"X-%d: %s\r\n" % (n, b"x" * 1000))


async def _drip(call: Call) -> None:
    await call.send(_HEAD + b"Content-Length: 100000\r\n\r\n")
    for octet in itertools.cycle(_plain(0)):
        await call.send(bytes([octet]))
        await asyncio.sleep(_DRIP)


async def _silence(_: Call) -> None:
    await asyncio.sleep(600)


async def _reset(call: Call) -> None:
    call.reset()


async def _reset_in_body(call: Call) -> None:
    await call.send(_HEAD + b"Content-Length: 100000\r\n\r\n" + _plain(call.count))
    await asyncio.sleep(0.05)
    call.reset()


async def _nonsense(call: Call) -> None:
    await call.send(b"SSH-2.0-OpenSSH\r\n" * 100)
    call.writer.close()


def _status(status: int, **headers: str) -> Callable[[Call], Awaitable[None]]:
    return lambda call: call.answer(status, b"no", **headers)


async def _chain(call: Call) -> None:
    await call.answer(302, Location=f"{call.path}x")


#: What is wrong with the exchange, by name.
EXCHANGES: dict[str, Callable[[Call], Awaitable[None]]] = {
    "endless body": _endless,
    "endless headers": _endless_headers,
    "body by drips": _drip,
    "no answer at all": _silence,
    "reset at once": _reset,
    "reset in the body": _reset_in_body,
    "no HTTP": _nonsense,
    "TLS garbage": _nonsense,  # asked for by https: the handshake is answered with octets that are none
    "gzip bomb": lambda call: call.answer(200, _bomb(), Content_Encoding="gzip"),
    "redirect without end": _chain,
    "410": _status(410),
    "429, Retry-After: 120": _status(429, Retry_After="120"),
    "500": _status(500),
    "private address": lambda call: call.answer(200, _plain(call.count)),  # its source may not reach it
}

#: Every way to misbehave; the name of a source is a slug of it.
MISDEEDS = (*DOCUMENTS, *EXCHANGES)


def slug(name: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in name.lower()).replace("--", "-").strip("-")


@dataclass
class World:
    """What was asked, published and told; times are of the machine's monotonic clock."""

    published: dict[str, float] = field(default_factory=dict)  # by the first word of the title
    carried: dict[str, float] = field(default_factory=dict)  # when it was first given away
    told: dict[str, float] = field(default_factory=dict)
    copies: Counter[str] = field(default_factory=Counter)
    asked: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    feeds: dict[str, list[tuple[str, datetime]]] = field(default_factory=lambda: defaultdict(list))
    ops: list[str] = field(default_factory=list)
    port: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    kinds: dict[str, Callable[[Call], Awaitable[None]]] = field(default_factory=dict)
    publishing: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.kinds = {slug(name): exchange for name, exchange in EXCHANGES.items()}
        for name, document in DOCUMENTS.items():
            self.kinds[slug(name)] = lambda call, document=document: call.answer(
                200, document(call.count), Content_Type="application/rss+xml"
            )
        self.kinds |= {"good": self._good, "quiet": self._good}

    def publish(self, feed: str) -> None:
        words = [word(self.chance) for _ in range(6)]
        title = f"{words[0]} bans {' '.join(words[1:])}"
        self.feeds[feed].insert(0, (title, datetime.now(UTC)))
        self.published[words[0]] = time.monotonic()

    async def keep_publishing(self, feeds: list[str], every: float) -> None:
        for n in itertools.count():
            self.publish(feeds[n % len(feeds)])
            await asyncio.sleep(every * self.chance.uniform(0.5, 1.5))

    async def _good(self, call: Call) -> None:
        name = call.path.strip("/")
        shown = self.feeds[name][:MOST_SHOWN]
        items = "".join(
            item(title, hashlib.md5(title.encode()).hexdigest(), date=f"<pubDate>{format_datetime(when)}</pubDate>")
            for title, when in shown
        )
        body = rss(items, title=f"Good {name}")
        tag = f'"{hashlib.md5(body).hexdigest()}"'
        for title, _ in shown:
            self.carried.setdefault(title.split()[0], time.monotonic())
        if call.headers.get("if-none-match") == tag:
            await call.answer(304, ETag=tag)
        else:
            await call.answer(200, body, ETag=tag)

    def take(self, path: str, body: bytes) -> None:
        """A message arrived."""
        text = body.decode("utf-8", "replace")
        if path.startswith("/ops"):
            self.ops.append(text)
            return
        for first in {part for part in text.replace('"', " ").split() if part in self.published}:
            self.told.setdefault(first, time.monotonic())
            self.copies[first] += 1

    def report(self) -> bytes:
        names = ("published", "carried", "told", "copies", "asked", "ops")
        return json.dumps({name: getattr(self, name) for name in names}).encode()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            pass
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.read(1)
        if not head or head == b"\x16":  # nothing, or the first octet of a TLS handshake
            writer.write(b"\x16\x03\x01\xff\xff" + b"garbage" * 100 if head else b"")
            self.asked["tls-garbage"].append(time.monotonic())
            return False
        head += await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        verb, path, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        call = Call(writer, path, headers, len(self.asked[path]), self.port)
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        if verb == "POST":
            if path.startswith("/publish"):
                asked = json.loads(body)
                if self.publishing:
                    self.publishing.cancel()
                if asked["feeds"]:
                    self.publishing = asyncio.create_task(self.keep_publishing(asked["feeds"], asked["every"]))
            else:
                self.take(path, body)
            await call.answer(200, b"ok")
        elif path == "/report":
            await call.answer(200, self.report())
        else:
            self.asked[path].append(time.monotonic())
            kind = self.kinds.get(path.split("/")[1])
            await (kind(call) if kind else call.answer(404))
        return True


async def serve() -> None:
    """Serve on a free port, which is printed, until the process ends."""
    for make in (_ten_thousand, _attributes, _bomb):
        make()  # now, for it takes seconds in which nobody would be answered
    world = World()
    server = await asyncio.start_server(world.handle, "127.0.0.1", 0)
    world.port = server.sockets[0].getsockname()[1]
    print(world.port, flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    sys.setswitchinterval(0.001)
    asyncio.run(serve())
