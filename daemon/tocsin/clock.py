"""Clocks: the real one and one that runs faster."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SystemClock:
    """The time of the machine."""

    def now(self) -> datetime:
        """Return the time, aware and in UTC."""
        return datetime.now(UTC)


class ScaledClock:
    """A clock that starts at *start* and runs *factor* times as fast as real time."""

    def __init__(self, start: datetime, factor: float) -> None:
        self._start = start
        self._factor = factor
        self._zero = time.monotonic()

    def now(self) -> datetime:
        """Return the scaled time, aware and in UTC."""
        elapsed = (time.monotonic() - self._zero) * self._factor
        return datetime.fromtimestamp(self._start.timestamp() + elapsed, UTC)
