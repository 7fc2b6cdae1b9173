"""What price rules find on a folder of daily closes: shocks found and alerts a series-year.

usage: python bench/prices.py FOLDER [--when CONDITION] [--curve]

FOLDER holds `NAME.csv` with `date,close[,volume]`, and `shocks_documented.csv` and `shocks_objective.csv` with
`series,date`. A shock is found by an alert of the same or the next session. Every close is quoted twice, as two polls
would see it, so that a bad print can be told from a shock.
"""

from __future__ import annotations

import argparse
import csv
import math
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path

from tocsin.config.packs import parse_pack
from tocsin.market import series as market
from tocsin.market.hygiene import Finding
from tocsin.prices import Instrument, Quote
from tocsin.rules.compile import compile_packs
from tocsin.rules.edge import PriceRule
from tocsin.rules.observation import observe

DEFAULT = "abs(z(1td)) >= 4 and abs(change(1td)) >= 3%"
RULE = """\
tocsin: 1
pack: {{id: bench}}
rules:
  - id: spike
    price:
      instruments: {{class: any}}
      when: {when}
      clear: {clear}
"""
Closes = list[tuple[date, Decimal]]
Days = list[date]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--when", default=DEFAULT)
    arguments.add_argument("--clear", default="abs(z(1td)) < 2")
    arguments.add_argument("--curve", action="store_true", help="the whole curve over thresholds, ours and a 60-day z")
    given = arguments.parse_args()
    data = {path.stem: closes(path) for path in sorted(given.folder.glob("*.csv")) if "shocks" not in path.stem}
    documented, objective = (shocks(given.folder / f"shocks_{kind}.csv") for kind in ("documented", "objective"))
    print(f"{len(data)} series, {sum(map(years, data.values())):.0f} series-years")
    print(
        "what                                      documented   objective   alerts a series-year: median, mean, worst"
    )

    def show(name: str, found: dict[str, Days]) -> None:
        rates = [len(found[key]) / years(data[key]) for key in data]
        marks = [recall(found, data, wanted) for wanted in (documented, objective)]
        spread = f"{statistics.median(rates):.2f}  {statistics.mean(rates):.2f}  {max(rates):.2f}"
        print(f"{name:<40}  {marks[0]:>10}  {marks[1]:>10}   {spread}")

    began, spent, counts, found = time.perf_counter(), 0, Counter[str](), {}
    for name, rows in data.items():
        found[name] = ours(rule(given.when, given.clear), name, rows, counts)
        spent += len(rows) * 2
    took = (time.perf_counter() - began) / spent
    show("default" if given.when == DEFAULT else given.when, found)
    show("|return| >= 10 %", {name: fixed(rows, 0.10) for name, rows in data.items()})
    show("60-day z >= 4", {name: rolling(rows, 4.0) for name, rows in data.items()})
    print(
        f"{took * 1e6:.1f} µs a quote, hygiene included; alerts on frozen days: {frozen(found, data)}; {dict(counts)}"
    )
    if given.curve:
        for tenth in range(30, 75, 5):
            limit = tenth / 10
            compiled = rule(f"abs(z(1td)) >= {limit}", given.clear)
            show(f"z >= {limit}", {name: ours(compiled, name, rows, Counter()) for name, rows in data.items()})
            show(f"60-day z >= {limit}", {name: rolling(rows, limit) for name, rows in data.items()})


def closes(path: Path) -> Closes:
    with path.open(encoding="utf-8") as file:
        return [(date.fromisoformat(row["date"]), Decimal(row["close"])) for row in csv.DictReader(file) if number(row)]


def number(row: dict[str, str]) -> bool:
    try:
        return Decimal(row["close"]).is_finite()
    except InvalidOperation:
        return False


def shocks(path: Path) -> list[tuple[str, date]]:
    with path.open(encoding="utf-8") as file:
        return [(row["series"], date.fromisoformat(row["date"])) for row in csv.DictReader(file)]


def years(rows: Closes) -> float:
    return max((rows[-1][0] - rows[0][0]).days / 365.25, 0.1)


def rule(when: str, clear: str) -> PriceRule:
    spec, problems = parse_pack([("bench.yaml", RULE.format(when=when, clear=clear))])
    assert spec, problems
    rules, faults = compile_packs([spec])
    assert not faults, "\n".join(map(str, faults))
    return rules.prices["bench/spike"]


def kind(name: str) -> str:
    """The class that an operator would give it."""
    return {"lme": "metal", "cn": "metal", "komis": "metal", "eq": "smallcap", "eqv": "smallcap"}.get(
        name.split("_", maxsplit=1)[0], "equity"
    )


def ours(compiled: PriceRule, name: str, rows: Closes, counts: Counter[str]) -> Days:
    series = market.begin(Instrument(id=name, kind=kind(name)))
    compiled = PriceRule(**{f: getattr(compiled, f) for f in compiled.__slots__} | {"kind": series.instrument.kind})
    states: dict = {}
    found = []
    for quote in quotes(name, rows):
        seen = observe([compiled], series, states, [quote], quote.at)
        series = seen.series
        states |= seen.states
        counts.update(refused.finding.value for refused in seen.refused if refused.finding is not Finding.DUPLICATE)
        found += [match.event_time.date() for match in seen.matches]
    return found


def quotes(name: str, rows: Closes) -> Iterator[Quote]:
    for day, close in rows:
        at = datetime(day.year, day.month, day.day, 20, tzinfo=UTC)
        for moment in (at, at + timedelta(minutes=5)):
            yield Quote(instrument=name, price=close, at=moment, first_seen=moment)


def fixed(rows: Closes, limit: float) -> Days:
    pairs = pairwise(rows)
    return [day for (_, a), (day, b) in pairs if a > 0 and abs(float(b / a) - 1) >= limit]


def rolling(rows: Closes, limit: float, window: int = 60) -> Days:
    moves: list[float] = []
    found = []
    for (_, a), (day, b) in pairwise(rows):
        if a <= 0 or b <= 0:
            continue
        move = math.log(b / a)
        past = moves[-window:]
        if (
            len(past) == window
            and (spread := statistics.pstdev(past))
            and abs(move - statistics.mean(past)) >= limit * spread
        ):
            found.append(day)
        moves.append(move)
    return found


def recall(found: dict[str, Days], data: dict[str, Closes], wanted: list[tuple[str, date]]) -> str:
    hits = total = 0
    for name, day in wanted:
        if name not in data:
            continue
        total += 1
        ahead = [at for at, _ in data[name] if at >= day][:2]
        hits += any(at in ahead for at in found[name])
    return f"{hits} of {total}"


def frozen(found: dict[str, Days], data: dict[str, Closes]) -> int:
    """Alerts on a day whose close is that of the day before."""
    total = 0
    for name, rows in data.items():
        still = {day for (_, a), (day, b) in pairwise(rows) if a == b}
        total += sum(day in still for day in found[name])
    return total


if __name__ == "__main__":
    main()
