"""The script, played through: undisturbed, or cut off wherever somebody says."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial

from chaos.evidence import Evidence
from chaos.faults import Fault
from chaos.points import Point, Side
from chaos.script import SCRIPT, Step
from chaos.worker_invariants import ALL_ENDED
from chaos.world import World

Plans = Mapping[str, Sequence[Fault]]
#: The step of the script that is the beginning itself, when everything is new.
BEGIN = "begin"
#: After this time a message is given up.
A_DAY = timedelta(days=1)


def play(world: World, plans: Plans | None = None, script: Iterable[Step] = SCRIPT) -> Evidence:
    """Play *script*; in each step (by name) the faults of *plans* strike in turn, and then a life ends the step."""
    plans = plans or {}
    for fault in plans.get(BEGIN, ()):
        fault.strike(world, partial(baseline, world))
    world.staff()
    # Who begins while another one makes the tables is refused, and begins again.
    world.until(lambda: world.tend() and baseline(world), "a baseline of every source")
    for step in script:
        faults = plans.get(step.name, ())
        # A poll that began before the news of another day would come too late for its messages.
        begins = bool(faults) or step.later >= A_DAY
        if begins:
            world.dismiss("between two steps")
        mark(world, step.name)
        world.act(step)
        for fault in faults:
            fault.strike(world, world.settled)
        if begins:
            world.staff()
        world.until(world.settled, f"the step {step.name!r}")
    return conclude(world)


def conclude(world: World) -> Evidence:
    """End well, start again with nothing new in the world, end again; and all that is known then.

    Of several daemons all are killed first, and one more has to settle what they left.
    """
    if world.workers > 1:
        world.dismiss(ALL_ENDED)
        world.crew = [world.start()]
        world.until(lambda: baseline(world), "one more, which settles everything")
    _end_well(world)
    before = len(world.ledger.accepted)
    mark(world, "again")
    lives = world.staff()
    asked = len(world.ledger.polls)
    world.until(
        lambda: len(world.ledger.polls) > asked + 12 and all(map(world.is_up, lives)), "two more polls of every source"
    )
    _end_well(world)
    return world.evidence(late=len(world.ledger.accepted) - before)


def _end_well(world: World) -> None:
    lives = world.crew
    world.until(lambda: all(map(world.is_up, lives)), "lives to end well")
    for life in lives:
        status = world.end(life, signal.SIGTERM)
        assert status == 0, f"SIGTERM ended with {status}"
    world.crew = []


def baseline(world: World) -> bool:
    """Whether every source was polled with success."""
    asked = {poll.source for poll in world.ledger.polls if poll.status == 304}
    return asked >= {*world.web.feeds, "prices"} and world.settled()


def mark(world: World, step: str) -> None:
    """Say in the trace which step the points that follow belong to."""
    with world.trace.open("a", encoding="utf-8") as trace:
        trace.write(f"= {step}\n")


def passed(world: World) -> dict[str, list[Point]]:
    """The points that were passed, by step and in order; those of the first beginning under `BEGIN`."""
    found: dict[str, list[Point]] = {BEGIN: []}
    step = BEGIN
    for line in world.trace.read_text(encoding="utf-8").splitlines():
        side, _, call = line.partition(" ")
        if side == "=":
            step = call
            found.setdefault(step, [])
        else:
            found[step].append(Point(call=call, side=Side(side)))
    return found
