"""What the benchmarks of the whole daemon share: made news, loopback servers, and the real service in a process of its own.

python bench/world.py FOLDER TICK     the daemon on FOLDER/config.yaml, by the clock in FOLDER/clock; benchmarks start it
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

_SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "ai", "or", "en")]


# ---- made news -----------------------------------------------------------------------------------------------------


def word(chance: random.Random) -> str:
    return "".join(chance.choices(_SYLLABLES, k=4))


def rss(items: str, *, head: str = "", title: str = "A feed", changing: object = "") -> bytes:
    document = (
        f"<?xml version='1.0' encoding='utf-8'?>{head}<rss version='2.0'><channel><title>{title}</title>"
        f"<link>http://news.example/</link><!-- {changing} -->{items}</channel></rss>"
    )
    return document.encode("utf-8", "surrogatepass")


def item(title: str, number: object, *, date: str = "", link: str | None = None, guid: str | None = None) -> str:
    address = f"http://news.example/{number}"
    return (
        f"<item><title>{title}</title><link>{address if link is None else link}</link>"
        f"<guid isPermaLink='false'>{address if guid is None else guid}</guid>{date}</item>"
    )


def pack(name: str, *, severity: str = "high") -> str:
    """A pack with one rule, `ban`, whose stories are alerts of their own; war makes them critical."""
    return f"""\
tocsin: 1
pack: {{id: {name}, version: 1.0.0}}
rules:
  - id: ban
    severity: {severity}
    event: trade.ban
    news: {{match: bans, severity_if: [critical: war]}}
    key: [story]
"""


# ---- the clock -----------------------------------------------------------------------------------------------------


class FileClock:
    """A clock that several processes share: it began once, runs *factor* times as fast, and may jump."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def begin(self, start: datetime, factor: float) -> None:
        self._write({"zero": time.monotonic(), "start": start.timestamp(), "factor": factor})

    def now(self) -> datetime:
        state = json.loads(self._path.read_text())
        return datetime.fromtimestamp(state["start"] + (time.monotonic() - state["zero"]) * state["factor"], UTC)

    def jump(self, by: timedelta) -> None:
        state = json.loads(self._path.read_text())
        self._write({**state, "start": state["start"] + by.total_seconds()})

    def _write(self, state: dict[str, float]) -> None:
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(state))
        fresh.replace(self._path)


# ---- servers -------------------------------------------------------------------------------------------------------


class Answer(NamedTuple):
    """What a server says; *sent* is called when that was sent."""

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
class Usage:
    """Memory of a process and its children, in MB, sampled every fifth of a second; CPU seconds."""

    pid: int
    peak: float = 0.0
    now: float = 0.0
    own: float = 0.0  # the peak of the process without its children
    stopped: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while not self.stopped.wait(0.2):
            self.now = sum(map(_resident, _family(self.pid)))
            self.peak = max(self.peak, self.now)
            self.own = max(self.own, _resident(self.pid))

    def cpu(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _family(pid: int) -> list[int]:
    try:
        children = [int(p) for t in Path(f"/proc/{pid}/task").iterdir() for p in (t / "children").read_text().split()]
    except OSError:
        return []
    # A child that has just been forked still is its parent's memory.
    return [pid, *(p for child in children if _command(child) != _command(pid) for p in _family(child))]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _resident(pid: int) -> float:
    try:
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0.0
    return int(found[1]) / 1024 if found else 0.0


@dataclass
class Daemon:
    """The service on a folder with a configuration and a clock; it may be ended and begun again.

    *peak* is the memory of the process alone, in MB, *cpu* its processor seconds, over all its lives.
    """

    folder: Path
    tick: float = 0.5
    frugal: bool = False  # with the allocator set as the systemd unit sets it
    lives: int = 0
    peak: float = 0.0
    cpu: float = 0.0

    def begin(self) -> None:
        settings = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "131072"} if self.frugal else {}
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, __file__, str(self.folder), str(self.tick)],
                stdout=log, stderr=log, cwd=self.folder, env={**os.environ, **settings},
            )  # fmt: skip
        self.usage = Usage(self.process.pid)
        self.lives += 1

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def check(self) -> None:
        assert self.process.poll() is None, self.log()[-3000:]

    def end(self, how: int = signal.SIGTERM) -> None:
        if self.process.poll() is None:
            self.cpu += self.usage.cpu()
            self.process.send_signal(how)
        self.usage.stopped.set()
        self.peak = max(self.peak, self.usage.own)
        self.process.wait(60)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.folder / "tocsin.db", timeout=30) as database:
            return database.execute(query).fetchall()

    def wait(self, true: Callable[[], object], patience: float) -> None:
        end = time.monotonic() + patience
        while not true():
            self.check()
            assert time.monotonic() < end, "it takes too long"
            time.sleep(0.2)

    def sleep(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.check()
            time.sleep(min(1.0, max(0.0, end - time.monotonic())))


def part(values: list[float], share: float) -> float:
    """The value below which *share* of *values* lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def main(folder: Path, tick: float) -> None:
    """Run the daemon; its log ends with how late its event loop was."""
    from tocsin.service.service import Service

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("tocsin").setLevel(os.environ.get("LEVEL", "WARNING"))
    late: list[float] = [0.0]

    async def watch() -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.05)
            late.append(time.monotonic() - began - 0.05)

    async def run() -> None:
        watching = asyncio.create_task(watch())
        clock = FileClock(folder / "clock")
        await Service(folder / "config.yaml", env={}, clock=clock, tick=timedelta(seconds=tick)).run()
        watching.cancel()

    asyncio.run(run())
    print(f"event loop late: p99 {part(late, 0.99):.2f} s, max {max(late):.2f} s", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
