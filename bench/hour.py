"""What a bad neighbourhood and an idle hour do to the daemon.

    python bench/hour.py [--minutes 3] [--hours 8]   60 good feeds among 240 that misbehave in every way
    python bench/hour.py --idle [--minutes 3]        500 sources of which nothing comes: memory and CPU of an hour

Everything is on loopback and ends by itself. The daemon is the real service in a process of its own; feeds and webhook
(bench/misbehaving.py) are another process. What is scaled: the Clock, which governs due times, back-off and health.
What is not: sockets, their timeouts (45 s in all), leases, the tick of half a second. So in the first mode every poll of
*hours* hours falls into *minutes* minutes, and a server that hangs does so for a far larger part of the day than it
could in truth: the load is denser than life by the factor that is printed.

A good feed's *delay* is the time between two of its polls beyond the longest interval that it may draw (its own and
5 %), in real seconds. The first part of the run knows good feeds only; then the bad ones are written into the
configuration, which the daemon takes up by itself. So the two figures differ by what others did to it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from misbehaving import MISDEEDS, slug
from world import Daemon, FileClock, pack, part

GOOD, BAD, MANY = 60, 240, 500
#: Seconds after the reload in which all bad feeds are polled for the first time, at once.
COMING = 15.0
#: The longest interval that a source may draw is this much of its own.
DRAWN = 1.05
CONFIG = """\
rules: [rules]
sources:
{sources}
receivers:
  desk: {{url: "slack+http://127.0.0.1:{port}/hook"}}
  ops: {{url: "slack+http://127.0.0.1:{port}/ops", operator: true}}
routes:
  - {{rule: hour/ban, to: [desk]}}
