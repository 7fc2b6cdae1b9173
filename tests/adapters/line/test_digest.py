"""The digest from waiting news to the message: on a real database, by a clock moved by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tocsin.deliver.dispatcher import Dispatcher
from tocsin.errors import Fault
from tocsin.model.alerts import AnswerKind
from tocsin.model.deliveries import AttemptResult, DeliveryKind, DeliveryState, ErrorClass
from tocsin.model.prices import Instrument, Quote
from tocsin.policy.decide import Policy
from tocsin.policy.notifying.quiet import QuietHours
from tocsin.policy.notifying.receiver import DigestTimes, ReceiverInfo
from tocsin.policy.notifying.route import Route
from tocsin.policy.notifying.silence import parse
from tocsin.policy.notifying.walltime import Window
from tocsin.store.values import PollFailure, PollRecord

Line = Any
OK = AttemptResult(error_class=ErrorClass.OK)
RULES = """\
tocsin: 1
pack: {id: p, version: 1.0.0}
lists:
  mineral: {gallium: [gallium], cobalt: [cobalt], tin: [tin]}
rules:
  - {id: ban, title: "{mineral}: ban", severity: high, news: {match: $mineral NEAR/8 ban~}, key: [mineral]}
  - {id: talk, title: "{mineral}: talk", severity: low, news: {match: $mineral NEAR/8 talks}, key: [mineral]}
"""
TIN = Instrument(id="tin", currency="USD", unit="t")


@dataclass
class Desk:
    """A desk with a digest at 07:00 UTC; *headlines* arrive with `news`."""

    line: Line
    pipeline: Any
    source: Any
    receiver: Any
    dispatcher: Dispatcher

    def news(self, *headlines: str) -> None:
        """Poll them, and send what is due."""
        self.source.answers.append(list(headlines))
        self.line.clock.move(minutes=16)
        asyncio.run(self.pipeline.run_due())
        self.send()

    def send(self) -> None:
        """Send what is due."""
        asyncio.run(self.dispatcher.run_due())

    def at(self, day: int, hour: int, minute: int = 0) -> None:
        """It is that time of March, and what is due leaves."""
        self.line.clock.time = datetime(2026, 3, day, hour, minute, tzinfo=UTC)
        self.send()

    @property
    def texts(self) -> list[str]:
        """What was sent."""
        return [message.text for _, message in self.receiver.sent]


@pytest.fixture
def desk(line: Line) -> Callable[..., Desk]:
    """Makes a desk on the second of March at noon."""

    def make(*, quiet_hours: tuple[QuietHours, ...] = (), **digest: Any) -> Desk:
        times = DigestTimes(**{"at": (time(7),)} | digest)
        people = (ReceiverInfo(name="desk", recipients=("",), digest=times, quiet_hours=quiet_hours),)
        policy = Policy(routes=(Route(to=("desk",)),), receivers=people)
        source = line.list_source("wire", [[]])
        pipeline = line.pipeline(source, ruleset=line.rules(RULES))
        pipeline.inbound = replace(pipeline.inbound, policy=policy)
        asyncio.run(pipeline.run_due())
        receiver = line.list_receiver("desk", [OK])
        dispatcher = line.dispatcher(policy.decide, receiver, people=people, instruments=[TIN])
        return Desk(line, pipeline, source, receiver, dispatcher)

    return make


def test_a_digest_brings_what_waited_and_what_nobody_answered(desk: Callable[..., Desk]) -> None:
    """Loud news was told at once; the morning shows what of it is still open, and what was not loud."""
    one = desk()
    one.news("China bans gallium exports", "China bans cobalt exports", "Tin talks go on")
    assert len(one.texts) == 2
    (cobalt,) = [alert.id for alert in one.line.store.read.alerts() if alert.title == "cobalt: ban"]
    one.line.store.act.answer([cobalt], AnswerKind.ACK, one.line.clock.now())
    one.at(3, 7)
    assert len(one.texts) == 3
    digest = one.texts[-1]
    needs, stories = digest.split("Top stories")
    assert "gallium: ban" in needs
    assert "cobalt" not in digest
    assert "tin: talk" in stories
    assert one.receiver.sent[-1][1].subject == "[HIGH] Digest: tin: talk - Tin talks go on (1 unanswered)"
    assert "Looked at: 3 new entries of 1 source. Rules met: 3." in digest


def test_what_is_snoozed_needs_no_answer_yet(desk: Callable[..., Desk]) -> None:
    """Who said not now is not asked again before then."""
    one = desk()
    one.news("China bans gallium exports", "Tin talks go on")
    until = datetime(2026, 3, 4, tzinfo=UTC)
    one.line.store.act.answer([1], AnswerKind.SNOOZE, one.line.clock.now(), until=until)
    one.at(3, 7)
    assert "Needs an answer" not in one.texts[-1]


def test_a_day_without_news_is_silent(desk: Callable[..., Desk]) -> None:
    """Nobody wants mail that says nothing."""
    one = desk()
    one.send()
    one.at(3, 7)
    one.at(4, 7)
    assert one.texts == []


def test_a_day_without_news_is_told_once_a_day_where_that_is_asked_for(desk: Callable[..., Desk]) -> None:
    """To some, silence must not look like a daemon that died; news that comes joins the digest that waits."""
    one = desk(empty=True)
    one.send()
    one.at(3, 6, 59)
    assert one.texts == []
    one.at(3, 7)
    one.at(3, 7, 1)
    assert [message.subject for _, message in one.receiver.sent] == ["[TOCSIN] Digest: nothing new waited"]
    one.news("Tin talks go on")
    one.at(4, 7)
    assert len(one.texts) == 2
    assert "tin: talk" in one.texts[-1]


def test_a_digest_is_told_once_after_down_time(desk: Callable[..., Desk]) -> None:
    """A machine that slept over two digests tells what waited, and not twice."""
    one = desk(empty=True)
    one.news("Tin talks go on")
    one.at(4, 6)
    one.at(4, 6, 30)
    assert len(one.texts) == 1
    assert "tin: talk" in one.texts[0]
    one.at(4, 7)
    assert len(one.texts) == 2


def test_a_digest_lives_two_days(desk: Callable[..., Desk]) -> None:
    """A weekend's outage must not lose what waited for Saturday."""
    one = desk()
    one.news("Tin talks go on")
    one.at(5, 6, 59)
    (view,) = one.line.store.read.deliveries()
    assert (view.kind, view.state) == (DeliveryKind.DIGEST, DeliveryState.DELIVERED)


