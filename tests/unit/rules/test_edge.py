"""Edges on which a price rule fires."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.config.packs import parse_pack
from tocsin.market.series import append, begin
from tocsin.model.prices import Action, Instrument, Quote
from tocsin.rules.compile import compile_packs
from tocsin.rules.prices.edge import PriceState, numbers, step
from tocsin.rules.prices.observation import observe
from tocsin.rules.prices.reading import read

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MP = Instrument(
    id="MP", kind="smallcap", currency="USD", unit="share", labels={"mineral": ("rare-earths",), "instrument": ("x",)}
)
T, F, U = True, False, None


def compiled(when, *, more=""):
    """The rule that *when* makes."""
    text = "tocsin: 1\npack: {id: p}\nrules:\n  - id: r\n    price:\n      instruments: {class: smallcap}\n"
    spec, problems = parse_pack([("p.yaml", f"{text}      when: {when}\n{more}")])
    assert spec, problems
    rules, faults = compile_packs([spec])
    assert not faults
    return rules.prices["p/r"]


def fed(rule, prices, *, every=timedelta(minutes=5), instrument=MP, fields=()):
    """Which of *prices* fired, with the series and states at the end."""
    series, states, fired = begin(instrument), {}, []
    for n, price in enumerate(prices):
        at = NOON + n * every
        more = dict(fields).get(n, {})
        quote = Quote(instrument="MP", price=Decimal(str(price)), at=at, first_seen=at, **more)
        seen = observe([rule], {"MP": [quote]}, {"MP": series}, states, at)["MP"]
        assert not seen.unevaluated
        series, states = seen.series, states | seen.states
        fired += [(n, match) for match in seen.matches]
    return fired, series, states


def fires(rule, prices, **how):
    """The numbers of the prices that fired."""
    return [n for n, _ in fed(rule, prices, **how)[0]]


def split_on(n):
    """One share for ten on the *n*-th day, which its quote says."""
    return {n: {"actions": (Action(at=NOON + timedelta(days=n), split=Decimal("0.1")),)}}


@pytest.mark.parametrize(
    ("truths", "confirm", "fired"),
    [
        ([T, T, T], 1, []),
        ([F, T, T, T], 1, [1]),
        ([F, T, F, T], 1, [1, 3]),
        ([T, F, T], 1, [2]),
        ([U, T, T], 1, []),
        ([U, F, T], 1, [2]),
        ([F, U, T], 1, [2]),
        ([F, T, U, T], 1, [1]),
        ([F, T, T, T], 2, [2]),
        ([F, T, F, T, T], 2, [4]),
        ([F, T, U, T], 2, [3]),
        ([F, T, T, T, T], 4, [4]),
    ],
)
def test_a_rule_fires_on_the_edge(truths, confirm, fired):
    """Once when it becomes true, never because the daemon was started, and unknown changes nothing."""
    state, found = PriceState(), []
    for n, when in enumerate(truths):
        state, now = step(state, when, None if when is None else not when, confirm)
        found += [n] * now
    assert found == fired


_truths = st.lists(st.sampled_from([T, F, U]), max_size=40)


@given(_truths, _truths, st.integers(1, 4))
def test_between_two_edges_the_rule_was_cleared(whens, clears, confirm):
    """However the numbers jump, nobody is told twice of one rise."""
    state, since_cleared = PriceState(), None
    for when, clear in zip(whens, clears, strict=False):
        before = state
        state, now = step(state, when, clear, confirm)
        if now:
            assert before.armed
            assert since_cleared is not False
            since_cleared = False
        elif not before.armed and state.armed:
            assert when is False
            since_cleared = True
        if when is None:
            assert state == before
            assert not now


@given(_truths)
def test_what_is_unknown_could_as_well_have_not_been_asked(whens):
    """An outage in the middle neither fires nor re-arms."""

    def run(truths):
        state, count = PriceState(), 0
        for when in truths:
            state, now = step(state, when, None if when is None else not when, 1)
            count += now
        return state, count

    assert run(whens) == run([when for when in whens if when is not None])


def test_a_rule_is_armed_again_at_clear():
    """A price that trembles about its limit tells once."""
    plain, calm = compiled("last >= 100"), compiled("last >= 100", more="      clear: last < 95\n")
    prices = [90, 100, 99, 100, 99, 101, 94, 100]
    assert fires(plain, prices) == [1, 3, 5, 7]
    assert fires(calm, prices) == [1, 7]


def test_confirm_waits_for_as_many_quotes():
    """One quote that touches the limit is not enough for a rule that says so."""
    assert fires(compiled("last >= 100", more="      confirm: 3\n"), [90, 100, 101, 99, 100, 100, 100, 100]) == [6]


def test_each_crossing_fires_once_in_either_direction():
    """Up, and straight back at the next quote: the way back must not be lost; standing or touching is no crossing."""
    rule = compiled("cross(last, 100)")
    assert fires(rule, [90, 101, 99, 100, 98, 100, 102, 103, 90]) == [1, 2, 6, 8]
    assert fires(rule, [100, 101, 103, 99]) == [3]
    assert fires(compiled("cross(last, 100) and last > 100"), [90, 101, 99, 102]) == [1, 3]


def test_a_crossing_beside_what_was_true_before_begins_nothing():
    """The condition was true already, so a crossing within it is no edge."""
    assert fires(compiled("last > 80 or cross(last, 100)"), [79, 90, 101, 99]) == [1]


def test_a_price_crosses_its_own_mean():
    """The mean is of the closes before the session, and what is unknown until ten are known crosses nothing."""
    rule = compiled("cross(last, mean(10td))")
    prices = [*[100, 101] * 6, 90, 91, 110]
    fired, _, states = fed(rule, prices, every=timedelta(days=1))
    assert [n for n, _ in fired][-2:] == [12, 14]
    assert all(n > 10 for n, _ in fired)
    assert states["p/r", "MP"].above == {"cross(last, mean(10td))": True}


def test_a_split_crosses_nothing():
    """One share for ten: the price stands far above its level the next day, and has not moved."""
    rule = compiled("cross(last, 100)")
    assert fires(rule, [90, 91, 910, 912], every=timedelta(days=1), fields=split_on(2)) == []


def test_the_side_of_a_rule_that_was_rewritten_is_forgotten():
    """What is kept of crossings is bounded by the rule."""
    _, series, states = fed(compiled("cross(last, 100)"), [90, 95])
    rule = compiled("cross(last, 80)")
    quote = Quote(instrument="MP", price=Decimal(90), at=NOON + timedelta(hours=1), first_seen=NOON)
    seen = observe([rule], {"MP": [quote]}, {"MP": series}, states, NOON + timedelta(hours=1))["MP"]
    assert not seen.matches
    assert seen.states["p/r", "MP"].above == {"cross(last, 80)": True}


def test_what_was_touched_between_two_polls_fires_once_a_session():
    """The price was at its level for a minute that no poll saw; the next session begins anew."""
    rule = compiled("day_high >= 100")
    highs = {n: {"high": Decimal(high)} for n, high in enumerate([95, 101, 98, 100, 101])}
    assert fires(rule, [94, 96, 97, 98, 99], every=timedelta(hours=8), fields=highs) == [1, 3]
    assert fires(rule, [94, 96, 97], fields={}) == []


def test_a_high_that_cannot_be_believed_is_none():
    """A misprint in a field that nothing confirms must wake nobody; the price itself is a part of the session."""
    rule = compiled("day_high >= 100 or day_low <= 50")
    wrong = {n: {"high": Decimal(high), "low": Decimal(-1)} for n, high in enumerate([95, 9500, 0])}
    fired, series, _ = fed(rule, [94, 96, 97], fields=wrong)
    assert not fired
    assert [quote.high for quote in series.quotes] == [95, None, None]
    lagging = {n: {"high": Decimal(95), "low": Decimal(90)} for n in range(2)}
    assert fires(rule, [94, 101], fields=lagging) == [1]


GOLD = Instrument(id="gold", kind="metal")


def together(rule, *quotes, states=None, series=None, stale=timedelta(0)):
    """Show *quotes*, (instrument, price), an hour after each other; return the numbers and details of the matches."""
    series = series or {"MP": begin(MP), "gold": begin(GOLD)}
    states, found = states or {}, []
    for n, (name, price) in enumerate(quotes):
        at = NOON + n * timedelta(hours=1)
        quote = Quote(instrument=name, price=Decimal(str(price)), at=at, first_seen=at)
        seen = observe([rule], {name: [quote]}, series, states, at + stale)
        for other, one in seen.items():
            assert not one.unevaluated
            series[other], states = one.series, states | one.states
            found += [(n, match) for match in one.matches]
    return found


def test_a_ratio_is_judged_whenever_either_price_comes():
    """The alert is about the instrument of the rule, at the time of the quote that made it true."""
    rule = compiled("last / last(gold) > 2")
    (n, match), (later, _) = together(rule, ("gold", 10), ("MP", 19), ("gold", 9), ("MP", 17), ("MP", 20))
    assert (n, later) == (2, 4)
    assert match.labels["instrument"] == ("MP",)
    assert (match.quote.price, match.event_time) == (19, NOON + timedelta(hours=2))
    assert "last / last(gold) = 2.11111; last(gold) = 9 of 2026-03-02 14:00 UTC" in match.detail


def test_a_ratio_to_a_price_that_is_missing_or_old_is_unknown():
    """A price of last week must not make an alert of the other's quote of today, nor arm the rule."""
    rule = compiled("last(gold) < 5 or last / last(gold) > 2")
    assert together(rule, ("MP", 19), ("MP", 21)) == []
    gold = {
        "MP": begin(MP),
        "gold": append(
            begin(GOLD), Quote(instrument="gold", price=Decimal(4), at=NOON - timedelta(days=3), first_seen=NOON)
        ),
    }
    assert together(rule, ("MP", 19), ("MP", 21), series=gold) == []
    sight = rule.sight(
        begin(MP), Quote(instrument="MP", price=Decimal(21), at=NOON, first_seen=NOON), NOON, others=gold
    )
    notes = [leaf.note for leaf in numbers(read(rule.when, sight).evidence)]
    assert "unknown: gold: the quote of 2026-02-27 12:00 UTC is older than stale_after" in notes


