"""The book of a replay and the real store are two homes of one state: they must lead to the same decisions."""

from __future__ import annotations

import itertools
import random
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from tocsin.model.deliveries import AttemptResult, ErrorClass, Message, MessageKind, Settlement
from tocsin.model.deliveries import DeliveryState as State
from tocsin.model.entries import Batch, Cursor, Entry, EntryKey, KeyKind
from tocsin.model.reasons import Cause
from tocsin.model.rules import Evidence, Judged, Match, RuleInfo, Severity
from tocsin.policy.alerting.facts import Arrival, Decision
from tocsin.policy.decide import Policy
from tocsin.policy.notifying.receiver import DigestTimes, ReceiverInfo
from tocsin.policy.notifying.retry import Consequence
from tocsin.policy.notifying.route import Route, Selection
from tocsin.policy.notifying.timing import limits
from tocsin.replay.book import Book, Circumstance
from tocsin.store import Store
from tocsin.store.values import Claimable, JudgedBatch, PollRecord

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
POLICY = Policy(
    routes=(Route(to=("desk",)), Route(to=("mail",), which=Selection(severity=(">=", Severity.HIGH)))),
    receivers=(ReceiverInfo(name="desk", recipients=("",)), ReceiverInfo(name="mail", recipients=("a", "b"))),
)
#: Of which little leaves in an hour.
NARROW = Policy(
    routes=POLICY.routes,
    receivers=(
        ReceiverInfo(name="desk", recipients=("",), max_per_hour=2),
        ReceiverInfo(name="mail", recipients=("a", "b"), max_per_hour=1, digest=DigestTimes(at=(time(11),))),
    ),
)
MINUTE = timedelta(minutes=1)
HEADS = ("China bans exports of {0} to America", "Ministry curbs {0} exports at once", "{0} exports stop after the ban")
TAILS = (
    "",
    " - Herald",
    ", officials tell Herald",
    " as prices rise 10%",
    " as prices rise 12%",
    " in new blow to trade",
)
MINERALS = ("gallium", "germanium", "antimony")


def _rule(name: str, event: str, key: tuple[str, ...], hours: int) -> RuleInfo:
    return RuleInfo(
        id=f"p/{name}",
        hash="h",
        title="{mineral}: " + name,
        severity=Severity.MEDIUM,
        event=event,
        key=key,
        cooldown=timedelta(hours=hours),
    )


RULES = (
    _rule("curb", "trade.curb", ("mineral",), 12),
    _rule("curb-again", "trade.curb", ("source", "mineral"), 3),
    _rule("talk", "trade.talk", ("story",), 30),
)


