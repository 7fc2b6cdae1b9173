"""How soon the daemon works after a start, and how much memory and processor time it takes.

    python bench/start.py [--feeds 500] [--packs critical-minerals,energy,trade] [--starts 3] [--rest 60]

The daemon is `tocsin run` with the shipped *packs*, the page, a receiver of mail and one of Slack. Each feed has 20 entries
and is on a loopback address of its own, so that each is a host. The first start makes the database and, in a checkout, tries the
packs; each later one finds every feed due and gets 304s. The modules are compiled, as an installer does it. Times are seconds
from the start of the process:

    ready    until it notifies the service manager
    polled   until the last of the first 200 feeds was answered
    cpu      processor time of the daemon until it is ready
    idle     processor time of the daemon when all is taken in and nothing is due, in percent of a core, over *rest* seconds

Memory is the proportional set size (Pss) in MB of the daemon and of the parser processes that it started: what would be free
without them. *peak* is the most resident memory (RSS) that the daemon alone had.
"""

from __future__ import annotations

import argparse
import asyncio
import compileall
import os
import re
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from aiohttp import web
from world import item, rss

import tocsin

SOON = 200
PATIENCE = 120.0
#: The daemon rests if it takes less than a twentieth of a core for so many seconds.
QUIET = 5.0
_COLUMNS = ("start", "ready", "polled", "cpu", "at ready", "daemon", "parsers", "together", "peak", "idle %")


class Feeds:
    """Feeds, each on an address of its own, and how many of them were asked."""

    def __init__(self, count: int) -> None:
        self.hosts = [f"127.1.{number // 250}.{number % 250 + 1}" for number in range(count)]
        self.asked: set[str] = set()
        self.port, self.page = _free_port(), _free_port()
        started = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._serve(started)), daemon=True).start()
        started.wait(PATIENCE)

    async def _serve(self, started: threading.Event) -> None:
        app = web.Application()
        app.router.add_get("/feed", self.answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        for host in self.hosts:
            await web.TCPSite(runner, host, self.port).start()
        started.set()
        await asyncio.Event().wait()

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.add(request.host)
        tag = {"ETag": '"1"'}
        if "If-None-Match" in request.headers:
            return web.Response(status=304, headers=tag)
        items = (
            item(f"Ministers and miners meet in {request.host}, part {n}", f"{request.host}/{n}") for n in range(20)
        )
        return web.Response(body=rss("".join(items)), content_type="application/rss+xml", headers=tag)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def config(feeds: Feeds, packs: str, *, every: str = "1h") -> str:
    """Return a configuration of *feeds* that are polled so often."""
    lines = (
        f'  f{n}: {{feed: "http://{host}:{feeds.port}/feed", every: {every}, allow_private: true}}'
        for n, host in enumerate(feeds.hosts)
    )
    return "\n".join([
        "timezone: UTC", "database: sqlite:///tocsin.db", f"rules: [{packs}]", "sources:", *lines,
        "receivers:", '  mail: {url: "mailto://127.0.0.1:9?from=bell@example.org&to=desk@example.org"}',
        f'  desk: {{url: "slack+http://127.0.0.1:{feeds.port}/hook"}}', "routes: [{to: [mail, desk]}]",
        f"web: {{listen: 127.0.0.1:{feeds.page}}}", "",
    ])  # fmt: skip


# ---- a life --------------------------------------------------------------------------------------------------------


@contextmanager
def daemon(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [
        sys.executable,
        "-c",
        "from tocsin.cli import main; main()",
        "run",
        "--config",
        str(folder / "config.yaml"),
    ]
    with (folder / "log").open("a") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def measure(folder: Path, feeds: Feeds, notified: socket.socket, rest: float) -> dict[str, float]:
    """Start the daemon, let it poll every feed and rest, and return its figures."""
    feeds.asked.clear()
    soon = min(SOON, len(feeds.hosts))
    began, found = time.monotonic(), dict[str, float]()
    with daemon(folder) as process:
        while len(feeds.asked) < len(feeds.hosts) or "ready" not in found:
            now = time.monotonic() - began
            working = process.poll() is None and now < PATIENCE
            assert working, (folder / "log").read_text()[-3000:]
            if "ready" not in found and _is_ready(notified):
                found |= {"ready": now, "cpu": seconds(process.pid), "at ready": _pss(process.pid)}
            if len(feeds.asked) >= soon:
                found.setdefault("polled", now)
            time.sleep(0.01)
        found.setdefault("polled", time.monotonic() - began)
        before = _rested(process.pid) if rest else 0.0
        time.sleep(rest)
        found["idle %"] = 100 * (seconds(process.pid) - before) / rest if rest else 0.0
        found["daemon"] = _pss(process.pid)
        found["parsers"] = sum(map(_pss, children(process.pid)))
        found["together"] = found["daemon"] + found["parsers"]
        found["peak"] = _size(Path(f"/proc/{process.pid}/status"), "VmHWM")
    return found


def _is_ready(notified: socket.socket) -> bool:
    with suppress(BlockingIOError):
        while message := notified.recv(4096):
            if b"READY=1" in message:
                return True
    return False


def _rested(pid: int) -> float:
    """Wait until the last answers are parsed and committed; return the processor time of the process until then."""
    before, now = 0.0, seconds(pid)
    while now - before > QUIET / 20:
        time.sleep(QUIET)
        before, now = now, seconds(pid)
    return now


def seconds(pid: int) -> float:
    """Return the processor time of a process, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]


def _pss(pid: int) -> float:
    with suppress(OSError):  # a parser process that has ended
        return _size(Path(f"/proc/{pid}/smaps_rollup"), "Pss")
    return 0.0


def _size(file: Path, name: str) -> float:
    found = re.search(rf"^{name}:\s+(\d+) kB", file.read_text(), re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=500)
    parser.add_argument("--packs", default="critical-minerals,energy,trade")
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--rest", type=float, default=60)
    given = parser.parse_args()
    compileall.compile_dir(Path(tocsin.__file__).parent, quiet=2)
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    with tempfile.TemporaryDirectory() as name, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        folder = Path(name)
        feeds = Feeds(given.feeds)
        (folder / "config.yaml").write_text(config(feeds, given.packs))
        notified.setblocking(False)
        notified.bind(os.environ.setdefault("NOTIFY_SOCKET", str(folder / "notify")))
        print("".join(f"{column:>10}" for column in _COLUMNS))
        for start in range(1, given.starts + 1):
            if start > 1:
                with sqlite3.connect(folder / "tocsin.db") as database:
                    database.execute("update source set due_at = first_polled")
            found = measure(folder, feeds, notified, given.rest)
            print(f"{start:>10}" + "".join(f"{found[column]:>10.2f}" for column in _COLUMNS[1:]), flush=True)


if __name__ == "__main__":
    main()
