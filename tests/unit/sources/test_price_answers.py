"""Recorded answers of the providers of prices: what is read out of each, and what is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tocsin.config.price_tables import load_preset
from tocsin.errors import Fault, SourceError
from tocsin.sources.documents.dates import read_moment
from tocsin.sources.prices.extract import Format
from tocsin.sources.prices.table import Asking, Columns, Table, read_number
from tocsin.sources.prices.yahoo import Yahoo

ROOT = Path(__file__).parents[3]
FIXTURES = ROOT / "tests" / "fixtures" / "prices"
PRESETS = sorted((ROOT / "rules" / "presets").glob("*.yaml"))
NOW = datetime(2026, 3, 2, 20, tzinfo=UTC)


def preset(name, env=None):
    """The table of a preset."""
    config, problems = load_preset(ROOT / "rules" / "presets" / f"{name}.yaml", env or {})
    assert problems == ()
    return Table(config.columns, config.asking)


def said(answer):
    """(symbol, price, time) of each price, and the symbols without one."""
    return [(item.symbol, item.price, item.at) for item in answer.prints], [item.symbol for item in answer.missing]


def outcome(table, body, symbols):
    """The price of the first symbol and how many sessions are before it, or what is wrong."""
    try:
        answer = table.parse(body, "", symbols)
    except SourceError as error:
        return str(error)
    return (str(answer.prints[0].price), len(answer.prints[0].bars)) if answer.prints else answer.missing[0].words


def day(text):
    """A time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


CHART = day("2026-03-02T20:00")


