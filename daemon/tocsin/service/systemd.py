"""Tell systemd how the service is: the sd_notify protocol, in full at sd_notify(3).

Outside systemd (no NOTIFY_SOCKET) every call does nothing.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from datetime import timedelta


class Notifier:
    """Sends states to the socket that systemd names in the environment."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._address = env.get("NOTIFY_SOCKET", "")
        pid = env.get("WATCHDOG_PID", "")
        usec = env.get("WATCHDOG_USEC", "")
        mine = not pid or pid == str(os.getpid())
        self.watchdog: timedelta | None = timedelta(microseconds=int(usec)) if usec.isdigit() and mine else None

    def ready(self, status: str) -> None:
        """Say that the service is up, or is up again after a reload."""
        self._send(f"READY=1\nSTATUS={_one_line(status)}")

    def reloading(self) -> None:
        """Say that a reload has begun; `ready` ends it. Type=notify-reload wants the monotonic time with it."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Say that the service drains."""
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """Give `systemctl status` one line."""
        self._send(f"STATUS={_one_line(text)}")

    def alive(self) -> None:
        """Feed the watchdog: the claims run."""
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
            # The service manager is gone or deaf: no reason to stop telling people.
            return


def _one_line(text: str) -> str:
    return " ".join(text.split())
