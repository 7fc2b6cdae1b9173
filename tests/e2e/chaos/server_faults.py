"""What is done to a server, to its sessions and to the network before it, while the daemon is at a certain point or anywhere."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from chaos.databases import AwayError, ServerDatabase
from chaos.faults import Done, for_one, ordered
from chaos.points import Point, Side
from chaos.world import Life, World


class Deed(Protocol):
    """Something that is done to the server; it ends with the block, and then all is well again."""

    def __call__(self, world: World, life: Life) -> AbstractContextManager[None]:
        """Do it to all, or to the sessions of one *life*."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class While:
    """A *deed* while one life is at a *point*, or after so many *seconds* of life: what it does next meets it."""

    deed: Deed
    point: Point | None = None
    seconds: float = 0.0

    def strike(self, world: World, done: Done) -> None:
        """Nobody ends of it, and the step is done when it is over."""
        world.dismiss("another one's end")
        lives = world.staff(for_one(world, ordered(self.point, signal.SIGSTOP)) if self.point else None)
        time.sleep(self.seconds)
        struck = lives[0]
        if self.point:
            world.until(lambda: world.any_ended("stopped") or done(), f"the point {self.point}")
            stopped = world.any_ended("stopped")
            if stopped is None:
                return world.dismiss(f"not reached: {self.point}")
            struck = stopped
        name = f"{type(self.deed).__name__} {self.point or 'anywhere'}"
        with self.deed(world, struck):
            with suppress(AwayError):
                world.note_cut(f"meanwhile {name}")
            if self.point:
                os.kill(struck.pid, signal.SIGCONT)
        world.until(lambda: _noted(world, name), "a server that answers again")
        world.until(lambda: world.tend() and done(), f"the step, after {self.deed} {self.point or ''}")
        return world.dismiss("between two steps")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoseCommit:
    """A connection that is lost with the COMMIT of a transaction that sends *words*: on this *side* of it."""

    words: str
    side: Side

    def strike(self, world: World, done: Done) -> None:
        """One life loses its connections; it does not know whether it has written."""
        world.dismiss("another one's end")
        wires = [life.wire for life in world.staff() if life.wire]
        struck = [wire.cut_at(self.words, self.side) for wire in wires]
        world.until(lambda: any(one.is_set() for one in struck) or done(), f"a COMMIT with {self.words}")
        for wire in wires:
            wire.spare()
        reached = "" if any(one.is_set() for one in struck) else "not reached: "
        world.note_cut(f"{reached}meanwhile {self.side} COMMIT of {self.words}")
        world.until(lambda: world.tend() and done(), f"the step, after a COMMIT with {self.words} was lost")
        world.dismiss("between two steps")


@dataclass(frozen=True, slots=True, kw_only=True)
class StopInside:
    """SIGSTOP of one life inside a transaction that sends *words*, with all its locks, until the server ends its session."""

    words: str

    def strike(self, world: World, done: Done) -> None:
        """The others wait for a lock, and then go on; the one that was stopped has written nothing."""
        world.dismiss("another one's end")
        lives = [life for life in world.staff() if life.wire]
        stopped = [life.wire.act_at(self.words, partial(os.kill, life.pid, signal.SIGSTOP)) for life in lives]
        world.until(lambda: any(one.is_set() for one in stopped) or done(), f"a transaction with {self.words}")
        for life in lives:
            life.wire.spare()
        asleep = [life for life, one in zip(lives, stopped, strict=True) if one.is_set()]
        if not asleep:
            return world.dismiss(f"not reached: inside {self.words}")
        world.note_cut(f"stop inside {self.words}")
        if len(asleep) < len(lives):
            # Who begins meanwhile may find a lock, and begins again.
            world.until(
                lambda: world.tend() and done(), f"the step by the others, while one is stopped inside {self.words}"
            )
        for life in asleep:
            world.zombies += 1
            os.kill(life.pid, signal.SIGCONT)
        world.until(lambda: world.tend() and done(), f"the step, after a stop inside {self.words}")
        return world.dismiss("between two steps")


# ---- deeds -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """The whole server gets the signal *how*, and is away for so many *seconds*."""

    how: signal.Signals = signal.SIGKILL
    seconds: float = 0.0

    @contextmanager
    def __call__(self, world: World, life: Life) -> Iterator[None]:
        """End it, and start it again."""
        server = _database(world).server
        server.stop(self.how)
        yield
        time.sleep(self.seconds)
        server.start()


@dataclass(frozen=True, slots=True, kw_only=True)
class KillBackend:
    """SIGKILL of one process of the server, upon which it ends all its sessions and recovers."""

    @contextmanager
    def __call__(self, world: World, life: Life) -> Iterator[None]:
        """Kill the one that has the lock, when somebody has come so far."""
        locking = world.until(lambda: world.tend() and _sessions(world, _LOCKING), "a session with the lock")
        assert isinstance(locking, list)
        with suppress(ProcessLookupError):
            os.kill(locking[0], signal.SIGKILL)
        yield


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminate:
    """The server ends sessions: all of them, or that of the lock, or all others."""

    which: str = ""

    @contextmanager
    def __call__(self, world: World, life: Life) -> Iterator[None]:
        """As an operator would, by pg_terminate_backend."""
        for number in _sessions(world, self.which):
            _database(world).ask("select pg_terminate_backend(:number)", number=number)
        yield


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminateInCommit:
    """The server ends each session that commits, when it has written and before it says so, for so many *seconds*."""

    seconds: float = 0.6

    @contextmanager
    def __call__(self, world: World, life: Life) -> Iterator[None]:
        """Every COMMIT waits for a standby that there is not."""
        server = _database(world).server
        server.run("ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()")
        yield
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            for number in _sessions(world, "and wait_event = 'SyncRep'"):
                _database(world).ask("select pg_terminate_backend(:number)", number=number)
            time.sleep(0.02)
        server.run("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The network ends the connections of one life."""

    @contextmanager
    def __call__(self, world: World, life: Life) -> Iterator[None]:
        """Both sides are told."""
        assert life.wire
        life.wire.cut()
        yield


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """The network carries nothing of one life for so many *seconds*, and then all of it."""

    seconds: float

    @contextmanager
    def __call__(self, world: World, life: Life) -> Iterator[None]:
        """Nobody is told."""
        assert life.wire
        life.wire.hold()
        yield
        time.sleep(self.seconds)
        life.wire.release()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The server ends the sessions of one life, which hears of it so many *seconds* later."""

    seconds: float

    @contextmanager
    def __call__(self, world: World, life: Life) -> Iterator[None]:
        """Its lock is free, and it does not know."""
        assert life.wire
        life.wire.hold()
        life.wire.part()
        yield
        time.sleep(self.seconds)
        life.wire.release()
        life.wire.cut()


_LOCKING = "and pid in (select pid from pg_locks where locktype = 'advisory' and classid = 1953456898 and granted)"
_OTHERS = "and pid not in (select pid from pg_locks where locktype = 'advisory' and classid = 1953456898 and granted)"
#: Which sessions are ended.
ALL, LOCK, OTHERS = "", _LOCKING, _OTHERS


def _sessions(world: World, which: str) -> list[int]:
    """The processes of the server that answer daemons."""
    query = "select pid from pg_stat_activity where datname = current_database() and application_name = 'tocsin' "
    return [number for (number,) in _database(world).ask(query + which)]


def _database(world: World) -> ServerDatabase:
    assert isinstance(world.database, ServerDatabase), "only a server is treated so"
    return world.database


def _noted(world: World, name: str) -> bool:
    try:
        world.note_cut(f"behind {name}")
    except AwayError:
        return False
    return True
