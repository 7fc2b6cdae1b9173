"""Prices of the demo: a share that nobody can buy. Every number is made up, and the same in every run."""

from __future__ import annotations

import math
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SYMBOL = "magnets"
#: Sessions that an answer has.
SESSIONS = 260
_FIRST = 20.0
#: Moves that lasted: what the share gained or lost on a day of the story.
_MOVES = {
    date(2025, 4, 4): 0.11,
    date(2025, 7, 10): 0.24,
    date(2025, 10, 9): 0.13,
    date(2025, 11, 7): -0.09,
    date(2026, 1, 26): 0.18,
}
_CLOSE = time(10, 0, tzinfo=ZoneInfo("America/New_York"))


def closes(now: datetime) -> list[dict[str, str | float]]:
    """Return the last sessions that had closed at *now*, oldest first: symbol, time and price."""
    days = (now.date() - timedelta(days=n) for n in range(SESSIONS * 7 // 5))
    ends = [datetime.combine(day, _CLOSE) for day in days if day.weekday() < 5]
    return [{"symbol": SYMBOL, "at": at.isoformat(), "close": _price(at.date())} for at in reversed(ends) if at <= now]


def _price(day: date) -> float:
    n = day.toordinal()
    waves = 0.09 * math.sin(n / 31) + 0.025 * math.sin(n / 4.3) + 0.012 * math.sin(n * 2.1)
    lasting = math.prod(1 + move for on, move in _MOVES.items() if on <= day)
    return round(_FIRST * math.exp(waves) * lasting, 2)
