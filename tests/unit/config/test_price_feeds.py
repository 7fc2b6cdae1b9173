"""Where prices come from, as the configuration says it."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from tocsin.config.build import make_terms
from tocsin.config.config import load_config
from tocsin.errors import ConfigError
from tocsin.model.prices import Listing

ROOT = Path(__file__).parents[3]


def load(folder: Path, sources: str, instruments: str):
    """A configuration beside which the presets lie."""
    if not (folder / "rules").exists():
        shutil.copytree(ROOT / "rules" / "presets", folder / "rules" / "presets")
    path = folder / "config.yaml"
    path.write_text(
        f"rules: [rules/mine]\nsources:\n  a: {{feed: https://example.org/feed}}\n{sources}"
        f"instruments:\n{instruments}receivers: {{here: {{console: true}}}}\n",
        encoding="utf-8",
    )
    return load_config(path, {"FINNHUB_KEY": "s3cret"})


def test_each_source_is_asked_once_for_all_that_it_has(tmp_path: Path) -> None:
    """One request for a table with many symbols; one for each where a provider wants it so."""
    config = load(
        tmp_path,
        "  metals: {table: 'https://example.org/m?s={symbols}', price: p, symbol: s, every: 30m}\n"
        "  mine: {file: ndpr.csv, symbol: instrument, allow_private: false}\n".replace(", allow_private: false", ""),
        "  MP: {sources: [yahoo:MP, finnhub:MP]}\n  LYC: {sources: yahoo:LYC.AX}\n"
        "  tin: {sources: metals:TIN}\n  zinc: {sources: metals:ZINC}\n  ndpr: {sources: mine:NdPr, stale_after: 10d}\n"
        "  cny: {sources: ecb:CNY}\n",
    )
    assert [(row.name, row.kind, row.symbols, row.every) for row in config.prices] == [
        ("yahoo:MP", "yahoo", ("MP",), timedelta(minutes=5)),
        ("finnhub:MP", "table", ("MP",), timedelta(minutes=5)),
        ("yahoo:LYC.AX", "yahoo", ("LYC.AX",), timedelta(minutes=5)),
        ("metals", "table", ("TIN", "ZINC"), timedelta(minutes=30)),
        ("mine", "file", ("NdPr",), timedelta(minutes=1)),
        ("ecb", "table", ("CNY",), timedelta(hours=1)),
    ]
    first = config.instruments[0]
    assert first.sources == (Listing(row="yahoo:MP", symbol="MP"), Listing(row="finnhub:MP", symbol="MP"))
    assert config.instruments[4].stale_after == timedelta(days=10)
    terms = make_terms(config)
    assert {terms["yahoo:MP"].group, terms["yahoo:LYC.AX"].group} == {"query1.finance.yahoo.com"}
    assert (terms["mine"].group, terms["finnhub:MP"].group, terms["a"].prices) == ("", "finnhub.io", False)
    assert "s3cret" not in repr(config)


def test_many_charts_are_asked_for_less_often(tmp_path: Path) -> None:
    """Five hundred symbols every five minutes would be more than one every two seconds."""
    config = load(tmp_path, "", "".join(f"  i{n}: {{sources: 'yahoo:S{n}'}}\n" for n in range(500)))
    assert {row.every for row in config.prices} == {timedelta(seconds=1000)}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{table: 'https://x.test/{sym}', price: p}", "{sym} cannot be filled in; known are {symbol}, {symbols}"),
        ("{table: ftp://x.test, price: p}", "begins with http:// or https://"),
        ("{table: https://x.test}", "price is missing here"),
        ("{table: https://x.test, price: 'a['}", "'a[' is not JMESPath"),
        ("{table: https://x.test, price: p, rows: 'tr[[', format: html}", "'tr[[' is not a CSS selector"),
        ("{table: https://x.test, price: p, format: xml}", "must be json, csv, html or jsonl"),
        ("{table: https://x.test, price: p, timezone: Mars}", "must be a time zone"),
        ("{table: https://x.test, price: p, body: x}", "only POST has a body; add method: POST"),
        ("{table: https://x.test, price: p, history: true}", "a history needs the time of each of its rows"),
        ("{table: https://x.test, price: p, close_at: 25:00}", 'must be a time of the day such as "07:00"'),
        ("{table: https://x.test, price: p, errors: {auth: '!!'}}", "is not JMESPath"),
        ("{file: x.csv, pric: y}", "unknown key pric; did you mean price?"),
    ],
)
def test_a_faulty_table_says_what_to_write(tmp_path: Path, source: str, words: str) -> None:
    """At its line, before anything is asked."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, f"  t: {source}\n", "  x: {sources: t:X}\n")
    [problem] = caught.value.problems
    assert words in problem.message
    assert problem.position.line == 4


def test_a_table_that_nobody_names_is_a_warning(tmp_path: Path) -> None:
    """It would look as if it were polled."""
    config = load(tmp_path, "  t: {table: https://x.test, price: p}\n", "  x: {}\n")
    [problem] = config.problems
    assert "no instrument uses t" in problem.message
    assert problem.warning


def test_extended_hours_are_the_choice_of_an_instrument(tmp_path: Path) -> None:
    """Two instruments may watch one symbol, each in its own hours; each has a row of its own."""
    config = load(tmp_path, "", "  MP: {sources: yahoo:MP}\n  MPX: {sources: [yahoo:MP, finnhub:MP], extended: true}\n")
    assert [(row.name, row.kind, row.extended) for row in config.prices] == [
        ("yahoo:MP", "yahoo", False),
        ("yahoo-extended:MP", "yahoo", True),
        ("finnhub:MP", "table", False),
    ]
    assert config.instruments[1].sources[0] == Listing(row="yahoo-extended:MP", symbol="MP")


def test_extended_hours_of_another_source_are_a_mistake_with_a_remedy(tmp_path: Path) -> None:
    """A table gives the price of any hour: the session says which of them count."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, "", "  MP: {sources: finnhub:MP, extended: true}\n")
    assert "write those hours as its session: mon-fri 04:00-20:00 America/New_York" in str(caught.value)
