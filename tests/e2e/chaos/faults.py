"""What is done to lives of the daemon. A fault begins as many lives as are lacking; those that it leaves go on."""

from __future__ import annotations

import os
import random
import resource
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from chaos.databases import FileDatabase
from chaos.life import Order
from chaos.points import Point
from chaos.world import Life, World

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
    """SIGKILL at the *count*-th passing of a *point*, by one of those that work, or by *all* of them."""

    point: Point
    count: int = 1
    all: bool = False

    def strike(self, world: World, done: Done) -> None:
        """Live until the point is passed, or end well when there is nothing left to do."""
        # On a busy machine a life may end well before it comes there, so another one tries.
        if not any(self._reached(world, done) for _ in range(TRIES)):
            world.note_cut(f"not reached: {self.point}")

    def _reached(self, world: World, done: Done) -> bool:
        world.dismiss("another one's end")
        order = ordered(self.point, signal.SIGKILL, self.count)
        lives = world.staff(order if self.all else for_one(world, order))

        def killed() -> bool:
            ended = [world.nursery.status(life.pid) == -signal.SIGKILL for life in lives]
            return all(ended) if self.all else any(ended)

        def over() -> bool:
            return killed() or not any(map(world.is_alive, lives))

        world.until(lambda: over() or (done() and all(map(world.is_up, lives))), f"the point {self.point}")
        # What a life does when nothing is left to do, and on the way to a good end.
        rest = time.monotonic() + IDLE
        world.until(lambda: over() or time.monotonic() > rest, "an idle while")
        if not over():
            for life in filter(world.is_alive, lives):
                os.kill(life.pid, signal.SIGTERM)
            world.until(lambda: not any(map(world.is_alive, lives)), "a good end")
        if world.any_ended(-signal.SIGKILL) is None:
            return False
        world.note_cut(str(self.point))
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class KillSomewhere:
    """SIGKILL after so many *seconds* of life."""

    seconds: float

    def strike(self, world: World, done: Done) -> None:
        """Live that long; the longest life ends."""
        victim = world.staff()[0]
        time.sleep(self.seconds)
        world.end(victim, point="anywhere")


@dataclass(frozen=True, slots=True, kw_only=True)
class KillWhenTaken:
    """SIGKILL to all when the *count*-th message was taken by its server, before that says so."""

    count: int = 1

    def strike(self, world: World, done: Done) -> None:
        """Live until a server kills, or until the step is through without it."""
        left = self.count
        lives = world.staff()

        def take(_: object) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                for life in lives:
                    os.kill(life.pid, signal.SIGKILL)

        world.ledger.taken = take
        world.until(lambda: not any(map(world.is_alive, lives)) or done(), "a message that kills")
        world.ledger.taken = lambda _: None
        if world.any_ended(-signal.SIGKILL):
            world.note_cut("receiver takes a message")
        else:
            world.dismiss("not reached: receiver takes a message")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """SIGSTOP of one life at a *point*, until every lease is over; then SIGCONT.

    If it *loses* its lock, the server ends its sessions meanwhile.
    """

    point: Point
    loses: bool = False

    def strike(self, world: World, done: Done) -> None:
        """Sleep through, and go on as if nothing had been."""
        world.dismiss("another one's end")
        lives = world.staff(for_one(world, ordered(self.point, signal.SIGSTOP)))
        world.until(lambda: world.any_ended("stopped") or done(), f"the point {self.point}")
        if stopped := world.any_ended("stopped"):
            world.note_cut(f"stop {self.point}")
            if self.loses:
                world.database.forget(stopped.wire)
            time.sleep(world.lease * 1.2)
            world.zombies += 1
            os.kill(stopped.pid, signal.SIGCONT)
            world.until(lambda: done() or not all(map(world.is_alive, lives)), f"the step, after a stop {self.point}")
        world.dismiss("between two lives")


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace:
    """SIGSTOP at a *point*; another daemon is let in and does the work; then SIGCONT."""

    point: Point

    def strike(self, world: World, done: Done) -> None:
        """Only a hand that removes the lock lets another in; the first must then change nothing."""
        life = world.start(ordered(self.point, signal.SIGSTOP))
        world.until(lambda: world.nursery.status(life.pid) == "stopped" or done(), f"the point {self.point}")
        if world.nursery.status(life.pid) == "stopped":
            world.note_cut(f"replace {self.point}")
            world.zombies += 1
            world.database.forget(life.wire)
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
        assert isinstance(world.database, FileDatabase), "a server has a disk of its own"
        log = Path(f"{world.database.path}-wal")
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
        world.staff()
        world.until(done, f"the step, by a clock that was set by {self.by}")
        if self.back:
            world.clock.jump(-self.by)
            asked = len(world.ledger.polls)
            world.until(lambda: len(world.ledger.polls) > asked + 12, "polls by a clock that was set right")
        world.dismiss("clock set")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hang:
    """A webhook that takes calls and says nothing for so many *seconds*."""

    seconds: float = 3.0

    def strike(self, world: World, done: Done) -> None:
        """Live with it, and until it answers again."""
        world.web.hanging.set()
        world.staff()
        since = world.clock.now()
        time.sleep(self.seconds)
        world.hung.append((since, world.clock.now()))
        world.web.hanging.clear()
        world.until(done, "the step, when the webhook answers again")
        world.dismiss("after a receiver hung")


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
        assert f"another tocsin (process {life.pid}" in second.said(), second.said()
        world.until(done, "the step, by the first daemon")
        world.end(life, point="between two lives")


def somewhere(seed: int, count: int, longest: float) -> list[KillSomewhere]:
    """*count* deaths after up to *longest* seconds each, always the same for a *seed*."""
    dice = random.Random(seed)
    return [KillSomewhere(seconds=longest * dice.random() ** 1.5) for _ in range(count)]


def ordered(point: Point, act: signal.Signals, count: int = 1) -> Order:
    """An order to *act* at a point."""
    return Order(folder="", env={}, call=point.call, side=point.side, act=act, count=count)


def for_one(world: World, order: Order) -> Order:
    """The same for all that work, and the first that comes there does it."""
    token = world.folder / f"token{len(world.lives)}"
    return replace(order, token=str(token))


def _refused(world: World, life: Life) -> bool:
    """Whether a life ended at once because one that is stopped keeps the database locked."""
    return world.nursery.status(life.pid) == 1 and "locked" in life.said()