@pytest.mark.parametrize(
    ("name", "fixture", "symbols", "expected"),
    [
        (
            "ecb",
            "ecb-three.csv",
            ["USD", "CNY", "GBP"],
            (
                [
                    ("USD", Decimal("0.909090909091"), day("2026-03-02T15:00")),
                    ("CNY", Decimal("0.125"), day("2026-03-02T15:00")),
                ],
                ["GBP"],
            ),
        ),
        (
            "fred",
            "fred-observations.json",
            ["DEXCHUS"],
            ([("DEXCHUS", Decimal("7.1120"), day("2026-02-27T06:00"))], []),
        ),
        (
            "twelvedata",
            "twelvedata-single.json",
            ["TIN"],
            ([("TIN", Decimal("41.25"), day("2026-03-02T14:30"))], []),
        ),
        (
            "twelvedata",
            "twelvedata-batch.json",
            ["TIN", "ZINC"],
            (
                [
                    ("TIN", Decimal("41.25"), day("2026-03-02T14:30")),
                    ("ZINC", Decimal("7.40"), day("2026-03-02T14:30")),
                ],
                [],
            ),
        ),
        (
            "twelvedata",
            "twelvedata-one-error.json",
            ["TIN", "ZNIC"],
            ([("TIN", Decimal("41.25"), day("2026-03-02T14:30"))], ["ZNIC"]),
        ),
        ("finnhub", "finnhub-quote.json", ["TIN"], ([("TIN", Decimal("41.25"), CHART)], [])),
        (
            "alpaca",
            "alpaca-snapshots.json",
            ["TIN", "ZINC"],
            (
                [
                    ("TIN", Decimal("41.25"), CHART.replace(microsecond=123456)),
                    ("ZINC", Decimal("7.4"), day("2026-03-02T19:59")),
                ],
                [],
            ),
        ),
        ("metalpriceapi", "metals.json", ["XAU", "XXX"], ([("XAU", Decimal(5000), CHART)], ["XXX"])),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_preset_reads_what_its_provider_sends(name, fixture, symbols, expected):
    """A symbol that the answer does not have is named, and the others count."""
    assert said(preset(name).parse((FIXTURES / fixture).read_bytes(), "", symbols)) == expected


@pytest.mark.parametrize(
    ("name", "fixture", "high", "low"),
    [("twelvedata", "twelvedata-single.json", "41.60", "40.70"), ("finnhub", "finnhub-quote.json", "41.6", "40.7")],
)
def test_a_preset_gives_the_high_and_low_of_the_session(name, fixture, high, low):
    """A level that was touched between two polls is seen by these alone."""
    [found] = preset(name).parse((FIXTURES / fixture).read_bytes(), "", ["TIN"]).prints
    assert (found.high, found.low) == (Decimal(high), Decimal(low))


def test_the_ends_of_a_session_are_scaled_and_turned_like_its_price():
    """The highest rate a unit is the lowest price, and pence are pounds in both."""
    columns = Columns(format=Format.JSON, price="p", high="h", low="l", invert=True, scale=Decimal("0.1"))
    [found] = Table(columns).parse(b'{"p": 4, "h": 5, "l": 2}', "", ["X"]).prints
    assert (found.price, found.high, found.low) == (Decimal("0.025"), Decimal("0.05"), Decimal("0.02"))
    doubtful = Table(columns).parse(b'{"p": 4, "h": "4 to 5", "l": 2}', "", ["X"])
    assert "is not one number" in doubtful.missing[0].words


@pytest.mark.parametrize(
    ("name", "fixture", "fault", "words"),
    [
        ("ecb", "ecb-empty.csv", Fault.NOT_DATA, "it has no line below its header"),
        ("ecb", "challenge.html", Fault.NOT_DATA, "it answers with an HTML page where CSV was promised"),
        ("fred", "fred-400.json", Fault.AUTH, "the key is missing, wrong, or not enough"),
        ("twelvedata", "twelvedata-429.json", Fault.RATE_LIMITED, "it limits our rate"),
        ("finnhub", "finnhub-zeros.json", Fault.NOT_FOUND, "it does not know the symbol"),
        ("finnhub", "finnhub-403.json", Fault.AUTH, "the key is missing, wrong, or not enough"),
        ("alpaca", "alpaca-403.json", Fault.AUTH, "the key is missing, wrong, or not enough"),
        ("metalpriceapi", "metals-error.json", Fault.RATE_LIMITED, "it limits our rate"),
        ("metalpriceapi", "captcha.html", Fault.NOT_DATA, "an HTML page where JSON was promised"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_an_error_with_a_good_status_is_an_error(name, fixture, fault, words):
    """Otherwise a limit that is reached looks like a market that stands still."""
    with pytest.raises(SourceError, match=words) as caught:
        preset(name).parse((FIXTURES / fixture).read_bytes(), "", ["TIN"])
    assert caught.value.fault is fault


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_a_preset_asks_for_its_symbols_and_keeps_its_keys_out_of_sight(path):
    """A key in an address must not come out where the address is shown."""
    env = dict.fromkeys(
        ("FINNHUB_KEY", "FRED_KEY", "TWELVEDATA_KEY", "METALPRICEAPI_KEY", "ALPACA_KEY", "ALPACA_SECRET"), "s3cret"
    )
    config, problems = load_preset(path, env)
    assert problems == ()
    request = Table(config.columns, config.asking).request(["A&B"], NOW, first=True)
    assert "A%26B" in request.url
    assert "{" not in request.url
    assert "s3cret" not in config.address + repr(config)
    assert path.stem == "ecb" or "s3cret" in request.url + str(request.headers)


@pytest.mark.parametrize(
    ("fixture", "price", "at", "bars", "actions"),
    [
        ("yahoo-daily.json", "41.25", CHART, 3, ()),
        ("yahoo-nulls.json", "41.25", CHART, 2, ()),
        ("yahoo-older.json", "41.0", day("2026-02-27T21:00"), 2, ()),
        ("yahoo-pence.json", "412.5", CHART, 2, ()),
    ],
)
def test_a_chart_gives_its_newest_price_and_the_sessions_before_it(fixture, price, at, bars, actions):
    """The last bar is the session in progress: it is no close yet."""
    [found] = Yahoo().parse((FIXTURES / fixture).read_bytes(), "", ["TIN"]).prints
    assert (found.price, found.at, len(found.bars), found.actions) == (Decimal(price), at, bars, actions)
    assert all(bar.at < found.at for bar in found.bars)
    assert found.session.days == frozenset(range(5))


def test_a_chart_gives_the_ends_of_the_session():
    """Where it has them; a chart without is no fault."""
    for fixture, expected in (
        ("yahoo-daily.json", (Decimal("41.9"), Decimal("40.6"))),
        ("yahoo-nulls.json", (None, None)),
    ):
        [found] = Yahoo().parse((FIXTURES / fixture).read_bytes(), "", ["TIN"]).prints
        assert (found.high, found.low) == expected


def extended_chart(*bars: tuple[str, float | None], market: str = "2026-03-03T21:00") -> bytes:
    """A chart with the trades before and after the market: (time in UTC, price) each; a made-up answer."""
    periods = {"pre": ("09:00", "14:30"), "regular": ("14:30", "21:00"), "post": ("21:00", "2026-03-04T01:00")}
    stamp = lambda text: int(day(text if "T" in text else f"2026-03-03T{text}").timestamp())  # noqa: E731
    prices = [price for _, price in bars]
    columns = {
        "close": prices,
        "high": [p and p + 1 for p in prices],
        "low": [p and p - 1 for p in prices],
        "volume": [5] * len(bars),
    }
    meta = {
        "currency": "USD", "exchangeTimezoneName": "America/New_York", "regularMarketPrice": 41.0,
        "regularMarketTime": stamp(market), "dataGranularity": "15m",
        "currentTradingPeriod": {name: {"start": stamp(a), "end": stamp(b)} for name, (a, b) in periods.items()},
    }  # fmt: skip
    result = {"meta": meta, "timestamp": [stamp(at) for at, _ in bars], "indicators": {"quote": [columns]}}
    return json.dumps({"chart": {"result": [result], "error": None}}).encode()


def test_an_extended_session_has_the_trades_around_the_market():
    """The newest trade after the close counts, its session is the whole day, and days before end with their last trade."""
    bars = [
        ("2026-03-02T23:45", 40.0),
        ("2026-03-03T10:00", 40.5),
        ("2026-03-03T20:45", 41.0),
        ("2026-03-03T22:15", 43.5),
        ("2026-03-03T22:30", None),
    ]
    [found] = Yahoo(extended=True).parse(extended_chart(*bars), "", ["TIN"]).prints
    assert (found.price, found.at) == (Decimal("43.5"), day("2026-03-03T22:15"))
    assert (found.high, found.low) == (Decimal("44.5"), Decimal("39.5"))
    assert [(bar.at, bar.price, bar.volume) for bar in found.bars] == [
        (day("2026-03-03T00:00"), Decimal(40), Decimal(5))
    ]
    assert (found.session.opens, found.session.closes) == (time(4), time(20))
    assert found.period == (day("2026-03-03T09:00"), day("2026-03-04T01:00"))


def test_a_trade_of_the_market_is_dated_to_the_second():
    """Within the market its own time and price are nearer than those of a bar; a chart without bars is no fault."""
    [found] = Yahoo(extended=True).parse(extended_chart(("2026-03-03T20:45", 40.9)), "", ["TIN"]).prints
    assert (found.price, found.at) == (Decimal(41), day("2026-03-03T21:00"))
    [bare] = Yahoo(extended=True).parse(extended_chart(), "", ["TIN"]).prints
    assert (bare.price, bare.bars) == (Decimal(41), ())


def test_an_extended_chart_is_asked_for_after_its_history():
    """Half a year of sessions first, then the last days with all trades."""
    first, then = (Yahoo(extended=True).request(["MP"], NOW, first=one).url for one in (True, False))
    assert "interval=1d&range=6mo" in first
    assert "interval=15m&range=5d&includePrePost=true" in then
    body = (FIXTURES / "yahoo-daily.json").read_bytes()
    [plain], [extended] = (Yahoo(extended=one).parse(body, "", ["TIN"]).prints for one in (False, True))
    assert plain.bars == extended.bars


def test_a_chart_names_the_split_of_the_day():
    """Without it the new price would look like a crash."""
    [found] = Yahoo().parse((FIXTURES / "yahoo-split-today.json").read_bytes(), "", ["TIN"]).prints
    assert [action.split or action.dividend for action in found.actions] == [Decimal(10), Decimal("0.25")]


@pytest.mark.parametrize(
    ("fixture", "fault", "words"),
    [
        ("yahoo-404.json", Fault.NOT_FOUND, "No data found, symbol may be delisted"),
        ("yahoo-429.txt", Fault.RATE_LIMITED, "limits our rate"),
        ("yahoo-null.json", Fault.NOT_DATA, "gives no price of TIN"),
        ("captcha.html", Fault.NOT_DATA, "with something that is not JSON"),
    ],
)
def test_what_is_no_chart_is_a_typed_error(fixture, fault, words):
    """The remedies differ: wait, or correct the symbol."""
    with pytest.raises(SourceError, match=words) as caught:
        Yahoo().parse((FIXTURES / fixture).read_bytes(), "", ["TIN"])
    assert caught.value.fault is fault


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b'{"chart":1}', b'{"chart":{"result":[{"meta":[]}]}}', b"[" * 99999]
)
def test_nonsense_is_no_chart(body):
    """A server may send anything."""
    with pytest.raises(SourceError):
        Yahoo().parse(body, "", ["TIN"])


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("td.price", Decimal("61250.5")),
        ("td.nothing", "the price of spot is missing where it should be"),
        ("td", "td names 4 places on the page"),
        ("td.name", "'Praseodymium-neodymium oxide' is not one number"),
    ],
)
def test_a_page_gives_one_number_or_an_error(selector, expected):
    """No place, two places and text that is no number are never a price of 0."""
    page = "<table><tr id=ndpr><td class=name>Praseodymium-neodymium oxide<td class=price>61 250,50 &euro;/t<td>x<td>y</table>"
    columns = Columns(format=Format.HTML, rows="#ndpr", price=selector, decimal=",")
    answer = Table(columns).parse(page.encode(), "text/html; charset=utf-8", ["spot"])
    found = answer.prints[0].price if answer.prints else answer.missing[0].words
    assert found == expected


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [
        ("41.25", ".", "41.25"),
        ("1,234.5", ".", "1234.5"),
        ("1.234,5", ",", "1234.5"),
        ("12 345,6 €", ",", "12345.6"),
        ("US$ 1'000", ".", "1000"),
        ("−36.98", ".", "-36.98"),
        ("–36.98", ".", "-36.98"),
        ("EUR ‑0.50/MWh", ".", "-0.50"),
        ("-$37.63", ".", "-37.63"),
        ("€ －1,25", ",", "-1.25"),
        ("1.5e3", ".", "1.5e3"),
        ("¥8.20/kg", ".", "8.20"),
    ],
)
def test_a_number_is_read_as_it_is_written(text, decimal, number):
    """Currencies, groups and signs of every kind stand in tables."""
    assert read_number(text, decimal) == Decimal(number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "n/a",
        "1.234,5",
        "12-13",
        "1 2",
        "41.25 (0.5%)",
        "0x10",
        "1,23",
        "١٢٣",
        "9" * 100,
        "1..2",
        "--5",
        "(12.5)",
        "$(0.50)",
        "minus 3",
        "— 3",
    ],
)
def test_what_is_not_surely_one_number_is_none(text):
    """To guess would be to alert on a misreading."""
    with pytest.raises(ValueError, match="is not one number"):
        read_number(text)


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("2026-03-02", "", "2026-03-02T05:00"),
        ("2026-03-02T14:30:00Z", "", "2026-03-02T14:30"),
        ("1772461800", "", "2026-03-02T14:30"),
        ("1772461800000", "", "2026-03-02T14:30"),
        ("02/03/2026", "%d/%m/%Y", "2026-03-02T05:00"),
    ],
)
def test_a_time_is_read_in_the_zone_of_the_table(text, form, expected):
    """A day in New York begins five hours later."""
    assert read_moment(text, form, ZoneInfo("America/New_York")) == day(expected)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("soon", ""),
        ("2026-13-01", ""),
        ("12", ""),
        ("1", "%Y"),
        ("9999-12-31", ""),
        ("0001-01-01T00:00Z", ""),
        ("31/12/9999", "%d/%m/%Y"),
        ("9999-12-31T23:59:59-14:00", ""),
    ],
)
def test_what_is_no_time_says_what_was_expected(text, form):
    """The remedy is a `time_format`."""
    with pytest.raises(ValueError, match="is not a time"):
        read_moment(text, form, ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("body", "symbols", "expected"),
    [
        (b"date,close\n2026-03-01,1\n2026-03-02,2\n", ["x"], ("2", 1)),
        (b"Date;Close\n", ["x"], "it has no line below its header"),
        (b"day,close\n1,2\n", ["x"], "there is no column date; there are: day, close"),
        (b"date,close\n2026-03-01,abc\n", ["x"], "'abc' is not one number"),
        (b"date,close\n,5\n", ["x"], "a row with a price has no time"),
        (b"<html>", ["x"], "it answers with an HTML page where CSV was promised"),
    ],
)
def test_a_csv_file_needs_its_columns(body, symbols, expected):
    """The fault names what is there, so that the column can be put right."""
    table = Table(Columns(format=Format.CSV, price="close", time="date", history=True))
    assert outcome(table, body, symbols) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"s":"x","p":1,"t":"2026-03-01"}\n{"s":"x","p":"2","t":"2026-03-02"}\n', ("2", 1)),
        (
            b'{"s":"x","p":1,"t":"2026-03-01"}\nnonsense\n',
            "line 2: it answers with something else where JSON was promised",
        ),
        (b"\n", "it has no line"),
    ],
)
def test_json_lines_are_rows(body, expected):
    """One line that is broken is named; what it would have said is not guessed."""
    table = Table(Columns(format=Format.JSONL, price="p", symbol="s", time="t", history=True))
    assert outcome(table, body, ["x"]) == expected


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"format": Format.JSON, "price": "a["}, "is not JMESPath"),
        ({"format": Format.HTML, "price": "td[["}, "is not a CSS selector"),
        ({"format": Format.CSV, "price": "a", "rows": "x"}, "remove `rows`"),
        ({"format": Format.JSONL, "price": "a", "rows": "x"}, "remove `rows`"),
        ({"format": Format.CSV, "price": "a", "history": True}, "a history needs the time"),
    ],
)
def test_an_expression_is_checked_before_anything_is_asked(columns, words):
    """A typing error is found by `check`, not at night."""
    with pytest.raises(ValueError, match=words):
        Table(Columns(**columns))


def test_an_address_is_filled_in_with_symbols_and_the_day():
    """Some tables have one page a day; the day is that of their zone."""
    asking = Asking(url="https://x.test/{today:%Y%m%d}?s={symbols}", method="POST", body="d={today}", join="+")
    table = Table(Columns(format=Format.JSON, price="p", zone="Asia/Shanghai"), asking)
    request = table.request(["A", "B/C"], NOW, first=False)
    assert (request.url, request.body) == ("https://x.test/20260303?s=A+B%2FC", "d=2026-03-03")
    assert (
        Yahoo().request(["CNY=X"], NOW, first=True).url.endswith("/CNY%3DX?interval=1d&range=6mo&events=div%2Csplits")
    )
    assert "range=1mo" in Yahoo().request(["MP"], NOW, first=False).url
