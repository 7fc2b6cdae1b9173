"""Liveness of the daemon: its claims run. A heartbeat elsewhere is sent, and systemd is notified.

The sd_notify protocol is described in full at sd_notify(3).
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import TypeVar

from tocsin.config.sections import Heartbeat
from tocsin.errors import SourceError
from tocsin.log import line
from tocsin.sources.http.client import HttpClient

log = logging.getLogger(__name__)

T = TypeVar("T")
#: Time that the service manager gives from each request for more.
_MORE = timedelta(minutes=1)
#: A claim that did not run for this long (real seconds) is stuck.
STUCK = 30.0


class Liveness:
    """The claims by *names*, which are alive as long as each ran within half a minute; *monotonic* gives seconds."""

    def __init__(self, *names: str, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._ran = dict.fromkeys(names, monotonic())
        self._beat_at: float | None = None
        self._trouble = ""

    def ran(self, name: str) -> None:
        """Record that the claim *name* has run to its end."""
        self._ran[name] = self._monotonic()

    @property
    def alive(self) -> bool:
        """Return True if every claim runs."""
        return self._monotonic() - min(self._ran.values(), default=self._monotonic()) < STUCK

    @property
    def ages(self) -> Mapping[str, float]:
        """Return the seconds since each claim ran, by name."""
        now = self._monotonic()
        return {name: now - ran for name, ran in self._ran.items()}

    async def beat(self, http: HttpClient, heartbeat: Heartbeat | None) -> None:
        """Send a heartbeat if it is due and all claims run; a failure is logged once and changes nothing else."""
        now = self._monotonic()
        if heartbeat is None or not self.alive:
            return
        if self._beat_at is not None and now - self._beat_at < heartbeat.every.total_seconds():
            return
        self._beat_at = now
        trouble = await _ask(http, heartbeat)
        if trouble and trouble != self._trouble:
            log.warning(line("heartbeat failed", reason=trouble))
        elif self._trouble and not trouble:
            log.info(line("heartbeat works again"))
        self._trouble = trouble


async def _ask(http: HttpClient, heartbeat: Heartbeat) -> str:
    """Return the error if the address could not be reached, else an empty text."""
    try:
        await http.fetch(heartbeat.url.reveal(), allow_private=heartbeat.allow_private)
    except SourceError as error:
        # Any good status will do: the response has no document.
        good = error.status is not None and HTTPStatus.OK <= error.status < HTTPStatus.MULTIPLE_CHOICES
        return "" if good else str(error)
    return ""


class Notifier:
    """Sends states to the socket that systemd names in the environment (NOTIFY_SOCKET); outside systemd nothing is sent."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._address = env.get("NOTIFY_SOCKET", "")
        pid = env.get("WATCHDOG_PID", "")
        usec = env.get("WATCHDOG_USEC", "")
        mine = not pid or pid == str(os.getpid())
        self.watchdog: timedelta | None = timedelta(microseconds=int(usec)) if usec.isdigit() and mine else None

    async def wait(self, work: Awaitable[T], status: str, every: timedelta = timedelta(seconds=10)) -> T:
        """Return the result of *work* at the start. While it lasts the service is given more time, *every* so often.

        An upgrade of a large database may take longer than the time to start, and would be cut off and begin anew for ever.
        """
        working = asyncio.ensure_future(work)
        while not (await asyncio.wait({working}, timeout=every.total_seconds()))[0]:
            self._send(f"EXTEND_TIMEOUT_USEC={_MORE // timedelta(microseconds=1)}\nSTATUS={_one_line(status)}")
        return working.result()

    def ready(self, status: str) -> None:
        """Report that the service is ready, at the start and after a reload, with its *status* in one line."""
        self._send(f"READY=1\nSTATUS={_one_line(status)}")

    def reloading(self) -> None:
        """Report that a reload has begun; `ready` ends it. Type=notify-reload requires the monotonic time."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Report that the service stops."""
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """Set the line that `systemctl status` shows."""
        self._send(f"STATUS={_one_line(text)}")

    def alive(self) -> None:
        """Feed the watchdog."""
        self._send("WATCHDOG=1")

    def _send(self, state: str) -> None:
        if not self._address:
            return
        # A leading @ stands for the NUL byte of Linux's abstract socket names.
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.connect(address)
                channel.sendall(state.encode("utf-8", "replace"))
        except OSError:
            # The service manager is gone or does not listen: the daemon works without it.
            return


def _one_line(text: str) -> str:
    return " ".join(text.split())
