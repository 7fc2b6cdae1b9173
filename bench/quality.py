"""How right the shipped packs are on labelled news: a table a set, and a failure below the floors of bench/floors.toml.

    python bench/quality.py FOLDER [--keep FOLDER] [--no-floors] [--fold I/K]

FOLDER is of this shape; every file may be missing, and what is missing is left out:

    score.py                  called as `score.py SET FOUND --json [--domain NAME]`; a list of {"label", "p", "r", "f1", "n"}
    score_stories.py          called as `score_stories.py SET FOUND`
    text/NAME.jsonl           {"id", "title", "text", "labels", "group"} a line; NAMEs are those of SETS below
    stories/headlines.jsonl   {"id", "title", "first_seen_ms"} a line

Each set is judged by `tocsin match` with the packs named beside it. Floors are F1; `p:` before a label is precision, and
of FLIPS (the opposite was told) the number is the most that is allowed.

`--fold 1/4` scores the second quarter of every set alone, without floors: a group (the headlines of one day, the sentences
of one document) lies wholly in one fold, by a hash of its name. Rules are written with some folds in view and judged by
the others: what they reach on headlines that nobody looked at is what they will reach on tomorrow's.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
FLOORS = ROOT / "bench" / "floors.toml"


class Set(NamedTuple):
    """A table: the file below text/, the packs that judge it, and what the scorer is told."""

    name: str
    file: str
    packs: tuple[str, ...]
    options: tuple[str, ...] = ()


MINERALS = ("critical-minerals",)
ALL = ("critical-minerals", "energy", "trade")
SETS = (
    Set("minerals", "headlines_annotated", MINERALS, ("--domain", "minerals")),
    Set("headlines", "headlines_annotated", ALL),
    Set("policy", "policy_gta_iea", ALL),
    Set("disruption", "gdelt_disruption", ALL),
    Set("crude", "crudeoilnews", ("energy",)),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=Path, help="keep what was found there, one file a set")
    parser.add_argument("--no-floors", action="store_true", help="print only: FOLDER is a part of a set")
    parser.add_argument("--fold", type=fold, metavar="I/K", help="this part of every set alone, without floors")
    given = parser.parse_args()
    scorer = given.folder / "score.py"
    if not scorer.is_file():
        print(f"{scorer}: there is no scorer; its shape is in the head of {__file__}", file=sys.stderr)
        return 2
    floors = {} if given.no_floors or given.fold else tomllib.loads(FLOORS.read_text(encoding="utf-8"))
    below = []
    with tempfile.TemporaryDirectory() as room:
        place = given.keep or Path(room)
        place.mkdir(parents=True, exist_ok=True)
        for each in SETS:
            gold = given.folder / "text" / f"{each.file}.jsonl"
            if gold.is_file():
                gold = part(gold, given.fold, place) if given.fold else gold
                found = judge(gold, each, place)
                rows = json.loads(called(scorer, gold, found, "--json", *each.options))
                show(each, rows)
                below += [f"{each.name}: {words}" for words in missed(rows, floors.get(each.name, {}))]
        below += [] if given.fold else stories(given.folder, place)
    for words in below:
        print(words, file=sys.stderr)
    return 1 if below else 0


def fold(text: str) -> tuple[int, int]:
    """`1/4` as (1, 4): the second of four folds."""
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal() and int(number) < int(count)):
        raise argparse.ArgumentTypeError(f"{text}: write I/K with I from 0 to K - 1")
    return int(number), int(count)


def part(gold: Path, fold: tuple[int, int], place: Path) -> Path:
    """The lines of *gold* whose group lies in the fold."""
    number, count = fold
    kept = place / f"gold-{number}-{count}-{gold.name}"
    with gold.open(encoding="utf-8") as lines, kept.open("w", encoding="utf-8") as out:
        for line in lines:
            group = json.loads(line)["group"]
            if int.from_bytes(hashlib.sha256(group.encode()).digest(), "big") % count == number:
                out.write(line)
    return kept


def judge(gold: Path, each: Set, place: Path) -> Path:
    """What `tocsin match` finds in *gold*."""
    found = place / f"{each.name}.jsonl"
    rules = [word for pack in each.packs for word in ("--rules", str(ROOT / "rules" / pack))]
    program = [sys.executable, "-c", "from tocsin.cli import app; app()"]
    with found.open("w", encoding="utf-8") as out:
        subprocess.run([*program, "match", str(gold), *rules, "--json"], stdout=out, check=True)
    return found


def called(script: Path, *arguments: object) -> str:
    return subprocess.run(
        [sys.executable, str(script), *map(str, arguments)], capture_output=True, text=True, check=True
    ).stdout


def show(each: Set, rows: list[dict[str, Any]]) -> None:
    print(f"\n{each.name}: text/{each.file}.jsonl by {', '.join(each.packs)}")
    for row in rows:
        if "f1" in row:
            print(f"  {row['label']:20s} {row['n']:5d}  P {row['p']:.3f}  R {row['r']:.3f}  F1 {row['f1']:.3f}")
        else:
            print(f"  {row['label']:20s} {row['n']:5d}")


def missed(rows: list[dict[str, Any]], floors: dict[str, float]) -> Iterator[str]:
    """What stands on the wrong side of its floor, in words."""
    by_label = {row["label"]: row for row in rows}
    for name, floor in floors.items():
        measure, _, label = name.rpartition(":")
        row = by_label.get(label)
        if row is None:
            yield f"{label} is not in the table, but has a floor"
        elif label == "FLIPS":
            if row["n"] > floor:
                yield f"{row['n']} FLIPS, at most {floor:g} allowed"
        elif (value := row[measure or "f1"]) < floor:
            yield f"{label} {measure or 'f1'} {value:.3f} is below {floor:.3f}"


def stories(folder: Path, place: Path) -> list[str]:
    """Fold the headlines, print the scorer's line; nothing is wrong with folders that have none."""
    gold, scorer = folder / "stories" / "headlines.jsonl", folder / "score_stories.py"
    if not gold.is_file() or not scorer.is_file():
        return []
    folded = place / "stories.jsonl"
    with folded.open("w", encoding="utf-8") as out:
        subprocess.run([sys.executable, str(ROOT / "bench" / "fold.py"), str(gold)], stdout=out, check=True)
    print(f"\nstories: {called(scorer, gold, folded).strip()}")
    return []


if __name__ == "__main__":
    sys.exit(main())
