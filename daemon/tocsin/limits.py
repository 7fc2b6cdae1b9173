"""Limits that a process sets itself: before it reads or runs what strangers wrote, and of its open files."""

from __future__ import annotations

import math
import os
import resource
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

_NEVER = resource.RLIM_INFINITY
#: Files that a daemon opens at most: connections to servers, and few others.
_FILES = 8192


def limit_process(memory: int) -> list[str]:
    """Limit this process to *memory* bytes of address space and to no files; return what the system refuses.

    If the system runs out of memory, this process can be ended first.
    """
    return _refused(
        {
            "memory": lambda: resource.setrlimit(resource.RLIMIT_AS, (memory, memory)),
            # A core dump is of no use.
            "core": lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)),
            "files": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
            "oom_score_adj": lambda: Path("/proc/self/oom_score_adj").write_text("1000"),
        }
    )


def limit_time(seconds: int, *, niceness: int = 0) -> list[str]:
    """Limit the processor time of this process to *seconds* from now, and lower its priority; return what is refused."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = math.ceil(used.ru_utime + used.ru_stime) + seconds
    return _refused(
        {
            "processor time": lambda: resource.setrlimit(resource.RLIMIT_CPU, (limit, _NEVER)),
            "niceness": lambda: os.nice(niceness) if niceness else None,
        }
    )


def open_files() -> int:
    """Return how many files this process may open."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return _FILES if limit == _NEVER else limit


def allow_files() -> None:
    """Let this process open as many files as it needs, if the system permits it.

    The usual limit of 1024 is for programs that wait with select(2), which tocsin does not.
    """
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    wanted = _FILES if most == _NEVER else min(_FILES, most)
    if open_files() < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def _refused(calls: Mapping[str, Callable[[], object]]) -> list[str]:
    """Limit this process by *calls*, and return those that the system refuses. A hardened unit forbids some."""
    refused = []
    for name, call in calls.items():
        try:
            call()
        except (OSError, ValueError) as error:
            refused.append(f"{name}: {error}")
    return refused
