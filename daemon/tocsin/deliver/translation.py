"""Translations from a server, for messages that wait a few seconds for them at most.

A headline is asked for once. After a failure the server is left alone for a while, so that messages do not wait for it one after
the other.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tocsin.deliver.headlines import Question
from tocsin.log import line
from tocsin.model.counters import Counted, Counters

if TYPE_CHECKING:
    from tocsin.receivers.translation import TranslationServer

log = logging.getLogger(__name__)

#: Seconds for which a message waits for all its translations, and for which a server is left alone after a failure.
WITHIN = 4.0
REST = 60.0
#: Seconds that a question may take beyond that, as for a name that is looked up, and those that it needs at least.
_BEYOND, _LEAST = 0.5, 0.2
#: Answers that are kept, and questions that are asked at a time.
_MOST_KEPT = 5_000
_AT_A_TIME = 2


class Translator:
    """Asks a server for translations, and keeps its answers. It belongs to the thread of the loop; *now* is in seconds."""

    def __init__(self, counters: Counters, now: Callable[[], float] = time.monotonic) -> None:
        self._counters = counters
        self._now = now
        self._gate = asyncio.Semaphore(_AT_A_TIME)
        self._pool = ThreadPoolExecutor(max_workers=_AT_A_TIME, thread_name_prefix="translate")
        self._kept: OrderedDict[Question, asyncio.Task[str | None]] = OrderedDict()
        self._begin(None)

    def close(self) -> None:
        """Ask nothing more; a question that was asked ends at its deadline."""
        self._begin(None)
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def answers(self, server: TranslationServer, questions: Collection[Question]) -> dict[Question, str]:
        """Return the translations that *server* gives within a few seconds; no answer is not an error."""
        if server != self._server:
            self._begin(server)
        asked = {question: self._asked(server, question) for question in questions}
        pending = [task for task in asked.values() if not task.done()]
        if pending:
            await asyncio.wait(pending, timeout=WITHIN + 2 * _BEYOND)
        done = {question: task for question, task in asked.items() if task.done() and not task.cancelled()}
        return {question: found for question, task in done.items() if (found := task.result())}

    def _begin(self, server: TranslationServer | None) -> None:
        """Ask *server* from now on, of which nothing is known; what another one was asked is given up."""
        for task in self._kept.values():
            task.cancel()
        self._server = server
        self._kept = OrderedDict()
        self._rests_until = self._now()
        self._failing = False
        self._refused: set[tuple[str, str]] = set()  # pairs of languages that were logged

    def _asked(self, server: TranslationServer, question: Question) -> asyncio.Task[str | None]:
        """Return the task that asks *question*: the one that did it before, if that had an answer."""
        known = self._kept.get(question)
        if known is None or (known.done() and (known.cancelled() or known.result() is None)):
            self._kept[question] = asyncio.create_task(self._ask(server, question, self._now() + WITHIN))
        self._kept.move_to_end(question)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return self._kept[question]

    async def _ask(self, server: TranslationServer, question: Question, until: float) -> str | None:
        """Return the translation, empty if the server refuses it, None if it is worth another try."""
        # requests is a part of each start that only this and receivers with an address need.
        from tocsin.receivers.translation import TranslationError, translate  # noqa: PLC0415

        async with self._gate:
            left = until - self._now()
            if left < _LEAST or self._now() < self._rests_until:
                return None
            asking = asyncio.get_running_loop().run_in_executor(
                self._pool, translate, server, question.text, question.source, question.target, left
            )
            try:
                found = await asyncio.wait_for(asking, left + _BEYOND)
            except TranslationError as error:
                if error.refused:
                    self._refuse(question, error)
                    return ""
                self._fail(error)
                return None
            except TimeoutError:
                self._fail("does not answer in time")
                return None
        self._counters.add(Counted.TRANSLATIONS, "translated")
        if self._failing:
            self._failing = False
            log.info(line("translation works again"))
        return found

    def _refuse(self, question: Question, error: Exception) -> None:
        self._counters.add(Counted.TRANSLATIONS, "refused")
        pair = (question.source, question.target)
        if pair not in self._refused:
            self._refused.add(pair)
            log.warning(line("translation refused", source=pair[0], target=pair[1], reason=error))

    def _fail(self, reason: Exception | str) -> None:
        self._counters.add(Counted.TRANSLATIONS, "failed")
        self._rests_until = self._now() + REST
        if not self._failing:
            self._failing = True
            log.warning(line("translation failed", reason=reason, consequence="messages go without"))
