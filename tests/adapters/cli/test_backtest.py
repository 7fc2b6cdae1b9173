"""`tocsin backtest`: what would have been sent, and what another rule set would have made of it."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

Tocsin = Any
HISTORY = [
    {"id": "1", "first_seen": "2026-03-02T08:00:00Z", "title": "China bans gallium exports to Japan - Herald"},
    {"id": "1", "first_seen": "2026-03-02T08:30:00Z", "title": "China bans gallium exports to Japan - Herald"},
    {"id": "2", "first_seen": "2026-03-02T09:00:00Z", "title": "China bans gallium exports to Japan - Daily", "publisher": "Daily"},
    {"id": "3", "date": "2026-03-02T10:00:00+01:00", "title": "Congo halts cobalt", "labels": {"tier": "trade"}},
    {"id": "4", "first_seen": "2026-03-02T11:00:00Z", "title": "Ministry to ban shipments of gallium wafers"},
    {"id": "5", "first_seen": "2026-03-10T11:00:00Z", "date": "2026-03-01", "title": "Korea bans gallium from its ports"},
    {"id": "6", "first_seen": "2026-03-16T11:00:00Z", "title": "=Korea bans gallium for good", "link": "https://example.org/6"},
]  # fmt: skip


@pytest.fixture
def past(tocsin: Tocsin) -> str:
    """A file of entries, not in the order of time."""
    path = tocsin.folder / "past.jsonl"
    path.write_text("\n".join(json.dumps(record) for record in reversed(HISTORY)) + "\n\n", encoding="utf-8")
    return str(path)


def _lines(result: Any, kind: str) -> list[dict[str, Any]]:
    records = [json.loads(line) for line in result.stdout.splitlines()]
    return [record for record in records if record["type"] == kind]


def test_alerts_come_in_order_with_what_was_folded_and_held(tocsin: Tocsin, past: str) -> None:
    """The reader sees what would have been sent when, what was kept from him, and why."""
    result = tocsin("backtest", "--input", past)
    assert result.exit_code == 0
    text = result.stdout
    assert text.index("gallium: ban") < text.index("cobalt: ban")
    assert "folded: 1 more report, the last 2026-03-02 09:00" in text
    assert "2026-03-02 20:00 alert to here  held until 2026-03-02 20:00 UTC by the cooldown of metals/ban" in text
    assert "old       Korea bans gallium from its ports" in text
    assert "6 entries from 2026-03-02 08:00 to 2026-03-16 11:00 UTC: 6 matches, 4 alerts" in result.stderr


def test_a_warning_of_the_configuration_is_said_once(tocsin: Tocsin, past: str) -> None:
    """The same words three times look like three things that are wrong."""
    file = tocsin.folder / "config.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("sources:", "x-sources:", 1), encoding="utf-8")
    assert tocsin("backtest", "--input", past).stderr.count("there is no source") == 1


def test_records_hold_alerts_messages_and_counts_a_week_and_a_rule(tocsin: Tocsin, past: str) -> None:
    """Machines get one object a line, with fixed shapes."""
    result = tocsin("backtest", "--input", past, "--json")
    alerts, messages, counts = (_lines(result, kind) for kind in ("alert", "message", "count"))
    assert [(a["title"], a["reports"]) for a in alerts] == [
        ("gallium: ban", 2),
        ("cobalt: ban", 1),
        ("gallium: ban", 1),
        ("gallium: ban", 1),
    ]
    assert [m["at"] for m in messages][:2] == ["2026-03-02T08:00:00+00:00", "2026-03-02T09:00:00+00:00"]
    assert [(c["week"], c["rule"], c["alerts"], c["fates"]) for c in counts] == [
        ("2026-03-02", "metals/ban", 3, {"alerted": 2, "held": 1, "joined": 1}),
        ("2026-03-09", "metals/ban", 0, {"old": 1}),
        ("2026-03-16", "metals/ban", 1, {"alerted": 1}),
    ]
    (summary,) = _lines(result, "summary")
    assert (summary["entries"], summary["messages"]) == (6, len(messages))


def test_a_beginning_is_warmed_up(tocsin: Tocsin, past: str) -> None:
    """What was told shortly before the beginning still holds back and still folds."""
    result = tocsin("backtest", "--input", past, "--since", "2026-03-02T10:30:00Z", "--json")
    assert [item["fate"] for item in _lines(result, "ruling")] == ["held", "old", "alerted"]
    late = tocsin("backtest", "--input", past, "--since", "1d", "--json")
    assert [item["title"] for item in _lines(late, "alert")] == ["gallium: ban"]


def test_two_rule_sets_are_compared(tocsin: Tocsin, past: str) -> None:
    """Who edits a rule sees what it gains, loses and tells louder."""
    older = tocsin.folder / "older"
    older.mkdir()
    text = (tocsin.folder / "rules" / "pack.yaml").read_text(encoding="utf-8")
    other = text.replace("cobalt: [cobalt]", "cobalt: [kobold]").replace("severity: high", "severity: low")
    other += "  - {id: korea, news: {match: Korea NEAR/9 gallium}}\n"
    (older / "pack.yaml").write_text(other, encoding="utf-8")
    result = tocsin("backtest", "--input", past, "--against", str(older))
    assert "1 gained, 1 lost, 3 louder, 0 softer" in result.stdout
    assert "low > high" in result.stdout
    records = tocsin("backtest", "--input", past, "--against", str(older), "--json")
    assert [item["labels"] for item in _lines(records, "gained")] == [{"tier": ["trade"], "mineral": ["cobalt"]}]
    assert [item["rule"] for item in _lines(records, "lost")] == ["metals/korea"]
    alone = tocsin("backtest", "--input", past, "--against", str(older), "--rule", "korea", "--json")
    assert not _lines(alone, "gained")
    assert len(_lines(alone, "lost")) == 1


def test_a_spreadsheet_gets_every_match_and_no_formula(tocsin: Tocsin, past: str) -> None:
    """Feed text is hostile in a cell, too."""
    target = tocsin.folder / "out.csv"
    assert tocsin("backtest", "--input", past, "--csv", str(target)).exit_code == 0
    rows = list(csv.DictReader(target.read_text(encoding="utf-8").splitlines()))
    assert [row["fate"] for row in rows] == ["alerted", "alerted", "joined", "held", "old", "alerted"]
    assert (rows[-1]["title"], rows[-1]["labels"]) == ("'=Korea bans gallium for good", "mineral=gallium")
    refused = tocsin("backtest", "--input", past, "--csv", str(tocsin.folder / "no" / "out.csv"))
    assert refused.exit_code == 2


@pytest.mark.parametrize(
    ("line", "words"),
    [
        pytest.param("{", "not a JSON object", id="no JSON"),
        pytest.param('{"id": "x"}', 'needs an object with a "title"', id="no title"),
        pytest.param('{"title": "x"}', 'needs a "date" or a "first_seen"', id="no time"),
        pytest.param('{"title": "x", "date": "soon"}', "\"date\" 'soon' is not an ISO 8601 date", id="no date"),
        pytest.param('{"title": "x", "date": "2026-01-01", "link": 3}', '"link" must be a string', id="no link"),
    ],
)
def test_a_bad_line_is_named_with_its_file_and_number(tocsin: Tocsin, line: str, words: str) -> None:
    """A history with a hole would be judged wrongly: it is refused, and where."""
    path = tocsin.folder / "bad.jsonl"
    path.write_text(f'{{"title": "fine", "date": "2026-01-01"}}\n{line}\n', encoding="utf-8")
    result = tocsin("backtest", "--input", str(path))
    assert result.exit_code == 2
    assert f"{path}:2: " in result.stderr
    assert words in result.stderr


def test_what_is_stored_is_run_on_and_left_alone(tocsin: Tocsin, history: Any) -> None:
    """The first fetch of a source is a baseline here too; the database does not change."""
    history()
    path = tocsin.folder / "tocsin.db"
    before = path.read_bytes()
    result = tocsin("backtest", "--json")
    (summary,) = _lines(result, "summary")
    assert (result.exit_code, summary["entries"], summary["alerts"]) == (0, 2, 1)
    assert len(_lines(tocsin("backtest", "--since", "1d", "--json"), "alert")) == 1
    assert path.read_bytes() == before
    unknown = tocsin("backtest", "--rule", "bann")
    assert unknown.exit_code == 2
    assert "there is no rule bann; did you mean ban?" in unknown.stderr


PRICES = """\
tocsin: 1
rules:
  - id: spike
    title: "{instrument}: moves"
    severity: high
    price: {instruments: {class: metal}, when: change(1td) >= 5%}
  - id: ban-and-move
    all_of: [ban, spike]
    within: 48h
