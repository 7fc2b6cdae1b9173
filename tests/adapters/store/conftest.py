"""A store on a real file, hands that fill it, and a policy simple enough to see through."""

from __future__ import annotations

import hashlib
import itertools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from tocsin.errors import Position
from tocsin.model.alerts import Alert, MatchOutcome, Story, StoryEntry
from tocsin.model.deliveries import DeliveryKind
from tocsin.model.entries import Batch, Cursor, Entry, EntryKey, KeyKind
from tocsin.model.reasons import NO_REASON, Cause, Reason
from tocsin.model.rules import Evidence, Hit, Judged, Match, RuleInfo, Severity, Span
from tocsin.policy.alerting.facts import Decided, Decision, Facts, LastNotified, Planned
from tocsin.store import Store
from tocsin.store.values import Committed, JudgedBatch, PollRecord, SourceLease

NOW = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)
LEASE = timedelta(minutes=5)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@dataclass
class RealTime:
    """The time in which leases end, moved by hand."""

    time: datetime = datetime(2030, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The time."""
        return self.time

    def pass_by(self, span: timedelta) -> None:
        """Let *span* pass."""
        self.time += span


@dataclass
class Teller:
    """Opens a story, an alert and a delivery for every match, to each of *to*; remembers the facts it was given."""

    to: tuple[tuple[str, str], ...] = (("desk", ""),)
    kind: DeliveryKind = DeliveryKind.ALERT
    held: Reason = NO_REASON
    wait: timedelta = timedelta(0)
    lasts: timedelta = timedelta(hours=24)
    seen: list[Facts] = field(default_factory=list)

    def __call__(self, facts: Facts) -> Decision:
        """Decide."""
        waiting = facts.pending(self.to)  # read while the transaction is open
        self.seen.append(replace(facts, pending=lambda people: {to: waiting[to] for to in people}))
        pairs = [(arrival, match) for arrival in facts.arrivals for match in arrival.matches]
        stories, alerts, decided = [], [], []
        for n, (arrival, match) in enumerate(pairs):
            story = _story(facts.next_story + n, match, arrival.entry_id)
            alert = _alert(facts.next_alert + n, match, story.id, facts.now)
            stories.append(story)
            alerts.append(alert)
            decided.append(
                Decided(
                    entry_id=arrival.entry_id,
                    match=match,
                    outcome=MatchOutcome.HELD if self.held else MatchOutcome.ALERTED,
                    reason=Reason(cause=Cause.OTHER, words="a new story"),
                    story_id=story.id,
                    origin="first",
                    alert_id=alert.id,
                )
            )
        return Decision(
            decided=tuple(decided),
            stories=tuple(stories),
            alerts=tuple(alerts),
            last_notified={
                (a.rule, a.key[0]): LastNotified(at=facts.now, severity=a.severity) for a in alerts if a.key
            },
            planned=tuple(self.plan(facts.now, alert.id, *who) for alert in alerts for who in self.to),
        )

    def plan(self, now: datetime, alert_id: int, receiver: str, recipient: str) -> Planned:
        """One delivery of one alert."""
        return Planned(
            receiver=receiver,
            recipient=recipient,
            kind=self.kind,
            alert_ids=(alert_id,),
            due_at=now + self.wait,
            expires_at=now + self.lasts,
            held=self.held,
        )


def _story(number: int, match: Match, entry_id: int | None) -> Story:
    members = ()
    if match.entry is not None and entry_id is not None:
        members = (
            StoryEntry(
                entry_id=entry_id,
                title=match.entry.title,
                canonical_link=match.entry.canonical_link,
                publisher=match.entry.publisher,
                origin="first",
                event_time=match.event_time,
            ),
        )
    return Story(
        id=number,
        event=match.rule.event,
        opened_at=match.event_time,
        last_at=match.event_time,
        entries=members,
    )


def _alert(number: int, match: Match, story_id: int, now: datetime) -> Alert:
    return Alert(
        id=number,
        rule=match.rule.id,
        rule_hash=match.rule.hash,
        rule_position="rules/minerals.yaml:12",
        title=f"{match.rule.title} ({match.entry.title if match.entry else match.detail})",
        event=match.rule.event,
        severity=match.severity,
        labels=match.labels,
        key=match.labels.get("mineral", ()),
        story_id=story_id,
        opened_at=now,
        updated_at=now,
        event_time=match.event_time,
        note="Read it.",
        detail=match.detail,
    )


class Hands:
    """Makes values and moves them through a store."""

    now = NOW

    def __init__(self, folder: Path, url: str = "") -> None:
        self.path = folder / "var" / "tocsin.db"
        self.url = url or f"sqlite:///{self.path}"
        self.real = RealTime()
        self.ids = itertools.count(1)
        self.stores: list[Store] = []

    def open(self, program: str = "1.0") -> Store:
        """A store on the one file."""
        store = Store.open(self.url, real_now=self.real, new_id=lambda: f"d{next(self.ids):04}", program=program)
        self.stores.append(store)
        return store

    def teller(self, **fields: object) -> Teller:
        """A policy."""
        return Teller(**fields)  # type: ignore[arg-type]

    def key(self, kind: KeyKind, text: str) -> EntryKey:
        """An identity key made of *text*."""
        return EntryKey(kind=kind, value=_digest(text))

    def entry(self, name: str = "one", **fields: object) -> Entry:
        """An entry with an id, an id without host, a link and a title with a day, all made of *name*."""
        source = str(fields.pop("source", "wire"))
        title = str(fields.pop("title", f"China bans exports of {name}"))
        keys = (
            self.key(KeyKind.ID, f"https://example.org/{name}"),
            self.key(KeyKind.ID_NOHOST, f"/{name}"),
            self.key(KeyKind.LINK, f"link {name}"),
            self.key(KeyKind.TITLE_DAY, f"{title} 2026-03-02"),
        )
        values = {
            "source": source,
            "id": f"https://example.org/{name}",
            "keys": keys,
            "title": title,
            "first_seen": self.now,
            "summary": f"The summary of {name}.",
            "body": f"The body of {name}.\n\nIt has two blocks.",
            "link": f"https://example.org/{name}?utm_source=x",
            "canonical_link": f"example.org/{name}",
            "publisher": "The Example",
            "authors": ("Jane Doe", "J. Roe, 李"),
            "categories": ("Mining", "Trade & policy"),
            "language": "en",
            "published": self.now - timedelta(minutes=3),
            "published_raw": "Mon, 02 Mar 2026 11:57:00 GMT",
            "labels": {"tier": ("trade",)},
        }
        return Entry(**{**values, **fields})  # type: ignore[arg-type]

    def batch(self, *entries: Entry, source: str = "wire", **fields: object) -> Batch:
        """A document of *entries*."""
        values = {
            "source": source,
            "entries": entries,
            "cursor": Cursor(etag='W/"1"', last_modified="then", body_hash="ab", validated_at=self.now),
            "changed": True,
        }
        return Batch(**{**values, **fields})  # type: ignore[arg-type]

    def rule(self, **fields: object) -> RuleInfo:
        """A rule about bans."""
        values = {
            "id": "minerals/ban",
            "hash": "h1",
            "title": "{mineral}: ban",
            "severity": Severity.HIGH,
            "event": "trade.export.restrict",
            "key": ("mineral",),
            "cooldown": timedelta(hours=12),
        }
        return RuleInfo(**{**values, **fields})  # type: ignore[arg-type]

    def match(self, entry: Entry | None = None, **fields: object) -> Match:
        """A rule met by *entry*, or by the daemon itself."""
        rule = fields.pop("rule", None) or self.rule()
        values = {
            "rule": rule,
            "severity": rule.severity,
            "labels": {"mineral": ("gallium", "germanium")},
            "proof": self.evidence(),
            "event_time": entry.event_time if entry else self.now,
            "entry": entry,
        }
        return Match(**{**values, **fields})  # type: ignore[arg-type]

    def evidence(self) -> Evidence:
        """A proof with everything that a proof can have."""
        hit = Hit(spans=(Span(field="title", start=6, end=10),), labels=(("mineral", "gallium"),))
        leaf = Evidence(op="list", text="$restrict", holds=True, hits=(hit,), count=1)
        return Evidence(
            op="AND",
            text="$restrict AND $mineral",
            holds=True,
            hits=(hit, Hit(spans=(Span(field="body", start=0, end=3), Span(field="body", start=5, end=9)))),
            count=41,
            note="the nearest miss is 12 apart",
            position=Position(file="rules/minerals.yaml", line=14, column=9),
            children=(leaf, Evidence(op="term", text="镓", holds=False)),
        )

    def judged(self, entry: Entry, *rules: RuleInfo) -> Judged:
        """An entry that met *rules*."""
        return Judged(entry=entry, matches=tuple(self.match(entry, rule=rule) for rule in rules or (self.rule(),)))

    def quiet(self, entry: Entry) -> Judged:
        """An entry that met no rule."""
        return Judged(entry=entry)

    def lease(self, store: Store, source: str = "wire", address: str = "https://example.org/feed") -> SourceLease:
        """The lease of a source that is due, made known first if it must be."""
        names = {view.name for view in store.read.sources() if not view.disabled}
        if source not in names:
            known = [(name, "https://example.org/feed", "feed") for name in sorted(names)]
            store.sync_sources([*known, (source, address, "feed")], self.now)
        return next(lease for lease in store.claim_sources(self.now, LEASE, 99) if lease.name == source)

    def poll(self, store: Store, batch: Batch, judged: list[Judged], decide: Teller, **fields: object) -> Committed:
        """One poll from lease to commit; the source is due again at once."""
        lease = self.lease(store, batch.source)
        now, record = fields.pop("now", self.now), fields.pop("record", PollRecord(due_at=self.now))
        found = JudgedBatch(batch=batch, judged=judged, **fields)  # type: ignore[arg-type]
        return store.commit(lease, found, decide, now, record)  # type: ignore[arg-type]

    def tell(
        self,
        store: Store,
        name: str = "one",
        decide: Teller | None = None,
        rule: RuleInfo | None = None,
        **fields: object,
    ) -> Committed:
        """One entry with one match, through a poll; one with the title of another belongs to its story."""
        entry = self.entry(name, **fields)
        return self.poll(store, self.batch(entry), [self.judged(entry, rule or self.rule())], decide or Teller())


@pytest.fixture
def hands(tmp_path: Path, address: str) -> Iterator[Hands]:
    """Hands for a store in a folder of its own; every store that they open is closed."""
    hands = Hands(tmp_path, address)
    yield hands
    for store in hands.stores:
        store.close()


@pytest.fixture
def statements() -> Iterator[Callable[[Callable[[], object]], int]]:
    """How many statements something sends to the database."""
    sent: list[str] = []

    def note(connection: object, cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    def count(act: Callable[[], object]) -> int:
        before = len(sent)
        act()
        return len(sent) - before

    event.listen(Engine, "before_cursor_execute", note)
    yield count
    event.remove(Engine, "before_cursor_execute", note)


@pytest.fixture
def store(hands: Hands, empty: Path) -> Store:
    """An empty store."""
    if hands.url.startswith("sqlite:"):
        hands.path.parent.mkdir()
        shutil.copy(empty, hands.path)
    return hands.open()