def test_a_rule_may_name_its_own_instrument_and_windows_of_another():
    """`last(MP)` is `last` in a rule about MP, and every function can be of another instrument."""
    rule = compiled("change(1td) - change(gold, 1td) > 3%", more="      min_obs: 1\n")
    quotes = [(name, 100) for _ in range(3) for name in ["MP"] + ["gold"] * 23]
    found = together(rule, *quotes, ("MP", 102), ("gold", 98))
    assert [n for n, _ in found] == [len(quotes) + 1]
    assert rule.others == {"gold"}
    assert [n for n, _ in together(compiled("last(MP) >= 20"), ("MP", 19), ("MP", 20))] == [1]


def test_quotes_of_one_poll_are_judged_in_their_order():
    """Both prices may come at once; the ratio is that of each moment, not of the poll."""
    rule = compiled("last / last(gold) > 2")
    at = [NOON + n * timedelta(minutes=1) for n in range(4)]
    prices = {"MP": [(0, 18), (2, 22)], "gold": [(1, 10), (3, 12)]}
    batches = {
        name: [Quote(instrument=name, price=Decimal(price), at=at[n], first_seen=at[3]) for n, price in several]
        for name, several in prices.items()
    }
    seen = observe([rule], batches, {"MP": begin(MP), "gold": begin(GOLD)}, {}, at[3])
    [match] = seen["MP"].matches
    assert match.event_time == at[2]
    assert seen["gold"].states == {}


