"""Inbound: what happens to a poll, whatever the source and the rules do."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Any

import pytest

from tocsin.errors import Fault, SourceError
from tocsin.model.alerts import MatchOutcome
from tocsin.model.entries import Batch, Cursor
from tocsin.rules.news.evaluate import CompiledRule
from tocsin.rules.ruleset import RuleSet

Line = Any
BAN = "China bans gallium exports"


def polled(line: Line, pipeline: Any) -> int:
    """Poll everything that is due; how many sources that were."""
    return asyncio.run(pipeline.run_due())


def fates(line: Line) -> list[MatchOutcome]:
    """The fates of all matches, the oldest first."""
    return [view.fate for view in sorted(line.store.read.matches(), key=lambda view: view.id)]


def test_the_first_fetch_is_silent_and_the_next_news_is_told(line: Line) -> None:
    """A new feed rings for what comes, not for what was there."""
    source = line.list_source("wire", [[BAN], [BAN, "Congo halts cobalt shipments"]])
    pipeline = line.pipeline(source)
    assert polled(line, pipeline) == 1
    line.clock.move(minutes=16)
    assert polled(line, pipeline) == 1
    assert fates(line) == [MatchOutcome.BASELINE, MatchOutcome.ALERTED]
    assert [view.title for view in line.store.read.deliveries()] == ["cobalt: ban"]
    assert len(line.woken) == 1


def test_a_source_is_not_polled_before_it_is_due(line: Line) -> None:
    """A tick a second does not mean a request a second."""
    source = line.list_source("wire", [[BAN]])
    pipeline = line.pipeline(source)
    assert [polled(line, pipeline), polled(line, pipeline)] == [1, 0]
    line.clock.move(minutes=14)
    assert polled(line, pipeline) == 0


def test_one_cycle_polls_each_source_once(line: Line) -> None:
    """Among slow polls a frequent source is due again before the last has ended, and `tocsin once` went on and on."""

    class Slow:
        name = "wire"
        polls = 0

        async def poll(self, cursor: Cursor, now: datetime) -> Batch:
            self.polls += 1
            assert self.polls < 9, "there is no end"
            line.clock.move(minutes=20)
            return Batch(source="wire", entries=(), cursor=Cursor(), changed=False)

    assert polled(line, line.pipeline(Slow(), line.list_source("other", [[]]))) == 2


def test_a_clock_that_is_set_back_makes_nobody_deaf(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    """What was polled by a clock that ran ahead would else wait until the right one is there, too."""
    source = line.list_source("wire", [[], [BAN]])
    pipeline = line.pipeline(source)
    line.clock.move(hours=1)
    polled(line, pipeline)
    line.clock.move(hours=-1)
    assert polled(line, pipeline) == 1
    assert len(line.store.read.alerts()) == 1
    assert "the clock was set back by=3600.0s due=1" in caplog.text


@pytest.mark.parametrize("changed", [False, True], ids=["rests", "is committed"])
def test_a_poll_that_ends_when_the_clock_was_set_back_is_made_again(line: Line, changed: bool) -> None:
    """What is put off by a clock that was wrong must not wait for it."""

    class Source:
        name = "wire"
        polls = 0

        async def poll(self, cursor: Cursor, now: datetime) -> Batch:
            self.polls += 1
            if self.polls == 2:
                line.clock.move(hours=-1)
            return Batch(source="wire", entries=(), cursor=Cursor(etag="1"), changed=changed)

    source = Source()
    pipeline = line.pipeline(source)
    assert polled(line, pipeline) == 1
    line.clock.move(hours=1)
    polled(line, pipeline)
    polled(line, pipeline)
    assert source.polls == 3


def test_twenty_feeds_with_one_headline_in_one_tick_give_one_alert(line: Line) -> None:
    """Deciding inside the write transaction: no race between sources polled together."""
    sources = [line.list_source(f"wire{n}", [[], [f"{BAN} - Outlet {n}"]]) for n in range(20)]
    pipeline = line.pipeline(*sources)
    polled(line, pipeline)
    line.clock.move(minutes=16)
    assert polled(line, pipeline) == 20
    counts = line.store.read.counts()
    assert (counts.alerts, counts.stories, sum(counts.deliveries.values())) == (1, 1, 1)
    assert sorted(fates(line)) == [MatchOutcome.ALERTED] + [MatchOutcome.JOINED] * 19


def test_a_failing_source_backs_off_and_the_others_go_on(line: Line) -> None:
    """One bad server is nobody else's problem."""
    bad = line.list_source("bad", [SourceError("no route", fault=Fault.NETWORK)])
    good = line.list_source("good", [[BAN]])
    assert polled(line, line.pipeline(bad, good)) == 2
    views = {view.name: view for view in line.store.read.sources()}
    assert views["good"].last_success == line.clock.now()
    assert (views["bad"].errors, views["bad"].last_error) == (1, "no route")
    assert views["bad"].due_at - line.clock.now() == timedelta(minutes=15)


