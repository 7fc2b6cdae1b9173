"""Two hours among feeds and receivers that misbehave, with a SIGKILL every half minute: what is lost, what is doubled.

    python bench/soak.py [--hours 2] [--factor 10] [--kill-every 30] [--every 20]
    python bench/soak.py --lives 55     how many lives of 3 to 6 seconds get ready, and how long news takes

Everything is on loopback and ends by itself. The daemon is the real service in a process of its own, on a Clock that runs
*factor* times as fast and goes on while nobody lives; *kill-every* is in real seconds. 200 feeds publish a story every
*every* seconds of the Clock, each in turn; a feed for each of FORMS does it in a document or an exchange that
something is wrong with. One more feed publishes a hundred stories at once. There are ten receivers: five are good, two stand in for
others, and three misbehave (one is gone and says so in a 400, one refuses every recipient, one takes no more than 4,096
octets). Halfway a source and a receiver get new names.

A story counts as published when an answer that held it was sent. It is *lost* for a receiver that no message told of it,
*doubled* where two messages did; *on record* are the doubled ones of which a try is noted whose end nobody saw. What a
message about many stories holds is asked of the database: it names only the first of them.

With --lives the daemon has a shipped pack too, ten good feeds and one receiver, and the Clock is real time. News waits from
its publication to the first message about it.
"""

from __future__ import annotations

import argparse
import gzip
import os
import random
import re
import socket
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.utils import format_datetime
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from aiosmtpd.controller import Controller
from world import PACK, Answer, Daemon, FileClock, item, rss, serve, word

FEEDS, SHOWN, BURST = 200, 15, 100
#: The feeds of short lives, with which nothing is wrong.
_GOOD = range(50, 60)


@dataclass(frozen=True)
class Story:
    """A story; *mark* is a word that occurs in no other one."""

    number: int
    mark: str
    title: str
    at: datetime

    def item(self, title: str = "", date: str | None = None, **parts: Any) -> str:
        date = format_datetime(self.at) if date is None else date
        return item(title or self.title, self.number, date=f"<pubDate>{date}</pubDate>", **parts)


Stories = list[Story]
Form = Callable[[Stories], bytes]


def _items(stories: Stories, write: Callable[[Story], str] = Story.item, **parts: str) -> bytes:
    # Something old below, so that the first fetch has a baseline.
    return rss("".join(map(write, stories)) + item("Nothing to see", "old"), **parts)


def _dated(form: str) -> Form:
    return lambda stories: _items(stories, lambda s: s.item(date=f"{s.at:{form}}"))


def _encoded(name: str, words: str, broken: bytes) -> Form:
    def form(stories: Stories) -> bytes:
        text = _items(stories, lambda s: s.item(f"{words} {s.title}")).decode().replace("utf-8", name, 1)
        codec = {"big5": "big5hkscs"}.get(name, name)
        return text.encode(codec).replace(b"Nothing to see", b"Nothing " + broken + b" to see")

    return form


def _sitemap(stories: Stories) -> bytes:
    rows = "".join(
        f"<url><loc>http://news.example/{s.number}</loc><news:news><news:publication><news:name>Paper</news:name>"
        f"<news:language>en</news:language></news:publication><news:publication_date>{s.at:%Y-%m-%dT%H:%M:%SZ}"
        f"</news:publication_date><news:title>{s.title}</news:title></news:news></url>"
        for s in stories
    )
    spaces = "xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' xmlns:news='http://www.google.com/schemas/sitemap-news/0.9'"
    old = "<url><loc>http://news.example/old</loc></url>"
    return f"<?xml version='1.0' encoding='UTF-8'?><urlset {spaces}>{rows}{old}</urlset>".encode()


def _alerts(story: Story) -> str:
    link = f"https://www.google.com/url?rct=j&amp;sa=t&amp;url=http://paper{story.number}.example/a&amp;ct=ga"
    return story.item(link=link, guid=f"tag:google.com,2013:googlealerts/feed:{story.number}")


_ANSWERS = count()


def _counted(stories: Stories) -> bytes:
    """A site that gives every item another id in every answer."""
    number = next(_ANSWERS)
    return _items(stories, lambda story: story.item(guid=f"http://news.example/{story.number}#{number}"))


