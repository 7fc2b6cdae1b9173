"""A program of bench/peers.py as a process: begun as its timer or service would, killed, measured, and ended."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

_TICKS = os.sysconf("SC_CLK_TCK")
#: Seconds between two looks at the memory, and between two lives of a program that should run on.
_LOOK, _PAUSE = 0.5, 0.5
#: Seconds in which a program that is asked to end does so.
_GRACE = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How a program is begun: *again* every so many seconds, or once to run on, and anew when it has died."""

    command: Sequence[str]
    folder: Path
    again: float | None = None
    env: Mapping[str, str] = field(default_factory=dict)

    def once(self, timeout: float = 300) -> None:
        """Run the command to its end."""
        with (self.folder / "log").open("ab") as log:
            command = self.command
            subprocess.run(
                command, cwd=self.folder, env=self.whole(), stdout=log, stderr=log, timeout=timeout, check=True
            )

    def whole(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
        return {**kept, "HOME": str(self.folder), **self.env}


class Runner:
    """Runs a program in sessions of its own until the block ends. *peak* and *mean* are its memory in MB."""

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._living = 0
        self._reaped = 0.0
        self._sizes: list[float] = []
        self.lives = self.kills = 0
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._run, self._look)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._signal(signal.SIGTERM):
            self._threads[0].join(_GRACE)
            self._signal(signal.SIGKILL)
        for thread in self._threads:
            thread.join(30)

    def kill(self) -> None:
        """SIGKILL what runs at the moment, if anything does."""
        self.kills += self._signal(signal.SIGKILL)

    def cpu(self) -> float:
        """Return the seconds of processor time of all lives until now, children included."""
        with self._lock:
            return self._reaped + (sum(map(_ticks, _members(self._living))) / _TICKS if self._living else 0.0)

    def forget(self) -> None:
        """Measure memory from now on."""
        self._sizes.clear()

    @property
    def peak(self) -> float:
        return max(self._sizes, default=0.0)

    @property
    def mean(self) -> float:
        return sum(self._sizes) / max(len(self._sizes), 1)

    def _signal(self, number: int) -> bool:
        # Under the lock the number is still that of our own process: it is reaped under the lock too.
        with self._lock:
            if not self._living:
                return False
            with suppress(ProcessLookupError):
                os.killpg(self._living, number)
            return True

    def _run(self) -> None:
        launch = self._launch
        while not self._ended.is_set():
            began = time.monotonic()
            with (launch.folder / "log").open("ab") as log, self._lock:
                process = subprocess.Popen(
                    launch.command, cwd=launch.folder, env=launch.whole(), stdin=subprocess.DEVNULL,
                    stdout=log, stderr=log, start_new_session=True,
                )  # fmt: skip
                self._living = process.pid
            self.lives += 1
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            with self._lock:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)  # children that outlived it
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
                self._living = 0
                self._reaped += usage.ru_utime + usage.ru_stime
            rest = _PAUSE if launch.again is None else max(0.0, began + launch.again - time.monotonic())
            self._ended.wait(rest)

    def _look(self) -> None:
        while not self._ended.wait(_LOOK):
            living = self._living
            self._sizes.append(sum(map(_megabytes, _members(living))) if living else 0.0)


def _members(session: int) -> list[int]:
    """Return the processes of a session."""
    pids = [int(entry.name) for entry in os.scandir("/proc") if entry.name.isdigit()]
    return [pid for pid in pids if _stat(pid)[3:4] == [str(session)]]


def _stat(pid: int) -> list[str]:
    """Return the fields of a process behind its name: state, parent, group, session ...; nothing if it has gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _ticks(pid: int) -> int:
    return sum(map(int, _stat(pid)[11:15]))


def _megabytes(pid: int) -> float:
    """Return the memory of a process, its share of what it shares."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0
