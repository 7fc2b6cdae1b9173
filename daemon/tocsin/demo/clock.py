"""The demo's clock: it jumps from chapter to chapter, and within one it runs faster than life."""

from __future__ import annotations

import time
from datetime import datetime, timedelta


class ChapterClock:
    """Runs *factor* times as fast as real time from where it was last set."""

    def __init__(self, start: datetime, factor: float) -> None:
        self._factor = factor
        self.jump(start)

    def now(self) -> datetime:
        """The time in the demo's world, aware and in UTC."""
        return self._start + timedelta(seconds=(time.monotonic() - self._zero) * self._factor)

    def jump(self, to: datetime) -> None:
        """Set the clock."""
        self._start, self._zero = to, time.monotonic()
