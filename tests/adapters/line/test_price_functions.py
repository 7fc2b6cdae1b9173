"""What price conditions can ask for, on the line: over a restart, after a reload, and in what is sent."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from tocsin.model.deliveries import DeliveryState
from tocsin.model.prices import Instrument, Quote

INSTRUMENTS = {name: Instrument(id=name, kind="metal", currency="USD") for name in ("tin", "gold")}


class Market:
    """A daemon with *rules* about prices, which can be started anew."""

    def __init__(self, line, rules: str, instruments=INSTRUMENTS) -> None:
        self.line = line
        self.start(rules, instruments)

    def start(self, rules: str, instruments=INSTRUMENTS) -> None:
        """Start anew with *rules*: nothing is in memory but what the database has."""
        text = f"tocsin: 1\npack: {{id: p}}\nrules:\n{rules}"
        self._pipeline = self.line.pipeline(ruleset=self.line.rules(text))
        self._pipeline.inbound = replace(self._pipeline.inbound, instruments=instruments)

    def see(self, *prices: str, of: str = "tin", minutes: float = 60, high: str | None = None) -> list[str]:
        """Show *prices*, one every so many *minutes*; return the details of the alerts that they led to."""
        before = len(self.line.store.read.alerts())
        for price in prices:
            self.line.clock.time += timedelta(minutes=minutes)
            now = self.line.clock.now()
            top = None if high is None else Decimal(high)
            quote = Quote(instrument=of, price=Decimal(price), high=top, at=now, first_seen=now)
            asyncio.run(self._pipeline.market.observe(self._pipeline.inbound, [quote], now))
        return [alert.detail for alert in self.line.store.read.alerts()][: -before or None]


CROSSING = "  - {id: c, cooldown: 0s, price: {instruments: [tin], when: 'cross(last, 100)'}}\n"


def test_a_crossing_is_found_over_a_restart(line):
    """The side is in the database: what crosses while the daemon is down is found at the first quote."""
    market = Market(line, CROSSING)
    assert market.see("98", "99") == []
    market.start(CROSSING)
    assert market.see("101") == ["tin 101 USD of 2026-03-02 15:00 UTC: cross(last, 100) = above now, below before"]
    market.start(CROSSING)
    assert market.see("102") == []
    assert len(market.see("99")) == 1


RATIO = "  - {id: r, cooldown: 0s, price: {instruments: [tin], when: 'last / last(gold) > 2'}}\n"


def test_a_ratio_goes_on_after_a_restart(line):
    """The other price is in the database: the first quote after a start is judged beside it."""
    market = Market(line, RATIO)
    market.see("10", of="gold")
    assert market.see("19") == []
    market.start(RATIO)
    [detail] = market.see("9.4", of="gold")
    assert detail.startswith("tin 19 USD of 2026-03-02 14:00 UTC: last / last(gold) = 2.02")
    market.start(RATIO)
    assert market.see("19.1") == []


def test_a_ratio_to_an_instrument_that_a_reload_removed_is_unknown(line):
    """The rule is silent, keeps its state, and goes on when the instrument is back."""
    market = Market(line, RATIO)
    market.see("10", of="gold")
    market.see("19")
    market.start(RATIO, {"tin": INSTRUMENTS["tin"]})
    assert market.see("23") == []
    market.start(RATIO)
    assert len(market.see("23.1")) == 1


def test_a_held_ratio_that_is_no_longer_true_is_dropped_by_the_other_price(line):
    """At the end of the cooldown both prices of then count."""
    rules = RATIO.replace("0s", "3h")
    market = Market(line, rules)
    market.see("10", of="gold")
    market.see("19", "21", "19", "21")
    assert len(line.store.read.deliveries(limit=9)) == 2
    market.see("12", of="gold")
    line.clock.move(minutes=180)
    compiled = line.rules(f"tocsin: 1\npack: {{id: p}}\nrules:\n{rules}").prices
    line.store.lapse(line.clock.now(), compiled, list(INSTRUMENTS.values()))
    states = [view.state for view in line.store.read.deliveries(limit=9)]
    assert states[0] is DeliveryState.SUPPRESSED


def test_a_touch_is_stored_with_its_quote(line):
    """A backtest judges by the same highs as the daemon did, and a restart within the session repeats no alert."""
    rules = "  - {id: h, price: {instruments: [tin], when: day_high >= 100}}\n"
    market = Market(line, rules)
    market.see("94", high="95")
    [detail] = market.see("96", high="101")
    assert detail.endswith("day_high = 101 in the session until 2026-03-02 14:00 UTC")
    market.start(rules)
    assert market.see("97", high="101") == []
    assert [quote.high for quote in line.store.read.history_quotes(["tin"])] == [95, 101, 101]


def test_a_rule_that_was_rewritten_learns_its_side_anew(line):
    """A reload never fires by itself, and the new level is watched from the next quote on."""
    market = Market(line, CROSSING)
    market.see("98", "99")
    market.start(CROSSING.replace("100", "90"))
    assert market.see("98") == []
    assert len(market.see("89")) == 1