"""


# ---- a stage: server, daemon, folder -------------------------------------------------------------------------------


class Stage(Daemon):
    """A daemon and a server of feeds, in a folder; a context manager that ends both."""

    def __init__(self, folder: str, *, factor: float, tick: float = 0.5) -> None:
        super().__init__(Path(folder), tick, frugal=True)
        os.environ["LEVEL"] = "DEBUG"  # the table shows what was logged
        FileClock(self.folder / "clock").begin(datetime.now(UTC), factor)
        command = [sys.executable, str(Path(__file__).with_name("misbehaving.py"))]
        self._server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._server.stdout
        self.port = int(self._server.stdout.readline())
        (self.folder / "rules").mkdir()
        (self.folder / "rules" / "rules.yaml").write_text(pack("hour"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        self._server.terminate()
        self._server.wait()

    def configure(self, sources: list[str]) -> None:
        text = CONFIG.format(sources="\n".join(sources), port=self.port)
        (self.folder / "new.yaml").write_text(text)
        (self.folder / "new.yaml").rename(self.folder / "config.yaml")

    def source(self, path: str, every: str, *, scheme: str = "http", more: str = "allow_private: true") -> str:
        return (
            f'  {path.replace("/", ".")}: {{feed: "{scheme}://127.0.0.1:{self.port}/{path}", every: {every}, {more}}}'
        )

    def publish(self, feeds: list[str], every: float) -> None:
        body = json.dumps({"feeds": feeds, "every": every}).encode()
        urllib.request.urlopen(f"http://127.0.0.1:{self.port}/publish", body, timeout=30).read()

    def report(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/report", timeout=30) as answer:
            return json.load(answer)

    def wait_for_polls(self, paths: list[str], patience: float = 60) -> None:
        end = time.monotonic() + patience
        while time.monotonic() < end and not set(paths) <= self.report()["asked"].keys():
            time.sleep(0.5)


# ---- an hour among bad neighbours ----------------------------------------------------------------------------------


def misbehave(minutes: float, hours: float, only: str) -> None:
    factor = hours * 60 / minutes
    every, alone, ending = timedelta(minutes=15), minutes * 60 / 6, 12.0
    longest = every.total_seconds() * DRAWN / factor
    with tempfile.TemporaryDirectory() as folder, Stage(folder, factor=factor) as stage:
        paths = [f"good/{n}" for n in range(GOOD)]
        good = [stage.source(path, "15m") for path in paths]
        stage.configure(good)
        stage.begin()
        usage = stage.usage
        stage.wait_for_polls([f"/{path}" for path in paths])
        stage.publish(paths, 1.0)
        began = time.monotonic()
        stage.sleep(alone)
        base = usage.now
        stage.configure([*good, *_bad(stage, only)])
        joined = time.monotonic()
        stage.sleep(minutes * 60 - alone - ending)
        stage.publish([], 0)
        stage.sleep(ending + longest)
        cpu = usage.cpu()
        ended = time.monotonic()
        report = stage.report()
        stage.end()
        _table(stage, report)
        _delays(report, longest, began, joined, ended)
        print(stage.log().splitlines()[-1])
        print(
            f"memory: {base:.0f} MB with good feeds only; peak {usage.own:.0f} MB, "
            f"{usage.peak:.0f} MB with the process that parses; CPU {cpu:.0f} s"
        )
        print(
            f"scaled: {hours:g} h in {minutes:g} min, factor {factor:.0f}: every {every} = {longest / DRAWN:.1f} real s"
        )
        _lost(stage, report)


def _bad(stage: Stage, only: str) -> list[str]:
    names = [name for name in MISDEEDS if only in name]
    lines = []
    for n in range(BAD if not only else 4):
        name = names[n % len(names)]
        scheme = "https" if name.startswith("TLS") else "http"
        more = "allow_private: false" if name == "private address" else "allow_private: true"
        lines.append(stage.source(f"{slug(name)}/{n}", "1h", scheme=scheme, more=more))
    return lines


def _table(stage: Stage, report: dict[str, Any]) -> None:
    """A line for each misdeed: what was said of it."""
    asked: Counter[str] = Counter()
    for path, times in report["asked"].items():
        asked[path.strip("/").split("/")[0]] += len(times)
    notes: dict[str, str] = {}
    for line in stage.log().splitlines():
        if found := re.match(r'INFO source repaired source=([\w-]+)\.\d+ note=(?:"(.*)"|(\S+))', line):
            notes[found[1]] = found[2] or found[3]
    unwell = [text for text in report["ops"] if "Source unhealthy" in text or "Source gone" in text]
    rows: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    query = (
        "select name, polls, last_fault, last_error, (select count(*) from entry where source_id = source.id)"
        " from source where name not like 'good.%' order by id"
    )
    for row in stage.rows(query):
        rows[row[0].rpartition(".")[0]].append(row)
    print(f"{'misdeed':<30} {'feeds':>5} {'asked':>5} {'polls':>5} {'entries':>7} {'told':>4}  fault: words")
    for name in MISDEEDS:
        if mine := rows.get(slug(name)):
            told = sum(any(f"{row[0]}" in text for text in unwell) for row in mine)
            fault, words = next(((r[2], r[3]) for r in mine if r[2]), ("", ""))
            said = f"{fault}: {words}" if fault else f"taken; {notes.get(slug(name), 'nothing to say')}"
            print(
                f"{name:<30} {len(mine):>5} {asked[slug(name)]:>5} {sum(r[1] for r in mine):>5} "
                f"{sum(r[4] for r in mine):>7} {told:>4}  {said[:110]}"
            )


def _delays(report: dict[str, Any], longest: float, began: float, joined: float, ended: float) -> None:
    delays: dict[str, list[float]] = {"alone": [], "when they come": [], "among bad ones": []}
    for path, times in report["asked"].items():
        if path.startswith("/good/"):
            for a, b in zip(times, [*times[1:], ended], strict=True):
                if b > began:
                    delays[_phase(b, joined)].append(b - a - longest)
    for name, values in delays.items():
        told = [
            report["told"][w] - report["carried"][w]
            for w in report["published"]
            if w in report["told"] and _phase(report["carried"][w], joined) == name
        ]
        print(
            f"good feeds {name:<15} delay: p50 {part(values, 0.5):5.2f} p99 {part(values, 0.99):5.2f} "
            f"max {max(values, default=0):5.2f} s ({len(values)} polls); poll to message: p50 {part(told, 0.5):.2f} "
            f"p99 {part(told, 0.99):.2f} max {max(told, default=0):.2f} s ({len(told)} messages)"
        )


def _phase(when: float, joined: float) -> str:
    if when <= joined:
        return "alone"
    return "when they come" if when <= joined + COMING else "among bad ones"


def _lost(stage: Stage, report: dict[str, Any]) -> None:
    stored = {title.split()[0] for (title,) in stage.rows("select title from entry") if title}
    published = set(report["published"])
    states = dict(stage.rows("select state, count(*) from delivery group by state"))
    twice = sum(count > 1 for count in report["copies"].values())
    print(
        f"good entries: {len(published)} published, {len(published - stored)} not in the database, "
        f"{len(published - report['told'].keys())} not told, {twice} told twice; deliveries {states}"
    )


# ---- an idle hour ---------------------------------------------------------------------------------------------------


def idle(minutes: float) -> None:
    """500 sources at the default interval, all of which answer 304."""
    factor = 60 / minutes
    with tempfile.TemporaryDirectory() as folder, Stage(folder, factor=factor, tick=0.5 / factor) as stage:
        paths = [f"quiet/{n}" for n in range(MANY)]
        stage.configure([stage.source(path, "15m") for path in paths])
        stage.begin()
        usage = stage.usage
        stage.wait_for_polls([f"/{path}" for path in paths])
        time.sleep(2)
        before, polls = usage.cpu(), sum(map(len, stage.report()["asked"].values()))
        usage.peak = 0
        stage.sleep(minutes * 60)
        cpu = usage.cpu() - before
        polls = sum(map(len, stage.report()["asked"].values())) - polls
        stage.end()
        print(f"idle, {MANY} sources every 15 min: an hour in {minutes:g} min (factor {factor:.0f}; ticks scaled too)")
        print(
            f"{polls} polls; CPU {cpu:.1f} s an hour = {cpu / 36:.2f} % of a core; {cpu / polls * 1000:.1f} ms a poll"
        )
        print(f"memory: {usage.now:.0f} MB, peak {usage.peak:.0f} MB")


def main() -> None:
    """Run one of the modes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=3, help="real minutes")
    parser.add_argument("--hours", type=float, default=8, help="scaled hours of the first mode")
    parser.add_argument("--only", default="", help="misdeeds whose name holds this")
    parser.add_argument("--idle", action="store_true")
    options = parser.parse_args()
    if options.idle:
        idle(options.minutes)
    else:
        misbehave(options.minutes, options.hours, options.only)


if __name__ == "__main__":
    main()
