"""A clock for tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass
class HandClock:
    """A clock that stands until it is moved."""

    time: datetime = NOON

    def now(self) -> datetime:
        """The time it shows."""
        return self.time

    def move(self, **span: float) -> None:
        """Let time pass."""
        self.time += timedelta(**span)