def test_the_alert_says_number_reference_time_and_labels():
    """What is read at night on a telephone must be enough to judge by."""
    rule = compiled("z(1td) >= 4 and change(1td) >= 3%")
    [(_, match)], *_ = fed(rule, [*[50, "50.5"] * 10, 62], every=timedelta(days=1))
    assert match.labels == {"instrument": ("MP",), "mineral": ("rare-earths",)}
    assert match.event_time == match.quote.at
    assert match.detail.startswith("MP 62 USD/share of 2026-03-22 12:00 UTC: z(1td) = +")
    assert match.detail.endswith("; +22.77% on 50.5 of 2026-03-21 12:00 UTC")
    assert (match.evidence.op, match.evidence.holds) == ("rule", True)


def test_a_second_shock_on_the_next_day_is_told():
    """What is measured from a close begins anew with each session, however far it opens."""
    rule = compiled("abs(z(1td)) >= 4", more="      clear: abs(z(1td)) < 2\n")
    assert fires(rule, [*[50, "50.5"] * 10, 62, 74, 60, 60], every=timedelta(days=1)) == [20, 21, 22]
    assert fires(compiled("last >= 60"), [50, 62, 63, 64], every=timedelta(days=1)) == [1]


def test_the_change_since_the_alert_is_remembered():
    """`change(since_alert)` follows a rise in steps."""
    rule = compiled("abs(change(since_alert)) >= 5%")
    fired, _, states = fed(rule, [100, 104, 105, 109, 111, 112, 105, 104])
    assert [n for n, _ in fired] == [2, 4, 6]
    assert states["p/r", "MP"].alerted.price == 105
    assert fires(rule, [100, 102, 1020, 1030], every=timedelta(days=1), fields=split_on(2)) == []


