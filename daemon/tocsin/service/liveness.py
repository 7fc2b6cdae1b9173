"""Liveness of the daemon: its claims run. Systemd's watchdog and a heartbeat elsewhere hear of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus

from tocsin.config.sections import Heartbeat
from tocsin.errors import SourceError
from tocsin.log import line
from tocsin.sources.http.client import HttpClient

log = logging.getLogger(__name__)

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
        """Note that a claim ran to its end."""
        self._ran[name] = self._monotonic()

    @property
    def alive(self) -> bool:
        """True if all claims run."""
        return self._monotonic() - min(self._ran.values()) < STUCK

    async def beat(self, http: HttpClient, heartbeat: Heartbeat | None) -> None:
        """Ask for the address if it is time to, and claims run; a failure is logged once, and changes nothing."""
        now = self._monotonic()
        if heartbeat is None or not self.alive:
            return
        if self._beat_at is not None and now - self._beat_at < heartbeat.every.total_seconds():
            return
        self._beat_at = now
        trouble = await _ask(http, heartbeat)
        if trouble and trouble != self._trouble:
            log.warning(line("heartbeat not heard", reason=trouble))
        elif self._trouble and not trouble:
            log.info(line("heartbeat heard again"))
        self._trouble = trouble


async def _ask(http: HttpClient, heartbeat: Heartbeat) -> str:
    """Return why the address could not be reached, empty where it could."""
    try:
        await http.fetch(heartbeat.url.reveal(), allow_private=heartbeat.allow_private)
    except SourceError as error:
        # Whoever counts heartbeats has nothing to say.
        good = error.status is not None and HTTPStatus.OK <= error.status < HTTPStatus.MULTIPLE_CHOICES
        return "" if good else str(error)
    return ""
