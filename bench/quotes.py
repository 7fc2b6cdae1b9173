"""How many instruments of one table can be polled every minute: processor time of a poll in which every price is new.

    python bench/quotes.py [--instruments 10000] [--polls 5]
    python bench/quotes.py --feeds 500 [--instruments 10000] [--polls 5]

The table is a CSV file, and a rule about a daily move judges each instrument. The first poll, in which every
instrument is new, has the number 0. Time is that of the process: what is left of 60 s is free for the news, on one core.

With *feeds* the daemon is `tocsin run` on one core, with the shipped packs. The table is written, and each feed has a new entry,
every minute; each line says what the daemon and its parsers took in one, and how much of it is in the database at its end.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import resource
import sqlite3
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web
from inside import Clock, runner
from start import Feeds, children, config, daemon, seconds
from world import item, rss

from tocsin.config.packs import parse_pack
from tocsin.ingest.config import IngestConfig
from tocsin.ingest.poller import Pipeline
from tocsin.model.prices import Instrument, Listing
from tocsin.policy.decide import Policy
from tocsin.policy.polling.schedule import Terms
from tocsin.protocols import Runtime
from tocsin.rules.compile import compile_packs
from tocsin.rules.ruleset import RuleSet
from tocsin.sources.prices.extract import Format
from tocsin.sources.prices.source import WatchedFile
from tocsin.sources.prices.table import Columns, Table
from tocsin.store import Store

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RULES = """\
tocsin: 1
pack: {id: bench}
rules:
  - id: move
    price:
      instruments: {class: metal}
      when: abs(change(1td)) >= 3%
"""


def rules() -> RuleSet:
    """Return the rules that judge the prices."""
    spec, problems = parse_pack([("bench.yaml", RULES)])
    assert spec, problems
    found, faults = compile_packs([spec])
    assert not any(not fault.warning for fault in faults), faults
    return found


async def measure(folder: Path, count: int, polls: int) -> None:
    """Poll the table once a minute, and print the processor time of each poll."""
    names, prices, clock = [f"M{n}" for n in range(count)], random.Random(7), Clock(START)
    path = folder / "prices.csv"
    with ThreadPoolExecutor(1) as writer, ThreadPoolExecutor(2) as workers:
        store, work = Store.open(f"sqlite:///{folder}/t.db"), runner(workers)
        store.sync_sources([("table", str(path), "prices")], START)
        columns = Columns(format=Format.CSV, symbol="symbol", price="price", time="time")
        instruments = {
            name: Instrument(
                id=name, kind="metal", currency="USD", sources=(Listing(row="table", symbol=name),), every=MINUTE
            )
            for name in names
        }
        config = IngestConfig(
            rules=rules(),
            policy=Policy(routes=(), receivers=()),
            sources={"table": WatchedFile("table", path, names, Table(columns), run=work)},
            terms={"table": Terms(every=MINUTE, prices=True)},
            instruments=instruments,
        )
        runtime = Runtime(clock=clock, write=runner(writer), work=work, random=lambda: 0.5)
        pipeline = Pipeline(store, config, runtime, committed=lambda: None)
        for number in range(polls + 1):
            clock.time = START + number * 2 * MINUTE  # a poll is due up to a tenth of its interval later
            rows = (f"{name},{100 + prices.random():.4f},{clock.time.isoformat()}\n" for name in names)
            path.write_text("symbol,price,time\n" + "".join(rows))
            cpu, wall = time.process_time(), time.perf_counter()
            sources = await pipeline.run_due()
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            print(f"poll {number}: {sources} source, {cpu:.2f} s of processor time, {wall:.2f} s")
        print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
        store.close()


# ---- beside the news -----------------------------------------------------------------------------------------------


class News(Feeds):
    """Feeds with one more entry each minute."""

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.add(request.host)
        newest = int(time.time() / 60)
        items = (
            item(f"Ministers of {request.host} meet, day {n}", f"{request.host}/{n}")
            for n in range(newest, newest - 20, -1)
        )
        return web.Response(body=rss("".join(items)), content_type="application/rss+xml")


def beside(folder: Path, count: int, feeds: int, minutes: int) -> None:
    """Run the daemon with a table of *count* instruments and as many *feeds*, and print a line a minute."""
    news, table, prices = News(feeds), folder / "prices.csv", random.Random(7)
    lines = config(news, "critical-minerals, energy, trade, ./bench", every="1m").splitlines()
    lines.insert(
        lines.index("sources:") + 1, f"  table: {{file: {table}, symbol: symbol, price: price, time: time, every: 1m}}"
    )
    lines += [
        "instruments:",
        *(f"  M{n}: {{class: metal, currency: USD, sources: table:M{n}}}" for n in range(count)),
    ]
    (folder / "bench").mkdir()
    (folder / "bench" / "pack.yaml").write_text(RULES)
    (folder / "config.yaml").write_text("\n".join(lines) + "\n")
    with daemon(folder) as process:
        os.sched_setaffinity(process.pid, {0})
        before, known = 0.0, 0
        for minute in range(minutes + 1):
            now = datetime.now(UTC).isoformat()
            rows = (f"M{n},{100 + prices.random():.4f},{now}\n" for n in range(count))
            table.with_suffix(".new").write_text("symbol,price,time\n" + "".join(rows))
            table.with_suffix(".new").replace(table)
            news.asked.clear()
            time.sleep(60)
            assert process.poll() is None, (folder / "log").read_text()[-3000:]
            spent = seconds(process.pid) + sum(map(seconds, children(process.pid)))
            with sqlite3.connect(folder / "tocsin.db", timeout=30) as database:
                (quotes,), (entries,) = (
                    database.execute(f"select count(*) from {name}").fetchone() for name in ("quote", "entry")
                )
            print(
                f"minute {minute}: {spent - before:.1f} s of processor time, {len(news.asked)} feeds asked,"
                f" {quotes + entries - known:,} new prices and entries; {quotes:,} and {entries:,} in all",
                flush=True,
            )
            before, known = spent, quotes + entries


def main() -> None:
    """Measure with the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instruments", type=int, default=10_000)
    parser.add_argument("--polls", type=int, default=5)
    parser.add_argument("--feeds", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.feeds:
            beside(Path(folder), options.instruments, options.feeds, options.polls)
            return
        asyncio.run(measure(Path(folder), options.instruments, options.polls))


if __name__ == "__main__":
    main()
