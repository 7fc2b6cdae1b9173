"""The daemon on a database on a server, which comes and goes."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.postgres import Server, served

World = Any


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of our own, which may be killed."""
    with served() as one:
        if one is None or one.folder is None:
            pytest.skip("no server of PostgreSQL that may be killed")
        yield one


def _sent(world: World, count: int) -> None:
    """Wait until so many deliveries are known to have arrived."""
    states = ["delivered"] * count
    world.until(lambda: [one["state"] for one in world.listing("deliveries", "list")] == states, "deliveries")


def test_a_server_that_is_killed_costs_nothing(world: World, server: Server) -> None:
    """The daemon says once that it is away, goes on by itself, and sends each message once; so does a second one beside it."""
    world.configure()
    text = world.config.read_text(encoding="utf-8")
    world.config.write_text(text.replace("sqlite:///tocsin.db", f'"{server.fresh()}"'), encoding="utf-8")
    daemon = world.start()
    world.baseline()
    second = world.launch("run", "--config", str(world.config))
    second.wait_for("started")
    world.web.publish("wire0", "China bans exports of gallium")
    _sent(world, 2)
    server.stop(signal.SIGKILL)
    daemon.wait_for("cannot be reached")
    world.web.publish("wire0", "Congo halts exports of cobalt")
    server.start()
    _sent(world, 4)
    assert daemon.stop() == 0
    assert second.stop() == 0
    assert len(world.mailbox.mails) == 2
