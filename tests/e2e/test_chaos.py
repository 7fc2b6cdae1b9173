"""The daemon, cut off wherever it calls something: a spread of what `make chaos` does in full."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from chaos.campaign import a_spread, in_line
from chaos.invariants import judge
from chaos.nursery import Nursery
from chaos.play import passed, play
from chaos.points import ELSEWHERE, calls
from chaos.world import World


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    """A process that gives lives, ended with all of them."""
    nursery = Nursery()
    yield nursery
    nursery.close()


def test_whatever_is_done_to_the_daemon_nobody_misses_anything(nursery: Nursery, tmp_path: Path) -> None:
    """Kills at every call, a stop, a full disk, a wrong clock, a rival, a hanging webhook: as if nothing had happened."""
    quiet = World(tmp_path / "quiet", nursery)
    try:
        reference = play(quiet)
        points = passed(quiet)
    finally:
        quiet.close()
    assert {name: found for name, found in judge(reference).items() if found} == {}
    unseen = set(calls()) - {point.call for point in in_line(points)}
    assert unseen <= ELSEWHERE, "the script needs a step that leads there, or the name a place in ELSEWHERE"
    world = World(tmp_path / "chaos", nursery)
    try:
        run = play(world, a_spread(points))
    finally:
        world.close()
    unreached = set(calls()) - {cut.point.partition(" ")[2] for cut in run.cuts if not cut.point.startswith("not")}
    assert unreached <= ELSEWHERE
    assert {name: found for name, found in judge(run, reference).items() if found} == {}
