"""Quotes that are taken, held or refused."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tocsin.market.hygiene import Finding, clean, is_stale
from tocsin.market.series import append, begin, close_before, of
from tocsin.model.prices import Action, Bar, Instrument, Quote

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def quote(price, minutes=0, **fields):
    """A quote some minutes after noon."""
    at = NOON + timedelta(minutes=minutes)
    return Quote(instrument="mp", price=Decimal(str(price)), at=at, first_seen=at, **fields)


REMEDY = "if this can be its price, write negative: true under the instrument"


def after(*quotes, currency="GBP", negative=False):
    """A series that was given *quotes*, hygiene included."""
    series = begin(Instrument(id="mp", kind="smallcap", currency=currency, negative=negative))
    for item in quotes:
        cleaned = clean(series, item, item.at)
        series = cleaned.series
        for taken in cleaned.quotes:
            series = append(close_before(series, taken.at), taken)
    return series


@pytest.mark.parametrize(
    ("given", "finding", "words"),
    [
        (quote(101, 1), Finding.TAKEN, ""),
        (quote(100), Finding.DUPLICATE, ""),
        (quote(99), Finding.TAKEN, ""),  # a correction of the same moment
        (quote(101, -1), Finding.BACK, "older than the one of 2026-03-02 12:00 UTC"),
        (quote(0, 1), Finding.FAULT, f"0 is not a price above zero; {REMEDY}"),
        (quote("-36.98", 1), Finding.FAULT, f"-36.98 is not a price above zero; {REMEDY}"),
        (quote("NaN", 1), Finding.FAULT, "NaN is not a price"),
        (quote("Infinity", 1), Finding.FAULT, "Infinity is not a price"),
        (quote(101, 120), Finding.FAULT, "its time, 2026-03-02 14:00 UTC, lies ahead"),
        (quote(101, 1, currency="USD"), Finding.FAULT, "in USD, but mp is in GBP"),
        (quote(10100, 1), Finding.FAULT, "10100 is a hundred times, or a hundredth of, 100: another unit"),
        (quote(1, 1), Finding.FAULT, "1 is a hundred times, or a hundredth of, 100: another unit"),
        (quote(170, 1), Finding.HELD, "170 after 100 is not confirmed yet"),
        (quote(50, 1), Finding.HELD, "50 after 100 looks like a split"),
    ],
    ids=str,
)
def test_each_quote_is_taken_held_or_refused(given, finding, words):
    """A rule must see nothing but prices."""
    cleaned = clean(after(quote(100)), given, NOON + timedelta(hours=1))
    assert (cleaned.finding, cleaned.reason) == (finding, words)
    assert bool(cleaned.quotes) is (finding is Finding.TAKEN)


def test_an_old_quote_is_stale():
    """A source that stopped a fortnight ago says nothing about today."""
    assert clean(after(), quote(100), NOON + timedelta(days=14)).finding is Finding.STALE


@pytest.mark.parametrize(
    ("wanted", "given", "price", "taken"),
    [
        ("GBP", "GBp", "10050", "100.5"),
        ("GBp", "GBP", "1.005", "100.5"),
        ("ZAR", "ZAc", "10050", "100.5"),
        ("ILS", "ILA", "10050", "100.5"),
        ("GBp", "GBp", "100.5", "100.5"),
        ("", "GBp", "100.5", "100.5"),
    ],
)
def test_minor_units_become_the_unit_of_the_instrument(wanted, given, price, taken):
    """London quotes in pence: a hundredfold price would be the spike of the century."""
    cleaned = clean(after(currency=wanted), quote(price, currency=given), NOON)
    assert cleaned.quotes[0].price == Decimal(taken)


def test_a_bad_print_is_dropped_when_the_next_quote_is_normal():
    """One wrong tick must neither alert nor teach sigma."""
    series = after(quote(100), quote(170, 1), quote(101, 2))
    assert [item.price for item in series.quotes] == [100, 101]
    assert series.held is None


def test_a_jump_that_is_confirmed_is_judged_from_its_first_quote():
    """A real shock is reported one poll late, with the time at which it happened."""
    held = after(quote(100), quote(170, 1))
    cleaned = clean(held, quote(172, 2), NOON + timedelta(minutes=2))
    assert [item.price for item in cleaned.quotes] == [170, 172]


def test_a_held_quote_that_is_sent_again_confirms_nothing():
    """A source that repeats itself is one witness."""
    assert (
        clean(after(quote(100), quote(170, 1)), quote(170, 1), NOON + timedelta(minutes=5)).finding is Finding.DUPLICATE
    )


TOMORROW = NOON + timedelta(days=1)
SPLIT = Action(at=TOMORROW - timedelta(hours=3), split=Decimal(10))


def test_a_split_with_its_event_is_no_move():
    """Ten for one is not a crash of ninety per cent; said with every quote of the month, it happened once."""
    cleaned = clean(after(quote(100)), quote(10, 1440, actions=(SPLIT,)), TOMORROW)
    assert cleaned.finding is Finding.TAKEN
    assert cleaned.series.quotes[-1].price == 10
    assert cleaned.series.split_day == TOMORROW.date()
    on = append(cleaned.series, cleaned.quotes[0])
    again = clean(on, quote("10.1", 1500, actions=(SPLIT,)), TOMORROW + timedelta(hours=1))
    assert [q.price for q in again.series.quotes] == [10, 10]


@pytest.mark.parametrize(
    "action",
    [
        Action(at=NOON - timedelta(days=3), split=Decimal(10)),
        Action(at=TOMORROW + timedelta(days=9), split=Decimal(10)),
        Action(at=TOMORROW, split=Decimal(0)),
        Action(at=TOMORROW, split=Decimal(-2)),
        Action(at=TOMORROW, dividend=Decimal(100)),
        Action(at=TOMORROW, dividend=Decimal("0.5")),
    ],
    ids=[
        "known already",
        "to come",
        "into nothing",
        "into less than nothing",
        "of all it is worth",
        "a small dividend",
    ],
)
def test_an_action_that_took_no_effect_changes_nothing(action):
    """A source repeats its events for months, and announces them."""
    cleaned = clean(after(quote(100)), quote(101, 1440, actions=(action,)), TOMORROW)
    assert (cleaned.finding, cleaned.series.quotes[0].price) == (Finding.TAKEN, 100)


def test_a_large_dividend_is_no_move():
    """A special dividend of a quarter is paid out, not lost; the session of it is judged as any other."""
    paid = Action(at=TOMORROW, dividend=Decimal(25))
    cleaned = clean(after(quote(100)), quote(75, 1440, actions=(paid,)), TOMORROW)
    assert (cleaned.finding, cleaned.series.split_day) == (Finding.TAKEN, None)
    assert cleaned.series.quotes[0].price == 75


def test_another_source_is_no_move():
    """Two sources differ by a little all the time; what happens from then on counts."""
    series = after(quote(100, source="a"))
    cleaned = clean(series, quote(104, 5, source="b"), NOON + timedelta(minutes=5))
    assert (cleaned.finding, cleaned.series.quotes[0].price) == (Finding.TAKEN, 104)
    series = append(cleaned.series, cleaned.quotes[0])
    assert clean(series, quote(110, 6, source="b"), NOON + timedelta(minutes=6)).series.quotes[-1].price == 104


def test_another_source_with_quite_another_price_must_confirm_it():
    """One bad print of a second source would otherwise put the whole history on another level."""
    series = after(quote(100, source="a"))
    first = clean(series, quote(160, 5, source="b"), NOON + timedelta(minutes=5))
    assert (first.finding, first.series.quotes[0].price) == (Finding.HELD, 100)
    second = clean(first.series, quote(161, 6, source="b"), NOON + timedelta(minutes=6))
    assert [q.price for q in second.quotes] == [160, 161]
    assert second.series.quotes[0].price == 160


def test_what_looks_like_a_split_is_held_for_its_session_and_told_once():
    """Without the event it cannot be known. A whole session of quotes proves nothing, and must not be reported again and again."""
    series = after(quote(100))
    first = clean(series, quote(50, 1), NOON + timedelta(minutes=1))
    assert first.like_split
    second = clean(first.series, quote("50.2", 2), NOON + timedelta(minutes=2))
    assert (second.finding, second.like_split) == (Finding.HELD, False)
    assert [q.price for q in clean(second.series, quote(51, 1440), NOON + timedelta(days=1)).quotes] == [50, 51]


@pytest.mark.parametrize(
    ("pause", "days", "silence", "stale"),
    [
        pytest.param(5, 7, 55, False, id="a coin, within the hour"),
        pytest.param(5, 7, 65, True, id="a coin, after an hour"),
        pytest.param(60, 7, 170, False, id="hourly, two left out"),
        pytest.param(60, 7, 190, True, id="hourly, three left out"),
        pytest.param(5, 5, 49 * 60, False, id="a currency on a weekend"),
        pytest.param(5, 5, 52 * 60, True, id="a currency after a weekend"),
        pytest.param(600, 7, 9 * 24 * 60, False, id="too few to have a rhythm"),
    ],
)
def test_a_market_without_sessions_goes_stale_by_its_own_rhythm(pause, days, silence, stale):
    """Coins trade every day and currencies all but Saturdays: ten days of silence are no rhythm of theirs."""
    start = datetime(2026, 3, 2, tzinfo=UTC)
    series = begin(Instrument(id="coin"))
    for minutes in range(0, 16 * 24 * 60, pause):
        at = start + timedelta(minutes=minutes)
        if at.weekday() < days:
            one = Quote(instrument="coin", price=Decimal(100), at=at, first_seen=at)
            series = append(close_before(series, at), one)
    assert is_stale(series, None, series.newest.at + timedelta(minutes=silence)) is stale


# ---- prices that may be negative --------------------------------------------------------------------------------------


def below(*prices, minutes=60):
    """A series of a price that may be negative, which was *prices* so many minutes apart."""
    return after(*(quote(price, number * minutes) for number, price in enumerate(prices)), negative=True)


SPREAD = (0.4, 0.1, -0.2, 0, 0.3, -0.1, 0.2)


@pytest.mark.parametrize(
    ("before", "price", "finding"),
    [
        ((), "-0.5", Finding.TAKEN),
        ((1,), 0, Finding.TAKEN),
        ((1, 0.5, 0), "-0.5", Finding.TAKEN),
        ((0,), 3, Finding.TAKEN),
        (SPREAD, "-0.9", Finding.TAKEN),
        (SPREAD, 20, Finding.HELD),
        (SPREAD, -20, Finding.HELD),
        (SPREAD, 2, Finding.TAKEN),  # ten times as much, and no more than eight usual moves
        (SPREAD, "NaN", Finding.FAULT),
        (SPREAD, "-Infinity", Finding.FAULT),
        ((4.25,) * 8, 425, Finding.TAKEN),  # nothing moved yet, so nothing is unusual
        ((4.25, 4.3, 4.2, 4.25, 4.3, 4.2), 425, Finding.HELD),
    ],
)
def test_a_price_that_may_be_negative_is_vetted_by_its_usual_differences(before, price, finding):
    """A yield, a spread or a price of power crosses zero, where there are no ratios."""
    given = quote(price, len(before) * 60)
    assert clean(below(*before), given, given.at).finding is finding


def test_a_leap_of_a_price_that_may_be_negative_is_confirmed_by_the_next():
    """One wrong number is dropped; two that agree are a market that has gone mad."""
    assert [q.price for q in below(*SPREAD, 20, "0.1").quotes[-2:]] == [Decimal("0.2"), Decimal("0.1")]
    assert [q.price for q in below(*SPREAD, -20, "-21.5").quotes[-2:]] == [-20, Decimal("-21.5")]


def test_another_source_of_a_price_that_may_be_negative_is_no_move():
    """A quote of the second source is measured from the price that this source would have given before."""
    series = after(quote(-2, source="one"), quote(-3, 60, source="one"), negative=True)
    cleaned = clean(series, quote(1, 120, source="two"), NOON + timedelta(hours=2))
    assert [q.price for q in cleaned.series.quotes] == [2, 1]


def test_a_split_is_nothing_to_a_price_that_may_be_negative():
    """Half of a yield is half of it, whatever an event says."""
    given = quote("-0.5", 1440, actions=(SPLIT,))
    assert clean(below(-5), given, TOMORROW).series.split_day is None


def test_history_of_a_price_that_may_be_negative_keeps_its_zeros_and_drops_what_is_in_another_unit():
    """A first answer brings sessions of both signs, and one in basis points."""
    values = [0.3, 0.1, -0.2, 0, 0.2, -0.1, 0.1, 250, 0.2, -0.3]
    bars = tuple(Bar(at=NOON - timedelta(days=20 - n), price=Decimal(str(v))) for n, v in enumerate(values))
    cleaned = clean(after(negative=True), quote("-0.1", bars=bars), NOON)
    assert [float(close.price) for close in cleaned.series.closes] == [v for v in values if v != 250]


def test_minus_nothing_is_nothing():
    """A source that rounds may write -0.00, which is not worth a report."""
    assert str(below("-0.00").newest.price) == "0.00"


def test_prices_that_were_allowed_once_are_left_out_when_they_no_longer_are():
    """After `negative: true` is removed, the closes above zero are kept and the daemon still runs."""
    series = below(5, -3, 0, 4, minutes=1440)
    again = of(series, Instrument(id="mp"))
    assert [close.price for close in again.closes] == [5]
    assert [item.price for item in again.quotes] == [4]
    given = quote(4.1, 4 * 1440)
    assert clean(again, given, given.at).finding is Finding.TAKEN
