"""How many alerts a pack raises on a year's headlines of one outlet, and how many of the events that people marked it tells.

    python bench/volume.py STREAM LABELLED [--pack NAME] [--domain NAME] [--doubtful] [--days 10] [--no-floors]

STREAM has {"id", "title", "first_seen"} a line. LABELLED has {"labels", "doubtful", "domain", "domain_doubtful",
"stream_ids"} a line: what people saw in a headline, and under which ids it stands in the stream. The stream is played by
`tocsin backtest` with one receiver and every default. An event counts as told when an alert shows one of its headlines:
at once, as more coverage of an alert, or when its cooldown ends. Labels that only one of two annotators gave count only
with --doubtful. Exits 1 below the floors of bench/floors.toml.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
FLOORS = ROOT / "bench" / "floors.toml"
CONFIG = """
database: sqlite:///{room}/volume.db
rules: [{rules}]
receivers: {{here: {{console: true}}}}
routes: [{{to: [here]}}]
"""

Row = dict[str, str]


class Told(NamedTuple):
    """Events marked by people, those of them that were told, and the alerts that told them, each event's own."""

    events: int
    told: int
    alerts: int

    @property
    def share(self) -> float:
        return self.told / self.events if self.events else 0.0

    @property
    def each(self) -> float:
        return self.alerts / self.told if self.told else 0.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stream", type=Path)
    parser.add_argument("labelled", type=Path)
    parser.add_argument("--pack", default="critical-minerals")
    parser.add_argument("--domain", default="minerals")
    parser.add_argument("--doubtful", action="store_true", help="count what only one annotator gave, too")
    parser.add_argument("--days", type=int, default=10, help="how many of the busiest days to show")
    parser.add_argument("--no-floors", action="store_true")
    given = parser.parse_args()
    rows = play(given.stream, given.pack)
    headlines, days = extent(given.stream)
    show_volume(rows, headlines, days)
    show_days(rows, given.days)
    told = count(rows, marked(given.labelled, given.domain, doubtful=given.doubtful))
    print(f"\nmarked events {told.events}, told {told.told} ({told.share:.1%}), alerts each {told.each:.2f}")
    below = [] if given.no_floors else list(missed(told))
    for words in below:
        print(words, file=sys.stderr)
    return 1 if below else 0


def play(stream: Path, pack: str) -> list[Row]:
    """Every match of the stream and what became of it, a row each."""
    with tempfile.TemporaryDirectory() as room:
        config, table = Path(room) / "config.yaml", Path(room) / "matches.csv"
        config.write_text(CONFIG.format(room=room, rules=json.dumps(str(ROOT / "rules" / pack))), encoding="utf-8")
        program = [sys.executable, "-c", "from tocsin.cli import app; app()", "backtest", "--config", str(config)]
        subprocess.run([*program, "--input", str(stream), "--csv", str(table)], stdout=subprocess.DEVNULL, check=True)
        with table.open(encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))


def extent(stream: Path) -> tuple[int, int]:
    """How many headlines the stream has, and on how many days it has any."""
    seen = [entry["first_seen"][:10] for entry in entries(stream)]
    return len(seen), len(set(seen))


def marked(labelled: Path, domain: str, *, doubtful: bool) -> list[list[str]]:
    """The ids in the stream of every headline in which people saw an event of the domain."""
    found = []
    for entry in entries(labelled):
        labels = {*entry["labels"], *(entry["doubtful"] if doubtful else ())} - {"none"}
        if entry["domain"] == domain and labels and entry["stream_ids"] and (doubtful or not entry["domain_doubtful"]):
            found.append(entry["stream_ids"])
    return found


def entries(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def count(rows: list[Row], events: list[list[str]]) -> Told:
    alerts = defaultdict(set)
    for row in rows:
        alerts[row["entry"]].add(row["alert"])
    told = [found for ids in events if (found := set[str]().union(*(alerts.get(each, set()) for each in ids)))]
    return Told(len(events), len(told), sum(map(len, told)))


def show_volume(rows: list[Row], headlines: int, days: int) -> None:
    fates = Counter(row["fate"] for row in rows)
    alerts = {row["alert"] for row in rows}
    loud = Counter(row["at"][:10] for row in rows)
    print(f"{headlines} headlines in {days} days; matches on {len(loud)} days")
    for name, number in (("matches", len(rows)), ("after folding", len(alerts)), ("at once", fates["alerted"])):
        print(f"  {name:15s} {number:6d}  {number / days:6.2f} a day")


def show_days(rows: list[Row], most: int) -> None:
    by_day = defaultdict(list)
    for row in rows:
        by_day[row["at"][:10]].append(row)
    print("\n  day         matches  alerts  rules")
    for day, its in sorted(by_day.items(), key=lambda pair: (-len(pair[1]), pair[0]))[:most]:
        rules = Counter(row["rule"].partition("/")[2] for row in its)
        words = ", ".join(f"{rule} {number}" for rule, number in rules.most_common())
        print(f"  {day}  {len(its):7d}  {len({row['alert'] for row in its}):6d}  {words}")


def missed(told: Told) -> Iterator[str]:
    floors = tomllib.loads(FLOORS.read_text(encoding="utf-8"))["volume"]
    if told.share < floors["told"]:
        yield f"told {told.share:.3f} is below {floors['told']:.3f}"
    if told.each > floors["alerts each"]:
        yield f"alerts each {told.each:.3f}, at most {floors['alerts each']:.2f} allowed"


if __name__ == "__main__":
    sys.exit(main())
