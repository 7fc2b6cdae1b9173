"""How much a poll costs: a full refresh of many feeds, by tocsin and by `reader`, in one run on one machine.

    python bench/poll.py [--feeds 2000] [--entries 20]

A loopback server (a process of its own) serves the feeds in four states: `304` (validators are answered), `same` (no
validators, the same body again), `edited` (another body with the same entries) and `new` (one new entry in each). Each program runs in a process of its own, fetches
everything once, and is then measured on the second refresh: polls a CPU second (user and system time of that process and
of those that it started, which parse for tocsin), wall time, and its resident memory. `reader` is taken if it is installed (pip install reader); sanitising is off for it,
as tocsin takes plain text only.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from aiohttp import web
from inside import Clock, runner

STATES = ("304", "same", "edited", "new")
START = datetime(2026, 3, 2, 12, tzinfo=UTC)


# ---- the server ---------------------------------------------------------------------------------------------------


def serve(entries: int) -> None:
    """Serve /STATE/N on a free port, which is printed; `POST /grow` changes the feeds of the states `edited` and `new`."""
    grown = 0

    def body(state: str, number: int) -> bytes:
        count = entries + (grown if state == "new" else 0)
        items = "".join(
            f"<item><title>Headline {k} of feed {number}: ministers and miners meet in city {k * 7 % 97}</title>"
            f"<link>http://news.example/{number}/{k}</link><guid>http://news.example/{number}/{k}</guid>"
            f"<pubDate>{format_datetime(START - timedelta(hours=entries - k))}</pubDate>"
            f"<description>{'A sentence about supply, demand and the weather at the pit. ' * 8}</description></item>"
            for k in reversed(range(count))
        )
        edition = f"<ttl>{10 + grown}</ttl>" if state == "edited" else ""
        head = f"<title>Feed {number}</title><link>http://x.example/</link>{edition}"
        return f"<rss version='2.0'><channel>{head}{items}</channel></rss>".encode()

    async def feed(request: web.Request) -> web.Response:
        state, number = request.match_info["state"], int(request.match_info["number"])
        tag = f'"{number}"'
        if state == "304":
            if request.headers.get("If-None-Match") == tag:
                return web.Response(status=304, headers={"ETag": tag})
            return web.Response(body=body(state, number), content_type="application/rss+xml", headers={"ETag": tag})
        return web.Response(body=body(state, number), content_type="application/rss+xml")

    async def grow(_: web.Request) -> web.Response:
        nonlocal grown
        grown += 1
        return web.Response(text=str(grown))

    async def main() -> None:
        app = web.Application()
        app.router.add_get("/{state}/{number}", feed)
        app.router.add_post("/grow", grow)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(runner.addresses[0][1], flush=True)
        await asyncio.Event().wait()

    asyncio.run(main())


# ---- the programs, each in a process of its own --------------------------------------------------------------------


def run_tocsin(base: str, state: str, feeds: int) -> dict[str, float]:
    """Two refreshes by the pipeline as the service builds it; figures of the second."""
    from tocsin.ingest.config import IngestConfig
    from tocsin.ingest.poller import Pipeline
    from tocsin.policy.decide import Policy
    from tocsin.policy.polling.schedule import Terms
    from tocsin.protocols import Runtime
    from tocsin.rules.ruleset import RuleSet
    from tocsin.sources.feeds.feed import FeedSource
    from tocsin.sources.http.client import HttpClient
    from tocsin.store import Store

    async def main() -> dict[str, float]:
        with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as writer, ThreadPoolExecutor(2) as workers:
            clock = Clock(START)
            store = Store.open(f"sqlite:///{folder}/t.db")
            names = [f"f{n}" for n in range(feeds)]
            store.sync_sources([(name, f"{base}/{state}/{n}", "feed") for n, name in enumerate(names)], clock.now())
            async with HttpClient(gap=timedelta(0)) as http:
                work = runner(workers)
                sources = {
                    name: FeedSource(name, f"{base}/{state}/{n}", http=http, run=work, labels={}, allow_private=True)
                    for n, name in enumerate(names)
                }
                pipeline = Pipeline(
                    store,
                    IngestConfig(
                        rules=RuleSet({}),
                        policy=Policy(routes=(), receivers=()),
                        sources=sources,
                        terms=dict.fromkeys(names, Terms(every=timedelta(minutes=15))),
                    ),
                    Runtime(clock=clock, write=runner(writer), work=work, random=lambda: 0.5),
                    committed=lambda: None,
                )
                await pipeline.run_due()
                before = store.read.counts().entries
                _grow(base)
                clock.time += timedelta(hours=1)
                cpu, wall = _cpu(), time.perf_counter()
                await pipeline.run_due()
                figures = _figures(feeds, _cpu() - cpu, time.perf_counter() - wall)
                figures["new"] = store.read.counts().entries - before
            store.close()
            return figures

    return asyncio.run(main())


def run_reader(base: str, state: str, feeds: int) -> dict[str, float]:
    """Two refreshes by reader; figures of the second."""
    from reader import make_reader
    from reader._parser import feedparser as door

    parse = door.feedparser.parse
    door.feedparser.parse = lambda *args, **named: parse(*args, **{**named, "sanitize_html": False})
    with tempfile.TemporaryDirectory() as folder:
        reader = make_reader(f"{folder}/r.db")
        for n in range(feeds):
            reader.add_feed(f"{base}/{state}/{n}")
        reader.update_feeds(workers=8, scheduled=False)
        before = reader.get_entry_counts().total
        _grow(base)
        cpu, wall = _cpu(), time.perf_counter()
        reader.update_feeds(workers=8, scheduled=False)
        figures = _figures(feeds, _cpu() - cpu, time.perf_counter() - wall)
        figures["new"] = reader.get_entry_counts().total - before
        reader.close()
    return figures


def _figures(feeds: int, cpu: float, wall: float) -> dict[str, float]:
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"polls_per_cpu_second": feeds / cpu, "wall": wall, "peak_rss_mb": rss}


def _cpu() -> float:
    """Return the processor time of this process and of all that it started, in seconds."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    living = [
        sum(map(int, Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[11:13]))
        for task in Path("/proc/self/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
    return time.process_time() + ended.ru_utime + ended.ru_stime + sum(living) / os.sysconf("SC_CLK_TCK")


def _grow(base: str) -> None:
    import urllib.request

    urllib.request.urlopen(urllib.request.Request(f"{base}/grow", method="POST"), timeout=10).read()


# ---- the run ---------------------------------------------------------------------------------------------------------


def main() -> None:
    """Start the server, run every program in every state, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=2000)
    parser.add_argument("--entries", type=int, default=20)
    parser.add_argument("--child", nargs=3, metavar=("PROGRAM", "BASE", "STATE"))
    parser.add_argument("--serve", action="store_true")
    options = parser.parse_args()
    if options.serve:
        serve(options.entries)
        return
    if options.child:
        program, base, state = options.child
        run = {"tocsin": run_tocsin, "reader": run_reader}[program]
        print(json.dumps(run(base, state, options.feeds)))
        return
    programs = ["tocsin", *(["reader"] if importlib.util.find_spec("reader") else [])]
    server = subprocess.Popen(
        [sys.executable, __file__, "--serve", "--entries", str(options.entries)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout
        base = f"http://127.0.0.1:{int(server.stdout.readline())}"
        print(f"{options.feeds} feeds of {options.entries} entries, {os.cpu_count()} cores")
        print(f"{'state':<6} {'program':<8} {'polls/CPU s':>12} {'wall s':>8} {'peak MB':>8} {'new':>6}")
        for state in STATES:
            found = {}
            for program in programs:
                command = [sys.executable, __file__, "--feeds", str(options.feeds), "--child", program, base, state]
                done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=900)
                found[program] = f = json.loads(done.stdout.splitlines()[-1])
                print(
                    f"{state:<6} {program:<8} {f['polls_per_cpu_second']:>12.0f} {f['wall']:>8.1f} "
                    f"{f['peak_rss_mb']:>8.0f} {f['new']:>6.0f}"
                )
            if "reader" in found:
                ratio = found["tocsin"]["polls_per_cpu_second"] / found["reader"]["polls_per_cpu_second"]
                print(f"{state:<6} {'ratio':<8} {ratio:>12.2f}")
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