def test_an_exception_that_nobody_expected_costs_one_poll(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    """A fault of our own is logged with its trace and treated like a failed poll."""
    source = line.list_source("odd", [ZeroDivisionError("x"), [BAN]])
    pipeline = line.pipeline(source)
    with caplog.at_level(logging.ERROR):
        polled(line, pipeline)
    assert "ZeroDivisionError" in caplog.text
    line.clock.move(hours=1)
    polled(line, pipeline)
    (view,) = line.store.read.sources()
    assert (view.errors, view.entries) == (0, 1)


def test_unhealthy_and_recovered_are_told_once_to_the_operator(line: Line) -> None:
    """Six hours of silence make one message; it still waits when the source is well, and will say so."""
    down = SourceError("refused", fault=Fault.NETWORK)
    source = line.list_source("wire", [[], *[down] * 8, []])
    pipeline = line.pipeline(source)
    for _ in range(10):
        polled(line, pipeline)
        line.clock.move(hours=25)
    told = [view for view in reversed(line.store.read.deliveries()) if view.receiver == "ops"]
    assert [view.title for view in told] == ["Source unhealthy: wire"]
    assert all(alert.over_at for alert in line.store.read.alerts())
    assert all(view.receiver == "ops" for view in line.store.read.deliveries())


def test_gone_is_told_once(line: Line) -> None:
    """Two 410s in a row; a third is no news."""
    source = line.list_source("wire", [[], *[SourceError("gone", fault=Fault.GONE, status=410)] * 3])
    pipeline = line.pipeline(source)
    for _ in range(4):
        polled(line, pipeline)
        line.clock.move(days=8)
    assert [view.title for view in line.store.read.deliveries()] == ["Source gone: wire"]


class Exploding(RuleSet):
    """Rules of which one raises on every entry."""

    def evaluate(self, entry: Any, now: Any) -> Any:
        """As the rules, with a fault inside the first of them."""
        broken = {
            name: CompiledRule(info=rule.info, match=None)  # type: ignore[arg-type]
            for name, rule in list(self.rules.items())[:1]
        }
        return RuleSet({**self.rules, **broken}).evaluate(entry, now)


def test_a_rule_that_raises_is_told_once_and_judged_again_when_it_changed(line: Line) -> None:
    """The entry is not lost: the repaired rule finds what the broken one could not."""
    source = line.list_source("wire", [[], [BAN], [BAN, "Congo halts cobalt shipments"]])
    good = line.rules()
    pipeline = line.pipeline(source, ruleset=Exploding(good.rules))
    for _ in range(3):
        polled(line, pipeline)
        line.clock.move(minutes=16)
    assert [view.title for view in line.store.read.deliveries()] == ["Rule could not be evaluated: p/ban"]
    changed = line.rules(
        "tocsin: 1\npack: {id: p}\nrules:\n  - id: ban\n    news: {match: (gallium OR cobalt) NEAR/9 (ban~ OR halt~)}\n"
    )
    pipeline = line.pipeline(source, ruleset=changed)
    asyncio.run(pipeline.rejudge())
    assert fates(line).count(MatchOutcome.ALERTED) == 3
    asyncio.run(pipeline.rejudge())
    assert len(fates(line)) == 3


def test_a_source_that_was_removed_is_not_polled(line: Line) -> None:
    """A reload that drops a feed does not trip over its row."""
    gone, kept = line.list_source("gone", [[BAN]]), line.list_source("kept", [[BAN]])
    pipeline = line.pipeline(gone, kept)
    pipeline.inbound = line.pipeline(kept).inbound
    polled(line, pipeline)
    assert (gone.polls, kept.polls) == (0, 1)


def test_sources_that_hang_hold_up_no_other(line: Line) -> None:
    """A hundred servers that never answer are a hundred failures later, and no silence of the others now."""

    class Hanging:
        def __init__(self, name: str) -> None:
            self.name = name

        async def poll(self, cursor: Any, now: Any) -> Any:
            await asyncio.Event().wait()

    async def play() -> int:
        hanging = [Hanging(f"dead{n}") for n in range(100)]
        wire = line.list_source("wire", [[BAN]])
        pipeline = line.pipeline(*hanging, wire)
        await pipeline.tick()
        await pipeline.tick()
        await asyncio.sleep(0)
        await pipeline.drain(0.01)
        return wire.polls

    assert asyncio.run(play()) == 1
