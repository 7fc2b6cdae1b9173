"""tocsin beside programs that also watch feeds or notify, on the same loopback servers, in one run on one machine.

    python bench/peers.py [--only latency load ...] [--programs tocsin rss2email ...] [--cache FOLDER] [--json FILE]
    python bench/peers.py --only kill --minutes 1 --feeds 20 --every 1

Every program gets the same feeds over HTTP, each on a host of its own, and the same mailbox by SMTP. Those from the package
index are installed with pip in an environment of their own below *cache*, and kept there if you name it. Alertmanager is
Debian's package; it asks no feeds, so the alerts are pushed to it. What a program cannot do is named in its line.

    install   time and size of an installation
    latency   from the publication of a story to the first mail that names it, at the shortest interval of each program
    load      the same at one interval for all, with processor time and memory
    storm     five hundred stories in one answer
    story     one happening in the words of twenty outlets: how many mails it makes
    kill      a SIGKILL every few seconds: a story is lost that no mail names, and doubled that two mails name
    hang      one feed begins not to answer, one to answer a few octets a second, a minute long: what becomes of the good ones
    bomb      a gzip bomb and an endless answer, both bounded to 400 MB: the same

A wait begins when a story can be fetched. Programs that a timer starts begin again at the interval, or when the last run has
ended. *mean* is the memory over the whole time, in which such programs mostly do not run. Everything ends by itself.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from peer_programs import PROGRAMS, Place, Program
from peer_runner import Runner
from peer_world import BOMB, DRIP, ENDLESS, SILENT, World, serving

STORM = 500
#: One happening as twenty outlets tell it.
WORDINGS = (
    "China bans exports of gallium", "China halts gallium exports", "Beijing bans gallium exports with immediate effect",
    "China stops exporting gallium, commerce ministry says", "Ban on gallium exports announced by China",
    "China suspends all exports of gallium", "Beijing imposes export ban on gallium",
    "China prohibits gallium exports in trade row", "Chipmakers brace as China bans gallium exports",
    "China cuts off gallium exports", "Gallium exports banned by Beijing", "China to ban gallium exports from today",
    "China blocks gallium exports, citing national security", "China announces gallium export ban",
    "Beijing halts exports of gallium to all countries", "China slaps export ban on gallium",
    "Exports of gallium halted by China", "China orders halt to gallium exports", "China bans gallium shipments abroad",
    "China's ban on gallium exports takes effect",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large a part is: feeds, minutes, seconds between two polls (0: the shortest) and between two stories."""

    feeds: int = 20
    minutes: float = 5.0
    every: float = 0.0
    gap: float = 1.0
    kill_every: float = 5.0
    beside: tuple[str, ...] = ()
    patience: float = 60.0


@dataclass(slots=True, kw_only=True)
class Row:
    """What one program did in one part; None is not measured."""

    part: str
    program: str
    version: str = ""
    note: str = ""
    feeds: int | None = None
    every: float | None = None
    stories: int | None = None
    received: int | None = None
    lost: int | None = None
    doubled: int | None = None
    messages: int | None = None
    p50: float | None = None
    p99: float | None = None
    worst: float | None = None
    requests: int | None = None
    cpu: float | None = None
    ms_a_request: float | None = None
    peak_mb: float | None = None
    mean_mb: float | None = None
    kills: int | None = None
    install_s: float | None = None
    install_mb: float | None = None
    began: str = ""
    load: float | None = None


Act = Callable[[World, Runner, Size], None]


# ---- what happens --------------------------------------------------------------------------------------------------


def publish(world: World, runner: Runner, size: Size) -> None:
    """Publish a story every *gap* seconds, each in another feed, and kill if that is the part."""
    end, number, kill = time.monotonic() + size.minutes * 60, 0, time.monotonic() + size.kill_every
    begun = time.monotonic()
    while (now := time.monotonic()) < end:
        if now >= begun + number * size.gap:
            world.publish(number * 7 % size.feeds)
            number += 1
        if size.kill_every and now >= kill:
            runner.kill()
            kill += size.kill_every
        time.sleep(0.02)


def storm(world: World, _: Runner, __: Size) -> None:
    for _number in range(STORM):
        world.publish(0)


def story(world: World, _: Runner, size: Size) -> None:
    for number, words in enumerate(WORDINGS):
        world.publish(number % size.feeds, words)
        time.sleep(size.gap)


PARTS: dict[str, tuple[Act, Size]] = {
    "latency": (publish, Size(kill_every=0)),
    "load": (publish, Size(feeds=500, minutes=10, every=60, kill_every=0, patience=90)),
    "storm": (storm, Size(kill_every=0, patience=300)),
    "story": (story, Size(kill_every=0, gap=3, patience=30)),
    "kill": (publish, Size()),
    "hang": (publish, Size(kill_every=0, beside=(SILENT, DRIP), patience=180)),
    "bomb": (publish, Size(kill_every=0, beside=(BOMB, ENDLESS), patience=180)),
}
COLUMNS: dict[str, str] = {
    "install": "install_s install_mb",
    "latency": "feeds every stories lost messages p50 p99 worst",
    "load": "feeds every stories lost p50 p99 worst requests cpu ms_a_request peak_mb mean_mb",
    "storm": "every stories lost doubled messages p50 worst peak_mb",
    "story": "every stories messages",
    "kill": "feeds every kills stories received lost doubled messages p50 worst",
    "hang": "feeds every stories lost p50 p99 worst",
    "bomb": "feeds every stories lost p50 worst cpu peak_mb",
}


# ---- one program in one part ---------------------------------------------------------------------------------------