#: What is wrong with the documents of a feed, by name.
FORMS: dict[str, Form] = {
    "newlines before the feed": lambda s: _items(s, head="<!-- x -->" + "\n" * 40_000),
    "newlines in the DOCTYPE": lambda s: _items(s, head="<!DOCTYPE" + "\n" * 40_000 + "rss>"),
    "dates in Chinese": _dated("%Y年%m月%d日 %H:%M"),
    "dates with slashes": _dated("%Y/%m/%d"),
    "dates with dots": _dated("%Y.%m.%d"),
    "the day first": _dated("%d-%m-%Y"),
    "created days before": lambda s: _items(s, lambda x: x.item(date=format_datetime(x.at - timedelta(hours=72)))),
    "ids count up": _counted,
    "GB2312 with a broken place": _encoded("gb2312", "镓", b"\x80\xff"),
    "Big5 with ETEN rows": _encoded("big5", "碁", b""),
    "<br> in a title": lambda s: _items(s, lambda x: x.item(x.title.replace(" bans", "&lt;br/&gt;bans"))),
    "escaped twice": lambda s: _items(s, lambda x: x.item(x.title.replace(" bans", "&amp;amp;nbsp;bans"))),
    "CDATA in CDATA": lambda s: _items(s, lambda x: x.item(f"&lt;![CDATA[{x.title}]]&gt;")),
    "Google Alerts": lambda s: _items(s, _alerts),
    "relative links": lambda s: _items(s, lambda x: x.item(link=f"/a/{x.number}")),
    "a sitemap": _sitemap,
}
#: What is wrong with their exchanges: headers, and what becomes of the body.
HEADERS: dict[str, dict[str, str]] = {
    "expires in 9999": {"Expires": "Fri, 31 Dec 9999 23:59:59 -0500"},
    "modified in year 0": {"Last-Modified": "Sat, 01 Jan 0000 00:00:00 +2359"},
    "Retry-After beside news": {"Retry-After": "Fri, 31 Dec 9999 23:59:59 -2359"},
    "encoding utf-8": {"Content-Encoding": "utf-8"},
    "gzip that is plain": {"Content-Encoding": "gzip"},
    "x-gzip": {"Content-Encoding": "x-gzip"},
    "gzip with zeros behind": {"Content-Encoding": "gzip"},
}
PACKED = {"x-gzip": gzip.compress, "gzip with zeros behind": lambda body: gzip.compress(body) + b"\0" * 100}
KINDS = [*FORMS, *HEADERS]
#: Feeds that never publish: they fail, hang, or are gone for an hour of each two.
DUMB = ("never answers", "404 for an hour")


# ---- the world -----------------------------------------------------------------------------------------------------


@dataclass
class World:
    """Feeds and receivers on loopback, and what they saw."""

    clock: FileClock
    feeds: dict[int, Stories] = field(default_factory=lambda: defaultdict(list))
    published: dict[int, Story] = field(default_factory=dict)
    asked: Counter[int] = field(default_factory=Counter)
    got: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    count: int = 0

    def publish(self, feed: int) -> None:
        self.count += 1
        mark = word(self.chance) + word(self.chance)
        title = f"{mark.title()} {' '.join(word(self.chance) for _ in range(5))} bans {word(self.chance)}"
        self.feeds[feed] = [Story(self.count, mark, title, self.clock.now()), *self.feeds[feed]][: max(SHOWN, BURST)]

    def answer(self, feed: int) -> tuple[dict[str, str], bytes, Stories]:
        kind = kind_of(feed)
        shown = list(self.feeds[feed]) if feed == FEEDS else self.feeds[feed][:SHOWN]
        body = FORMS.get(kind, _items)(shown)
        return HEADERS.get(kind, {}), PACKED.get(kind, bytes)(body), shown

    def take(self, receiver: str, octets: bytes) -> None:
        text = _text(octets) if receiver in ("mail", "deputy2") else octets.decode()
        found = re.findall(r"[0-9a-f]{32}", text)
        self.got[receiver].append((found[-1] if found else "", text.lower()))

    def get(self, path: str) -> Answer:
        feed = int(path.rpartition("/")[2])
        if path.startswith("/dumb/"):
            if DUMB[feed] == "never answers":
                time.sleep(60)
                raise ConnectionAbortedError
            return Answer(200 if self.clock.now().hour % 2 else 404, rss(item("Nothing to see", "old")))
        headers, body, shown = self.answer(feed)

        def sent() -> None:
            self.asked[feed] += 1
            self.published.update({story.number: story for story in shown})

        return Answer(200, body, headers, sent)

    def post(self, path: str, octets: bytes) -> Answer:
        name = path.strip("/").split("/")[0] or "small"
        if name == "gone":
            return Answer(400, b"channel_not_found")
        if name == "small" and len(octets) > 4096:
            return Answer(413, b"too large")
        self.take(name, octets)
        return Answer()


