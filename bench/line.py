"""`tocsin run`, several times on one database, between servers and receivers on loopback that answer after 50 ms."""

from __future__ import annotations

import asyncio
import json
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from databases import POSTGRESQL, Databases, rows, tree_cpu
from world import PACK, item, rss, word

from tocsin.store.db.opening import running

#: Addresses of loopback, a server each, and the feeds on each of them.
SERVERS, FEEDS = 6, 200
#: Open files of a daemon, which may then have 16 requests in flight: with more of them one core would be the limit.
FILES = 512
#: Seconds until an answer, and in which polls are counted.
WAIT, LASTS = 0.05, 20.0
#: Stories a second, and those that come at once, each of them for so many receivers.
NEWS, BURST, HEARERS = 4, 20, 16
#: Stories that come at once for one mailbox.
STORM = 500
PATIENCE = 300.0
PROGRAM = "from tocsin.cli import main; main()"


#: A row of the change by which a message was planned is never written again, so it is of the transaction of the decision.
_BEGUN = """
    SELECT extract(epoch FROM attempt.started_at - pg_xact_commit_timestamp(planned.xmin))
    FROM attempt JOIN transition AS planned USING (delivery_id)
    WHERE attempt.n = 1 AND planned.id = (SELECT min(id) FROM transition WHERE delivery_id = attempt.delivery_id)
"""


class Figures(NamedTuple):
    """What one run came to: *count* in *wall* seconds, seconds of processor time, and how long single ones took, in order.

    *begun* are the seconds from the commit that planned a message until its first attempt was on record, in order; only a server
    knows when a commit was.
    """

    count: int
    wall: float
    worker: float
    server: float
    took: list[float]
    begun: tuple[float, ...] = ()

    @property
    def rate(self) -> float:
        return self.count / self.wall


# ---- servers and receivers -----------------------------------------------------------------------------------------


class Seen:
    """What servers and receivers saw: polls, messages, and the seconds from the first of the messages to the last."""

    def __init__(self) -> None:
        self._counts = Counter[str]()
        self._editions = Counter[str]()
        self._began = time.monotonic()
        self._messages: list[float] = []
        self._published = 0
        self._answered: dict[str, float] = {}
        self._waits: list[float] = []

    def poll(self, name: str) -> int:
        """Count a poll; the number of stories in the feed, which may get another one now."""
        self._counts["polls"] += 1
        if name != "burst" and self._published < (time.monotonic() - self._began) * NEWS:
            self._published += 1
            self._editions[name] += 1
        return self._editions[name]

    def burst(self, stories: int) -> None:
        self._editions["burst"] += stories

    def answered(self, titles: list[str]) -> None:
        """Note when these headlines were first in an answer."""
        now = time.monotonic()
        for title in titles:
            self._answered.setdefault(title, now)

    def message(self, text: str) -> None:
        now = time.monotonic()
        self._counts["messages"] += 1
        self._messages.append(now)
        self._waits += [now - at for title, at in self._answered.items() if title in text]

    def said(self) -> dict[str, Any]:
        span = self._messages[-1] - self._messages[0] if self._messages else 0.0
        return {"polls": 0, "messages": 0, **self._counts, "span": span, "waits": self._waits}


