"""What receivers get when everything happens at once, and when one of them is dead.

    python bench/storm.py [--entries 500] [--factor 10]      a minute in which so many entries meet a rule
    python bench/storm.py --neighbours [--seconds 60]        a good receiver alone, then beside a dead and a hanging one
    python bench/storm.py --flood [--entries 2000]           one document with so many matches, for twelve receivers

Everything is on loopback and ends by itself. The daemon is the real service in a process of its own.

The storm: ten feeds publish *entries* different stories within a minute of the Clock, every hundredth of them critical, for
three receivers: one as it comes, one with `max_per_hour: 20`, one with a digest at 07:00. The Clock runs *factor* times as
fast as real time, and goes on by an hour and then to seven in the morning when the minute is over and nothing is due any
more. Receivers have the rate that their kind has (60 a minute), which is why the first one needs longer than the storm.
Checked at the end: each receiver was told of each story exactly once.

The neighbours: real time, two entries a second, three receivers that take 6,000 messages a minute. The dead one refuses
connections, the hanging one accepts them and never answers. What counts is the time from the answer of the feed that first
held an entry to the arrival of its message at the good one. Ten polls at a time answer almost at once, so that some
messages of each such burst wait for those before them.

The flood: one feed shows *entries* different stories at once, for twelve receivers that take 6,000 messages a minute, while
another feed goes on with something critical, which goes first at each receiver. What counts is when the first message of the flood arrives after the
answer that held it, how much later than alone the worst of the other feed is told, and the memory of the daemon.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import socket
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from world import Answer, Daemon, FileClock, item, pack, part, rss, serve, word

FEEDS = 10
START = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
STORM = """\
  plain: {{url: "{hook}/plain"}}
  limited: {{url: "{hook}/limited", max_per_hour: 20}}
  digest: {{url: "{hook}/digest", digest: {{at: "07:00"}}}}
"""
GOOD = """\
  good: {{url: "{hook}/good", rate: 6000}}
"""
BAD = """\
  dead: {{url: "slack+http://127.0.0.1:{dead}/hook", rate: 6000}}
  hanging: {{url: "slack+http://127.0.0.1:{hanging}/hook", rate: 6000}}
