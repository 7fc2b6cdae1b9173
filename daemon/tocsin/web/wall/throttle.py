"""Failed logins: more than a few a minute make the next ones wait. Nobody is locked out."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

_MINUTE = timedelta(minutes=1)
#: Failures a minute without a delay: of one client, and of all.
OF_A_CLIENT = 5
OF_ALL = 30
DELAY = timedelta(seconds=5)


class Throttle:
    """The failed logins of the last minute; those kept in memory are bounded."""

    def __init__(self) -> None:
        self._failures: deque[tuple[datetime, str]] = deque(maxlen=1000)

    def failed(self, client: str, now: datetime) -> None:
        """Record a failed login of *client*."""
        self._failures.append((now, client))

    def delay(self, client: str, now: datetime) -> timedelta:
        """Return the time that a login of *client* has to wait before it is looked at."""
        recent = [name for at, name in self._failures if now - at < _MINUTE]
        slow = recent.count(client) >= OF_A_CLIENT or len(recent) >= OF_ALL
        return DELAY if slow else timedelta(0)
