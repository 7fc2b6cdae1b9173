"""Move a database with days of history from a file to a server while sources keep publishing: what is lost, what is doubled?

    python bench/move.py [--days 7] [--factor 20000] [--seconds 8]

Everything is on loopback. Five feeds publish a story every two hours for --days of a clock that runs --factor times as fast; a
daemon on SQLite polls them and sends each story to two receivers. Then the clock is that of the machine, and a feed publishes twice a
second: `tocsin run` on the file for --seconds, its stop, `tocsin db copy`, and two `tocsin run` on the server for as long again. A
story is lost for a receiver that no message told of it, and doubled where two messages did. It ends with 1 if one was.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from databases import POSTGRESQL, databases, machine
from world import PACK, Answer, Daemon, FileClock, item, rss, serve, word

FEEDS, SHOWN = 5, 60
HEARERS = ("desk", "archive")
#: Time of the clock between two stories, and real seconds between two when it is that of the machine.
QUIET, BUSY = timedelta(hours=2), 0.5
PROGRAM = "from tocsin.cli import main; main()"


class Wire:
    """Feeds and receivers, and what they saw."""

    def __init__(self) -> None:
        self._chance = random.Random(11)
        self._feeds: list[list[tuple[str, datetime]]] = [[] for _ in range(FEEDS)]
        self.marks: list[str] = []
        self.asked = 0
        self.heard: dict[str, list[str]] = {name: [] for name in HEARERS}

    def publish(self, at: datetime) -> None:
        """Publish a story in the feed whose turn it is; its first word occurs in no other one."""
        mark = word(self._chance) + word(self._chance)
        words = " ".join(word(self._chance) for _ in range(4))
        feed = self._feeds[len(self.marks) % FEEDS]
        feed.insert(0, (f"{mark.title()} {words} bans {word(self._chance)}", at))
        self.marks.append(mark)

    def get(self, path: str) -> Answer:
        self.asked += 1
        shown = self._feeds[int(path.rpartition("/")[2])][:SHOWN]
        items = [item(title, title.split()[0], date=f"<pubDate>{format_datetime(at)}</pubDate>") for title, at in shown]
        return Answer(200, rss("".join(items) + item("Nothing to see", "old")))

    def post(self, path: str, octets: bytes) -> Answer:
        self.heard[path.strip("/")].append(octets.decode().lower())
        return Answer()

    def told(self, name: str) -> Counter[str]:
        """How many messages told *name* of each story."""
        texts = list(self.heard[name])
        return Counter({mark: sum(mark in text for text in texts) for mark in self.marks})

    @property
    def all_told(self) -> bool:
        return all(min(self.told(name).values(), default=0) for name in HEARERS)


def configure(folder: Path, url: str, port: int, every: str) -> None:
    lines = ["timezone: UTC", f'database: "{url}"', "rules: [./rules]", "sources:"]
    lines += [
        f'  wire{n}: {{feed: "http://127.0.0.1:{port}/{n}", every: {every}, allow_private: true}}' for n in range(FEEDS)
    ]
    lines += ["receivers:", *(f'  {name}: {{url: "json://127.0.0.1:{port}/{name}", rate: 6000}}' for name in HEARERS)]
    lines += [f"routes: [{{to: [{', '.join(HEARERS)}]}}]", ""]
    (folder / "config.yaml").write_text("\n".join(lines))


def live(wire: Wire, folder: Path, days: float, factor: float) -> None:
    """Let a daemon work for *days* of a clock that ends a while ago, so that all sources are due then."""
    clock, now = FileClock(folder / "clock"), datetime.now(UTC)
    clock.begin(now - timedelta(days=days), 1)
    daemon = Daemon(folder, tick=0.05)
    daemon.begin()
    until(lambda: wire.asked >= FEEDS, "the first polls, of which nobody is told")
    clock.begin(clock.now(), factor)
    following = clock.now() + QUIET
    while clock.now() < now - timedelta(hours=1):
        if clock.now() >= following:
            wire.publish(clock.now())
            following += QUIET
        daemon.check()
        time.sleep(0.01)
    until(lambda: wire.all_told, "the stories of the history")
    daemon.process.terminate()
    daemon.process.wait(60)


def until(true: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 120
    while not true():
        if time.monotonic() > end:
            print(f"waited in vain for {what}")
            return
        time.sleep(0.1)


def work(wire: Wire, seconds: float) -> None:
    """Wait until a daemon has polled, and for *seconds* more."""
    asked = wire.asked
    until(lambda: wire.asked > asked, "a poll")
    time.sleep(seconds)


@contextmanager
def publishing(wire: Wire) -> Iterator[None]:
    """Publish all the time."""
    ended = threading.Event()

    def publish() -> None:
        while not ended.wait(BUSY):
            wire.publish(datetime.now(UTC))

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class Shell:
    """Runs the program in *folder*, and shows what is typed and printed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._began = time.monotonic()
        self._running: list[subprocess.Popen[bytes]] = []

    def say(self, words: str) -> None:
        print(f"{time.monotonic() - self._began:5.1f} s  {words}", flush=True)

    def run(self, *arguments: str) -> int:
        """Run a command to its end; its exit status."""
        self.say("$ tocsin " + " ".join(arguments))
        command = [sys.executable, "-c", PROGRAM, *arguments]
        done = subprocess.run(command, cwd=self._folder, capture_output=True, text=True, check=False)
        for line in (done.stdout + done.stderr).splitlines():
            print(f"         {line}")
        return done.returncode

    def start(self) -> None:
        """Start a daemon."""
        self.say("$ tocsin run &")
        command = [sys.executable, "-c", PROGRAM, "run", "--config", "config.yaml", "--log-level", "error"]
        self._running.append(subprocess.Popen(command, cwd=self._folder))

    def stop(self) -> None:
        """Stop the daemons as a service manager does."""
        self.say("$ kill -TERM " + " ".join(f"%{n + 1}" for n in range(len(self._running))))
        for process in self._running:
            process.send_signal(signal.SIGTERM)
        for process in self._running:
            self.say(f"it ended with {process.wait(60)}")
        self._running = []


