"""Charts as SVG: well formed, within their frame, and nothing of strangers but escaped."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tocsin.model.rules import Severity
from tocsin.render.svg import Marker, chart, sparkline

START = datetime(2026, 1, 5, 16, tzinfo=UTC)
ZONE = ZoneInfo("Europe/London")


def points(*prices: float, days: float = 1) -> list[tuple[datetime, Decimal]]:
    """A price a day."""
    return [(START + timedelta(days=days * n), Decimal(str(price))) for n, price in enumerate(prices)]


def test_a_sparkline_needs_two_prices():
    """A single dot says nothing."""
    assert sparkline(points(5)) == ""
    assert chart(points(5), zone=ZONE, title="x") == ""
    assert "<polyline" in sparkline(points(5, 6))


prices = st.lists(st.floats(-1e9, 1e9, allow_nan=False), min_size=2, max_size=80)


@example(prices=[0.0, 5e-324], days=1)
@given(prices=prices, days=st.sampled_from([0.001, 0.2, 1, 3, 30]))
def test_a_chart_stays_within_its_frame(prices, days):
    """Prices of any size, also equal ones and ones below zero, over minutes or years."""
    drawn = chart(points(*prices, days=days), zone=ZONE, title="any")
    root = ET.fromstring(drawn)
    line = next(node for node in root if node.get("class") == "line").get("points", "")
    for x, y in (place.split(",") for place in line.split()):
        assert 0 <= float(x) <= 720
        assert 0 <= float(y) <= 260


def test_markers_close_to_each_other_are_stacked():
    """Two letters of one day are both readable; one before the first price is left out."""
    at = START + timedelta(days=3)
    made = [Marker(at=at, letter=letter, severity=Severity.HIGH, title=letter, own=letter == "B") for letter in "AB"]
    early = Marker(at=START - timedelta(days=1), letter="Z", severity=Severity.LOW, title="Z")
    drawn = chart(points(*range(10, 30)), [*made, early], zone=ZONE, title="x")
    heights = [float(found) for found in re.findall(r'cy="([\d.]+)"', drawn)]
    assert len(heights) == 2
    assert abs(heights[0] - heights[1]) > 15
    assert ">Z<" not in drawn


@given(prices=prices, count=st.integers(1, 12), day=st.floats(0, 1))
def test_every_letter_lies_within_the_frame_and_on_no_other(prices, count, day):
    """Twelve alerts of one day hide neither each other nor the dates below, wherever the line is."""
    drawn_from = points(*prices)
    at = START + (drawn_from[-1][0] - START) * day
    made = [Marker(at=at, letter=letter, severity=Severity.HIGH, title=letter) for letter in "ABCDEFGHIJKL"[:count]]
    drawn = chart(drawn_from, made, zone=ZONE, title="x")
    places = [(float(x), float(y)) for x, y in re.findall(r'cx="(-?[\d.]+)" cy="(-?[\d.]+)"', drawn)]
    assert len(places) == count
    assert all(16 <= y <= 232 for _, y in places)
    for number, (x, y) in enumerate(places):
        assert all(abs(x - other) > 20 or abs(y - level) > 20 for other, level in places[:number])


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '" onload="x', "& ]]>"])
def test_titles_are_escaped(hostile):
    """A headline is the title of a marker."""
    marker = Marker(at=START, letter="A", severity=Severity.HIGH, title=hostile)
    drawn = chart(points(1, 2, 3), [marker], zone=ZONE, title=hostile)
    root = ET.fromstring(drawn)
    assert root.get("aria-label") == hostile
    assert "<script" not in drawn


@pytest.mark.parametrize(
    ("given", "label"),
    [((10, 20, 30), ">20<"), ((0.101, 0.102, 0.105), ">0.102<"), ((12000, 15000, 19000), ">14,000<")],
)
def test_the_axis_has_round_prices(given, label):
    """As many digits as tell its lines apart."""
    assert label in chart(points(*given), zone=ZONE, title="x")