"""


@pytest.fixture
def closes(tocsin: Tocsin) -> Path:
    """Three weeks of calm and a jump on the last day, and rules about it."""
    (tocsin.folder / "rules" / "prices.yaml").write_text(PRICES, encoding="utf-8")
    path: Path = tocsin.folder / "tin.csv"
    days = [f"2026-02-{day:02}" for day in range(9, 29)]
    lines = [f"{day},{100 + number % 2},{1000 + number},metal" for number, day in enumerate(days)]
    text = "\n".join(["date,close,volume,class", *lines, "2026-03-01,,,metal", "2026-03-02,112,9000,metal"])
    path.write_text(text, encoding="utf-8")
    return path


def test_prices_run_beside_news(tocsin: Tocsin, past: str, closes: Path) -> None:
    """The live rules over both, in the order of time, with the numbers and what they join to."""
    result = tocsin("backtest", "--input", past, "--input", str(closes))
    assert result.exit_code == 0, result.stderr
    text = result.stdout
    assert text.index("gallium: ban") < text.index("tin: moves") < text.index("Ban and move")
    assert "tin 112 of 2026-03-02 23:59 UTC: change(1td) = +10.89% on 101 of 2026-02-28 23:59 UTC" in text
    assert "because  2026-03-02 23:59  tin 112" in text
    assert "6 entries and 21 quotes" in result.stderr


def test_a_record_of_a_price_names_instrument_and_number(tocsin: Tocsin, closes: Path) -> None:
    """Machines find the quote; the name before the file says whose it is."""
    out = tocsin.folder / "out.csv"
    result = tocsin("backtest", "--input", f"zinc={closes}", "--rule", "spike", "--json", "--csv", str(out))
    [alert] = _lines(result, "alert")
    assert (alert["instrument"], alert["price"], alert["opened_at"][:10]) == ("zinc", "112", "2026-03-02")
    assert _lines(result, "summary")[0]["quotes"] == 21
    [row] = csv.DictReader(out.read_text(encoding="utf-8").splitlines())
    assert (row["rule"], row["instrument"], row["price"]) == ("metals/spike", "zinc", "112")


def test_times_of_prices_are_read_as_in_a_table(tocsin: Tocsin, closes: Path) -> None:
    """The file that a source polls is the one that a backtest takes: seconds and milliseconds since 1970 too."""
    lines = ["time,price,class", "1772445600,100,metal", "1772532000000,101,metal", "2026-03-04T10:00:00Z,102,metal"]
    closes.write_text("\n".join(lines) + "\n", encoding="utf-8")
    result = tocsin("backtest", "--input", str(closes))
    assert "3 quotes from 2026-03-02 10:00 to 2026-03-04 10:00 UTC" in result.stderr
    assert "0 matches, 0 alerts, 0 messages, 0 reports folded." in result.stderr


def test_a_price_that_was_back_at_the_end_of_a_cooldown_is_dropped_with_its_reason(tocsin: Tocsin) -> None:
    """A backtest counts what would have been sent, and the next edge is told at once."""
    rule = "tocsin: 1\nrules:\n  - {id: above, price: {instruments: [tin], when: last > 30}, cooldown: 3d}\n"
    (tocsin.folder / "rules" / "prices.yaml").write_text(rule, encoding="utf-8")
    days = [f"2026-02-{day:02},{close}" for day, close in enumerate((29, 31, 29, 32, 29, 28, 33), start=1)]
    path = tocsin.folder / "tin.csv"
    path.write_text("\n".join(["date,close", *days]), encoding="utf-8")
    given = ("backtest", "--input", f"tin={path}", "--rule", "above")
    assert "dropped: no longer true: tin was 29 at 2026-02-05" in tocsin(*given).stdout
    records = tocsin(*given, "--json")
    told = [
        (alert["opened_at"][:10], len(alert["messages"]), bool(alert["dropped"])) for alert in _lines(records, "alert")
    ]
    assert told == [("2026-02-02", 1, False), ("2026-02-04", 0, True), ("2026-02-07", 1, False)]


def test_prices_of_which_nobody_knows_the_class_are_named(tocsin: Tocsin, closes: Path) -> None:
    """Nobody is told that no rule was met by prices that no rule looked at."""
    closes.write_text("date,price\n2026-03-02,1\n", encoding="utf-8")
    result = tocsin("backtest", "--input", str(closes))
    assert "warning: no rule is about the instrument tin; give it a class: metal" in result.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("date,open\n2026-03-02,1\n", "tin.csv:1: there is no column close or price or last; there are: date, open"),
        ("date,close\n2026-03-02,1\n2026-03-03,1.2.3\n", "tin.csv:3: close: '1.2.3' is not one number"),
        ("date,close\n2026-03-02,NaN\n", "tin.csv:2: close: 'NaN' is not one number"),
        ("date,close\nyesterday,1\n", "tin.csv:2: date 'yesterday' is not a time in ISO 8601"),
        ("date,close\n,1\n", "tin.csv:2: the date is missing"),
        ("", "tin.csv:1: there is no column date or time or at"),
        ('date,close\n2026-03-02,"' + "x" * 200_000, "not CSV: field larger than field limit"),
    ],
    ids=["no price", "no number", "nan", "no date", "empty date", "empty", "endless cell"],
)
def test_a_faulty_file_of_prices_is_refused_at_its_line(tocsin: Tocsin, closes: Path, text: str, words: str) -> None:
    """With the file, the line and what is wrong."""
    closes.write_text(text, encoding="utf-8")
    result = tocsin("backtest", "--input", str(closes))
    assert result.exit_code == 2
    assert words in result.stderr


def test_nothing_in_the_time_is_said(tocsin: Tocsin) -> None:
    """An empty history is no error."""
    result = tocsin("backtest", "--since", "30d")
    assert result.exit_code == 0
    assert "There are no entries and no quotes in this time." in result.stderr


def test_runs_are_the_same_whatever_the_hash_seed_and_the_zone(tocsin: Tocsin, past: str) -> None:
    """Two runs can be compared with diff, on any machine."""
    found = set()
    code = """
import sys
from tocsin.cli import app
for form in ([], ["--json"]):
    app([*sys.argv[1:], *form], standalone_mode=False)
"""
    for seed, zone in (("1", "Asia/Tokyo"), ("2", "America/New_York")):
        done = subprocess.run(
            [sys.executable, "-c", code, "backtest", "--input", past, "--rules", str(tocsin.folder / "rules")],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
            cwd=Path(tocsin.folder),
            capture_output=True,
            check=True,
        )
        found.add(done.stdout)
    assert len(found) == 1
