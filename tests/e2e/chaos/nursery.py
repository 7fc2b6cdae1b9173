"""Lives of the daemon in no time: a process that has imported everything, and forks.

It speaks lines of JSON: an order in, an answer out. Whatever it started ends with it.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from chaos.life import Order, live

#: What the daemon imports only when it needs it: each life would take a quarter of a second for it.
_LATE = (
    *("tocsin.receivers.kinds", "tocsin.receivers.mail", "tocsin.receivers.slack", "tocsin.config.fingerprint"),
    *("apscheduler.executors.asyncio", "apscheduler.triggers.interval", "alembic.command", "alembic.autogenerate"),
    *("tocsin.store.db.postgres", "procrastinate"),  # optional
)


class Nursery:
    """The forking process, from outside."""

    def __init__(self) -> None:
        here = Path(__file__).resolve()
        path = [str(here.parents[1]), str(here.parents[3] / "daemon"), os.environ.get("PYTHONPATH", "")]
        # Lives that are killed never write down what they ran: to measure it would only make them slow.
        env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
        env |= {"PYTHONPATH": os.pathsep.join(filter(None, path)), "PYTHONUNBUFFERED": "1"}
        self._talking = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "chaos.nursery"], env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def start(self, order: Order, log: Path) -> int:
        """Begin a life that writes what it says to *log*; its process id."""
        return int(self._ask({"order": asdict(order), "log": str(log)}))

    def status(self, pid: int) -> int | str | None:
        """How a life ended: its exit status, minus the signal that killed it, "stopped", or None while it runs."""
        answer: int | str | None = self._ask({"status": pid})
        return answer

    def close(self) -> None:
        """End every life, and the process."""
        for stream in (self._process.stdin, self._process.stdout):
            assert stream
            stream.close()
        self._process.wait(10)

    def _ask(self, question: dict[str, Any]) -> Any:
        with self._talking:
            assert self._process.stdin
            assert self._process.stdout
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())


def _serve() -> None:
    """Fork for every order until nobody asks any more."""
    for name in _LATE:
        with suppress(ImportError):
            importlib.import_module(name)
    known: dict[int, int | str | None] = {}
    while question := sys.stdin.readline():
        asked = json.loads(question)
        if "order" in asked:
            answer: Any = _fork(Order(**asked["order"]), asked["log"])
            known[answer] = None
        else:
            answer = _look(asked["status"], known)
        print(json.dumps(answer), flush=True)
    for pid in known:
        if not isinstance(_look(pid, known), int):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _look(pid: int, known: dict[int, int | str | None]) -> int | str | None:
    if isinstance(known[pid], int):
        return known[pid]
    found, status = os.waitpid(pid, os.WNOHANG | os.WUNTRACED | os.WCONTINUED)
    if found:
        if os.WIFSTOPPED(status):
            known[pid] = "stopped"
        elif os.WIFCONTINUED(status):
            known[pid] = None
        else:
            known[pid] = os.waitstatus_to_exitcode(status)
    return known[pid]


def _fork(order: Order, log: str) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        status = live(order)
    except BaseException:  # noqa: BLE001  # nothing may return into the loop above
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    _serve()
