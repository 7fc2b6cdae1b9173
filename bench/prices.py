"""Shocks that price rules find on a folder of daily closes, and their alerts a series-year.

usage: python bench/prices.py FOLDER [--curve] [--half a|b]

FOLDER holds `NAME.csv` with `date,close[,volume]`, and `shocks_documented.csv` and `shocks_objective.csv` with
`series,date`. A shock is found by an alert of the same or the next session. Every close is quoted twice, as two polls
would see it, so that a bad print can be told from a shock. Judged are the spike rules that are shipped, each on the
series of its class; --half takes every other series, to tune on one half and look at the other.
"""

from __future__ import annotations

import argparse
import csv
import math
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path

from tocsin.config.loading import load_rules
from tocsin.config.packs import parse_pack
from tocsin.market import series as market
from tocsin.market.hygiene import Finding
from tocsin.model.prices import Instrument, Quote
from tocsin.rules.compile import compile_packs
from tocsin.rules.prices.edge import PriceRule
from tocsin.rules.prices.observation import observe

RULES = Path(__file__).resolve().parents[1] / "rules"
LIMITS = [tenth / 10 for tenth in range(30, 75, 5)]
HEAD = "tocsin: 1\npack: {id: bench}\nrules:\n"
RULE = """\
  - id: z{tenths}
    price:
      instruments: {{class: any}}
      when: abs(z(1td)) >= {limit}
      clear: abs(z(1td)) < 2
"""
CLASSES = dict.fromkeys(("AA", "ALB", "CCJ", "SCCO", "VALE"), "equity") | dict.fromkeys(("LIT", "SLV", "URA"), "etf")
Closes = list[tuple[date, Decimal]]
Days = list[date]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--curve", action="store_true", help="the whole curve over thresholds, ours and a 60-day z")
    arguments.add_argument("--half", choices=("a", "b"), help="every other series")
    given = arguments.parse_args()
    paths = [path for path in sorted(given.folder.glob("*.csv")) if "shocks" not in path.stem]
    if given.half:
        paths = paths["ab".index(given.half) :: 2]
    data = {path.stem: closes(path) for path in paths}
    documented, objective = (shocks(given.folder / f"shocks_{kind}.csv") for kind in ("documented", "objective"))
    print(f"{len(data)} series, {sum(map(years, data.values())):.0f} series-years")
    print("what                documented   objective   alerts a series-year: median, mean, worst")

    def show(name: str, found: dict[str, Days]) -> None:
        rates = [len(found[key]) / years(data[key]) for key in data]
        marks = [recall(found, data, wanted) for wanted in (documented, objective)]
        spread = f"{statistics.median(rates):.2f}  {statistics.mean(rates):.2f}  {max(rates):.2f}"
        print(f"{name:<18}  {marks[0]:>10}  {marks[1]:>10}   {spread}")

    rules, counts, began = shipped(), Counter[str](), time.perf_counter()
    found = {
        name: ours([rules[kind(name)]], name, rows, counts)[rules[kind(name)].info.id] for name, rows in data.items()
    }
    took = (time.perf_counter() - began) / sum(len(rows) * 2 for rows in data.values())
    show("as shipped", found)
    show("|return| >= 10 %", {name: fixed(rows, 0.10) for name, rows in data.items()})
    show("60-day z >= 4", {name: rolling(rows, 4.0) for name, rows in data.items()})
    still = frozen(found, data)
    print(f"{took * 1e6:.1f} µs a quote, hygiene included; alerts on frozen days: {still}; {dict(counts)}")
    if given.curve:
        several = compiled(HEAD + "".join(map(thresholds, LIMITS)))
        each = {name: ours(several, name, rows, Counter()) for name, rows in data.items()}
        for limit in LIMITS:
            show(f"z >= {limit}", {name: days[f"bench/z{limit * 10:.0f}"] for name, days in each.items()})
            show(f"60-day z >= {limit}", {name: rolling(rows, limit) for name, rows in data.items()})


def thresholds(limit: float) -> str:
    return RULE.format(tenths=f"{limit * 10:.0f}", limit=limit)


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


def shipped() -> dict[str, PriceRule]:
    """The spike rules of the shipped packs, by class."""
    rules = load_rules([RULES / name for name in ("critical-minerals", "energy")]).rules
    return {rule.kind: rule for rule in rules.prices.values() if rule.info.event == "price.spike"}


def compiled(text: str) -> list[PriceRule]:
    spec, problems = parse_pack([("bench.yaml", text)])
    assert spec, problems
    rules, faults = compile_packs([spec])
    assert not any(not fault.warning for fault in faults), "\n".join(map(str, faults))
    return list(rules.prices.values())


def kind(name: str) -> str:
    """The class that an operator would give it."""
    first, _, symbol = name.partition("_")
    if first in ("eq", "eqv"):
        return CLASSES.get(symbol, "smallcap")
    return "energy" if first == "eia" else "metal"


def ours(rules: Sequence[PriceRule], name: str, rows: Closes, counts: Counter[str]) -> dict[str, Days]:
    """The days on which each of *rules* fires, by its id."""
    series = market.begin(Instrument(id=name, kind=kind(name)))
    rules = [replace(rule, kind=series.instrument.kind) for rule in rules]
    states: dict = {}
    found: dict[str, Days] = {rule.info.id: [] for rule in rules}
    for quote in quotes(name, rows):
        seen = observe(rules, {name: [quote]}, {name: series}, states, quote.at)[name]
        series = seen.series
        states |= seen.states
        counts.update(refused.finding.value for refused in seen.refused if refused.finding is not Finding.DUPLICATE)
        for match in seen.matches:
            found[match.rule.id].append(match.event_time.date())
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
