"""What one of several workers does for all."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from functools import partial
from typing import Any

import pytest

from tocsin.protocols import Run
from tocsin.service.periodic import PeriodicTasks
from tocsin.store import Store

psycopg = pytest.importorskip("psycopg")
ConnectorException = pytest.importorskip("procrastinate.exceptions").ConnectorException
pytestmark = pytest.mark.parametrize("address", ["postgresql"], indirect=True)

EVERY_SECOND = "* * * * * *"


async def _at_once(call: Any, /, *args: Any, **kwargs: Any) -> Any:
    return call(*args, **kwargs)


async def _work(call: Any, /, *args: Any, **kwargs: Any) -> Any:
    return await asyncio.to_thread(call, *args, **kwargs)


def test_each_task_is_done_by_one_worker_a_period(address: str) -> None:
    """Two workers that both swept, or both took over, would only hinder each other."""
    work: Run = _work
    store = Store.open(address)
    done: list[str] = []

    async def both() -> float:
        calls: asyncio.Queue[str] = asyncio.Queue()
        workers = []
        assert store.parameters
        for name in ("one", "other"):
            workers.append(PeriodicTasks(store.parameters, work))
            workers[-1].every(EVERY_SECOND, "tick", partial(calls.put, name))
            workers[-1].start()
        async with asyncio.timeout(60):
            done.append(await calls.get())
            began = time.monotonic()
            done.extend([await calls.get() for _ in range(3)])
            took = time.monotonic() - began
        for one in workers:
            await one.stop(10)
        done.extend(calls.get_nowait() for _ in range(calls.qsize()))
        return took

    took = asyncio.run(both())
    store.close()
    assert 4 <= len(done) <= took + 3  # one a second


def test_a_worker_that_rests_leaves_the_tasks_to_others(address: str) -> None:
    """A report that is taken by a worker that stands by would be made by nobody."""

    async def run() -> None:
        store = Store.open(address)
        assert store.parameters
        calls: asyncio.Queue[str] = asyncio.Queue()
        tasks = PeriodicTasks(store.parameters, _work)
        tasks.every(EVERY_SECOND, "tick", partial(calls.put, "tick"))
        tasks.start()
        async with asyncio.timeout(60):
            await calls.get()
            tasks.rest(resting=True)
            await tasks.stop(30)
            while not calls.empty():
                calls.get_nowait()
            await asyncio.sleep(1.1)
            assert calls.empty()
            tasks.rest(resting=False)
            await calls.get()
        await tasks.stop(10)
        store.close()

    asyncio.run(run())


def test_a_server_that_is_lost_at_the_end_of_a_job_brings_no_traceback(
    address: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The library leaves such an error in a task that nobody looks at; the store has said that the server is away."""

    async def lose(error: Exception) -> None:
        raise error

    async def run() -> None:
        store = Store.open(address)
        assert store.parameters
        tasks = PeriodicTasks(store.parameters, _work)
        tasks.start()
        for error in (ConnectorException(), ValueError("another")):
            left = asyncio.create_task(lose(error))
            await asyncio.wait({left})
            del left
            gc.collect()
        await tasks.stop(10)
        store.close()

    asyncio.run(run())
    assert [record.message for record in caplog.records if "never retrieved" in record.message]
    assert "ValueError" in caplog.text
    assert "ConnectorException" not in caplog.text


def test_a_stop_in_the_middle_of_a_start_is_a_stop(address: str) -> None:
    """Connections that were being opened kept a daemon from its end until it was killed."""
    store = Store.open(address)
    assert store.parameters

    async def start_and_stop(turns: int) -> None:
        assert store.parameters
        tasks = PeriodicTasks(store.parameters, _at_once)
        tasks.start()
        for _ in range(turns):
            await asyncio.sleep(0)
        async with asyncio.timeout(4):
            await tasks.stop(5)
        assert {task.get_name() for task in asyncio.all_tasks() - {asyncio.current_task()}} == set()

    for turns in range(12):
        asyncio.run(start_and_stop(turns))
    store.close()


class _Heard(logging.Filter):
    """Sets an event at each line of the log."""

    def __init__(self, heard: asyncio.Event) -> None:
        super().__init__()
        self._heard = heard

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the line."""
        self._heard.set()
        return True


def test_a_table_that_another_program_locks_is_named_and_delays_no_stop(
    address: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The log named an error of the library that has no words, and a stop waited for the next try."""
    store = Store.open(address)

    async def run() -> None:
        assert store.parameters
        done: asyncio.Queue[None] = asyncio.Queue()
        said = asyncio.Event()
        tasks = PeriodicTasks(dict(store.parameters) | {"options": "-c lock_timeout=100ms"}, _work)
        tasks.every(EVERY_SECOND, "tick", partial(done.put, None))
        tasks.start()
        async with asyncio.timeout(60):
            await done.get()
            with psycopg.connect(address) as session:
                session.execute("LOCK TABLE procrastinate.procrastinate_jobs IN EXCLUSIVE MODE")
                with caplog.filtering(_Heard(said)):
                    await said.wait()
            while not done.empty():
                done.get_nowait()
            await done.get()
            with psycopg.connect(address) as session:
                session.execute("LOCK TABLE procrastinate.procrastinate_workers IN EXCLUSIVE MODE")
                await tasks.stop(4)
                assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run())
    store.close()
    assert "canceling statement due to lock timeout" in caplog.text