def report(wire: Wire) -> bool:
    """Print what became of the stories; whether none was lost or doubled."""
    print(f"\n{'receiver':<9} {'published':>9} {'messages':>8} {'lost':>5} {'doubled':>7}")
    good = True
    for name in HEARERS:
        told = wire.told(name)
        lost, doubled = (sum(how(times) for times in told.values()) for how in ((0).__eq__, (1).__lt__))
        print(f"{name:<9} {len(told):>9} {len(wire.heard[name]):>8} {lost:>5} {doubled:>7}")
        good &= not lost and not doubled
    return good


def move(days: float, factor: float, seconds: float) -> bool:
    """Live, move, and report."""
    wire = Wire()
    server = serve(wire.get, wire.post)
    port = server.server_port
    with tempfile.TemporaryDirectory() as name, databases() as places:
        if POSTGRESQL not in places.kinds:
            sys.exit("set TOCSIN_TEST_POSTGRES to the address of a server")
        folder, new = Path(name), places.fresh(POSTGRESQL)
        old = f"sqlite:///{folder}/tocsin.db"
        print(f"{places.words()}; {machine()}")
        (folder / "rules").mkdir()
        (folder / "rules" / "rules.yaml").write_text(PACK)
        shell = Shell(folder)
        configure(folder, old, port, "10m")
        live(wire, folder, days, factor)
        shell.say(f"{days:g} days have passed, in which {len(wire.marks)} stories were published and sent")
        configure(folder, old, port, "1s")
        shell.run("status")
        with publishing(wire):
            shell.start()
            work(wire, seconds)
            shell.stop()
            shell.say(f"{len(wire.marks)} stories published; it goes on")
            assert shell.run("db", "copy", old, new) == 0
            configure(folder, new, port, "1s")
            shell.say(f"{len(wire.marks)} stories published; database: names the server now")
            shell.start()
            shell.start()
            work(wire, seconds)
            shell.run("status")
        until(lambda: wire.all_told, "the last stories")
        time.sleep(2)  # for what comes twice
        shell.run("status")
        shell.stop()
        places.drop(new)
    server.shutdown()
    return report(wire)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=float, default=7)
    parser.add_argument("--factor", type=float, default=20_000)
    parser.add_argument("--seconds", type=float, default=8)
    given = parser.parse_args()
    return int(not move(given.days, given.factor, given.seconds))


if __name__ == "__main__":
    sys.exit(main())
