"""`tocsin instruments`: each price, where it comes from, and how that goes."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tocsin.cli import app
from tocsin.config.config import load_config
from tocsin.config.stores import open_store
from tocsin.market.series import append, begin, close_before
from tocsin.model.prices import Quote
from tocsin.rules.prices.observation import Observed

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
CONFIG = """\
database: sqlite:///t.db
sources: {mine: {file: x.csv}}
instruments:
  tin: {class: metal, currency: USD, unit: t, sources: [mine:tin, yahoo:TIN]}
  zinc: {class: metal, sources: mine:zinc}
  lead: {class: metal}
  bund: {class: yield, currency: "%", negative: true}
receivers: {here: {console: true}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Tin has three closes and a price of its second source; nothing is known of zinc."""
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    settings = load_config(path, {})
    store = open_store(settings)
    before = series = begin(settings.instruments[0])
    for day, price in enumerate((100, 101, 100, 104)):
        at = NOON + timedelta(days=day)
        quote = Quote(instrument="tin", price=Decimal(price), at=at, first_seen=at, source="yahoo:TIN")
        series = append(close_before(series, at), quote)
    store.observe([(before, Observed(series=series, states={}, quotes=()))], {}, lambda *_: None, now=NOON)
    store.close()
    return path


def test_a_listing_says_the_price_its_move_and_who_gave_it(config: Path) -> None:
    """What people look at first in the morning."""
    result = CliRunner().invoke(app, ["instruments", "list", "--config", str(config)])
    lines = result.stdout.splitlines()
    assert result.exit_code == 0, result.output
    assert lines[1].split() == [
        *["tin", "stand-in", "104", "USD/t", "2026-03-05", "12:00", "+4.00%"],
        *[lines[1].split()[7], "3", "yahoo:TIN"],
    ]
    assert [line.split()[:2] for line in lines[2:]] == [["zinc", "new"], ["lead", "no"], ["bund", "no"]]


def test_a_machine_gets_every_field(config: Path) -> None:
    """For dashboards of people's own."""
    result = CliRunner().invoke(app, ["instruments", "list", "--config", str(config), "--json"])
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert (found[0]["price"], found[0]["closes"], found[0]["sources"]) == ("104", 3, ["mine", "yahoo:TIN"])
    assert round(found[0]["change"], 4) == 0.04
    assert found[1]["price"] is None


def test_a_price_below_zero_has_no_share_and_no_sigma(config: Path) -> None:
    """A yield that went from 0.1 to -0.2 did not fall by three hundred per cent."""
    settings = load_config(config, {})
    bund = settings.instruments[-1]
    before = series = begin(bund)
    for day, price in enumerate(("0.1", "-0.2")):
        at = NOON + timedelta(days=day)
        series = append(close_before(series, at), Quote(instrument="bund", price=Decimal(price), at=at, first_seen=at))
    with closing(open_store(settings)) as store:
        store.observe([(before, Observed(series=series, states={}, quotes=()))], {}, lambda *_: None, now=NOON)
    result = CliRunner().invoke(app, ["instruments", "list", "--config", str(config)])
    words = result.stdout.splitlines()[-1].split()[1:]
    assert (words[2:4], words[6:9]) == (["-0.2", "%"], ["-", "-", "1"])