def _text(octets: bytes) -> str:
    mail = message_from_bytes(octets, policy=policy.default)
    body = mail.get_body(("plain",))
    assert body is not None
    return f"{body.get_content()}\n{mail['Message-ID']}"


def kind_of(feed: int) -> str:
    return KINDS[feed] if feed < len(KINDS) else "plain"


class Mailbox:
    """Takes mail for desk@ and deputy@, and refuses everybody else."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _: Any) -> str:  # noqa: N802
        if not address.startswith(("desk@", "deputy@", "ops@")):
            return "550 5.1.1 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 yes"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        name = {"desk": "mail", "deputy": "deputy2"}.get(envelope.rcpt_tos[0].partition("@")[0])
        if name:
            self._world.take(name, envelope.content)
        return "250 kept"


#: Who is to hear every story, by the name under which the servers know them.
HEARERS = ("hook1", "hook2", "hook3", "json", "mail", "small", "deputy1", "deputy2")
#: Those whose messages are about many stories.
GROUPED = ("hook2", "small")


def config(http: int, smtp: int, *, renamed: bool) -> str:
    hook, mail = f"slack+http://127.0.0.1:{http}", f"mailto://127.0.0.1:{smtp}?from=bell@example.org&to="
    third = "hook3b" if renamed else "hook3"
    sources = [f"f{n}" for n in range(FEEDS)]
    sources[30] = "renamed" if renamed else sources[30]
    lines = ["timezone: UTC", "database: sqlite:///tocsin.db", "rules: [./rules]", "sources:"]
    lines += [
        f'  {name}: {{feed: "http://127.0.0.1:{http}/feed/{n}", every: 1m, allow_private: true}}'
        for n, name in enumerate([*sources, "burst"])
    ]
    lines += [
        f'  dumb{n}: {{feed: "http://127.0.0.1:{http}/dumb/{n}", every: 1m, allow_private: true}}'
        for n in range(len(DUMB))
    ]
    return "\n".join([
        *lines, "receivers:",
        f'  hook1: {{url: "{hook}/hook1", rate: 600}}',
        f'  hook2: {{url: "{hook}/hook2", rate: 600, group_wait: 30s}}',
        f'  {third}: {{url: "{hook}/hook3", rate: 600}}',
        f'  json: {{url: "json://127.0.0.1:{http}/json", rate: 600}}',
        f'  mail: {{url: "{mail}desk@example.org", rate: 600}}',
        f'  small: {{url: "ntfy://127.0.0.1:{http}/small", rate: 600, group_wait: 5m}}',
        f'  gone: {{url: "{hook}/gone", rate: 600, fallback: {{to: deputy1, after: 5m}}}}',
        f'  refused: {{url: "{mail}nobody@example.org", rate: 600, fallback: {{to: deputy2, after: 5m}}}}',
        f'  deputy1: {{url: "{hook}/deputy1", rate: 600}}',
        f'  deputy2: {{url: "{mail}deputy@example.org", rate: 600}}',
        f'  ops: {{url: "{mail}ops@example.org", operator: true}}',
        "routes:", f"  - {{rule: soak/ban, to: [hook1, hook2, {third}, json, mail, small, gone, refused]}}", "",
    ])  # fmt: skip


# ---- lives ---------------------------------------------------------------------------------------------------------


@dataclass
class Lives(Daemon):
    """A daemon that is killed and begun again."""

    def contents(self, receiver: str) -> list[tuple[str, str]]:
        """The messages that *receiver* took: their ids and all headlines in them."""
        return self.rows(
            "select delivery.id, lower(group_concat(entry.title)) from delivery"
            " join delivery_alert on delivery_alert.delivery_id = delivery.id"
            " join match on match.alert_id = delivery_alert.alert_id join entry on entry.id = match.entry_id"
            f" where delivery.receiver = '{receiver}' and state = 'delivered' group by delivery.id"
        )

    def waiting(self) -> int:
        """Return the number of waiting messages whose receiver can be reached."""
        return self.rows(
            "select count(*) from delivery where state in ('held', 'ready', 'sending', 'retry')"
            " and receiver not in ('gone', 'refused')"
        )[0][0]


def soak(hours: float, factor: float, kill_every: float, every: float) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clock = FileClock(folder / "clock")
        clock.begin(datetime(2026, 11, 28, 6, 0, tzinfo=UTC), factor)
        world = World(clock)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        server = serve(world.get, world.post)
        mailbox = Controller(Mailbox(world), hostname="127.0.0.1", port=port)
        mailbox.start()
        ports = server.server_port, port
        (folder / "rules").mkdir()
        (folder / "rules" / "rules.yaml").write_text(PACK)
        (folder / "config.yaml").write_text(config(*ports, renamed=False))
        lives = Lives(folder, 0.5 / factor)
        lives.begin()
        try:
            _until(lives, lambda: len(world.asked) > FEEDS, 120)
            began = clock.now()
            new = config(*ports, renamed=True)
            _play(world, lives, timedelta(hours=hours), kill_every=kill_every, every=every, renamed=new)
            _settle(world, lives, factor)
            print(f"{hours:g} h in {(clock.now() - began).total_seconds() / factor / 60:.0f} min, factor {factor:g}")
        finally:
            lives.end()
            server.shutdown()
            mailbox.stop()
        _report(world, lives)


def _play(world: World, lives: Lives, length: timedelta, *, kill_every: float, every: float, renamed: str) -> None:
    """Publish, kill and rename for *length* of the Clock."""
    clock, began = world.clock, world.clock.now()
    end = began + length
    kill, feed, half = time.monotonic() + kill_every, 0, began + (end - began) / 2
    burst: datetime | None = began + (end - began) / 3
    while (now := clock.now()) < end:
        if now >= began + timedelta(seconds=every * feed):
            world.publish(feed % FEEDS)
            feed += 1
        if burst and now >= burst:
            for _ in range(BURST):
                world.publish(FEEDS)
            burst = None
        if renamed and now >= half:
            (lives.folder / "new").write_text(renamed)
            (lives.folder / "new").rename(lives.folder / "config.yaml")
            renamed = ""
        if time.monotonic() >= kill:
            told = ", ".join(f"{name} {len(world.got[name])}" for name in HEARERS)
            print(f"{now - began}: life {lives.lives}, {len(world.published)} published; {told}", file=sys.stderr)
            lives.end()
            lives.begin()
            kill += kill_every
        lives.check()
        time.sleep(0.02)


def _settle(world: World, lives: Lives, factor: float) -> None:
    """Let what was published be polled and sent."""
    shown = {story.number for stories in world.feeds.values() for story in stories}
    _until(lives, lambda: shown <= world.published.keys(), 300)
    time.sleep(600 / factor)
    _until(lives, lambda: not lives.waiting(), 300)


def _until(lives: Lives, true: Callable[[], bool], patience: float) -> None:
    end = time.monotonic() + patience
    while not true() and time.monotonic() < end:
        lives.check()
        time.sleep(0.2)


# ---- short lives ---------------------------------------------------------------------------------------------------


def short_lives(count: int) -> None:
    """Kill the daemon *count* times, each 3 to 6 seconds after its start, while a feed publishes each second."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clock = FileClock(folder / "clock")
        clock.begin(datetime.now(UTC), 1)
        world = World(clock)
        server = serve(world.get, world.post)
        (folder / "rules").mkdir()
        (folder / "rules" / "rules.yaml").write_text(PACK)
        address = f"http://127.0.0.1:{server.server_port}"
        feeds = (f'  f{n}: {{feed: "{address}/feed/{n}", every: 1s, allow_private: true}}' for n in _GOOD)
        (folder / "config.yaml").write_text(
            "\n".join([
                "timezone: UTC", "database: sqlite:///tocsin.db", "rules: [critical-minerals, ./rules]", "sources:", *feeds,
                "receivers:", f'  hook: {{url: "{address.replace("http", "json")}/hook", rate: 6000}}',
                "routes: [{rule: soak/ban, to: [hook]}]", "",
            ])
        )  # fmt: skip
        lives = Lives(folder, 0.5)
        heard: dict[str, float] = {}
        waited: list[float] = []
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
            ready.setblocking(False)
            ready.bind(os.environ.setdefault("NOTIFY_SOCKET", str(folder / "notify")))
            lives.begin()
            # Who asks again has stored what the first answer held: that is history, and of it nobody is told.
            _until(lives, lambda: all(world.asked[feed] > 1 for feed in _GOOD), 120)
            for _ in range(count):
                lives.end()
                _is_ready(ready)
                lives.begin()
                waited += _live(world, ready, heard, world.chance.uniform(3, 6))
                print(
                    f"life {lives.lives - 1}: {len(waited)} got ready, {len(heard)} of {world.count} heard",
                    file=sys.stderr,
                )
            _until(lives, lambda: _hear(world, heard) == world.count, 120)
            lives.end()
        server.shutdown()
    news = sorted(
        heard[story.mark] - story.at.timestamp() for s in world.feeds.values() for story in s if story.mark in heard
    )
    print(f"{len(waited)} of {count} lives got ready, in {_middle(waited)}")
    print(f"{len(news)} of {world.count} stories arrived, in {_middle(news)}")


