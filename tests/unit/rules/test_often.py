"""Counts of how often a rule would have fired."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tocsin.config.packs import parse_pack
from tocsin.market.series import append, begin, close_before
from tocsin.model.prices import Instrument, Quote
from tocsin.rules.compile import compile_packs
from tocsin.rules.prices.edge import often
from tocsin.rules.prices.observation import observe

NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)
TIN = Instrument(id="tin", kind="metal")
SPIKE = "abs(z(1td)) >= 4 and abs(change(1td)) >= 3%"


def rule(when, more=""):
    """The rule that *when* makes."""
    head = "tocsin: 1\npack: {id: p}\nrules:\n  - id: r\n    price:\n      instruments: {class: metal}\n"
    spec, problems = parse_pack([("p.yaml", f"{head}      when: {when}\n{more}")])
    assert spec, problems
    return compile_packs([spec])[0].prices["p/r"]


def walk(days, shocks=()):
    """Closes that tremble by half a percent a day, with *shocks* of ten percent on those days."""
    random_ = random.Random(7)
    price, found = 100.0, []
    for day in range(days):
        price *= 1.1 if day in shocks else 1 + random_.uniform(-0.005, 0.005)
        found.append(Decimal(f"{price:.4f}"))
    return found


def fed(compiled, prices):
    """The series after *prices*, one a day, and how often the engine fired on the way."""
    series, states, fired = begin(TIN), {}, 0
    for n, price in enumerate(prices):
        at = NOON + timedelta(days=n)
        quote = Quote(instrument="tin", price=price, at=at, first_seen=at)
        seen = observe([compiled], {"tin": [quote]}, {"tin": series}, states, at)["tin"]
        series, states, fired = seen.series, states | seen.states, fired + len(seen.matches)
    return series, fired


def test_it_counts_what_the_engine_would_have_told():
    """The rate in a message is that of the rule which sent it, and not of a second one."""
    spike = rule(SPIKE)
    series, fired = fed(spike, walk(251, {60, 61, 120, 200}))
    found = often(spike, series)
    assert fired == found.times == 4
    assert (found.first, found.last) == (NOON, NOON + timedelta(days=249))
    assert 200 <= found.sessions <= 249


def test_a_first_day_that_is_true_already_is_no_time():
    """A rule that has held since its beginning has told nothing."""
    series, fired = fed(rule("last >= 50"), walk(80))
    assert often(rule("last >= 50"), series).times == fired == 0


def test_a_close_needs_no_second_poll():
    """A rule that waits for three quotes would otherwise be silent on every history of closes."""
    waits = rule(SPIKE, more="      confirm: 3\n")
    series, _ = fed(waits, walk(251, {60, 200}))
    assert often(waits, series).times == 2


@pytest.mark.parametrize("when", ["abs(gap) >= 5%", "abs(change(2h)) >= 3% or last > 7"])
def test_closes_say_nothing_of_what_happens_within_a_session(when):
    """Better no rate than a wrong one."""
    series, _ = fed(rule(SPIKE), walk(80))
    assert often(rule(when), series) is None


def test_an_instrument_without_a_close_has_no_rate():
    """On its first day there is no history."""
    series = append(close_before(begin(TIN), NOON), Quote(instrument="tin", price=Decimal(1), at=NOON, first_seen=NOON))
    assert often(rule(SPIKE), series) is None
