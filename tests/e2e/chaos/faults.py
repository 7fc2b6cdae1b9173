"""What is done to lives of the daemon: each fault begins with nobody alive, and leaves nobody alive."""

from __future__ import annotations

import os
import random
import resource
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from chaos.life import Order
from chaos.points import Point
from chaos.world import LEASE, Life, World

Done = Callable[[], object]
#: Real seconds in which an idle life polls, sweeps and looks for a report.
IDLE = 1.5
#: Lives that try to come to one point.
TRIES = 3


class Fault(Protocol):
    """Something that is done while a step of the script is under way."""

    def strike(self, world: World, done: Done) -> None:
        """Do it; *done* says whether the step is through."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """SIGKILL at the *count*-th passing of a *point*."""

    point: Point
    count: int = 1

    def strike(self, world: World, done: Done) -> None:
        """Live until the point is passed, or end well when there is nothing left to do."""
        # On a busy machine a life may end well before it comes there, so another one tries.
        if not any(self._reached(world, done) for _ in range(TRIES)):
            world.note_cut(f"not reached: {self.point}")

    def _reached(self, world: World, done: Done) -> bool:
        life = world.start(_order(self.point, signal.SIGKILL, self.count))

        def over() -> bool:
            return world.nursery.status(life.pid) is not None

        world.until(lambda: over() or (done() and world.is_up(life)), f"the point {self.point}")
        # What a life does when nothing is left to do, and on the way to a good end.
        rest = time.monotonic() + IDLE
        world.until(lambda: over() or time.monotonic() > rest, "an idle while")
        if not over():
            os.kill(life.pid, signal.SIGTERM)
            world.until(over, "a good end")
        if world.nursery.status(life.pid) != -signal.SIGKILL:
            world.end(life)
            return False
        world.note_cut(str(self.point))
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class KillSomewhere:
    """SIGKILL after so many *seconds* of life."""

    seconds: float

    def strike(self, world: World, done: Done) -> None:
        """Live that long."""
        life = world.start()
        time.sleep(self.seconds)
        world.end(life, point="anywhere")


@dataclass(frozen=True, slots=True, kw_only=True)
class KillWhenTaken:
    """SIGKILL when the *count*-th message was taken by its server, before that says so."""

    count: int = 1

    def strike(self, world: World, done: Done) -> None:
        """Live until a server kills, or until the step is through without it."""
        left = self.count
        life = world.start()

        def take(_: object) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(life.pid, signal.SIGKILL)

        world.ledger.taken = take
        world.until(lambda: world.nursery.status(life.pid) is not None or done(), "a message that kills")
        world.ledger.taken = lambda _: None
        if world.nursery.status(life.pid) == -signal.SIGKILL:
            world.note_cut("receiver takes a message")
        else:
            world.end(life, point="not reached: receiver takes a message")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """SIGSTOP at a *point*, until every lease is over; then SIGCONT."""

    point: Point

    def strike(self, world: World, done: Done) -> None:
        """Sleep through, and go on as if nothing had been."""
        life = world.start(_order(self.point, signal.SIGSTOP))
        world.until(lambda: world.nursery.status(life.pid) == "stopped" or done(), f"the point {self.point}")
        if world.nursery.status(life.pid) == "stopped":
            world.note_cut(f"stop {self.point}")
            time.sleep(LEASE * 1.2)
            world.zombies += 1
            os.kill(life.pid, signal.SIGCONT)
            world.until(done, f"the step, after a stop {self.point}")
        world.end(life, point="between two lives")


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace:
    """SIGSTOP at a *point*; another daemon is let in and does the work; then SIGCONT."""

    point: Point

    def strike(self, world: World, done: Done) -> None:
        """Only a hand that removes the lock lets another in; the first must then change nothing."""
        life = world.start(_order(self.point, signal.SIGSTOP))
        world.until(lambda: world.nursery.status(life.pid) == "stopped" or done(), f"the point {self.point}")
        if world.nursery.status(life.pid) == "stopped":
            world.note_cut(f"replace {self.point}")
            world.zombies += 1
            Path(f"{world.database}.lock").unlink()
            successor = world.start()
            world.until(
                lambda: done() or _refused(world, successor), f"another daemon's work, after a stop {self.point}"
            )
            os.kill(life.pid, signal.SIGCONT)
            time.sleep(0.5)
            world.until(done, "what a late holder began")
            world.end(successor, point="between two lives")
        world.end(life, point="between two lives")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """A disk on which no file can grow past the write-ahead log and so many bytes of *room*, for so many *seconds*."""

    room: int
    seconds: float = 1.5

    def strike(self, world: World, done: Done) -> None:
        """Live on it, or fail to start, as the operator would see it; then there is space again."""
        log = Path(f"{world.database}-wal")
        limit = (log.stat().st_size if log.exists() else 0) + self.room
        life = world.start(Order(folder="", env={}, space=limit))
        time.sleep(self.seconds)
        status = world.nursery.status(life.pid)
        if status is None:
            hard = resource.prlimit(life.pid, resource.RLIMIT_FSIZE)[1]
            resource.prlimit(life.pid, resource.RLIMIT_FSIZE, (hard, hard))
            world.until(done, "the step, when there is space again")
        else:
            assert status == 1, f"a full disk ended the daemon with {status}:\n{life.said()}"
        world.end(life, point="full disk")


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """A clock that is set by *by* while nobody lives, and *back* again while somebody does."""

    by: timedelta
    back: bool = True

    def strike(self, world: World, done: Done) -> None:
        """Live through it."""
        world.clock.jump(self.by)
        life = world.start()
        world.until(done, f"the step, by a clock that was set by {self.by}")
        if self.back:
            world.clock.jump(-self.by)
            asked = len(world.ledger.polls)
            world.until(lambda: len(world.ledger.polls) > asked + 12, "polls by a clock that was set right")
        world.end(life, point="clock set")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hang:
    """A webhook that takes calls and says nothing for so many *seconds*."""

    seconds: float = 3.0

    def strike(self, world: World, done: Done) -> None:
        """Live with it, and until it answers again."""
        world.web.hanging.set()
        life, since = world.start(), world.clock.now()
        time.sleep(self.seconds)
        world.hung.append((since, world.clock.now()))
        world.web.hanging.clear()
        world.until(done, "the step, when the webhook answers again")
        world.end(life, point="after a receiver hung")


@dataclass(frozen=True, slots=True, kw_only=True)
class Second:
    """Another daemon on the same database."""

    def strike(self, world: World, done: Done) -> None:
        """It is refused in words, and the first goes on."""
        life = world.start()
        world.until(lambda: world.is_up(life), "a first daemon")
        second = world.start()
        status = world.until(lambda: world.nursery.status(second.pid), "the end of a second daemon")
        assert status == 1, f"a second daemon ended with {status}"
        assert f"another tocsin (process {life.pid}) works on" in second.said(), second.said()
        world.until(done, "the step, by the first daemon")
        world.end(life, point="between two lives")


def somewhere(seed: int, count: int, longest: float) -> list[KillSomewhere]:
    """*count* deaths after up to *longest* seconds each, always the same for a *seed*."""
    dice = random.Random(seed)
    return [KillSomewhere(seconds=longest * dice.random() ** 1.5) for _ in range(count)]


def _order(point: Point, act: signal.Signals, count: int = 1) -> Order:
    return Order(folder="", env={}, call=point.call, side=point.side, act=act, count=count)


def _refused(world: World, life: Life) -> bool:
    """Whether a life ended at once because one that is stopped keeps the database locked."""
    return world.nursery.status(life.pid) == 1 and "locked" in life.said()