def _live(world: World, ready: socket.socket, heard: dict[str, float], length: float) -> list[float]:
    """Publish a story a second for *length* seconds. Return the seconds until the daemon was ready; nothing if it was not."""
    began, found, published = time.monotonic(), [], 0
    while (now := time.monotonic() - began) < length:
        if now >= published:
            world.publish(world.chance.choice(_GOOD))
            published += 1
        _hear(world, heard)
        found += [now] if _is_ready(ready) else []
        time.sleep(0.02)
    return found[:1]


def _is_ready(ready: socket.socket) -> bool:
    """Take what the daemon has notified; return True if it is ready."""
    said = []
    with suppress(BlockingIOError):
        while True:
            said.append(ready.recv(4096))
    return any(b"READY=1" in one for one in said)


def _hear(world: World, heard: dict[str, float]) -> int:
    """Note when each story was first named in a message. Return the number of those that were."""
    now, texts = time.time(), [text for _, text in world.got["hook"]]
    world.got["hook"].clear()
    marks = [story.mark for stories in world.feeds.values() for story in stories]
    heard |= {mark: now for mark in marks if mark not in heard and any(mark in text for text in texts)}
    return len(heard)


def _middle(seconds: Sequence[float]) -> str:
    return f"{median(seconds):.1f} s at the median and {max(seconds):.1f} s at the worst" if seconds else "no time"