@dataclass
class Both:
    """One history, told to the store and to the book."""

    store: Store
    policy: Policy = POLICY
    book: Book = field(default_factory=Book)
    told: list[tuple[Decision, Decision]] = field(default_factory=list)
    left: list[tuple[list[tuple[str, ...]], list[tuple[str, ...]]]] = field(default_factory=list)
    successes: dict[str, datetime] = field(default_factory=dict)
    sent_until: datetime = START

    def poll(self, source: str, judged: list[Judged], at: datetime) -> None:
        """A poll at *at*, after everything that was due before it has left."""
        self.send(at)
        names = sorted({*self.successes, source})
        self.store.sync_sources([(name, "https://example.org/", "feed") for name in names], at)
        leases = {lease.name: lease for lease in self.store.claim_sources(at, timedelta(minutes=1), 99)}
        batch = Batch(source=source, entries=tuple(j.entry for j in judged), cursor=Cursor(), changed=True)
        committed = self.store.commit(
            leases.pop(source), JudgedBatch(batch=batch, judged=judged), self.policy.decide, at, PollRecord(due_at=at)
        )
        circumstance = Circumstance(baseline=source not in self.successes, last_success=self.successes.get(source))
        arrivals = [Arrival(entry_id=self.book.number(), matches=item.matches) for item in judged]
        decision = self.book.decide(self.policy, arrivals, circumstance, at)
        self.told.append((committed.decision, decision))
        self.successes[source] = at

    def send(self, before: datetime) -> None:
        """Deliver what is due before *before*, on both sides."""
        gone: list[tuple[str, ...]] = []
        limited = any(receiver.max_per_hour for receiver in self.policy.receivers)
        while self.sent_until < before:
            if limited:  # what was sent within an hour counts: everything leaves in its minute
                self._send(self.sent_until, 1, gone)
                self.sent_until += MINUTE
            else:  # often enough that nothing expires, as a daemon that is awake would
                self.sent_until = min(self.sent_until + timedelta(hours=12), before)
                self._send(self.sent_until - timedelta(microseconds=1), 99, gone)
        left = [
            (sent.receiver, sent.recipient, sent.kind, str(sent.at), str(sorted(sent.alert_ids)))
            for sent in self.book.send(before, self.policy.receivers)
        ]
        self.left.append((sorted(gone), sorted(left)))

    def _send(self, now: datetime, at_a_time: int, gone: list[tuple[str, ...]]) -> None:
        found = limits(self.policy.receivers, now)
        while True:
            self.store.apply_limits(found, now)
            claimed = self.store.claim_deliveries(
                now, timedelta(days=1), Claimable(limits=found, limit_per_receiver=at_a_time)
            )
            if not claimed:
                return
            for delivery in claimed:
                self.store.begin_attempt(delivery, Message(kind=MessageKind.TEXT, subject="s", text="t"), now)
                settlement = Settlement(state=State.DELIVERED, due_at=now)
                self.store.settle(
                    delivery,
                    AttemptResult(error_class=ErrorClass.OK),
                    lambda _, settlement=settlement: Consequence(settlement=settlement),
                    now,
                )
                numbers = sorted(item.alert.id for item in delivery.content)
                gone.append((delivery.receiver, delivery.recipient, delivery.kind, str(delivery.due_at), str(numbers)))


@pytest.fixture
def both(tmp_path: Path, empty: Path) -> Both:
    """An empty store on a file and an empty book."""
    ids = itertools.count(1)
    url = f"sqlite:///{shutil.copy(empty, tmp_path / 'tocsin.db')}"
    hours = itertools.count()
    # Every look at the real time finds it an hour later: a lease that was not used is void by then.
    store = Store.open(url, real_now=lambda: START + timedelta(hours=next(hours)), new_id=lambda: f"{next(ids):06}")
    yield Both(store)
    store.close()


def _history(
    dice: random.Random,
    polls: int,
    pauses: Sequence[timedelta] = (timedelta(0), MINUTE * 20, MINUTE * 60, MINUTE * 240, timedelta(days=2)),
):
    """Polls of three sources over some weeks: copies, growing stories, old entries, bursts and silence."""
    at = START
    number = itertools.count(1)
    for _ in range(polls):
        at += dice.choice(pauses)
        source = dice.choice(["wire", "blog", "agency"])
        judged = []
        for _ in range(dice.choice([1, 1, 2, 5])):
            mineral = dice.choice(MINERALS)
            title = dice.choice(HEADS).format(mineral) + dice.choice(TAILS)
            age = dice.choice([timedelta(0), timedelta(minutes=30), timedelta(hours=40), timedelta(hours=60)])
            entry = Entry(
                source=source,
                id=str(next(number)),
                keys=(EntryKey(kind=KeyKind.ID, value=f"{next(number):032x}"),),
                title=title,
                first_seen=at,
                published=at - age,
                canonical_link=dice.choice(["", "", "example.org/a", "example.org/b"]),
                publisher=dice.choice(["Herald", "Post"]),
                summary=dice.choice(["", "BEIJING (Reuters) - The ministry said so."]),
            )
            labels = {"mineral": tuple(sorted({mineral, dice.choice(MINERALS)}))} if dice.random() < 0.8 else {}
            matches = tuple(
                Match(
                    rule=rule,
                    severity=dice.choice([Severity.LOW, Severity.MEDIUM, Severity.HIGH]),
                    labels=labels,
                    proof=Evidence(op="rule", text="", holds=True),
                    event_time=entry.event_time,
                    entry=entry,
                )
                for rule in RULES
                if dice.random() < 0.6
            )
            judged.append(Judged(entry=entry, matches=matches))
        yield source, judged, at


