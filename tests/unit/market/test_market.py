"""Series, sigma and sessions."""

import math
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.market import sigma as sigmas
from tocsin.market.series import KEEP_CLOSES, append, begin, close_before, in_terms, price_at, sessions_back, since
from tocsin.market.session import day_of, in_session, market_time
from tocsin.model.prices import Hours, Instrument, Quote

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday
NEW_YORK = Hours(days=frozenset(range(5)), opens=time(9, 30), closes=time(16), zone="America/New_York")
NIGHT = Hours(days=frozenset(range(5)), opens=time(18), closes=time(17), zone="America/New_York")


def quote(price, at=NOON, **fields):
    """A quote of copper."""
    return Quote(instrument="cu", price=Decimal(str(price)), at=at, first_seen=at, **fields)


def fed(*prices, step=timedelta(days=1), instrument=None):
    """A series that was given *prices*, one every *step*."""
    series = begin(instrument or Instrument(id="cu", kind="metal"))
    for n, price in enumerate(prices):
        at = NOON + n * step
        series = append(close_before(series, at), quote(price, at))
    return series


@pytest.mark.parametrize(
    ("kind", "prior"),
    [("fx", 0.006), ("index", 0.01), ("metal", 0.015), ("equity", 0.03), ("smallcap", 0.05), ("", 0.03)],
)
def test_sigma_begins_with_what_its_class_usually_does(kind, prior):
    """The first days of an instrument would be all alarm, or all silence."""
    assert sigmas.begin(kind).value == pytest.approx(prior)


def test_sigma_is_learned_as_the_formula_says():
    """The number in an alert is the number of the documentation."""
    sigma = sigmas.learn(sigmas.begin("metal"), Decimal(100), Decimal(101))
    move = math.log(1.01)
    assert sigma.variance == pytest.approx(0.9 * 0.015**2 + 0.1 * move**2)
    late = replace(sigma, moves=500)
    weight = 1 - 0.5 ** (1 / 40)
    after = sigmas.learn(late, Decimal(101), Decimal(100))
    assert after.variance == pytest.approx((1 - weight) * late.variance + weight * move**2)


def test_a_shock_counts_as_three_sigma_at_most():
    """One shock must not blind the rule to the next one."""
    calm = sigmas.begin("metal")
    assert sigmas.learn(calm, Decimal(100), Decimal(1000)).variance == pytest.approx(calm.variance * (0.9 + 0.1 * 9))


def test_a_close_that_did_not_change_teaches_nothing():
    """A weekly price that is asked for every day would look four times calmer than it is."""
    calm = sigmas.begin("metal")
    assert sigmas.learn(calm, Decimal("5.0"), Decimal("5.00")) == calm


def test_sigma_has_a_floor():
    """A pegged price would turn every rounding into an alert."""
    assert sigmas.Sigma(variance=0.0).value == sigmas.FLOOR


def test_sigma_learns_from_closes_alone():
    """A hundred polls of one day are one observation."""
    day = fed(100, 130, 90, 101, step=timedelta(hours=1))
    assert day.sigma.moves == 0
    assert day.closes == ()
    after = close_before(day, NOON + timedelta(days=1))
    assert [close.price for close in after.closes] == [Decimal(101)]


def test_a_series_is_bounded():
    """A daemon that runs for years must not grow."""
    series = fed(*range(1000, 1000 + KEEP_CLOSES + 40), step=timedelta(hours=23))
    assert len(series.closes) <= KEEP_CLOSES
    assert series.quotes[0].at >= series.quotes[-1].at - timedelta(hours=48)


def test_a_price_of_long_ago_is_found_among_the_closes():
    """`change(5d)` looks further back than the quotes that are kept."""
    series = fed(*range(100, 110))
    assert price_at(series, NOON + timedelta(days=2, hours=1)).price == 102
    assert price_at(series, NOON + timedelta(days=9)).price == 109
    assert price_at(series, NOON - timedelta(seconds=1)) is None
    assert [item.price for item in since(series, NOON + timedelta(days=5))] == [105, 106, 107, 108, 109]