# ---- what came of it -----------------------------------------------------------------------------------------------


def _report(world: World, lives: Lives) -> None:
    doubtful = {row[0] for row in lives.rows("select delivery_id from attempt where outcome = 'ambiguous'")}
    published = list(world.published.values())
    home = {story.number: kind_of(feed) if feed < FEEDS else "burst" for feed, s in world.feeds.items() for story in s}
    print(f"{lives.lives} lives; {len(published)} stories published; peak memory {lives.peak:.0f} MB")
    print(f"{'receiver':<9} {'messages':>8} {'received':>8} {'lost':>5} {'doubled':>7} {'on record':>9}")
    lost: Counter[str] = Counter()
    for name in HEARERS:
        told: dict[str, list[str]] = {story.mark: [] for story in published}
        heard = lives.contents(name) if name in GROUPED else world.got[name]
        for number, text in heard:
            for mark, numbers in told.items():
                if mark in text:
                    numbers.append(number)
        missing = [story for story in published if not told[story.mark]]
        lost.update(home.get(story.number, "?") for story in missing)
        twice = [numbers for numbers in told.values() if len(numbers) > 1]
        known = sum(bool(doubtful & set(numbers)) for numbers in twice)
        print(
            f"{name:<9} {len(world.got[name]):>8} {len(published) - len(missing):>8} {len(missing):>5} {len(twice):>7} {known:>9}"
        )
    if lost:
        print("lost, by the kind of feed: " + ", ".join(f"{kind} {count}" for kind, count in lost.most_common()))
    states = lives.rows("select receiver, state, count(*) from delivery group by 1, 2 order by 1, 2")
    print("deliveries: " + "; ".join(f"{receiver} {state} {count}" for receiver, state, count in states))
    failed = lives.rows("select name, last_error from source where last_error is not null and errors > 0")
    print("sources that fail at the end: " + "; ".join(f"{name}: {words}" for name, words in failed))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=2)
    parser.add_argument("--factor", type=float, default=10)
    parser.add_argument("--kill-every", type=float, default=30)
    parser.add_argument("--every", type=float, default=20)
    parser.add_argument("--lives", type=int, default=0, help="as many short lives instead")
    given = parser.parse_args()
    if given.lives:
        short_lives(given.lives)
        return
    soak(given.hours, given.factor, given.kill_every, given.every)


if __name__ == "__main__":
    main()
