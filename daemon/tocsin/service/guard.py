"""Work on the store that goes on after a failure of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from tocsin.errors import DamagedError, LostError, OvertakenError, StoreError
from tocsin.log import line
from tocsin.trouble import Trouble

log = logging.getLogger(__name__)

#: Seconds until messages are claimed again after a failure of the store.
AGAIN = 1.0


class Guard:
    """Runs what works on the store, and reports its *trouble*.

    *probe* tries the store when nothing has failed for a while, *set_aside* moves damaged rows out of the way, *lost* is
    called when its files are gone, and *again* soon after any other failure.
    """

    def __init__(
        self,
        trouble: Trouble,
        *,
        probe: Callable[[], Awaitable[None]],
        set_aside: Callable[[], Awaitable[None]],
        lost: Callable[[LostError], None],
        again: Callable[[], None],
    ) -> None:
        self._trouble = trouble
        self._probe = probe
        self._set_aside = set_aside
        self._lost = lost
        self._again = again

    async def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run *work*; every failure of the store ends here."""
        try:
            await work()
            if self._trouble.rested:
                await self._probe()
        except LostError as error:
            self._lost(error)
        except DamagedError as error:
            self._trouble.failed(error)
            with suppress(StoreError):
                await self._set_aside()
        except OvertakenError as error:
            log.debug(line("left to another worker", reason=error))
        except StoreError as error:
            self._trouble.failed(error)
            # Where workers share a database the next tick is seconds away.
            asyncio.get_running_loop().call_later(AGAIN, self._again)
        else:
            self._trouble.worked()
