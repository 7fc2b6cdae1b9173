"""The world's time, which every life of the daemon and the servers share: faster than real time, and it can jump."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

#: A Monday morning, on which nothing in particular happened. Some people sleep until ten in the evening; the script ends
#: soon after that.
START = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)
SLEEP = (datetime(2026, 3, 2, 2, 0, tzinfo=UTC), datetime(2026, 3, 2, 22, 0, tzinfo=UTC))
FACTOR = 10.0


class WorldClock:
    """A clock kept in the file at *path*: started once, read by every process, moved by `jump`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def begin(cls, path: Path) -> WorldClock:
        """A new world's clock, at `START`."""
        clock = cls(path)
        clock._write({"zero": time.monotonic(), "offset": 0.0})
        return clock

    def now(self) -> datetime:
        """The world's time, aware and in UTC."""
        state = self._read()
        return START + timedelta(seconds=(time.monotonic() - state["zero"]) * FACTOR + state["offset"])

    def jump(self, by: timedelta) -> None:
        """Set the clock forward, or back."""
        state = self._read()
        self._write({**state, "offset": state["offset"] + by.total_seconds()})

    def _read(self) -> dict[str, float]:
        state: dict[str, float] = json.loads(self._path.read_text(encoding="utf-8"))
        return state

    def _write(self, state: dict[str, float]) -> None:
        # Never half a file for who reads it meanwhile.
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(state), encoding="utf-8")
        fresh.replace(self._path)