@pytest.mark.parametrize(("count", "price"), [(1, 108), (9, 100), (10, None), (0, None)])
def test_sessions_are_counted_back_from_the_one_in_progress(count, price):
    """`change(1td)` on Monday is measured from Friday's close."""
    close = sessions_back(fed(*range(100, 110)), count)
    assert (close.price if close else None) == price


def test_a_split_divides_what_is_remembered_and_no_more():
    """After a split the old closes would make every change a crash."""
    series = in_terms(fed(100, 110, 120), Decimal(10), split_day=date(2026, 3, 5))
    assert [close.price for close in series.closes] == [10, 11]
    assert series.last.price == 12
    assert [item.price for item in series.quotes][-1] == 12
    assert series.sigma == fed(100, 110, 120).sigma


@pytest.mark.parametrize(
    ("hours", "at", "day", "inside"),
    [
        (None, "2026-03-02T00:00+00:00", "2026-03-02", True),
        (None, "2026-03-02T23:59+00:00", "2026-03-02", True),
        (NEW_YORK, "2026-03-02T14:29+00:00", "2026-02-27", False),
        (NEW_YORK, "2026-03-02T14:30+00:00", "2026-03-02", True),
        (NEW_YORK, "2026-03-02T21:10+00:00", "2026-03-02", True),
        (NEW_YORK, "2026-03-02T23:00+00:00", "2026-03-02", False),
        (NEW_YORK, "2026-03-07T15:00+00:00", "2026-03-06", False),
        (NEW_YORK, "2026-03-09T13:30+00:00", "2026-03-09", True),  # summer time has begun
        (NIGHT, "2026-03-02T23:30+00:00", "2026-03-02", True),
        (NIGHT, "2026-03-03T21:59+00:00", "2026-03-02", True),
    ],
)
def test_a_moment_belongs_to_the_session_in_progress_or_the_last_one(hours, at, day, inside):
    """Before the open, the day is still the one before."""
    moment = datetime.fromisoformat(at)
    assert str(day_of(hours, moment)) == day
    assert in_session(hours, moment) is inside


def test_a_weekend_is_no_market_time():
    """On Monday morning Friday's close is not two days stale."""
    friday, monday = datetime(2026, 3, 6, 20, 30, tzinfo=UTC), datetime(2026, 3, 9, 14, tzinfo=UTC)
    assert market_time(NEW_YORK, friday, monday) == timedelta(hours=1)
    assert market_time(None, friday, monday) == monday - friday
    assert market_time(NEW_YORK, monday, friday) == timedelta(0)
    assert market_time(None, monday, friday) == timedelta(0)


def test_a_print_before_the_open_is_no_close():
    """A trade of two shares at dawn must not become the price that the day is measured from."""
    series = begin(Instrument(id="cu", session=NEW_YORK))
    for text, price in (("2026-03-02T15:00", 100), ("2026-03-02T20:59", 101), ("2026-03-03T10:00", 150)):
        at = datetime.fromisoformat(f"{text}+00:00")
        series = append(close_before(series, at), quote(price, at))
    series = close_before(series, datetime(2026, 3, 3, 15, tzinfo=UTC))
    assert [(close.day, close.price) for close in series.closes] == [(date(2026, 3, 2), 101)]


@given(st.lists(st.decimals(min_value="0.01", max_value="100000", places=2), min_size=1, max_size=60))
def test_sigma_is_always_a_number_above_the_floor(prices):
    """No history of prices may make z divide by zero."""
    series = fed(*prices)
    assert math.isfinite(series.sigma.value)
    assert series.sigma.value >= sigmas.FLOOR
    assert all(close.sigma >= sigmas.FLOOR for close in series.closes)