def serve() -> None:
    """Serve feeds and receivers on a free port, which is printed; `/seen` says what they saw."""
    from aiohttp import web

    seen = Seen()

    async def feed(request: web.Request) -> web.Response:
        await asyncio.sleep(WAIT)
        name = request.match_info["name"]
        newest = seen.poll(name)
        tag = f'"{newest}"'
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers={"ETag": tag})
        titles = {n: _title(name, n) for n in range(newest, -1, -1)[: STORM + 1 if name == "burst" else BURST + 1]}
        items = (item(title, f"{name}/{n}") for n, title in titles.items())
        seen.answered([*titles.values()])
        return web.Response(body=rss("".join(items)), content_type="application/rss+xml", headers={"ETag": tag})

    async def take(request: web.Request) -> web.Response:
        seen.message(await request.text())
        await asyncio.sleep(WAIT)
        return web.Response(text="ok")

    async def burst(request: web.Request) -> web.Response:
        seen.burst(int(request.query["stories"]))
        return web.Response(text="ok")

    async def mailbox(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take mails, at once, for as long as somebody sends some."""
        writer.write(b"220 ready\r\n")
        while command := (await reader.readline()).upper():
            if command.startswith(b"DATA"):
                writer.write(b"354 go on\r\n")
                seen.message((await reader.readuntil(b"\r\n.\r\n")).decode())
            writer.write(b"250 ok\r\n")
        writer.close()

    async def said(_: web.Request) -> web.Response:
        return web.json_response(seen.said())

    async def main() -> None:
        app = web.Application()
        app.add_routes([web.get("/feed/{name}", feed), web.post("/hook/{name}", take)])
        app.add_routes([web.get("/burst", burst), web.get("/seen", said)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "0.0.0.0", 0).start()
        mails = await asyncio.start_server(mailbox, "127.0.0.1", 0)
        print(runner.addresses[0][1], mails.sockets[0].getsockname()[1], flush=True)
        await asyncio.Event().wait()

    asyncio.run(main())


def _title(name: str, number: int) -> str:
    """A headline that tells a story of its own."""
    chance = random.Random(f"{name}/{number}")
    return f"{word(chance).title()} {word(chance)} {word(chance)} bans {word(chance)} {word(chance)}"


@contextmanager
def _served() -> Iterator[tuple[int, int]]:
    """The ports of the servers and receivers, and of the mailbox, which are a process of their own."""
    process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        web, mail = map(int, process.stdout.readline().split())
        yield web, mail
    finally:
        process.terminate()
        process.wait()


# ---- the daemons ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """Daemons on the database at *url*, and the *port* of what stands around them."""

    url: str
    port: int
    places: Databases
    pids: list[int]

    def ask(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=30) as answer:
            found: bytes = answer.read()
            return found

    def seen(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.ask("seen"))
        return found

    def begun(self) -> tuple[float, ...]:
        """Seconds from the commit that planned a message until its first attempt was on record, in order."""
        if not self.url.startswith(POSTGRESQL) or rows(self.url, "SHOW track_commit_timestamp") != [("on",)]:
            return ()
        return tuple(sorted(float(seconds) for (seconds,) in rows(self.url, _BEGUN)))

    def until(self, true: Callable[[], bool]) -> None:
        _until(true)

    def cpu(self) -> tuple[float, float]:
        """Seconds of processor time of the daemons and of the server so far."""
        return sum(map(tree_cpu, self.pids)), self.places.cpu()


def _works(url: str, workers: int, newest: subprocess.Popen[bytes]) -> bool:
    """Whether so many workers have started, of which *newest* is one."""
    if newest.poll() is not None:
        raise RuntimeError(f"a daemon ended with {newest.returncode}")
    return sum(bool(one.started) for one in running(url)) >= workers


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {PATIENCE:g} s")
        time.sleep(0.1)


@contextmanager
def _line(kind: str, workers: int, places: Databases, feeds: list[str], *, mails: bool = False) -> Iterator[Line]:
    """So many daemons on a fresh database, which poll *feeds*, for one mailbox or for all other receivers."""
    url = places.fresh(kind)
    with tempfile.TemporaryDirectory() as folder, _served() as (port, mail):
        config = _configure(Path(folder), url, port, feeds, mail if mails else None)
        command = [sys.executable, "-c", PROGRAM, "run", "--config", str(config), "--log-level", "error"]
        processes: list[subprocess.Popen[bytes]] = []
        try:
            with (Path(folder) / "log").open("w") as log:
                for number in range(workers):
                    process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
                    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (FILES, FILES))
                    processes.append(process)
                    # The first one makes the tables.
                    _until(partial(_works, url, number + 1, processes[-1]))
            yield Line(url, port, places, [process.pid for process in processes])
        finally:
            for process in processes:
                process.send_signal(signal.SIGTERM)
            for process in processes:
                process.wait(60)
            print((Path(folder) / "log").read_text()[-3000:], end="", file=sys.stderr)
    places.drop(url)


def _configure(folder: Path, url: str, port: int, feeds: list[str], mail: int | None) -> Path:
    """Write a configuration in which each receiver hears of its share of the *feeds*, and all of the feed `burst`.

    With the port of a mailbox, *mail*, that is the only receiver.
    """
    (folder / "rules").mkdir()
    (folder / "rules" / "rules.yaml").write_text(PACK)
    lines = ["timezone: UTC", f'database: "{url}"', "rules: [./rules]", "sources:"]
    lines += [
        f'  {name}: {{feed: "http://127.0.1.{number % SERVERS + 1}:{port}/feed/{name}", every: 1s, allow_private: true, '
        f"labels: {{lane: {'all' if name == 'burst' else f'n{number % HEARERS}'}}}}}"
        for number, name in enumerate(feeds)
    ]
    lines += ["receivers:"]
    if mail:
        lines += [f'  box: {{url: "mailto://127.0.0.1:{mail}?from=a@x.org&to=b@x.org&mode=insecure", rate: 6000}}']
        lines += ["routes: [{to: [box]}]"]
        return _written(folder, lines)
    lines += [f'  r{n}: {{url: "json://127.0.0.1:{port}/hook/{n}", rate: 6000}}' for n in range(HEARERS)]
    lines += ["routes:", *(f"  - {{labels: {{lane: n{n}}}, to: [r{n}]}}" for n in range(HEARERS))]
    lines += [f"  - {{labels: {{lane: all}}, to: [{', '.join(f'r{n}' for n in range(HEARERS))}]}}"]
    return _written(folder, lines)


def _written(folder: Path, lines: list[str]) -> Path:
    path = folder / "config.yaml"
    path.write_text("\n".join([*lines, ""]))
    return path


def polls(kind: str, workers: int, places: Databases) -> Figures:
    """Figures of polls, while stories come all the time, with the waits of the messages about these."""
    feeds = [f"f{n}" for n in range(SERVERS * FEEDS)]
    with _line(kind, workers, places, feeds) as line:
        line.until(lambda: line.seen()["polls"] >= 2 * len(feeds))
        began, before, spent = time.perf_counter(), line.seen(), line.cpu()
        time.sleep(LASTS)
        wall, after, cpu = time.perf_counter() - began, line.seen(), line.cpu()
        begun = line.begun()
    waits = sorted(after["waits"][len(before["waits"]) :])
    return Figures(after["polls"] - before["polls"], wall, cpu[0] - spent[0], cpu[1] - spent[1], waits, begun)


def messages(kind: str, workers: int, places: Databases) -> Figures:
    """Figures of messages that are due at once, for each of several receivers."""
    return _at_once(kind, workers, places, BURST, HEARERS)


def mails(kind: str, workers: int, places: Databases) -> Figures:
    """Figures of mails to one mailbox that are due at once."""
    return _at_once(kind, workers, places, STORM, 1, mails=True)


def _at_once(kind: str, workers: int, places: Databases, stories: int, hearers: int, *, mails: bool = False) -> Figures:
    with _line(kind, workers, places, ["burst"], mails=mails) as line:
        line.until(lambda: line.seen()["polls"] >= 3)
        spent = line.cpu()
        line.ask(f"burst?stories={stories}")
        line.until(lambda: line.seen()["messages"] >= stories * hearers)
        cpu, after, begun = line.cpu(), line.seen(), line.begun()
    return Figures(
        after["messages"], after["span"], cpu[0] - spent[0], cpu[1] - spent[1], sorted(after["waits"]), begun
    )


if __name__ == "__main__":
    serve()
