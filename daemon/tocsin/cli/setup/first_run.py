"""The first look of a new installation: each source is polled once, its entries are history, and nothing is sent."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tocsin.cli.output import progress
from tocsin.cli.setup.finding import Finding, ok, warn
from tocsin.cli.setup.network import faults
from tocsin.clock import SystemClock
from tocsin.config.build import Factories, make_policy, make_source
from tocsin.config.config import Config
from tocsin.config.contacts import make_receivers, view_receiver
from tocsin.config.feeds import FeedConfig
from tocsin.config.loading import rules_of
from tocsin.config.stores import open_copy
from tocsin.errors import SourceError
from tocsin.model.alerts import Alert
from tocsin.model.entries import Batch, Cursor
from tocsin.protocols import Run
from tocsin.replay import report
from tocsin.replay.replay import Replay, polls, unseen
from tocsin.service.service import Service
from tocsin.sources import Source
from tocsin.sources.http.client import HttpClient
from tocsin.units import counted

_WEEK = timedelta(days=7)
_EXAMPLES = 3


@dataclass(slots=True)
class _Polls:
    """The results of the polls of *total* sources; *tick* shows how many are left."""

    total: int
    tick: Callable[[int, int], None]
    entries: dict[str, int] = field(default_factory=dict)
    errors: dict[str, SourceError] = field(default_factory=dict)

    def source(self, config: FeedConfig, http: HttpClient, work: Run) -> Source:
        """Return the source of *config*, whose polls are noted here."""
        return _Noted(config.name, make_source(config, http, work), self)

    def show(self) -> None:
        """Show how many polls are left."""
        self.tick(self.total - len(self.entries) - len(self.errors), self.total)


@dataclass(frozen=True, slots=True)
class _Noted:
    """A source whose polls are noted."""

    name: str
    source: Source
    polls: _Polls

    async def poll(self, cursor: Cursor, now: datetime) -> Batch:
        try:
            batch = await self.source.poll(cursor, now)
            self.polls.entries[self.name] = len(batch.entries)
        except SourceError as error:
            self.polls.errors[self.name] = error
            raise
        finally:
            self.polls.show()
        return batch


def seed(path: Path, config: Config) -> list[Finding]:
    """Poll each source of the configuration at *path* once, store what it has as history, and return what was found.

    Raises:
        TocsinError: the service cannot start.
    """
    with progress("polling sources") as tick, _quiet_log():
        found = _Polls(len(config.sources), tick)
        found.show()
        makers = Factories(source=found.source)
        asyncio.run(Service(path, env=os.environ, clock=SystemClock(), makers=makers).once())
    good = [name for name, count in found.entries.items() if count]
    empty = [name for name, count in found.entries.items() if not count]
    entries = counted(sum(found.entries.values()), "entry")
    words = f"{len(good)} of {counted(found.total, 'source')} answered; {entries} stored as history, nothing was sent"
    return [
        *[ok("sources", words)] * bool(good),
        *(warn("source", f"{name}: there are no entries", f"see: tocsin sources test {name}") for name in empty),
        *faults(found.errors, (), offline=len(found.errors) == found.total),
    ]


@contextmanager
def _quiet_log() -> Iterator[None]:
    """Silence the log: what it says of sources is reported as findings."""
    log = logging.getLogger("tocsin")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


def would_have_fired(config: Config, now: datetime | None = None) -> Iterator[str]:
    """Yield in words how many alerts the stored entries of the last week would have made, and the loudest of them.

    Each entry counts at the time when it was published, so that stories fold and wait as they would have done.
    """
    until = now or datetime.now(UTC)
    since = until - _WEEK
    with closing(open_copy(config)) as store:
        past = [
            replace(entry, first_seen=entry.published)
            for entry in store.read.history_entries(None)
            if entry.published and since <= entry.published <= until
        ]
    policy = make_policy(config, make_receivers(config, view_receiver))
    result = Replay(rules_of(config, tried=False).rules, policy, filters=config.filters).run(polls(unseen(past), {}))
    alerts = [history.alert for history in report.alerts(result) if history.opened]
    said = f"{counted(len(alerts), 'alert')} from {counted(len(past), 'entry')} of the last week"
    yield f"would have fired: {said}{', such as' * bool(alerts)}"
    loudest = sorted(alerts, key=_loudness, reverse=True)[:_EXAMPLES]
    yield from (f"  {alert.severity:<8}  {alert.title}  ({alert.rule})" for alert in loudest)


def _loudness(alert: Alert) -> int:
    return alert.severity.rank