@pytest.mark.parametrize(
    "when",
    [
        "abs(z(1td)) >= 4 and abs(change(1td)) >= 3%",
        "change(1td) != 0",
        "abs(gap) > 0",
        "last > high(20td)",
        "last < low(1d)",
    ],
)
def test_a_frozen_series_never_fires(when):
    """A source that stands still, or a price that is fixed, is no event."""
    assert fires(compiled(when, more="      min_obs: 1\n"), [100] * 60, every=timedelta(hours=12)) == []


def test_a_negative_price_neither_crashes_nor_fires():
    """In April 2020 oil settled at -36.98; the day after is measured against the last price above nothing."""
    rule = compiled("abs(z(1td)) >= 4")
    prices = [*[20, "20.2"] * 10, "18.27", "-36.98", "18.2", "18.3"]
    assert fires(rule, prices, every=timedelta(days=1)) == []
    assert fires(compiled("last < 5"), prices, every=timedelta(days=1)) == []


def test_a_split_is_no_move():
    """One share for ten, with its event: neither that day nor the next."""
    prices = [*[50, "50.5"] * 10, 500, 505, 502]
    rule = compiled("abs(z(1td)) >= 4 or abs(change(5td)) > 50%")
    assert fires(rule, prices, every=timedelta(days=1), fields=split_on(20)) == []


def test_a_bad_print_does_not_fire_and_a_shock_after_it_does():
    """A hundredfold print must neither wake anybody nor blind the rule."""
    rule = compiled("abs(z(1td)) >= 4")
    assert fires(rule, [*[50, "50.5"] * 10, 5050, 50, "50.5", 62], every=timedelta(days=1)) == [23]


def test_pence_are_not_pounds():
    """A feed that changes to pence makes no spike."""
    pounds = Instrument(id="MP", kind="smallcap", currency="GBP")
    pence = {n: {"currency": "GBp"} for n in range(20, 23)}
    prices = [*[50, "50.5"] * 10, 5000, 5050, 5000]
    assert fires(compiled("abs(z(1td)) >= 4"), prices, every=timedelta(days=1), instrument=pounds, fields=pence) == []


def test_a_rule_is_about_the_instruments_it_names():
    """The rule for small caps says nothing about gold."""
    gold = Instrument(id="MP", kind="metal")
    assert fires(compiled("last >= 100"), [90, 110], instrument=gold) == []


def test_a_rule_that_raises_is_reported_and_the_others_stand():
    """A fault in one rule must not silence the rest."""
    good = compiled("last >= 100")
    broken = replace(good, when=None)
    quote = Quote(instrument="MP", price=Decimal(90), at=NOON, first_seen=NOON)
    seen = observe([broken, good], {"MP": [quote]}, {"MP": begin(MP)}, {}, NOON)["MP"]
    assert [item.rule for item in seen.unevaluated] == ["p/r"]
    assert seen.states["p/r", "MP"].armed
    assert seen.series.newest == quote
