"""The straight line on a real database, with sources and receivers that do as they are told."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from adapters.hand_clock import HandClock
from tocsin.config.packs import parse_pack
from tocsin.deliver.config import DeliveryConfig
from tocsin.deliver.dispatcher import Dispatcher
from tocsin.errors import SourceError
from tocsin.ingest.config import IngestConfig
from tocsin.ingest.poller import Pipeline
from tocsin.model.alerts import MatchOutcome
from tocsin.model.deliveries import AttemptResult, Message, MessageKind
from tocsin.model.entries import Batch, Cursor, Entry, EntryKey, KeyKind
from tocsin.model.prices import Instrument, Quote
from tocsin.policy.decide import Policy
from tocsin.policy.notifying.receiver import ReceiverInfo
from tocsin.policy.notifying.route import Route
from tocsin.policy.polling.schedule import Terms
from tocsin.protocols import Runtime
from tocsin.rules.compile import compile_packs
from tocsin.rules.ruleset import RuleSet
from tocsin.store import Decide, Store

RULES = """\
tocsin: 1
pack: {id: p, version: 1.0.0}
lists:
  mineral: {gallium: [gallium], cobalt: [cobalt]}
rules:
  - id: ban
    title: "{mineral}: ban"
    severity: high
    news: {match: $mineral NEAR/8 (ban~ OR halt~)}
    key: [mineral]
"""


@dataclass
class ListSource:
    """A source that answers with what lies in *answers*, in order; the last is repeated."""

    name: str
    answers: list[Sequence[str] | SourceError | Exception] = field(default_factory=list)
    polls: int = 0

    async def poll(self, cursor: Cursor, now: datetime) -> Batch:
        """The next answer, one entry a headline."""
        answer = self.answers[min(self.polls, len(self.answers) - 1)]
        self.polls += 1
        if isinstance(answer, Exception):
            raise answer
        entries = tuple(entry(self.name, title, now) for title in answer)
        return Batch(source=self.name, entries=entries, cursor=Cursor(etag=str(self.polls)), changed=True)


@dataclass
class ListReceiver:
    """A receiver that remembers what it was sent and answers with what lies in *outcomes*; the last is repeated."""

    name: str
    outcomes: list[AttemptResult]
    kind: MessageKind = MessageKind.TEXT
    recipients: tuple[str, ...] = ("",)
    sent: list[tuple[str, Message]] = field(default_factory=list)

    def send(self, delivery: Any, message: Message) -> AttemptResult:
        """The next outcome."""
        self.sent.append((delivery.id, message))
        return self.outcomes[min(len(self.sent), len(self.outcomes)) - 1]


def entry(source: str, title: str, now: datetime) -> Entry:
    """An entry that is known by its title."""
    key = EntryKey(kind=KeyKind.ID, value=f"{abs(hash((source, title))):032x}"[:32])
    return Entry(source=source, id=title, keys=(key,), title=title, first_seen=now, published=now)


def rules(text: str = RULES) -> RuleSet:
    """The rules of a pack in one file."""
    spec, problems = parse_pack([("p.yaml", text)])
    assert spec, problems
    compiled, faults = compile_packs([spec])
    assert not faults, faults
    return compiled


async def at_once(call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Run a blocking call here and now."""
    return call(*args, **kwargs)


@dataclass
class Line:
    """Store, clock and pipeline, with a desk and an operator unless *policy* has others."""

    store: Store
    clock: HandClock
    url: str
    woken: list[None] = field(default_factory=list)
    policy: Policy | None = None
    rules: Callable[..., RuleSet] = rules
    list_source: Callable[..., ListSource] = ListSource
    list_receiver: Callable[..., ListReceiver] = ListReceiver
    at_once: Callable[..., Any] = at_once
    entry: Callable[..., Entry] = entry

    def pipeline(
        self, *sources: ListSource, ruleset: RuleSet | None = None, terms: dict[str, Terms] | None = None
    ) -> Pipeline:
        """A pipeline on *sources*, whose rows it makes."""
        groups = {name: item.group for name, item in (terms or {}).items()}
        self.store.sync_sources([(s.name, f"http://{s.name}", "feed") for s in sources], self.clock.now(), groups)
        policy = self.policy or Policy(
            routes=(Route(to=("desk",)),),
            receivers=(
                ReceiverInfo(name="desk", recipients=("",)),
                ReceiverInfo(name="ops", recipients=("",), operator=True),
            ),
        )
        return Pipeline(
            self.store,
            IngestConfig(
                rules=ruleset or rules(),
                policy=policy,
                sources={s.name: s for s in sources},
                terms=terms or {s.name: Terms(every=timedelta(minutes=15)) for s in sources},
            ),
            Runtime(clock=self.clock, write=self.at_once, work=at_once, random=lambda: 0.5),
            committed=lambda: self.woken.append(None),
        )

    def dispatcher(self, decide: Decide, *receivers: Any, **config: Any) -> Dispatcher:
        """A dispatcher with a lane for each of *receivers*; *config* is what else its configuration has."""
        lanes = {one.name: one for one in receivers}
        return Dispatcher(
            self.store,
            DeliveryConfig(receivers=lanes, zone=ZoneInfo("UTC"), decide=decide, **config),
            Runtime(clock=self.clock, write=self.at_once, work=at_once, random=lambda: 0.5),
        )


