"""The long form: every fault, one kind after the other, and a table of counts.

    python -m chaos [--database sqlite|postgresql] [--workers N] [--minutes N] [--kills N] [--seed N] [--only KIND]
                    [--keep FOLDER]

Begins no kind of fault after so many minutes (20). Exit status 1 when an invariant does not hold.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from adapters.postgres import Server, served
from chaos import campaign, results, server_campaign
from chaos.campaign import Passed
from chaos.evidence import Evidence
from chaos.nursery import Nursery
from chaos.play import Plans, passed, play
from chaos.results import Result
from chaos.script import SCRIPT, Step
from chaos.world import LEASE, World

#: Real seconds that the script takes undisturbed on an idle machine; leases last longer on a slower one.
USUAL = 25.0
#: Real seconds of leases that no test waits for: others have to take over before.
LONG_LEASE = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of fault: where it strikes in which *script*, how long leases last, and whether feeds share public *hosts*.

    With *misdated* every second machine is an hour ahead.
    """

    plans: Plans
    script: Sequence[Step] = SCRIPT
    lease: float = LEASE
    hosts: bool = False
    misdated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where a campaign plays: in *folder*, with lives from a *nursery*, *workers* at a time, on a *server* or on files.

    Leases last *slowness* times as long as on an idle machine, so that a poll fits into them.
    """

    folder: Path
    nursery: Nursery
    server: Server | None
    workers: int
    slowness: float = 1.0

    def world(self, name: str, kind: Kind) -> World:
        """A world of its own for one kind of fault."""
        folder = self.folder / name.replace(" ", "-")
        return World(
            folder,
            self.nursery,
            server=self.server,
            workers=self.workers,
            lease=kind.lease * self.slowness,
            hosts=kind.hosts,
            misdated=kind.misdated,
        )


def main() -> int:
    """Run the long form; the exit status."""
    asked = _arguments()
    on_server = asked.database == "postgresql"
    with (
        tempfile.TemporaryDirectory(prefix="tocsin-chaos-") as temporary,
        served() if on_server else nullcontext() as server,
    ):
        if on_server and server is None:
            print("no server of PostgreSQL: install one, or name it in $TOCSIN_TEST_POSTGRES", file=sys.stderr)
            return 1
        nursery = Nursery()
        try:
            stage = Stage(folder=Path(asked.keep or temporary), nursery=nursery, server=server, workers=asked.workers)
            return _campaign(asked, stage)
        finally:
            nursery.close()


def _campaign(asked: argparse.Namespace, stage: Stage) -> int:
    end = time.monotonic() + asked.minutes * 60
    print(f"begins no kind of fault after {asked.minutes:g} minutes; seed {asked.seed}", flush=True)
    print(results.head(), flush=True)
    # One daemon that nobody disturbs: what any number of them, however disturbed, has to come to.
    began = time.monotonic()
    quiet = replace(stage, workers=1).world("reference", Kind(plans={}))
    try:
        reference = play(quiet)
        line = passed(quiet)
    finally:
        quiet.close()
    seconds = time.monotonic() - began
    found = [Result(kind="reference", seconds=seconds, lives=len(quiet.lives), run=reference, reference=reference)]
    print(results.row(found[0]), flush=True)
    stage = replace(stage, slowness=max(1.0, seconds / USUAL))
    for name, kind in _kinds(asked, stage, line).items():
        if not asked.only or name in asked.only:
            if time.monotonic() > end:
                print(f"{name}: left out, the time is over")
                continue
            undisturbed = reference
            if kind.script is not SCRIPT:
                undisturbed = (
                    _play(f"{name} undisturbed", replace(kind, plans={}), replace(stage, workers=1), reference).run
                    or reference
                )
            found.append(_play(name, kind, stage, undisturbed))
            print(results.row(found[-1]), flush=True)
    return _conclusion(found, whole=not asked.only or "each point" in asked.only)


def _kinds(asked: argparse.Namespace, stage: Stage, line: Passed) -> Mapping[str, Kind]:
    """The kinds of fault by name."""
    probes, deaths = campaign.each_point(line)
    kinds = {
        "each point": Kind(plans=deaths, script=probes),
        "every step": Kind(plans=campaign.every_step(line)),
        "anywhere": Kind(plans=campaign.anywhere(asked.seed, asked.kills)),
        "stop": Kind(plans=campaign.stops()),
        "clock": Kind(plans=campaign.jumps()),
        "hanging": Kind(plans=campaign.hanging()),
    }
    if stage.workers == 1:
        kinds["replace"] = Kind(plans=campaign.replacements())
    else:
        kinds["undisturbed"] = Kind(plans={})
        kinds["hosts"] = Kind(plans={}, lease=LONG_LEASE, hosts=True)
        kinds["machines apart"] = Kind(plans=campaign.anywhere(asked.seed + 1, asked.kills // 4), misdated=True)
        kinds["take over"] = Kind(plans=campaign.take_overs(), lease=LONG_LEASE)
        kinds["all at once"] = Kind(plans=campaign.ends_at_once(), lease=LONG_LEASE)
    if stage.server is None:
        kinds["neighbours"] = Kind(plans=campaign.neighbours())
        kinds["full disk"] = Kind(plans=campaign.full_disks())
        return kinds
    return kinds | _kinds_on_server(asked.seed, stage.workers, own=stage.server.folder is not None)


def _kinds_on_server(seed: int, workers: int, *, own: bool) -> Mapping[str, Kind]:
    """The kinds of fault that strike a server; one that is not our *own* is not ended."""
    deeds = {
        "server": server_campaign.CRASHES if own else (),
        "sessions": server_campaign.SESSIONS if own else server_campaign.SESSIONS[:-1],
        "network": server_campaign.NETWORK,
    }
    kinds = {}
    for name, some in deeds.items():
        steps, plans = server_campaign.each_deed(some)
        kinds[name] = Kind(plans=plans, script=steps)
    every = tuple(deed for some in deeds.values() for deed in some)
    steps, plans = server_campaign.lost_commits()
    kinds["lost commits"] = Kind(plans=plans, script=steps)
    kinds["struck anywhere"] = Kind(plans=server_campaign.struck_anywhere(seed, every))
    kinds["stop, no lock"] = Kind(plans=server_campaign.stops_without_lock())
    if workers > 1:
        kinds["stop inside"] = Kind(plans=server_campaign.stops_inside())
        kinds["configurations"] = Kind(plans=server_campaign.supersessions())
        kinds["programs"] = Kind(plans=server_campaign.upgrades())
    return kinds


def _play(name: str, kind: Kind, stage: Stage, reference: Evidence) -> Result:
    world, began = stage.world(name, kind), time.monotonic()
    run, failed = None, ""
    try:
        run = play(world, kind.plans, kind.script)
    except AssertionError as error:
        failed = str(error)
    except Exception:  # noqa: BLE001  # the other kinds are played all the same
        failed = traceback.format_exc()
    finally:
        world.close()
    seconds = time.monotonic() - began
    return Result(kind=name, seconds=seconds, lives=len(world.lives), run=run, reference=reference, failed=failed)


def _conclusion(found: Sequence[Result], *, whole: bool) -> int:
    """Print where lives were cut off and what held; 1 when something did not, or a point was missed in a *whole* campaign."""
    lines, unreached = results.where(found)
    print("\nkills and stops by point", *lines, sep="\n")
    for point in unreached if whole else []:
        print(f"NOT REACHED  {point}")
    lines, broken = results.verdicts(found)
    print("\ninvariants", *lines, sep="\n")
    return int(bool(broken) or (whole and bool(unreached)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="chaos", description="Put faults into the daemon, and judge what it does.")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite", help="what it works on")
    parser.add_argument("--workers", type=int, default=1, help="daemons at a time")
    parser.add_argument("--minutes", type=float, default=20, help="begin no kind of fault after so many minutes")
    parser.add_argument("--kills", type=int, default=220, help="kills at random times")
    parser.add_argument("--seed", type=int, default=1, help="of the random times")
    parser.add_argument(
        "--only", action="append", metavar="KIND", help="this kind of fault, and others that are named so"
    )
    parser.add_argument("--keep", help="an empty folder in which databases and logs stay")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