#: Of which headlines are made that share next to nothing.
_ENGLISH = [
    "beijing",
    "licence",
    "metal",
    "chips",
    "makers",
    "blow",
    "trade",
    "customs",
    "port",
    "smelter",
    "supply",
    "ministry",
    "order",
    "quota",
]
_CHINESE = "商务部对相关物项实施出口管制海关总署公告冶炼厂停止发货许可证申请企业供应"


def _in_two_languages(history: Iterable[tuple[str, list[Judged], datetime]], dice: random.Random):
    """*history* with every other headline in words of its own, in Chinese or English, with an actor or a document."""
    for source, judged, at in history:
        yield source, [_retold(item, dice) if dice.random() < 0.5 else item for item in judged], at


def _retold(judged: Judged, dice: random.Random) -> Judged:
    words = dice.choice([" ".join(dice.sample(_ENGLISH, 6)), "".join(dice.sample(_CHINESE, 12))])
    text = dice.choice(["", "According to Announcement No. 9", "第9号公告", "by 30 percent"])
    entry = replace(judged.entry, title=words, summary=text, language=dice.choice(["", "en"]), canonical_link="")
    labels: dict[str, tuple[str, ...]] = {"mineral": (dice.choice(MINERALS[:2]),)}
    if dice.random() < 0.5:
        labels["actor"] = (dice.choice(["cn", "us"]),)
    acting = tuple(
        replace(match, entry=entry, labels=labels, rule=replace(match.rule, distinguish=("actor",)))
        for match in judged.matches
    )
    return Judged(entry=entry, matches=acting)


def _compared(decision: Decision) -> object:
    """A decision in a form that both sides share: deliveries are numbered from 1."""
    news = {(int(number), alert): words for (number, alert), words in decision.news.items()}
    bare = replace(decision, joined=(), released=(), cancelled=(), news=news)
    joined = [(int(number), ids) for number, ids in decision.joined]
    return bare, joined, [int(number) for number in decision.released]


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", range(4))
def test_the_book_and_the_store_lead_to_the_same_decisions(both: Both, seed: int) -> None:
    """A backtest that folded, held or told otherwise than the daemon would be a lie."""
    for source, judged, at in _history(random.Random(seed), polls=80):
        both.poll(source, judged, at)
    both.send(at + timedelta(days=9))
    outcomes = {item.outcome for _, decision in both.told for item in decision.decided}
    assert {"alerted", "updated", "joined", "baseline"} <= outcomes
    for theirs, ours in both.told:
        assert _compared(theirs) == _compared(ours)
    for theirs, ours in both.left:
        assert theirs == ours


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", range(3))
def test_the_book_and_the_store_fold_across_languages_alike(both: Both, seed: int) -> None:
    """A story that only its particulars find must be among the rows that the store reads."""
    dice = random.Random(seed)
    for source, judged, at in _in_two_languages(_history(dice, 60, [timedelta(0), MINUTE * 20, MINUTE * 60]), dice):
        both.poll(source, judged, at)
    both.send(at + timedelta(days=9))
    behind = [item.reason.because for _, decision in both.told for item in decision.decided]
    assert Cause.LANGUAGE in {reason.cause for reason in behind if reason}
    for theirs, ours in both.told:
        assert _compared(theirs) == _compared(ours)
    for theirs, ours in both.left:
        assert theirs == ours


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", [*range(3), 17])
def test_the_book_and_the_store_keep_the_same_limits(both: Both, seed: int) -> None:
    """A backtest must not promise messages that would have waited for one another."""
    both.policy = NARROW
    for source, judged, at in _history(random.Random(seed), 30, [timedelta(0), MINUTE, MINUTE * 5, MINUTE * 20]):
        both.poll(source, judged, at)
    both.send(at + timedelta(hours=3))
    gone = [message for messages, _ in both.left for message in messages]
    assert {(receiver, kind) for receiver, _, kind, *_ in gone} >= {
        (receiver, kind) for receiver in ("desk", "mail") for kind in ("alert", "digest")
    }
    for theirs, ours in both.left:
        assert theirs == ours
    for theirs, ours in both.told:
        assert _compared(theirs) == _compared(ours)