@pytest.fixture
def line(tmp_path: Path, empty: Path, address: str) -> Iterator[Line]:
    """A fresh database."""
    shutil.copy(empty, tmp_path / "t.db")
    ids = (f"{n:032x}" for n in itertools.count(1))
    clock = HandClock()
    url = address or f"sqlite:///{tmp_path}/t.db"
    store = Store.open(url, real_now=clock.now, new_id=lambda: next(ids))
    try:
        yield Line(store=store, clock=clock, url=url)
    finally:
        store.close()


HEAD = """\
tocsin: 1
pack: {id: p, version: 1.0.0}
lists:
  mineral: {gallium: [gallium], cobalt: [cobalt], tin: [tin]}
rules:
  - id: ban
    title: "{mineral}: ban"
    severity: high
    event: trade.ban
    news: {match: $mineral NEAR/8 (ban~ OR halt~)}
    key: [mineral]
  - id: strike
    event: supply.strike
    news: {match: $mineral NEAR/8 strike}
    key: [mineral]
  - id: level
    title: "{instrument}: over 150"
    price: {instruments: [tin], when: last >= 150}
    key: [instrument]
    cooldown: 1m
"""
TIN = Instrument(id="tin", currency="USD", unit="t", labels={"mineral": ("tin",)})


@dataclass
class Feed:
    """A source that brings what lies in *waiting*."""

    name: str
    waiting: list[Entry] = field(default_factory=list)

    async def poll(self, cursor: Cursor, now: datetime) -> Batch:
        """What waits, once."""
        brought, self.waiting = tuple(self.waiting), []
        return Batch(source=self.name, entries=brought, cursor=Cursor(etag="1"), changed=bool(brought))


@dataclass
class World:
    """The line under *rules*, with feeds that are past their first fetch."""

    line: Line
    rules: RuleSet
    feeds: dict[str, Feed] = field(default_factory=dict)
    count: int = 0

    def entry(self, title: str, *, feed: str = "wire", late: timedelta = timedelta(0), **fields: str) -> Entry:
        """An entry published *late* before now."""
        now = self.line.clock.now()
        self.count += 1
        return Entry(
            source=feed,
            id=str(self.count),
            keys=(EntryKey(kind=KeyKind.ID, value=f"{self.count:032x}"),),
            title=title,
            link=f"https://{feed}.test/{self.count}",
            publisher=feed.title(),
            first_seen=now,
            published=now - late,
            **fields,
        )

    def use(self, *correlations: str) -> None:
        """Rules as after a reload."""
        self.rules = rules(HEAD + "".join(correlations))

    def poll(self, *entries: Entry, first: bool = False) -> list[tuple[str, MatchOutcome]]:
        """Bring *entries* in one tick, each by its feed; (rule, fate) of what came of it."""
        fresh = [name for name in {entry.source for entry in entries} if name not in self.feeds]
        self.feeds |= {name: Feed(name) for name in fresh}
        if fresh and not first:
            asyncio.run(self._tick())
        for entry in entries:
            self.feeds[entry.source].waiting.append(entry)
        before = len(self.matches())
        asyncio.run(self._tick())
        # What the feed's silence is told of is not what these tests are about.
        found = [view for view in self.matches()[before:] if not view.rule.startswith("tocsin/")]
        return [(view.rule.removeprefix("p/"), view.fate) for view in found]

    async def _tick(self) -> None:
        pipeline = self.line.pipeline(*self.feeds.values(), ruleset=self.rules)
        terms = dict.fromkeys(self.feeds, Terms(every=timedelta(0)))
        pipeline.inbound = replace(pipeline.inbound, terms=terms)
        await pipeline.tick()
        await pipeline.drain(None)

    def news(self, title: str, **fields: Any) -> list[tuple[str, MatchOutcome]]:
        """One entry."""
        return self.poll(self.entry(title, **fields))

    def price(self, *prices: str) -> list[tuple[str, MatchOutcome]]:
        """Quotes of tin, now."""
        pipeline = self.line.pipeline(*self.feeds.values(), ruleset=self.rules)
        pipeline.inbound = replace(pipeline.inbound, instruments={"tin": TIN})
        now = self.line.clock.now()
        quotes = [
            Quote(instrument="tin", price=Decimal(price), at=now + timedelta(seconds=n), first_seen=now)
            for n, price in enumerate(prices)
        ]
        committed = asyncio.run(pipeline.market.observe(pipeline.inbound, quotes, now))
        return [(item.match.rule.id.removeprefix("p/"), item.outcome) for item in committed.decision.decided]

    def matches(self) -> Sequence[Any]:
        """All matches, the oldest first."""
        return self.line.store.read.matches(limit=None)[::-1]

    def told(self) -> list[list[str]]:
        """The titles of each message that waits, the oldest message first."""
        views = reversed(self.line.store.read.deliveries(limit=1000))
        return [[one.alert.title for one in self.line.store.read.delivery(view.id).content] for view in views]

    def restart(self) -> None:
        """A new process on the same database."""
        self.line.store.close()
        self.line.store = Store.open(self.line.url, real_now=self.line.clock.now, new_id=lambda: os.urandom(16).hex())


@pytest.fixture
def world(line: Any) -> Iterator[Any]:
    """Makes a world with some correlations."""
    worlds = []

    def make(*correlations: str) -> World:
        worlds.append(World(line, rules(HEAD + "".join(correlations))))
        return worlds[-1]

    yield make
    for one in worlds:
        one.line.store.close()