def test_an_empty_digest_leaves_with_the_end_of_quiet_hours(desk: Callable[..., Desk]) -> None:
    """Two digests in one morning are one too many."""
    one = desk(empty=True, quiet_hours=(QuietHours(window=Window(start=time(22), end=time(8))),))
    one.news("Tin talks go on")
    one.at(3, 7)
    assert one.texts == []
    one.at(3, 8)
    assert len(one.texts) == 1


def test_a_digest_names_what_was_held_back_and_why(desk: Callable[..., Desk]) -> None:
    """Of a message that is partly silenced the rest leaves, and says what is missing."""
    one = desk()
    one.news("Tin talks go on", "Cobalt talks go on")
    now = one.line.clock.now()
    silence = one.line.store.act.silence([parse("mineral=cobalt")], now, now + timedelta(days=2), why="known")
    one.at(3, 7)
    stories, held = one.texts[-1].split("Held back, and why\n")
    assert "tin: talk" in stories
    assert "cobalt" not in stories
    assert held.startswith(f"- cobalt: talk: suppressed by silence {silence.id} (mineral=cobalt): known")
    one.at(4, 12, 16)
    assert len(one.texts) == 2, "it outlived its silence"
    assert "cobalt: talk" in one.texts[-1]


def test_matches_that_opened_no_alert_are_counted_and_listed(desk: Callable[..., Desk]) -> None:
    """What a new source brought at its first fetch is told to nobody, and can be looked through."""
    one = desk()
    late = one.line.list_source("late", [["China bans gallium exports"]])
    asyncio.run(one.line.pipeline(late, ruleset=one.line.rules(RULES)).run_due())
    one.line.store.sync_sources([("wire", "http://wire", "feed")], one.line.clock.now())
    one.news("Tin talks go on")
    one.at(3, 7)
    assert "- matches: found at the first fetch of its source" in one.texts[-1]
    (found,) = one.line.store.read.suppressed()
    assert (found.state, found.alert_id, found.title) == ("baseline", None, "China bans gallium exports")


def test_a_digest_says_which_sources_are_ill(desk: Callable[..., Desk]) -> None:
    """What could not be read is known by the next morning."""
    one = desk()
    store, clock = one.line.store, one.line.clock
    one.news("Tin talks go on")
    store.sync_sources([("wire", "http://wire", "feed"), ("late", "http://late", "feed")], clock.now())
    (lease,) = [lease for lease in store.claim_sources(clock.now(), timedelta(minutes=5), 9) if lease.name == "late"]
    store.fail(
        lease,
        PollFailure(
            error="HTTP 503",
            fault=Fault.NETWORK,
            record=PollRecord(due_at=clock.now() + timedelta(days=9)),
            unhealthy=True,
            gone=False,
        ),
        one.dispatcher.outbound.decide,
        clock.now(),
    )
    one.at(3, 7)
    assert "- late: never with success: HTTP 503" in one.texts[-1]


def test_a_digest_shows_what_moved(desk: Callable[..., Desk]) -> None:
    """A session out of the ordinary stands in it, an ordinary one does not."""
    one = desk()
    one.news("Tin talks go on")
    quotes = [
        Quote(instrument="tin", price=Decimal(price), at=at, first_seen=at)
        for price, at in [
            *((100 + n % 2, datetime(2026, 1, 1, 20, tzinfo=UTC) + timedelta(days=n)) for n in range(60)),
            (125, datetime(2026, 3, 2, 20, tzinfo=UTC)),
        ]
    ]
    one.pipeline.inbound = replace(one.pipeline.inbound, instruments={"tin": TIN})
    one.line.clock.time = datetime(2026, 3, 2, 20, 1, tzinfo=UTC)
    asyncio.run(one.pipeline.market.observe(one.pipeline.inbound, quotes, one.line.clock.now()))
    one.at(3, 7)
    assert "\nMovers\n  tin         125 USD/t, +" in one.texts[-1]
    assert one.receiver.sent[-1][1].subject.endswith("(tin +23.8%)")
