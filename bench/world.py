"""The world of the soak: made news, loopback servers, and the real service in a process of its own.

python bench/world.py FOLDER TICK     the daemon on FOLDER/config.yaml, by the clock in FOLDER/clock; the soak starts it
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

_SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "ai", "or", "en")]


# ---- made news -----------------------------------------------------------------------------------------------------


def word(chance: random.Random) -> str:
    return "".join(chance.choices(_SYLLABLES, k=4))


def rss(items: str, *, head: str = "") -> bytes:
    document = (
        f"<?xml version='1.0' encoding='utf-8'?>{head}<rss version='2.0'><channel><title>A feed</title>"
        f"<link>http://news.example/</link>{items}</channel></rss>"
    )
    return document.encode()


def item(title: str, number: object, *, date: str = "", link: str | None = None, guid: str | None = None) -> str:
    address = f"http://news.example/{number}"
    return (
        f"<item><title>{title}</title><link>{address if link is None else link}</link>"
        f"<guid isPermaLink='false'>{address if guid is None else guid}</guid>{date}</item>"
    )


#: A pack with one rule, whose stories are alerts of their own.
PACK = """\
tocsin: 1
pack: {id: soak, version: 1.0.0}
rules:
  - id: ban
    severity: high
    event: trade.ban
    news: {match: bans}
    key: [story]
"""


# ---- the clock -----------------------------------------------------------------------------------------------------


class FileClock:
    """A clock that several processes share: it began once, and runs *factor* times as fast."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def begin(self, start: datetime, factor: float) -> None:
        state = {"zero": time.monotonic(), "start": start.timestamp(), "factor": factor}
        self._path.write_text(json.dumps(state))

    def now(self) -> datetime:
        state = json.loads(self._path.read_text())
        return datetime.fromtimestamp(state["start"] + (time.monotonic() - state["zero"]) * state["factor"], UTC)


# ---- servers -------------------------------------------------------------------------------------------------------


class Answer(NamedTuple):
    """Answer of a server; *sent* is called when it was sent."""

    status: int = 200
    body: bytes = b"ok"
    headers: Mapping[str, str] = {}
    sent: Callable[[], None] = lambda: None


def serve(get: Callable[[str], Answer], post: Callable[[str, bytes], Answer]) -> ThreadingHTTPServer:
    """Serve on a free port of loopback until `shutdown`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send(get(self.path))

        def do_POST(self) -> None:
            self._send(post(self.path, self.rfile.read(int(self.headers["Content-Length"]))))

        def _send(self, answer: Answer) -> None:
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)
            answer.sent()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # a client that was killed hangs up
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


# ---- the daemon ----------------------------------------------------------------------------------------------------


@dataclass
class Daemon:
    """The service on a folder with a configuration and a clock; it may be ended and begun again.

    *peak* is the most memory of the process, in MB, over all its lives.
    """

    folder: Path
    tick: float
    lives: int = 0
    peak: float = 0.0

    def begin(self) -> None:
        with (self.folder / "log").open("a") as log:
            command = [sys.executable, __file__, str(self.folder), str(self.tick)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        self.lives += 1

    def check(self) -> None:
        assert self.process.poll() is None, (self.folder / "log").read_text(errors="replace")[-3000:]

    def end(self) -> None:
        if self.process.poll() is None:
            status = Path(f"/proc/{self.process.pid}/status").read_text()
            self.peak = max(self.peak, *(int(size) / 1024 for size in re.findall(r"VmHWM:\s+(\d+)", status)))
        self.process.kill()
        self.process.wait(60)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.folder / "tocsin.db", timeout=30) as database:
            return database.execute(query).fetchall()


def main(folder: Path, tick: float) -> None:
    """Run the daemon."""
    from tocsin.service.service import Service

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s", stream=sys.stderr)
    clock = FileClock(folder / "clock")
    asyncio.run(Service(folder / "config.yaml", env=os.environ, clock=clock, tick=timedelta(seconds=tick)).run())


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
