"""The daemon, cut off wherever it calls something: a spread of what `make chaos` does in full."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from chaos.campaign import Passed, a_spread, in_line
from chaos.evidence import Evidence
from chaos.invariants import judge
from chaos.nursery import Nursery
from chaos.play import Plans, passed, play
from chaos.points import ELSEWHERE, calls
from chaos.server_campaign import a_spread_on_server, a_spread_over_workers
from chaos.world import World

from adapters.postgres import Server, served

on_server = pytest.mark.skipif(
    os.environ.get("TOCSIN_TEST_DATABASE") != "postgresql", reason="make test-postgres does it"
)


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    """A process that gives lives, ended with all of them."""
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of our own, which may be killed."""
    with served() as one:
        if one is None or one.folder is None:
            pytest.skip("no server of PostgreSQL that may be killed")
        yield one


@pytest.fixture(scope="module")
def undisturbed(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> tuple[Evidence, Passed]:
    """The script undisturbed, on a file: what came of it, and the points that were passed."""
    world = World(tmp_path_factory.mktemp("quiet"), nursery)
    try:
        return play(world), passed(world)
    finally:
        world.close()


def test_whatever_is_done_to_the_daemon_nobody_misses_anything(
    nursery: Nursery, undisturbed: tuple[Evidence, Passed], tmp_path: Path
) -> None:
    """Kills at every call, a stop, a full disk, a wrong clock, a rival, a hanging webhook: as if nothing had happened."""
    reference, points = undisturbed
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


def test_whatever_is_done_to_two_workers_nobody_misses_anything(
    nursery: Nursery, server: Server, undisturbed: tuple[Evidence, Passed], tmp_path: Path
) -> None:
    """Kills of one and of both, a server that crashes, other files, a newer program: as if one had worked undisturbed."""
    _struck(World(tmp_path / "chaos", nursery, server=server, workers=2), a_spread_over_workers(), undisturbed[0])


@on_server
def test_whatever_is_done_to_its_server_nobody_misses_anything(
    nursery: Nursery, server: Server, undisturbed: tuple[Evidence, Passed], tmp_path: Path
) -> None:
    """A server that crashes, sessions that end, COMMITs without an answer, a torn network: as if nothing had happened."""
    _struck(World(tmp_path / "chaos", nursery, server=server), a_spread_on_server(), undisturbed[0])


def _struck(world: World, plans: Plans, reference: Evidence) -> None:
    """Strike *world* by *plans*: each fault finds its place, and nothing differs from the *reference*."""
    try:
        run = play(world, plans)
    finally:
        world.close()
    assert [cut.point for cut in run.cuts if cut.point.startswith("not reached")] == []
    assert {name: found for name, found in judge(run, reference).items() if found} == {}
