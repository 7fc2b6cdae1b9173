"""The clock of a server, which all that share its database go by."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class ServerClock:
    """The time of a server as of the last look at it; since then the time of this machine has gone on, in *monotonic* seconds.

    Before the first look it is the time of this machine.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._seen: tuple[datetime, float] | None = None

    def set(self, seen: datetime) -> None:
        """Note the time of the server now."""
        self._seen = seen, self._monotonic()

    def now(self) -> datetime:
        """Return the time, aware and in UTC."""
        if self._seen is None:
            return datetime.now(UTC)
        seen, at = self._seen
        return seen + timedelta(seconds=self._monotonic() - at)
