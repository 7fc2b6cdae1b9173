"""The long form: every fault, one kind after the other, and a table of counts.

    python -m chaos [--minutes N] [--deaths N] [--seed N] [--only KIND] [--keep FOLDER]

Begins no kind of fault after so many minutes (20). Exit status 1 when an invariant does not hold.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos import campaign
from chaos.evidence import Evidence
from chaos.invariants import CHECKS, COMPARISONS, judge
from chaos.nursery import Nursery
from chaos.play import Plans, passed, play
from chaos.points import ELSEWHERE, points
from chaos.script import SCRIPT, Step
from chaos.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One kind of fault: what came of it, or why it *failed*, after so many *seconds* and *lives*.

    *reference* is the same script undisturbed.
    """

    kind: str
    seconds: float
    lives: int
    run: Evidence | None
    reference: Evidence
    failed: str = ""


def main() -> int:
    """Run the long form; the exit status."""
    asked = _arguments()
    with tempfile.TemporaryDirectory(prefix="tocsin-chaos-") as temporary:
        folder = Path(asked.keep or temporary)
        nursery = Nursery()
        try:
            return _campaign(asked, folder, nursery)
        finally:
            nursery.close()


def _campaign(asked: argparse.Namespace, folder: Path, nursery: Nursery) -> int:
    end = time.monotonic() + asked.minutes * 60
    print(f"begins no kind of fault after {asked.minutes:g} minutes; seed {asked.seed}", flush=True)
    quiet = World(folder / "reference", nursery)
    try:
        reference = play(quiet)
        line = passed(quiet)
    finally:
        quiet.close()
    probes, deaths = campaign.each_point(line)
    kinds: dict[str, tuple[Plans, Sequence[Step]]] = {
        "each point": (deaths, probes),
        "every step": (campaign.every_step(line), SCRIPT),
        "anywhere": (campaign.anywhere(asked.seed, asked.deaths), SCRIPT),
        "stop": (campaign.stops(), SCRIPT),
        "replace": (campaign.replacements(), SCRIPT),
        "full disk": (campaign.full_disks(), SCRIPT),
        "clock": (campaign.jumps(), SCRIPT),
        "neighbours": (campaign.neighbours(), SCRIPT),
    }
    results = [Result(kind="reference", seconds=0, lives=len(quiet.lives), run=reference, reference=reference)]
    _print_row(results[0])
    for kind, (plans, script) in kinds.items():
        if asked.only in (None, kind):
            if time.monotonic() > end:
                print(f"{kind}: left out, the time is over")
                continue
            undisturbed = reference
            if script is not SCRIPT:
                undisturbed = _play(f"{kind} undisturbed", {}, script, folder, nursery, reference).run or reference
            results.append(_play(kind, plans, script, folder, nursery, undisturbed))
            _print_row(results[-1])
    unreached = _print_points(results) if asked.only in (None, "each point") else []
    return max(_print_invariants(results), int(bool(unreached)))


def _play(
    kind: str, plans: Plans, script: Sequence[Step], folder: Path, nursery: Nursery, reference: Evidence
) -> Result:
    world, began = World(folder / kind.replace(" ", "-"), nursery), time.monotonic()
    run, failed = None, ""
    try:
        run = play(world, plans, script)
    except AssertionError as error:
        failed = str(error)
    finally:
        world.close()
    seconds = time.monotonic() - began
    return Result(kind=kind, seconds=seconds, lives=len(world.lives), run=run, reference=reference, failed=failed)


def _print_row(result: Result) -> None:
    if result.run is None:
        print(f"{result.kind:12} FAILED after {result.seconds:.0f} s: {_ends(result.failed)}", flush=True)
        return
    run = result.run
    kills = sum(not cut.point.startswith(("stop", "replace")) for cut in run.cuts)
    keys = Counter(message.key for message in run.accepted)
    doubtful = sum(row["outcome"] == "ambiguous" for row in run.tables["attempt"])
    found = judge(run, result.reference)
    held = sum(not violations for violations in found.values())
    print(
        f"{result.kind:12} {result.seconds:4.0f} s  lives {result.lives:4}  kills {kills:4}  stops {run.zombies:3}  "
        f"accepted {len(run.accepted):4}  duplicates {len(run.accepted) - len(keys):3}  ambiguous {doubtful:3}  "
        f"invariants {held}/{len(found)}",
        flush=True,
    )


def _ends(words: str) -> str:
    return words if len(words) < 4000 else f"{words[:300]}\n...\n{words[-3500:]}"


def _print_points(results: list[Result]) -> list[str]:
    """Where lives were cut off, and how often; the points at which none was although the script leads there."""
    where = Counter(cut.point for result in results if result.run for cut in result.run.cuts)
    print("\nkills and stops by point")
    known = [str(point) for point in points()]
    for point in [*known, *sorted(set(where) - set(known))]:
        if not point.startswith("not reached"):
            print(f"  {where[point]:4}  {point}")
    unreached = [str(point) for point in points() if point.call not in ELSEWHERE and not where[str(point)]]
    for point in unreached:
        print(f"NOT REACHED  {point}")
    return unreached


def _print_invariants(results: list[Result]) -> int:
    """Whether each invariant held everywhere, with the first violations; 1 when one did not."""
    print("\ninvariants")
    broken = [result.kind for result in results if result.run is None]
    for name in (*CHECKS, *COMPARISONS):
        found = [
            f"{result.kind}: {violation}"
            for result in results
            if result.run
            for violation in judge(result.run, result.reference)[name]
        ]
        broken += found
        print(f"  {'BROKEN' if found else 'held  '}  {name}")
        for violation in found[:5]:
            print(f"            {violation[:300]}")
    return 1 if broken else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="chaos", description="Put faults into the daemon, and judge what it does.")
    parser.add_argument("--minutes", type=float, default=20, help="begin no kind of fault after so many minutes")
    parser.add_argument("--deaths", type=int, default=220, help="kills at random times")
    parser.add_argument("--seed", type=int, default=1, help="of the random times")
    parser.add_argument("--only", help="one kind of fault")
    parser.add_argument("--keep", help="an empty folder in which databases and logs stay")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
