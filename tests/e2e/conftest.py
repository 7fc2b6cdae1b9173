"""The daemon as a process, between a web server, a mail server and a webhook, all on loopback."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
from aiosmtpd.smtp import SMTP
from typer.testing import CliRunner

from tocsin.cli import app

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "from tocsin.cli import main; main()"
#: Real seconds after which something that should have happened did not.
PATIENCE = 90.0

RULES = """\
tocsin: 1
pack: {id: metals, version: 1.0.0}
lists:
  mineral: {gallium: [gallium], cobalt: [cobalt], antimony: [antimony]}
rules:
  - id: ban
    title: "{mineral}: export ban"
    severity: high
    event: trade.export.restrict
    news:
      match: |
        $mineral NEAR/8 (ban~ OR halt~)
    key: [mineral]
    note: Read the announcement before acting.
"""


def until(holds: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """Wait until *holds* is true, and return it; fail after *patience* seconds."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if found := holds():
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited {patience:g} s in vain: {what}")


def objects(printed: str) -> list[dict[str, Any]]:
    """The objects of JSON Lines among what was *printed*."""
    return [json.loads(line) for line in printed.splitlines() if line.startswith("{")]


class Web:
    """An HTTP server: feeds at /NAME, whose items can grow, and a webhook at /hook."""

    def __init__(self) -> None:
        self.feeds: dict[str, list[tuple[str, datetime]]] = {}
        self.first: dict[str, str] = {}  # by headline the one that it had before
        self.posts: list[tuple[float, dict[str, Any]]] = []
        self.requests: list[tuple[str, int]] = []
        self.hook_status = 200
        web = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = web.feed(self.path.strip("/")).encode()
                etag = f'"{hash(body)}"'
                known = self.headers.get("If-None-Match") == etag
                web.requests.append((self.path, 304 if known else 200))
                self._answer(304 if known else 200, b"" if known else body, ETag=etag)

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if web.hook_status == 200:
                    web.posts.append((time.time(), body))
                self._answer(web.hook_status, b"ok" if web.hook_status == 200 else b"down for maintenance")

            def _answer(self, status: int, body: bytes, **headers: str) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/rss+xml")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("0.0.0.0", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def feed(self, name: str) -> str:
        """The RSS of a feed."""
        items = "".join(
            f"<item><title>{escape(title)}</title><guid isPermaLink='false'>{escape(name + self.first.get(title, title))}</guid>"
            f"<link>http://news.example/{abs(hash((name, title)))}</link>"
            f"<pubDate>{format_datetime(when)}</pubDate><description>&lt;p&gt;More on this.&lt;/p&gt;</description></item>"
            for title, when in self.feeds.get(name, [])
        )
        return f"<rss version='2.0'><channel><title>{name} wire</title><link>http://x.example/</link>{items}</channel></rss>"

    def publish(self, feed: str, title: str) -> float:
        """Put a new item into a feed; the time at which that was."""
        self.feeds.setdefault(feed, []).insert(0, (title, datetime.now(UTC)))
        return time.time()

    def rewrite(self, feed: str, before: str, after: str) -> None:
        """Give an item of a feed another headline."""
        self.first[after] = self.first.get(before, before)
        self.feeds[feed] = [(after if title == before else title, when) for title, when in self.feeds[feed]]

    def polled(self, feed: str) -> int:
        """How often a feed was asked for."""
        return sum(path == f"/{feed}" for path, _ in self.requests)

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


