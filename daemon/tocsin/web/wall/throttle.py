"""Failed logins: after a few of one client in a minute its next failures are answered late. Nobody is locked out."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

_MINUTE = timedelta(minutes=1)
#: Failures a minute of one client that are answered at once.
OF_A_CLIENT = 5
DELAY = timedelta(seconds=5)


class Throttle:
    """The failed logins of the last minute; those kept in memory are bounded."""

    def __init__(self) -> None:
        self._failures: deque[tuple[datetime, str]] = deque(maxlen=1000)

    def failed(self, client: str, now: datetime) -> None:
        """Record a failed login of *client*."""
        self._failures.append((now, client))

    def delay(self, client: str, now: datetime) -> timedelta:
        """Return the time after which a failure of *client* is answered."""
        recent = sum(name == client and abs(now - at) < _MINUTE for at, name in self._failures)
        return DELAY if recent >= OF_A_CLIENT else timedelta(0)
