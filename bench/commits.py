"""What a commit costs on SQLite, of this program and of an older one of the same repository, in one run on one machine.

    python bench/commits.py COMMIT [--runs 10] [--decisions 150]

The older program is taken from git, into a folder that is gone at the end. Both commit the same polls with one new entry,
`quiet` ones that meet no rule and `decided` ones that meet one, in turns: each run is a process of its own with a
database of its own. Shown are milliseconds of processor time and of real time a commit, at the median of the runs. It
ends with 1 if a commit of this program costs more than a tenth more processor time than one of the older.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
#: The share by which a commit may have become dearer.
MOST = 1.10

#: Runs in the folder `bench` of either program, whose `backlog.py` makes the polls.
CHILD = """
import json, sys, tempfile, time
from dataclasses import replace
from datetime import timedelta
from backlog import START, commit, judged
from tocsin.store import Store

decided, count = sys.argv[1] == "decided", int(sys.argv[2])
with tempfile.TemporaryDirectory() as folder:
    store = Store.open(f"sqlite:///{folder}/t.db")
    store.sync_sources([("wire", "https://wire.example/", "feed")], START)
    commit(store, [], START)
    for number in range(count + 10):
        if number == 10:  # the first ones read what later ones remember
            cpu, wall = time.process_time(), time.perf_counter()
        now = START + timedelta(seconds=number + 1)
        found = judged(number, now, f"key{number}")
        commit(store, [found if decided else replace(found, matches=())], now)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    store.close()
print(json.dumps([cpu / count * 1000, wall / count * 1000]))
"""


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """A folder with the program at *commit*."""
    git = ["git", "-C", str(ROOT), "worktree"]
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "older"
        subprocess.run([*git, "add", "--quiet", "--detach", str(tree), commit], check=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def measure(tree: Path, kind: str, count: int) -> tuple[float, float]:
    """Milliseconds of processor time and of real time a commit of the program in *tree*."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tree / "daemon"), str(tree / "bench")])}
    command = [sys.executable, "-c", CHILD, kind, str(count)]
    done = subprocess.run(command, env=env, cwd=tree, stdout=subprocess.PIPE, text=True, check=True)
    cpu, wall = json.loads(done.stdout)
    return cpu, wall


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commit", help="the older program, such as HEAD~20")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--decisions", type=int, default=150, help="commits of each run")
    given = parser.parse_args()
    found = defaultdict[tuple[str, str], list[tuple[float, float]]](list)
    with checked_out(given.commit) as older:
        trees = {"older": older, "now": ROOT}
        for number in range(given.runs):
            for kind in ("quiet", "decided"):
                # Each is first as often as second: a machine that grows busy slows both.
                for name in sorted(trees, reverse=bool(number % 2)):
                    found[kind, name].append(measure(trees[name], kind, given.decisions))
    worst = 0.0
    print(f"{given.runs} runs of {given.decisions} commits, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"{'':<8} {'':<6} {'CPU ms':>8} {'ms':>8}")
    for kind in ("quiet", "decided"):
        middle = {name: [median(column) for column in zip(*found[kind, name], strict=True)] for name in trees}
        for name, (cpu, wall) in middle.items():
            print(f"{kind:<8} {name:<6} {cpu:>8.2f} {wall:>8.2f}")
        ratios = [new / old for new, old in zip(middle["now"], middle["older"], strict=True)]
        print(f"{kind:<8} {'ratio':<6} {ratios[0]:>8.2f} {ratios[1]:>8.2f}")
        worst = max(worst, ratios[0])
    return int(worst > MOST)


if __name__ == "__main__":
    sys.exit(main())
