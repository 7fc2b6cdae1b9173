"""Prices of instruments in a message, and the choice of these instruments."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tocsin.market.series import append, begin, close_before
from tocsin.market.summary import SHOWN, beside, summary
from tocsin.model.prices import Instrument, Quote

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
COPPER = Instrument(id="cu", kind="metal", currency="USD", unit="t", labels={"mineral": ("copper",)})
MINER = Instrument(id="FCX", kind="equity", labels={"mineral": ("copper", "gold"), "country": ("us",)})
OTHER = Instrument(id="ALB", kind="equity", labels={"mineral": ("lithium",)})


def fed(*prices):
    """A series with one price a day."""
    series = begin(COPPER)
    for n, price in enumerate(prices):
        at = NOON + timedelta(days=n)
        quote = Quote(instrument="cu", price=Decimal(str(price)), at=at, first_seen=at)
        series = append(close_before(series, at), quote)
    return series


@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        ({"instrument": ("FCX",), "mineral": ("copper",)}, ["FCX"]),
        ({"mineral": ("copper",)}, ["cu", "FCX"]),
        ({"mineral": ("gold", "lithium")}, ["FCX", "ALB"]),
        ({"country": ("us",)}, ["FCX"]),
        ({"company": ("copper",)}, []),
        ({"mineral": ("tin",)}, []),
    ],
    ids=["its own", "two share", "several values", "another label", "same word of another label", "none"],
)
def test_an_alert_shows_its_instrument_or_those_that_share_a_label(labels, shown):
    """News about a mineral shows what the market makes of it, in the order of the file."""
    assert [item.id for item in beside(labels, [COPPER, MINER, OTHER])] == shown


def test_at_most_two_instruments_are_shown():
    """A message about thirty miners is a table, not an alert."""
    many = [Instrument(id=f"i{n}", labels={"mineral": ("tin",)}) for n in range(9)]
    assert [item.id for item in beside({"mineral": ("tin",)}, many)] == ["i0", "i1"]


def test_the_move_is_measured_from_the_close_before_the_session():
    """The number beside the picture is the number that the rules see."""
    series = fed(*[100, 101] * 20, 110)
    shown = summary(series, series.newest.at + timedelta(minutes=3))
    assert shown.reference == (series.closes[-1].at, Decimal(101))
    assert shown.points[-1][1] == Decimal(110)
    assert shown.change == pytest.approx(110 / 101 - 1)
    assert shown.sigmas == pytest.approx(0.08536 / series.closes[-1].sigma, rel=1e-3)
    assert shown.age == timedelta(minutes=3)
    assert len(shown.points) == 41


def test_a_long_history_is_cut_to_what_a_picture_shows():
    """Sixty sessions and the newest price."""
    assert len(summary(fed(*range(100, 200)), NOON).points) == SHOWN + 1


@pytest.mark.parametrize(
    ("prices", "change"),
    [([10], None), ([10, -37], None), ([10, 0], None), ([-1, 5], None)],
    ids=["first", "below zero", "nothing", "from below zero"],
)
def test_what_cannot_be_measured_is_left_out(prices, change):
    """A negative price has a picture, and neither sigma nor a share; nor has a move from one."""
    shown = summary(fed(*prices), NOON)
    assert shown.sigmas is None
    assert shown.change == (None if change is None else pytest.approx(change))


def test_without_a_price_there_is_nothing_to_show():
    """An instrument that was added a minute ago is in no message."""
    assert summary(begin(COPPER), NOON) is None