class Mailbox:
    """An SMTP server that keeps every mail, with the time it came."""

    def __init__(self) -> None:
        self.mails: list[tuple[float, EmailMessage]] = []
        self.raw: list[bytes] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        opening = self._loop.create_server(lambda: SMTP(self, loop=self._loop), "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(opening, self._loop).result(10)
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Take a mail."""
        self.raw.append(envelope.content)
        self.mails.append((time.time(), email.message_from_bytes(envelope.content, policy=email.policy.default)))
        return "250 kept"

    def close(self) -> None:
        """Stop listening."""
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()


@dataclass
class Daemon:
    """A running `tocsin run`."""

    process: subprocess.Popen[str]
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        def read() -> None:
            assert self.process.stderr
            self.log.extend(iter(self.process.stderr.readline, ""))

        self._reader = threading.Thread(target=read, daemon=True)
        self._reader.start()

    def says(self, words: str) -> bool:
        """Whether a log line holds *words*."""
        return any(words in line for line in list(self.log))

    def wait_for(self, words: str) -> None:
        """Wait for a log line with *words*."""
        until(lambda: self.says(words) or self.process.poll() is not None, f"log line {words!r} in {self.log}")
        assert self.says(words), "".join(self.log)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.wait()

    def wait(self) -> int:
        """Wait for its end; its exit status."""
        status = self.process.wait(PATIENCE)
        self._reader.join(5)
        for stream in (self.process.stderr, self.process.stdout):
            if stream:
                stream.close()
        return status


@dataclass
class World:
    """Everything around one daemon."""

    folder: Path
    web: Web
    mailbox: Mailbox
    daemons: list[Daemon] = field(default_factory=list)

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.folder / "config.yaml"

    def configure(self, feeds: int = 1, *, extra: str = "") -> None:
        """Write rules and a configuration with so many feeds, each at an address of its own."""
        rules = self.folder / "rules"
        rules.mkdir(exist_ok=True)
        (rules / "metals.yaml").write_text(RULES, encoding="utf-8")
        sources = "\n".join(
            f'  wire{n}: {{feed: "http://127.0.0.{n + 2}:{self.web.port}/wire{n}", every: 1s, allow_private: true}}'
            for n in range(feeds)
        )
        self.config.write_text(
            f"""\
timezone: Europe/London
database: sqlite:///tocsin.db
rules: [./rules]
sources:
{sources}
receivers:
  mail: {{url: "${{MAIL}}", rate: 6000}}
  desk: {{url: "${{HOOK}}", rate: 6000}}
routes:
  - {{to: [mail, desk]}}
{extra}""",
            encoding="utf-8",
        )

    def env(self, *, measured: bool = True) -> dict[str, str]:
        """The environment of the daemon: where mail and messages go, with a canary for a secret.

        Coverage is measured of processes that end by themselves and run what no other test does: it doubles their time.
        """
        return {
            **{name: value for name, value in os.environ.items() if measured or not name.startswith("COVERAGE_")},
            "MAIL": f"mailto://127.0.0.1:{self.mailbox.port}?from=bell@example.org&to=desk@example.org",
            "HOOK": f"slack+http://127.0.0.1:{self.web.port}/hook/c4nary-t0ken",
            "PYTHONUNBUFFERED": "1",
        }

    def start(self, *arguments: str, script: str = PROGRAM) -> Daemon:
        """Start the daemon (or *script* in its place) and wait until it works, with its page if it has one."""
        daemon = self.launch(*(arguments or ("run", "--config", str(self.config))), script=script)
        daemon.wait_for("started")
        if "web:" in self.config.read_text(encoding="utf-8"):
            daemon.wait_for("served listen=")
        return daemon

    def launch(self, *arguments: str, script: str = PROGRAM) -> Daemon:
        """Start a process of the program."""
        process = subprocess.Popen(
            [sys.executable, "-c", script, *arguments],
            env=self.env(measured=script == PROGRAM),
            cwd=self.folder,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        daemon = Daemon(process)
        self.daemons.append(daemon)
        return daemon

    def run(self, *arguments: str, patience: float = PATIENCE, measured: bool = False) -> str:
        """Run a command to its end; what it printed."""
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, *arguments],
            env=self.env(measured=measured),
            cwd=self.folder,
            text=True,
            capture_output=True,
            timeout=patience,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout or done.stderr

    def test_message(self, *receivers: str) -> list[dict[str, Any]]:
        """What `tocsin notify-test`, a process of its own, reports."""
        return objects(self.run("notify-test", *receivers, "--config", str(self.config), "--json"))

    def listing(self, *arguments: str) -> list[dict[str, Any]]:
        """The objects that a command prints with `--json`; it only looks, and does so in this process."""
        asked = [*arguments, "--config", str(self.config), "--json"]
        done = CliRunner().invoke(app, asked, env=self.env(), catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return objects(done.stdout)

    def until(self, true: Callable[[], Any], what: str) -> Any:
        """Wait until *true* returns something true, and return it; fail with what the daemons logged."""
        try:
            return until(true, what, patience=2 * PATIENCE)  # a receiver that failed is left alone for half a minute
        except AssertionError as error:
            raise AssertionError("".join([f"{error}\n", *(line for one in self.daemons for line in one.log)])) from None

    def baseline(self, feeds: int = 1) -> None:
        """Wait until every feed was polled and its baseline stands."""
        until(lambda: all(self.web.polled(f"wire{n}") >= 2 for n in range(feeds)), "two polls of every feed")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A web server, a mailbox, and an empty folder; what was started is ended."""
    web, mailbox = Web(), Mailbox()
    made = World(folder=tmp_path, web=web, mailbox=mailbox)
    try:
        yield made
    finally:
        for daemon in made.daemons:
            if daemon.process.poll() is None:
                daemon.stop(signal.SIGKILL)
            elif daemon.process.stderr and not daemon.process.stderr.closed:
                daemon.wait()
        web.close()
        mailbox.close()
