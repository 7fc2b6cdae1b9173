"""The demo: the real service between loopback servers, with a clock that runs fast."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from tocsin.config.build import Factories
from tocsin.config.config import load_config
from tocsin.demo.report import Report
from tocsin.demo.servers import ARCHIVE, FEEDS, HOST, TIMELINE, World
from tocsin.errors import UsageError
from tocsin.service.service import Service
from tocsin.sources.http.client import HttpClient
from tocsin.store import Store
from tocsin.web.links import login_link

#: A real second is a minute of the demo.
FACTOR = 60.0
#: Real seconds that a chapter lasts.
CHAPTER = 2.5
EVE = timedelta(seconds=30)
#: Real seconds of the night after a chapter. Cooldowns of twelve hours end in it, and held messages are sent.
NIGHT = 0.5
NEXT_MORNING = timedelta(hours=12, minutes=1)
#: Real seconds that the service may take to poll all feeds once, and to finish a chapter.
PATIENCE = 60.0
_TICK = timedelta(milliseconds=100)
_CONFIG = """\
timezone: Europe/London
database: sqlite:///demo.db
rules: [critical-minerals]
web: {{listen: "{host}:{page_port}"}}
sources:
{sources}
  exchange:
    table: "http://{host}:{web_port}/prices"
    rows: "@"
    symbol: symbol
    price: close
    time: at
    history: true
    every: 20s
    allow_private: true
instruments:
  magnet-shares:
    {{class: smallcap, currency: USD, sources: exchange:magnets, labels: {{mineral: rare-earths, company: usa-rare-earth}}}}
receivers:
  mail: {{url: "mailto://{host}:{mail_port}?from=tocsin@demo.example&to=desk@demo.example", operator: true}}
  desk: {{url: "slack+http://{host}:{web_port}/hook"}}
routes:
  - {{severity: ">= low", to: [mail, desk]}}
"""


async def run_demo(mails: Path, *, stay: bool) -> None:
    """Run the demo and print what happens. Every mail becomes a file in *mails*. *stay* keeps the page open until Ctrl-C.

    Raises:
        UsageError: *mails* cannot be written to.
    """
    began = time.monotonic()
    _prepare(mails)
    clock = ChapterClock(ARCHIVE.at + timedelta(minutes=5), FACTOR)
    report = Report()
    with TemporaryDirectory(prefix="tocsin-demo-") as folder:
        async with World(clock, mails) as world:
            path = Path(folder) / "config.yaml"
            path.write_text(_configuration(world), encoding="utf-8")
            # The servers are our own, so there is no need for gaps between requests.
            makers = Factories(http=lambda config: HttpClient(config.http.contact, gap=timedelta(0)))
            service = Service(path, env={}, clock=clock, makers=makers, settled=report.settled, tick=_TICK)
            running = asyncio.create_task(service.run())
            try:
                seen = asyncio.create_task(world.all_polled.wait())
                await asyncio.wait({running, seen}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
                seen.cancel()
                for chapter in TIMELINE:
                    if running.done():
                        break
                    # A poll in progress at the jump still has the old time, so nothing new may be there for it yet.
                    clock.jump(chapter.at - EVE)
                    report.chapter(chapter)
                    await _pass(service, CHAPTER)
                    clock.jump(chapter.at + NEXT_MORNING)
                    await _pass(service, NIGHT)
                if not running.done():
                    _sum_up(report, world, path, time.monotonic() - began, mails)
                    clock.slow_down()
                if stay and not running.done():
                    report.page(_link(path))
                    await running  # Ctrl-C stops the service
            finally:
                if not running.done():
                    service.stop()
                await running


def _sum_up(report: Report, world: World, config: Path, seconds: float, mails: Path) -> None:
    store = Store.open(load_config(config, {}).database)
    try:
        report.summary(world, store.read.counts(), seconds, mails)
    finally:
        store.close()


def _link(config: Path) -> str:
    """Return an address that opens the page. Logins go by the real time."""
    settings = load_config(config, {})
    assert settings.web, "the demo has a page"
    store = Store.open(settings.database)
    try:
        epoch = store.read.session_epoch()
    finally:
        store.close()
    return login_link(settings.web, settings.database, "you", epoch=epoch, now=datetime.now(UTC))


async def _pass(service: Service, seconds: float) -> None:
    """Let *seconds* of real time pass, or more on a busy machine, so that a jump delays no work in progress."""
    await asyncio.sleep(seconds)
    with suppress(TimeoutError):
        await asyncio.wait_for(service.catch_up(), PATIENCE)


def _prepare(mails: Path) -> None:
    """Prepare an empty folder for the mails and the log."""
    try:
        mails.mkdir(parents=True, exist_ok=True)
        for old in mails.glob("[0-9][0-9]-*.eml"):
            old.unlink()
        handler = logging.FileHandler(mails / "tocsin.log", mode="w", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{mails}: {error.strerror}; choose another folder with --mails") from error
    log = logging.getLogger("tocsin")
    log.handlers = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False


def _configuration(world: World) -> str:
    tiers = {"gazette": ", labels: {tier: primary}"}
    sources = "\n".join(
        f'  {name}: {{feed: "http://{HOST}:{world.web_port}/feeds/{name}", every: 20s, allow_private: true'
        f"{tiers.get(name, '')}}}"
        for name in FEEDS
    )
    with socket.create_server((HOST, 0)) as probe:
        page_port = probe.getsockname()[1]
    return _CONFIG.format(
        sources=sources, host=HOST, mail_port=world.mail_port, web_port=world.web_port, page_port=page_port
    )


class ChapterClock:
    """Clock that runs *factor* times as fast as real time, from the time it was last set to."""

    def __init__(self, start: datetime, factor: float) -> None:
        self._factor = factor
        self.jump(start)

    def now(self) -> datetime:
        """Return the simulated time, aware and in UTC."""
        return self._start + timedelta(seconds=(time.monotonic() - self._zero) * self._factor)

    def jump(self, to: datetime) -> None:
        """Set the clock to the time *to*."""
        self._start, self._zero = to, time.monotonic()

    def slow_down(self) -> None:
        """Go on from now as fast as real time."""
        self.jump(self.now())
        self._factor = 1.0
