"""Quotes through the line: judged, committed in one piece, and remembered."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sqlite3
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tocsin.errors import StoreError
from tocsin.model.alerts import MatchOutcome
from tocsin.model.prices import Action, Instrument, Quote
from tocsin.store import Store

RULES = """\
tocsin: 1
pack: {id: p, version: 1.0.0}
rules:
  - id: spike
    title: "{instrument}: moves"
    severity: high
    price:
      instruments: {class: metal}
      when: abs(z(1td)) >= 4 and abs(change(1td)) >= 3%
      clear: abs(z(1td)) < 2
  - id: level
    price: {instruments: [tin], when: last >= 150}
    cooldown: 3d
"""
TIN = Instrument(id="tin", kind="metal", currency="USD", unit="t", labels={"mineral": ("tin",)})
CALM = [*["100", "100.5"] * 10]


def start(line, *instruments):
    """A pipeline as a daemon has it after a start."""
    pipeline = line.pipeline(ruleset=line.rules(RULES))
    known = instruments or (TIN,)
    pipeline.inbound = replace(pipeline.inbound, instruments={item.id: item for item in known})
    return pipeline


def see(line, pipeline, *prices, every=timedelta(days=1), instrument="tin"):
    """Show the pipeline *prices*, one every *every*; what was committed last."""
    committed = None
    for price in prices:
        line.clock.time += every
        now = line.clock.now()
        quote = Quote(instrument=instrument, price=Decimal(price), at=now, first_seen=now)
        committed = asyncio.run(pipeline.market.observe(pipeline.inbound, [quote], now))
    return committed


def test_a_shock_is_told_with_its_number_reference_and_time(line):
    """The whole way from a quote to a message that waits to be sent."""
    pipeline = start(line)
    see(line, pipeline, *CALM)
    assert line.store.read.alerts() == ()
    committed = see(line, pipeline, "112")
    [alert] = line.store.read.alerts()
    assert (alert.title, alert.key, alert.labels["mineral"]) == ("tin: moves", ("tin",), ("tin",))
    assert "tin 112 USD/t of 2026-03-23 12:00 UTC: z(1td) = +" in alert.detail
    assert "+11.44% on 100.5 of 2026-03-22 12:00 UTC" in alert.detail
    assert len(committed.delivery_ids) == len(line.woken) == 1
    [decided] = committed.decision.decided
    assert decided.outcome is MatchOutcome.ALERTED
    [match] = line.store.read.matches(rule="p/spike")
    assert match.evidence.holds


def test_an_edge_in_the_cooldown_waits_for_its_end(line):
    """A price that jumps to and fro is told again, but not at once; nothing of it is lost."""
    pipeline = start(line)
    see(line, pipeline, "149", "150", "149", every=timedelta(hours=1))
    told = line.clock.now() - timedelta(hours=1)
    committed = see(line, pipeline, "151", every=timedelta(hours=1))
    [decided] = committed.decision.decided
    assert decided.outcome is MatchOutcome.HELD
    [held] = committed.decision.planned
    assert held.due_at == told + timedelta(days=3)


@pytest.mark.sqlite
def test_a_restart_at_any_quote_changes_nothing(line):
    """Whatever was in memory is in the database: series, sigma, session in progress, held quotes and edges."""
    prices = [*CALM, "112", "113", "113.5", "180", "113.2", "101", "150", "149", "151", "160"]
    whole = start(line)
    asked = []
    for price in prices:
        see(line, whole, price, every=timedelta(hours=9))
    asked.append([(a.rule, a.event_time, a.detail) for a in line.store.read.alerts()])
    series, states = whole.market._series["tin"], whole.market._states
    line.store.close()
    path = line.store.database.path
    path.unlink()
    line.clock.time -= timedelta(hours=9) * len(prices)
    line.store = Store.open(f"sqlite:///{path}", real_now=line.clock.now, new_id=lambda: os.urandom(16).hex())
    for price in prices:
        see(line, fresh := start(line), price, every=timedelta(hours=9))
    asked.append([(a.rule, a.event_time, a.detail) for a in line.store.read.alerts()])
    assert asked[0]
    assert asked[0] == asked[1]
    assert fresh.market._series["tin"] == series
    assert fresh.market._states == states


def test_what_was_not_committed_is_not_remembered(line):
    """A commit that failed may be made again: no quote is seen before it is on disk, and no alert is lost."""
    pipeline = start(line)
    see(line, pipeline, *CALM)
    broken = [True]

    async def write(call, *args, **kwargs):
        if broken:
            raise StoreError("no space is left")
        return call(*args, **kwargs)

    pipeline.market._runtime = replace(pipeline.market._runtime, write=write)
    line.clock.time += timedelta(days=1)
    quote = Quote(instrument="tin", price=Decimal(112), at=line.clock.now(), first_seen=line.clock.now())
    with pytest.raises(StoreError):
        asyncio.run(pipeline.market.observe(pipeline.inbound, [quote], line.clock.now()))
    broken.clear()
    committed = asyncio.run(pipeline.market.observe(pipeline.inbound, [quote], line.clock.now()))
    assert [item.match.rule.id for item in committed.decision.decided] == ["p/spike"]


def test_a_commit_whose_answer_was_lost_is_not_told_twice(line):
    """A server may have written it: what is remembered is read again, so that the same edge does not count twice."""
    pipeline = start(line)
    see(line, pipeline, *CALM)
    lost = [True]

    async def write(call, *args, **kwargs):
        done = call(*args, **kwargs)
        if lost:
            raise StoreError("the server cannot be reached")
        return done

    pipeline.market._runtime = replace(pipeline.market._runtime, write=write)
    with pytest.raises(StoreError):
        see(line, pipeline, "112")
    lost.clear()
    line.clock.time -= timedelta(days=1)
    assert see(line, pipeline, "112") is None
    see(line, pipeline, "112.5")
    assert [alert.rule for alert in line.store.read.alerts()] == ["p/spike"]


def _die_in_commit(line):
    """Commit a shock and be killed when everything is written, but before the transaction ends."""
    pipeline = start(line)
    decide = pipeline.inbound.policy.decide

    class Deadly:
        def decide(self, facts):
            decide(facts)
            os._exit(9)

    pipeline.inbound = replace(pipeline.inbound, policy=Deadly())
    see(line, pipeline, "112")


@pytest.mark.sqlite
def test_a_kill_within_the_commit_leaves_all_or_nothing(line):
    """After `kill -9` the shock is judged again as if it had never been seen, and told once."""
    see(line, start(line), *CALM)
    line.store.close()
    url = f"sqlite:///{line.store.database.path}"
    child = multiprocessing.get_context("fork").Process(target=_reopened, args=(line, url))
    child.start()
    child.join(30)
    assert child.exitcode == 9
    line.store = Store.open(url, real_now=line.clock.now, new_id=lambda: os.urandom(16).hex())
    with sqlite3.connect(line.store.database.path) as raw:
        assert raw.execute("SELECT count(*) FROM quote").fetchone() == (20,)
    raw.close()
    committed = see(line, start(line), "112")
    assert [item.match.rule.id for item in committed.decision.decided] == ["p/spike"]
    assert len(line.store.read.alerts()) == 1
    assert see(line, start(line), "112.1", every=timedelta(minutes=5)).decision.decided == ()


def _reopened(line, url):
    line.store = Store.open(url, real_now=line.clock.now, new_id=lambda: os.urandom(16).hex())
    _die_in_commit(line)


def test_a_split_without_its_event_is_told_to_the_operator_once(line):
    """A price that halves exactly is held, and somebody is asked."""
    pipeline = start(line)
    see(line, pipeline, *CALM)
    see(line, pipeline, "50.25", "50.3", "50.2", every=timedelta(minutes=1))
    assert [(alert.rule, alert.labels["instrument"]) for alert in line.store.read.alerts()] == [
        ("tocsin/price-held", ("tin",))
    ]


def test_a_split_reaches_the_closes_on_disk(line):
    """After a restart the old closes must be in the new shares too."""
    see(line, start(line), *CALM)
    line.clock.time += timedelta(days=1)
    now = line.clock.now()
    split = Action(at=now, split=Decimal(10))
    quote = Quote(instrument="tin", price=Decimal(10), at=now, first_seen=now, actions=(split,))
    pipeline = start(line)
    asyncio.run(pipeline.market.observe(pipeline.inbound, [quote], now))
    series, *_ = line.store.read.market([TIN])
    assert {close.price for close in series["tin"].closes} == {Decimal(10), Decimal("10.05")}
    assert see(line, start(line), "10.1").decision.decided == ()


def test_a_rule_that_raises_on_a_quote_is_told_once(line):
    """The operator hears of it, and not with every quote."""
    pipeline = start(line)
    broken = replace(pipeline.inbound.rules.prices["p/level"], when=None)
    pipeline.inbound.rules.prices["p/level"] = broken
    see(line, pipeline, "100", "101", "102")
    assert [alert.rule for alert in line.store.read.alerts()] == ["tocsin/rule-unevaluated"]


def test_a_quote_of_an_unknown_instrument_is_left_out(line):
    """An instrument that was taken out of the configuration has no rules."""
    assert see(line, start(line), "1", instrument="lead") is None


@pytest.mark.sqlite
def test_old_quotes_are_forgotten_and_closes_stay(line):
    """The database does not grow by every poll, and what sigma was learned from can still be shown."""
    see(line, start(line), *CALM)
    while line.store.sweep(line.clock.now(), timedelta(days=5)):
        pass
    series, *_ = line.store.read.market([TIN])
    assert len(series["tin"].closes) == 19
    with sqlite3.connect(line.store.database.path) as raw:
        assert raw.execute("SELECT count(*) FROM quote").fetchone() == (6,)
    raw.close()


def test_a_price_that_may_be_negative_is_judged_stored_and_measured_on_both_sides_of_zero(line):
    """Power that costs less than nothing is told, and a restart in between changes nothing."""
    power = Instrument(id="power", kind="power", currency="EUR", unit="MWh", negative=True)
    rules = line.rules(
        "tocsin: 1\npack: {id: p, version: 1.0.0}\nrules:\n"
        "  - {id: below, price: {instruments: {class: power}, when: last < 0}}\n"
        "  - {id: fell, price: {instruments: {class: power}, when: last - low(5td) < -30, min_obs: 5}}\n"
    )
    pipeline = line.pipeline(ruleset=rules)
    pipeline.inbound = replace(pipeline.inbound, instruments={"power": power})
    see(line, pipeline, "20", "10", "0", "-0.00", "12", "15", instrument="power")
    series, *_ = line.store.read.market([power])
    assert [str(close.price) for close in series["power"].closes] == ["20", "10", "0", "0.00", "12"]
    again = line.pipeline(ruleset=rules)
    again.inbound = replace(again.inbound, instruments={"power": power})
    committed = see(line, again, "-35.5", instrument="power")
    assert sorted(decided.match.rule.id for decided in committed.decision.decided) == ["p/below", "p/fell"]
    series, *_ = line.store.read.market([power])
    assert str(series["power"].newest.price) == "-35.5"


def test_what_a_rule_remembers_of_a_negative_price_moves_with_its_source(line):
    """The second source of a spread is no move, and the price of the last alert is measured in its terms."""
    spread = Instrument(id="spread", kind="spread", negative=True)
    rules = line.rules(
        "tocsin: 1\npack: {id: p, version: 1.0.0}\nrules:\n"
        "  - {id: up, price: {instruments: [spread], when: change(since_alert) > 50%}}\n"
    )
    pipeline = line.pipeline(ruleset=rules)
    pipeline.inbound = replace(pipeline.inbound, instruments={"spread": spread})
    for price, source in (("0", "one"), ("0", "one"), ("2", "two"), ("2.5", "two"), ("3.1", "two")):
        line.clock.time += timedelta(days=1)
        now = line.clock.now()
        quote = Quote(instrument="spread", price=Decimal(price), at=now, first_seen=now, source=source)
        committed = asyncio.run(pipeline.market.observe(pipeline.inbound, [quote], now))
    assert [decided.match.rule.id for decided in committed.decision.decided] == ["p/up"]
    assert "+55.00% on 2 of" in committed.decision.decided[0].match.detail
