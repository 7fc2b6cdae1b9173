"""Prices in a message: in words, as blocks, and as a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from tocsin.model.alerts import AlertContent
from tocsin.model.deliveries import Message, MessageKind
from tocsin.model.prices import Instrument, Often, PriceSummary
from tocsin.model.rules import Evidence, Witness
from tocsin.render import ticker as drawings
from tocsin.render.ticker import ticker

CLOSE = datetime(2026, 3, 2, 21, tzinfo=UTC)
MP = Instrument(id="MP", kind="smallcap", currency="USD")
LONDON = ZoneInfo("Europe/London")


def summed_up(*prices: object, **fields: object) -> PriceSummary:
    """A summary of *prices*, one a day, the last one twelve minutes ago."""
    points = tuple((CLOSE + timedelta(days=n), Decimal(str(price))) for n, price in enumerate(prices))
    known = {
        "instrument": MP,
        "points": points,
        "reference": points[-2] if len(points) > 1 else None,
        "change": 0.125,
        "sigmas": 4.4,
        "age": timedelta(minutes=12),
    }
    return PriceSummary(**(known | fields))


def test_the_line_says_number_move_reference_and_age() -> None:
    """A reader on a phone needs no other screen."""
    shown = ticker(summed_up(*range(1000, 1010), 1250), LONDON)
    assert shown.line == "1,250 USD, +12.5% (+4.4 sigma) since 1,009 on 2026-03-11"
    assert shown.age == "as of 2026-03-12 21:00 UTC, 12m old"
    assert shown.span == "11 sessions from 1,000 to 1,250"
    assert shown.alt == "MP: 11 sessions from 1,000 to 1,250"


def test_a_stale_price_says_so() -> None:
    """Old numbers that look new are worse than none."""
    shown = ticker(summed_up(1, 2, stale=True, age=timedelta(days=3), change=None), LONDON)
    assert shown.age.endswith("3d old; stale: no new quote came since")
    assert shown.line == "2 USD, +1 since 1 on 2026-03-02"


@pytest.mark.parametrize(
    ("before", "price", "change", "line"),
    [
        ("2.7", "-0.50", None, "-0.5 USD, -3.2 since 2.7 on 2026-03-02"),
        ("-37.63", "10.01", None, "10.01 USD, +47.64 since -37.63 on 2026-03-02"),
        ("-1.5", "-1.50", None, "-1.5 USD, +0 since -1.5 on 2026-03-02"),
        ("0.1", "-0.00", None, "0 USD, -0.1 since 0.1 on 2026-03-02"),
        ("100", "99.99", -0.0001, "99.99 USD, +0.0% (+0.0 sigma) since 100 on 2026-03-02"),
    ],
)
def test_a_move_is_a_difference_where_a_share_means_nothing(before: str, price: str, change: float, line: str) -> None:
    """No message shows minus zero, or a percentage of a price below zero."""
    sigmas = None if change is None else -0.01
    shown = ticker(summed_up(before, price, change=change, sigmas=sigmas), LONDON)
    assert shown.line == line
    assert shown.move == ("" if change is None else "+0.0%")


def test_prices_on_both_sides_of_zero_are_drawn() -> None:
    """The lowest is the lowest block, whatever its sign, and the picture stays within its frame."""
    shown = ticker(summed_up(-40, -5, 0, 10, 30, change=None, sigmas=None), LONDON)
    assert (shown.blocks, shown.span) == ("▁▄▅▆█", "5 sessions from -40 to 30")
    heights = [
        float(spot.split(",")[1])
        for spot in drawings.svg([Decimal(-40), Decimal(0), Decimal(30)], Decimal(-5))
        .split('points="')[1]
        .split('"')[0]
        .split()
    ]
    assert heights[0] > heights[1] > heights[2] >= 0
    assert shown.png.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("times", "sessions", "words"),
    [
        (0, 250, "fired not once in the 250 sessions since 2025-03-02, about 0.0 times a year."),
        (1, 250, "fired once in the 250 sessions since 2025-03-02, about 1.0 times a year."),
        (7, 250, "fired 7 times in the 250 sessions since 2025-03-02, about 7.0 times a year."),
        (1, 12, "Too little history to say how often this fires: 12 sessions so far."),
    ],
)
def test_a_setting_says_how_often_it_fires(times: int, sessions: int, words: str) -> None:
    """A reader who gets too many or too few alerts sees what to change."""
    known = Often(times=times, sessions=sessions, first=CLOSE - timedelta(days=365), last=CLOSE)
    assert words in ticker(summed_up(1, 2, often=known), LONDON).often


@pytest.mark.parametrize(
    ("prices", "drawn"),
    [
        ([1, 2, 3, 4, 5, 6, 7, 8], "▁▂▃▄▅▆▇█"),
        ([-37, 10, 20, 18, 22], "▁▆▇▇█"),
        ([5, 5, 5, 5, 5], ""),
        ([1, 2, 3], ""),
        ([], ""),
    ],
    ids=["levels", "below zero", "flat", "few", "none"],
)
def test_blocks_draw_what_there_is(prices: list[int], drawn: str) -> None:
    """A line of three points says less than its numbers, and a flat one nothing."""
    assert drawings.blocks([Decimal(price) for price in prices]) == drawn


def test_many_prices_become_as_many_blocks_as_fit() -> None:
    """The newest price is always the last block."""
    drawn = drawings.blocks([Decimal(price) for price in [*range(99), 500]])
    assert len(drawn) == drawings.COLUMNS
    assert drawn[-1] == "█"
    assert drawn[-2] == "▂"


def test_a_picture_is_a_png_and_the_same_every_time() -> None:
    """A retry sends the same bytes."""
    prices = [Decimal(price) for price in (-37, 10, 20, 18, 22)]
    drawn = drawings.png(prices, Decimal(20))
    assert drawn.startswith(b"\x89PNG\r\n\x1a\n")
    assert drawn == drawings.png(prices, Decimal(20))
    assert drawings.png([Decimal(1)] * 9, Decimal(1)) == b""
    assert "nan" not in drawings.svg(prices, None)


def test_every_kind_of_message_shows_prices(tell: Callable[..., AlertContent], show: Callable[..., Message]) -> None:
    """Mail has the picture and says what it shows; text and Slack have blocks."""
    rate = Often(times=2, sessions=250, first=CLOSE - timedelta(days=365), last=CLOSE)
    told = replace(tell(), prices=(summed_up(*range(10, 20), often=rate), summed_up(3, 4)))
    mail = show(MessageKind.MAIL, told)
    [(name, data)] = mail.pictures
    assert data.startswith(b"\x89PNG")
    assert f'src="cid:{name}"' in mail.html
    assert 'alt="MP: 10 sessions from 10 to 19"' in mail.html
    for message in (mail.text, show(MessageKind.SLACK, told).payload, show(MessageKind.TEXT, told).text):
        assert "▁▁▂▃▄▄▅▆▇█" in message
        assert "12m old" in message
        assert "about 2.0 times a year" in message
    assert show(MessageKind.SLACK, told).pictures == ()


def test_a_correlation_says_what_came_first(tell: Callable[..., AlertContent], show: Callable[..., Message]) -> None:
    """A move means something else before the news than after it."""
    seen = (
        Witness(rule="p/spike", title="MP", at=CLOSE + timedelta(hours=3, minutes=20), source="MP"),
        Witness(rule="p/curb", title="China curbs", at=CLOSE),
        Witness(rule="p/curb", title="China curbs again", at=CLOSE + timedelta(hours=1)),
    )
    members = tuple(Evidence(op="member", text=one.rule, holds=True, witness=one) for one in seen)
    told = replace(tell(), evidence=Evidence(op="rule", text="p/both", holds=True, children=members))
    assert "curb, 3h 20m before spike" in show(MessageKind.MAIL, told).text
