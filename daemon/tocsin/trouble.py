"""Failures of the store, logged once: a full disk fails every half second and is one piece of news."""

from __future__ import annotations

import logging
from collections.abc import Callable

from tocsin.errors import StoreError
from tocsin.log import line

log = logging.getLogger(__name__)

#: Seconds between two lines about one trouble.
QUIET = 60.0
#: Seconds without a failure after which the store works again: whatever failed is tried again within them.
WELL = 5.0


class Trouble:
    """The state of the store, as its users see it; *monotonic* gives seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._reason = ""  # of the last failure; empty while the store works
        self._failures = 0  # since that was last said
        self._failed_at = 0.0
        self._said_at: dict[str, float] = {}  # by reason

    def failed(self, error: StoreError, **who: object) -> None:
        """Log a failure, unless the same was logged within a minute; then count it."""
        now = self._monotonic()
        self._reason, self._failed_at = str(error), now
        self._said_at = {reason: at for reason, at in self._said_at.items() if now - at < QUIET}
        if self._reason in self._said_at:
            self._failures += 1
            return
        self._said_at[self._reason] = now
        log.error(line("store failed", **who, reason=error, times=self._failures + 1 if self._failures else None))
        self._failures = 0

    @property
    def lasts(self) -> bool:
        """True if something failed just now: what fails does not hang."""
        return bool(self._reason) and self._monotonic() - self._failed_at < WELL

    @property
    def rested(self) -> bool:
        """True if nothing has failed for a while since something did: it may work again, or nothing was tried."""
        return bool(self._reason) and not self.lasts

    def worked(self) -> None:
        """Log that the store works again, once nothing has failed for a while."""
        if self.rested:
            log.info(line("store works again", failures=self._failures or None))
            self._reason, self._failures = "", 0