def run(program: Program, part: str, size: Size) -> Row:
    """Let a program live through a part in a world of its own."""
    act, _ = PARTS[part]
    every = size.every or program.shortest
    row = Row(part=part, program=program.name, feeds=size.feeds, every=every)
    row.began, row.load = f"{datetime.now(UTC):%Y-%m-%d %H:%M}", round(os.getloadavg()[0], 1)
    if size.beside and not program.polls:
        row.note = "asks nobody"
        return row
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        world = stack.enter_context(serving(size.feeds, size.beside))
        sources = [*map(world.address, range(size.feeds)), *map(world.address, size.beside)]
        place = Place(folder=folder, world=world, sources=sources, every=every)
        try:
            launch = program.prepare(place)
            runner = stack.enter_context(Runner(launch))
            _begin(program, world, size, every)
        except (OSError, TimeoutError, subprocess.SubprocessError) as error:
            row.note = f"did not begin: {error}"
            return row
        world.forget()
        world.armed.set()
        runner.forget()
        spent = runner.cpu()
        act(world, runner, size)
        if part == "load":  # what is measured is a time, not what follows it
            row.cpu, row.requests = runner.cpu() - spent, world.asked.total()
            row.peak_mb, row.mean_mb = runner.peak, runner.mean
        _settle(world, size)
        if part != "load":
            row.cpu, row.requests = runner.cpu() - spent, world.asked.total()
            row.peak_mb, row.mean_mb = runner.peak, runner.mean
        row.kills = runner.kills
        if program.name == "tocsin" and part == "story":
            row.note = _recognised(folder)
    _count(row, world)
    return row


def _begin(program: Program, world: World, size: Size, every: float) -> None:
    """Wait until every feed was asked, and the answer had time to be kept."""
    end = time.monotonic() + 180 + 2 * every
    while program.polls and len(world.asked) < size.feeds:
        if time.monotonic() > end:
            raise TimeoutError(f"{len(world.asked)} of {size.feeds} feeds were asked in time")
        time.sleep(0.2)
    time.sleep(3)


def _settle(world: World, size: Size) -> None:
    """Wait until every story was heard of, and for what comes twice; at most for the patience of the part."""
    end = time.monotonic() + size.patience
    while world.missing() and time.monotonic() < end:
        time.sleep(0.2)
    time.sleep(min(5.0, size.patience))
    world.hear()


def _count(row: Row, world: World) -> None:
    waits, missing = world.waits(), world.missing()
    row.stories, row.lost, row.received = len(world.published), missing, len(world.published) - missing
    row.doubled = sum(len(times) > 1 for times in world.heard.values())
    row.messages = world.messages
    if waits:
        row.p50, row.p99, row.worst = waits[len(waits) // 2], waits[int(len(waits) * 0.99)], waits[-1]
    if row.requests and row.cpu is not None:
        row.ms_a_request = row.cpu / row.requests * 1000


def _recognised(folder: Path) -> str:
    """Say how many wordings met a rule of the shipped pack."""
    with sqlite3.connect(folder / "tocsin.db", timeout=30) as database:
        query = "select count(distinct entry_id) from match"
        return f"{database.execute(query).fetchone()[0]} of {len(WORDINGS)} met its rules"


# ---- the whole -----------------------------------------------------------------------------------------------------


def head(part: str) -> str:
    names = COLUMNS[part].split()
    return f"{part:<8}  {'program':<19} {'version':<9}  " + "  ".join(f"{name:>{max(len(name), 6)}}" for name in names)


def shown(row: Row) -> str:
    """Return the line of the table for a row."""
    cells = [(name, getattr(row, name)) for name in COLUMNS[row.part].split()]
    words = "  ".join(f"{_cell(value):>{max(len(name), 6)}}" for name, value in cells)
    return f"{row.part:<8}  {row.program:<19} {row.version:<9}  {words}  {row.note}".rstrip()


def _cell(value: float | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.2f}" if value < 10 else f"{value:.0f}"


def compare(programs: Sequence[Program], parts: Sequence[str], changed: dict[str, Any], rows: list[Row]) -> None:
    """Run each part with each program, print a line for each, and add it to *rows*."""
    found = {program.name: program.installed() for program in programs}
    for part in parts:
        print(f"\n{head(part)}", flush=True)
        for program in programs:
            at = found[program.name]
            if at.fault:
                row = Row(part=part, program=program.name, note=at.fault)
            elif part == "install":
                row = Row(part=part, program=program.name, install_s=at.seconds, install_mb=at.megabytes)
                row.note = f"advised interval: {program.advised}"
            else:
                _, size = PARTS[part]
                row = run(program, part, replace(size, **changed))
            row.version = at.version
            rows.append(row)
            print(shown(row), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [program.name for program in PROGRAMS]
    parts = ["install", *PARTS]
    parser.add_argument("--only", nargs="*", choices=parts, default=parts, metavar="PART")
    parser.add_argument("--programs", nargs="*", choices=names, default=names, metavar="NAME")
    parser.add_argument("--cache", type=Path, help="keep what is installed in this folder")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    for name, kind in {"feeds": int, "minutes": float, "every": float, "gap": float, "kill-every": float}.items():
        parser.add_argument(f"--{name}", type=kind, help="instead of the size of the part")
    given = parser.parse_args()
    changed = {name: getattr(given, name) for name in ("feeds", "minutes", "every", "gap", "kill_every")}
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as passing:
        cache = (given.cache or Path(passing)).resolve()
        programs = [program(cache) for program in PROGRAMS if program.name in given.programs]
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC")
        rows: list[Row] = []
        try:
            compare(programs, given.only, {name: value for name, value in changed.items() if value is not None}, rows)
        except KeyboardInterrupt:
            sys.exit("stopped")
        finally:
            if given.json:
                given.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
