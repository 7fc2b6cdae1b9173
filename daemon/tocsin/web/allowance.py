"""The allowance of programs that hand in items: so many a minute, and no more at once than they would have saved up."""

from __future__ import annotations

from datetime import datetime, timedelta

#: Items that a program may hand in at once, and those that it may hand in a minute.
MOST = 600
_EACH = timedelta(minutes=1) / MOST


class Allowance:
    """The allowance of each program (a leaky bucket); it is whole again after a quiet minute."""

    def __init__(self) -> None:
        self._free_at: dict[str, datetime] = {}

    def take(self, name: str, items: int, now: datetime) -> timedelta:
        """Let the program *name* hand in so many *items*, at most `MOST`; return how long it has to wait if it may not yet."""
        # At most a minute, also after the clock was set back.
        used = min(max(self._free_at.get(name, now) - now, timedelta(0)), MOST * _EACH)
        after = used + items * _EACH
        if after <= MOST * _EACH:
            self._free_at[name] = now + after
        return max(after - MOST * _EACH, timedelta(0))