"""


# ---- the world -----------------------------------------------------------------------------------------------------


@dataclass
class World:
    """Feeds that publish, and hooks that note when which message came; times are those of *clock*."""

    clock: FileClock
    items: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))
    shown: dict[int, datetime] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    got: dict[str, list[tuple[datetime, str]]] = field(default_factory=lambda: defaultdict(list))
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def publish(self, number: int) -> None:
        words = " ".join(word(self.chance) for _ in range(6))
        title = f"{words.title()} bans {word(self.chance)}" + " as war begins" * (number % 100 == 99)
        date = f"<pubDate>{format_datetime(self.clock.now())}</pubDate>"
        self.items[f"/feed/{number % FEEDS}"].insert(0, (number, item(title, number, date=date)))

    def get(self, path: str) -> Answer:
        self.asked[path] += 1
        items = list(self.items[path])
        for number, _ in items:
            self.shown.setdefault(number, self.clock.now())
        # Something old, so that the first fetch has a baseline.
        return Answer(body=rss("".join(text for _, text in items) + item("Nothing to see", "old")))

    def post(self, path: str, body: bytes) -> Answer:
        self.got[path.strip("/")].append((self.clock.now(), body.decode()))
        return Answer()


@dataclass
class Stage(Daemon):
    """A daemon in its world."""

    world: World = field(kw_only=True)

    def idle(self) -> bool:
        """Whether nothing that is due waits."""
        now = f"{self.world.clock.now():%Y-%m-%d %H:%M:%S}"
        due = (
            f"select count(*) from delivery where state in ('held', 'ready', 'sending', 'retry') and due_at <= '{now}'"
        )
        return self.rows(due) == [(0,)]


@contextmanager
def stage(receivers: str, *, factor: float, start: datetime, tick: float, **ports: int) -> Iterator[Stage]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clock = FileClock(folder / "clock")
        clock.begin(start, factor)
        world = World(clock)
        server = serve(world.get, world.post)
        base = f"127.0.0.1:{server.server_port}"
        names = re.findall(r"^  (\w+):", receivers, re.MULTILINE)
        lines = ["timezone: UTC", "database: sqlite:///tocsin.db", "rules: [rules]", "sources:"]
        lines += [f'  f{n}: {{feed: "http://{base}/feed/{n}", every: 5s, allow_private: true}}' for n in range(FEEDS)]
        lines += ["receivers:", receivers.format(hook=f"slack+http://{base}", **ports).rstrip()]
        lines += [f'  ops: {{url: "slack+http://{base}/ops", operator: true}}']
        lines += ["routes:", f"  - {{to: [{', '.join(names)}]}}"]
        (folder / "rules").mkdir()
        (folder / "rules" / "rules.yaml").write_text(pack("storm", severity="medium"))
        (folder / "config.yaml").write_text("\n".join(lines) + "\n")
        here = Stage(folder, tick, world=world)
        here.begin()
        try:
            here.wait(lambda: len(world.asked) == FEEDS, 30)
            yield here
        finally:
            here.end()
            server.shutdown()


# ---- a storm -------------------------------------------------------------------------------------------------------


def storm(entries: int, factor: float) -> None:
    with stage(STORM, factor=factor, start=START, tick=0.5 / factor) as here:
        clock = here.world.clock
        began = clock.now()
        for number in range(entries):
            while clock.now() < began + timedelta(minutes=1) * number / entries:
                time.sleep(0.001)
            here.world.publish(number)
        here.wait(lambda: here.rows("select count(*) from match where rule = 'storm/ban'") == [(entries,)], 120)
        here.wait(here.idle, 600)
        over = clock.now()
        clock.jump(timedelta(hours=1))
        here.wait(lambda: here.idle() and _gathered(here, "limited"), 60)
        clock.jump(START.replace(hour=7) - clock.now())
        here.wait(lambda: here.idle() and _gathered(here, "digest"), 60)
        print(f"{entries} stories in a minute; all that was due had left after {_minutes(over - began)} of the clock")
        print(
            f"{'receiver':<9} {'messages':>8} {'critical':>8} {'others':>6} {'digests':>7} {'alerts in them':>14}  digest at"
        )
        for name in ("plain", "limited", "digest"):
            _line(here, name)
        for at, text in here.world.got["ops"]:
            found = re.search(r"\d+ alerts? waits?, [^\"]*?UTC", text)
            print(f"operators, {at:%H:%M:%S}: {found[0] if found else text[:120]}")
        _check(here, entries)


def _gathered(here: Stage, receiver: str) -> bool:
    query = f"select count(*) from delivery where receiver = '{receiver}' and kind = 'digest' and state = 'held'"
    return here.rows(query) == [(0,)]


def _line(here: Stage, name: str) -> None:
    counts = Counter(
        (kind, rank)
        for kind, rank in here.rows(
            f"select kind, rank from delivery where receiver = '{name}' and state = 'delivered'"
        )
    )
    gathered = here.rows(
        "select count(*) from delivery_alert join delivery on delivery.id = delivery_id where delivery.receiver = "
        f"'{name}' and kind = 'digest' and state = 'delivered'"
    )[0][0]
    got = here.world.got[name]
    digests = [(at, text) for at, text in got if "Digest: " in text]
    loud = sum(count for (kind, rank), count in counts.items() if kind != "digest" and rank == 4)
    others = sum(count for (kind, rank), count in counts.items() if kind != "digest" and rank < 4)
    when = ", ".join(f"{at:%H:%M:%S} ({len(text.encode()) / 1000:.0f} kB)" for at, text in digests)
    print(f"{name:<9} {len(got):>8} {loud:>8} {others:>6} {len(digests):>7} {gathered:>14}  {when}")
    for _, text in digests:
        if found := re.search(r"\d+ alerts? w\w+ over the limit[^.]*\.", text):
            print(f"{'':<9} it says: {found[0]}")


def _check(here: Stage, entries: int) -> None:
    told = dict(
        here.rows(
            "select delivery.receiver, count(distinct alert_id) from delivery_alert join delivery on delivery.id ="
            " delivery_id join alert on alert.id = alert_id where state = 'delivered' and rule = 'storm/ban'"
            " group by delivery.receiver"
        )
    )
    twice = here.rows(
        "select count(*) from (select 1 from delivery_alert join delivery on delivery.id = delivery_id"
        " where state = 'delivered' group by alert_id, delivery.receiver having count(*) > 1)"
    )
    alerts = here.rows("select count(*) from alert where rule = 'storm/ban'")
    dead = here.rows("select count(*) from delivery where state in ('dead')")
    print(f"{alerts[0][0]} alerts; told of: {told}; told twice: {twice[0][0]}; given up: {dead[0][0]}")
    assert set(told.values()) == {entries}
    assert twice == dead == [(0,)]


def _minutes(span: timedelta) -> str:
    return f"{span.total_seconds() / 60:.1f} min"


# ---- neighbours ----------------------------------------------------------------------------------------------------


def neighbours(seconds: float) -> None:
    alone = _delays(GOOD, seconds)
    # A listening socket that nobody reads from: connections are made, requests are taken, no answer comes.
    with socket.create_server(("127.0.0.1", 0), backlog=512) as hanging, socket.socket() as dead:
        dead.bind(("127.0.0.1", 0))
        beside = _delays(GOOD + BAD, seconds, dead=dead.getsockname()[1], hanging=hanging.getsockname()[1])
    print(f"{'the good receiver':<36} {'messages':>8} {'p50':>8} {'p99':>8} {'worst':>8}")
    for name, delays in (("alone", alone), ("beside a dead and a hanging one", beside)):
        shown = "".join(f"{part(delays, share) * 1000:>6.0f} ms" for share in (0.5, 0.99, 1))
        print(f"{name:<36} {len(delays):>8}{shown}")


def _delays(receivers: str, seconds: float, **ports: int) -> list[float]:
    count = int(seconds * 2)
    with stage(receivers, factor=1, start=datetime.now(UTC), tick=0.5, **ports) as here:
        began = time.monotonic()
        for number in range(count):
            time.sleep(max(0.0, began + number / 2 - time.monotonic()))
            here.world.publish(number)
        here.wait(lambda: len(here.world.got["good"]) >= count, 60)
        others = here.rows("select receiver, state, count(*), sum(attempts) from delivery group by receiver, state")
        print("; ".join(f"{receiver}: {number} {state}, {tries} tries" for receiver, state, number, tries in others))
        arrived = [(at, re.search(r"news\.example/(\d+)", text)) for at, text in here.world.got["good"]]
        return [(at - here.world.shown[int(found[1])]).total_seconds() for at, found in arrived if found]


# ---- a flood -------------------------------------------------------------------------------------------------------


def flood(entries: int) -> None:
    receivers = "".join(f'  r{n}: {{{{url: "{{hook}}/r{n}", rate: 6000}}}}\n' for n in range(12))
    with stage(receivers, factor=1, start=datetime.now(UTC), tick=0.5) as here:
        calm = [_told(here, 10**6 + 100 * n + 99) for n in range(4)]
        for number in range(0, entries * FEEDS, FEEDS):
            here.world.publish(number)
        beside = [_told(here, 2 * 10**6 + 100 * n + 99) for n in range(6)]
        here.wait(lambda: here.rows("select count(*) from match where rule = 'storm/ban'") == [(entries + 10,)], 120)
        first = min(
            (at - here.world.shown[number]).total_seconds()
            for at, text in here.world.got["r0"]
            if (found := re.search(r"news\.example/(\d+)", text)) and (number := int(found[1])) < 10**6
        )
        status = Path(f"/proc/{here.process.pid}/status").read_text()
        memory = re.search(r"VmHWM:\s+(\d+)", status)
        cpu = sum(map(int, Path(f"/proc/{here.process.pid}/stat").read_text().split()[13:15])) / 100
        assert memory
        print(f"{entries} matches of one poll for {receivers.count('url')} receivers")
        here.wait(lambda: _read(here, entries) is not None, 60)
        read = _read(here, entries)
        print(f"first message {first:.2f} s after the answer of its feed, which took {read} s to read")
        print(f"another feed: worst {max(calm):.2f} s alone, {max(beside):.2f} s beside it")
        print(f"memory of the daemon at most {int(memory[1]) // 1024} MB; {cpu:.1f} s of CPU until all was decided")


def _read(here: Stage, entries: int) -> float | None:
    """How long it took to fetch and to read the document with so many new entries; None before it is taken in."""
    [(fetches,)] = here.rows("select fetches from source where name = 'f0'")
    took = [fetch[4] for fetch in map(json.loads, fetches.splitlines()) if fetch[3] == entries]
    return took[0] / 1000 if took else None


def _told(here: Stage, number: int) -> float:
    """Publish an entry; how long after the answer of its feed the first receiver has its message."""
    here.world.publish(number)

    def arrived() -> list[datetime]:
        return [at for at, text in list(here.world.got["r0"]) if f"news.example/{number}" in text]

    here.wait(lambda: bool(arrived()), 60)
    return (arrived()[0] - here.world.shown[number]).total_seconds()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int)
    parser.add_argument("--factor", type=float, default=10)
    parser.add_argument("--neighbours", action="store_true")
    parser.add_argument("--flood", action="store_true")
    parser.add_argument("--seconds", type=float, default=60)
    given = parser.parse_args()
    if given.neighbours:
        neighbours(given.seconds)
    elif given.flood:
        flood(given.entries or 2000)
    else:
        storm(given.entries or 500, given.factor)


if __name__ == "__main__":
    main()
