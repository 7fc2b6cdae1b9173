"""What the edges are handed: the time, and a way to run blocking calls elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Clock(Protocol):
    """The one source of the time that governs due times, cooldowns and windows."""

    def now(self) -> datetime:
        """The time, aware and in UTC."""
        ...


class Run(Protocol):
    """Runs a blocking call elsewhere (a worker thread) and waits for its result."""

    def __call__(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        """The result of *call*; what it raises is raised here."""
        ...
