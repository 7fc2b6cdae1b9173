"""Workers that are not alike: two configurations on one database, and an older program beside a newer one."""

from __future__ import annotations

import os
import shutil
import signal
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import tocsin
from chaos.databases import ServerDatabase
from chaos.faults import Done, ordered
from chaos.life import Order
from chaos.points import Point, Side
from chaos.world import Life, World

_COMMIT = Point(call="store.commit", side=Side.BEFORE)
_MIGRATIONS = Path(tocsin.__file__).parent / "store" / "db" / "migrations"
#: Real seconds in which one that does nothing would have done something.
_IDLE = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Supersede:
    """Another configuration becomes active while a worker is stopped at a *point*: it may decide nothing any more.

    If it *returns*, the worker of the other one is killed, and a person makes its own configuration active again.
    """

    point: Point
    returns: bool = False

    def strike(self, world: World, done: Done) -> None:
        """The one that stands by changes nothing, and nothing is lost meanwhile."""
        world.dismiss("another one's end")
        assert isinstance(world.database, ServerDatabase), "one daemon works on a file"
        world.database.note_decisions()
        before, after = world.config, world.reconfigure()
        old = _stopped(world, self.point, done)
        if old is None:
            return None
        new = _begun(world, replace(ordered(_COMMIT, signal.SIGKILL) if self.returns else _plain(), config=after))
        _go_on(world, old)
        world.until(lambda: "another configuration is active" in old.said(), "one that stands by")
        if not self.returns:
            world.config = after
            world.until(lambda: world.is_alive(new) and done(), f"the step by another configuration, {self}")
            return world.dismiss("between two steps")
        world.until(lambda: not world.is_alive(new) or done(), "the end of the other one")
        killed = not world.is_alive(new)
        world.end(new, point=str(_COMMIT) if killed else f"not reached: {_COMMIT}")
        time.sleep(_IDLE)
        assert not killed or not done(), "one that stands by has done the step"
        world.activate(before)
        world.until(lambda: world.is_alive(old) and done(), f"the step by the first configuration, {self}")
        return world.dismiss("between two steps")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """An operator upgrades the tables while a worker is stopped at a *point*, and a newer program begins beside it.

    The older one is killed, or it *goes on* beside the newer one.
    """

    point: Point
    goes_on: bool = True

    def strike(self, world: World, done: Done) -> None:
        """Both do their work; a start of the older program is refused from now on."""
        world.dismiss("another one's end")
        old = _stopped(world, self.point, done)
        if old is None:
            return None
        older, newer = world.migrations, _newer(world)
        world.until(lambda: _upgraded(world, newer), "an upgrade of the tables")
        if not self.goes_on:
            world.end(old, point=str(self.point))
        world.migrations = newer
        new = _begun(world, _plain())
        if self.goes_on:
            _go_on(world, old)
        world.until(lambda: world.is_alive(new) and done(), f"the step, after {self}")
        assert world.is_alive(old) == self.goes_on, old.said()
        refused = world.start(Order(folder="", env={}, migrations=older or str(_MIGRATIONS)))
        world.until(lambda: not world.is_alive(refused), "the end of an older program")
        assert "written by a newer tocsin" in refused.said(), refused.said()
        return world.dismiss("between two steps")


def _stopped(world: World, point: Point, done: Done) -> Life | None:
    """One life that is stopped at *point*, None if the step is done without it."""
    life = world.start(ordered(point, signal.SIGSTOP))
    world.crew = [life]
    world.until(lambda: world.nursery.status(life.pid) == "stopped" or done(), f"the point {point}")
    if world.nursery.status(life.pid) != "stopped":
        world.dismiss(f"not reached: {point}")
        return None
    world.note_cut(f"stop {point}")
    return life


def _begun(world: World, order: Order) -> Life:
    """A life beside those that work, which begins again if what is stopped keeps a lock."""

    def is_well(life: Life) -> bool:
        world.until(lambda: world.is_up(life) or not world.is_alive(life), "the beginning of another worker")
        return world.nursery.status(life.pid) != 1

    life = next(life for life in iter(partial(world.start, order), None) if is_well(life))
    world.crew.append(life)
    return life


def _go_on(world: World, life: Life) -> None:
    """Wake a life that was stopped."""
    world.zombies += 1
    os.kill(life.pid, signal.SIGCONT)


def _upgraded(world: World, migrations: str) -> bool:
    """Whether an operator could upgrade the tables; a lock of what is stopped may be in the way."""
    upgrade = world.start(Order(folder="", env={}, migrations=migrations, upgrades=True))
    world.until(lambda: not world.is_alive(upgrade), "the end of an upgrade")
    return world.nursery.status(upgrade.pid) == 0


def _plain() -> Order:
    return Order(folder="", env={})


def _newer(world: World) -> str:
    """The migrations of a program that is one step ahead; the step only adds something."""
    folder = Path(world.migrations or _MIGRATIONS)
    last = max(file.stem.removeprefix("v") for file in (folder / "versions").glob("v*.py"))
    number = f"{int(last[:4]) + 1:04}"  # revisions begin with their number
    newer = world.folder / f"migrations{number}"
    shutil.copytree(folder, newer, ignore=shutil.ignore_patterns("__pycache__"))
    step = f'''"""A table that older programs need not know."""

import sqlalchemy as sa
from alembic import op

revision = "{number}_newer"
down_revision = "{last}"
branch_labels = None
depends_on = None
additive = True


def upgrade() -> None:
    op.create_table("newer{number}", sa.Column("id", sa.Integer, primary_key=True))
'''
    (newer / "versions" / f"v{number}_newer.py").write_text(step, encoding="utf-8")
    return str(newer)
