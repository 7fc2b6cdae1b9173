"""Periodic tasks that one of several workers does for all: the only importer of Procrastinate.

Every worker defers each task once a period, and the database keeps the first of them; whoever is free does it. A worker
that is killed meanwhile leaves its job behind, and the next period brings another one. So each task may be done twice
or left out once without harm.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tocsin.log import line
from tocsin.protocols import Run

if TYPE_CHECKING:
    from procrastinate import App

log = logging.getLogger(__name__)

_QUEUE = "tocsin"
#: Seconds between two tries to reach the server.
_AGAIN = 5.0
#: Connections for fetching jobs; one more listens for them.
_CONNECTIONS = 2
#: The schema of the tables of Procrastinate, apart from ours.
SCHEMA = "procrastinate"
#: At the full hour, at the full minute, and every five seconds of it.
HOURLY, EVERY_MINUTE, EVERY_FIVE_SECONDS = "0 * * * *", "* * * * *", "* * * * * */5"


class PeriodicTasks:
    """Tasks by name, each with a period in cron's form; *parameters* open a connection to the database that workers share."""

    def __init__(self, parameters: Mapping[str, Any], work: Run) -> None:
        self._parameters = parameters
        self._work = work
        self._tasks: dict[str, tuple[str, Callable[[], Awaitable[None]]]] = {}
        self._running: asyncio.Task[None] | None = None
        self._ending = set[asyncio.Task[None]]()
        for name in ("procrastinate", "psycopg.pool"):  # what they say of a lost server, the store says too
            logging.getLogger(name).setLevel(logging.CRITICAL)

    def every(self, period: str, name: str, call: Callable[[], Awaitable[None]]) -> None:
        """Do *call* once every *period*, on one of the workers."""
        self._tasks[name] = period, call

    def start(self) -> None:
        """Begin to do tasks."""
        asyncio.get_running_loop().set_exception_handler(_pass_over)
        self._running = asyncio.create_task(self._run(), name="periodic tasks")

    def rest(self, *, resting: bool) -> None:
        """Leave all tasks to other workers while *resting*: whoever took one then would do nothing."""
        if not resting and self._running is None:
            self.start()
        elif resting and self._running is not None:
            self._end()

    async def stop(self, within: float) -> None:
        """Begin no more tasks, and wait at most *within* seconds for the one that runs."""
        self._end()
        if self._ending:
            await asyncio.wait(self._ending, timeout=within)

    def _end(self) -> None:
        if self._running is not None:
            self._running.cancel()
            self._ending.add(self._running)
            self._running.add_done_callback(self._ending.discard)
            self._running = None

    async def _run(self) -> None:
        trouble = ""
        while not _must_end():
            try:
                app = await self._work(self._app)  # the import takes a while
                try:
                    await app.open_async()
                    trouble = ""
                    if not _must_end():
                        await app.run_worker_async(
                            queues=[_QUEUE],
                            install_signal_handlers=False,
                            delete_jobs="always",
                            shutdown_graceful_timeout=_AGAIN,
                        )
                finally:
                    # Connections that are being opened, too: their tasks cannot be cancelled, and the loop would wait for ever.
                    await app.close_async()
            except Exception as error:  # noqa: BLE001 (server, driver, pool and library each have kinds of their own)
                if _must_end():
                    return
                cause = error.__cause__ or error  # the library's own error says nothing
                if trouble != (trouble := f"{type(cause).__name__}: {cause}"):
                    log.warning(line("periodic tasks wait for the database", reason=trouble.splitlines()[0]))
                await asyncio.sleep(_AGAIN)

    def _app(self) -> App:
        from procrastinate import App, PsycopgConnector  # noqa: PLC0415 (optional, and slow to import)

        options = f"{self._parameters.get('options', '')} -c search_path={SCHEMA}".strip()
        kwargs = {**self._parameters, "options": options}
        app = App(connector=PsycopgConnector(kwargs=kwargs, min_size=1, max_size=_CONNECTIONS))
        for name, (period, call) in self._tasks.items():
            task = app.task(queue=_QUEUE, name=name, queueing_lock=name)(_task(call))
            app.periodic(cron=period)(task)
        _forget_stalled(app)
        return app


def _must_end() -> bool:
    """Return whether this task was cancelled: an error may have come in the place of it, or the library have lost it."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _pass_over(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Say nothing of a server that was lost at the end of a job: the store says so, and the next period brings another job."""
    from procrastinate.exceptions import ConnectorException  # noqa: PLC0415 (optional, and slow to import)

    if not isinstance(context.get("exception"), ConnectorException):
        loop.default_exception_handler(context)


def _task(call: Callable[[], Awaitable[None]]) -> Callable[[int], Awaitable[None]]:
    async def task(timestamp: int) -> None:  # noqa: ARG001 (of the period)
        await call()

    return task


def _forget_stalled(app: App) -> None:
    """Forget the jobs of workers that were killed, once an hour."""
    from procrastinate.jobs import Status  # noqa: PLC0415

    async def forget(timestamp: int) -> None:  # noqa: ARG001
        with suppress(Exception):  # it is done again in an hour
            for job in await app.job_manager.get_stalled_jobs():
                await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=True)

    app.periodic(cron=HOURLY)(app.task(queue=_QUEUE, name="forget", queueing_lock="forget")(forget))
