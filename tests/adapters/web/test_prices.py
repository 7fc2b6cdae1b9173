"""The prices: each instrument with its move and its source, and a chart with the alerts about it."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest

from tocsin.market.series import append, begin, close_before
from tocsin.model.prices import Instrument, Listing, Quote
from tocsin.rules.prices.observation import Observed

INSTRUMENTS = """\
database: sqlite:///tocsin.db
rules: [./rules]
receivers: {here: {console: true}}
instruments:
  tin: {class: metal, currency: USD, unit: t, sources: [mine:tin, yahoo:TIN], labels: {mineral: gallium}}
  zinc: {class: metal, sources: mine:zinc}
  lead: {class: metal}
sources: {mine: {file: x.csv}}
"""


def quoted(page, prices, source="mine"):
    """Let tin have these closes, a day each, the last of them now."""
    tin = Instrument(
        id="tin",
        kind="metal",
        sources=(Listing(row="mine", symbol="tin"), Listing(row="yahoo:TIN", symbol="TIN")),
    )
    before = series = begin(tin)
    for day, price in enumerate(prices, start=1 - len(prices)):
        at = page.clock.now() + timedelta(days=day)
        quote = Quote(instrument="tin", price=Decimal(price), at=at, first_seen=at, source=source)
        series = append(close_before(series, at), quote)
    page.store.observe(
        [(before, Observed(series=series, states={}, quotes=()))], {}, lambda *_: None, now=page.clock.now()
    )


def test_without_an_instrument_the_page_says_how_to_have_one(serve):
    """The remedy is in the configuration."""
    text = serve(lambda page: page.get("/prices"), config=INSTRUMENTS.partition("instruments:")[0]).text
    assert "No price is watched." in text
    assert "config.yaml" in text


def test_a_price_is_listed_with_its_move_its_age_and_the_source_in_use(serve):
    """What people look at first in the morning; an instrument without a price says why."""

    async def scene(page):
        quoted(page, ("100", "101", "100", "104"), source="yahoo:TIN")
        page.clock.move(hours=2)
        return await page.get("/prices")

    text = serve(scene, config=INSTRUMENTS).text
    [tin, zinc, lead] = re.findall(r"<tr>\n  <th scope=\"row\">.*?</tr>", text, re.DOTALL)
    for words in ("104 ", "USD/t", "+4.00%", "σ", '<svg class="spark"', ">2h<", "yahoo:TIN", ">stand-in<"):
        assert words in tin
    assert ">new<" in zinc
    assert ">no source<" in lead


def test_an_instrument_has_its_charts_with_the_alerts_about_it(serve):
    """A letter leads to its alert; without enough prices the page says so."""

    async def scene(page):
        quoted(page, [str(100 + number % 7) for number in range(90)])
        page.bring('<script>alert(1)</script> China bans "gallium" exports')
        page.clock.move(minutes=5)
        return await page.get("/prices/tin"), await page.get("/prices/zinc"), await page.get("/prices/gold")

    tin, zinc, gold = serve(scene, config=INSTRUMENTS)
    assert tin.text.count('<svg class="chart"') == 2
    assert ">60 sessions<" in tin.text
    assert ">1 year<" in tin.text
    assert tin.text.count('<a href="/alerts/1">gallium: ban</a>') == 2
    assert '<a href="/sources/mine">mine</a>' in tin.text
    assert "in use" in tin.text
    assert '<code class="tag">mineral=gallium</code>' in tin.text
    assert "<script>alert" not in tin.text
    assert "There is no chart yet." in zinc.text
    assert "No price of it has come yet." in zinc.text
    assert (gold.status, "There is no instrument gold." in gold.text) == (404, True)


@pytest.mark.parametrize("sessions", [pytest.param(2, id="two"), pytest.param(40, id="forty")])
def test_a_short_history_has_one_chart(serve, sessions):
    """A year that shows the same as sixty sessions is left out."""

    async def scene(page):
        quoted(page, [str(100 + number) for number in range(sessions)])
        return await page.get("/prices/tin")

    text = serve(scene, config=INSTRUMENTS).text
    assert text.count('<svg class="chart"') == 1
    assert "1 year" not in text
