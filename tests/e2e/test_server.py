"""The daemon on a database on a server, which comes and goes."""

from __future__ import annotations

import shutil
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


def test_a_worker_with_other_files_stands_by_until_it_has_them(world: World, server: Server) -> None:
    """Two configurations side by side would alert by different rules; whoever is behind says so and changes nothing."""
    world.configure()
    text = world.config.read_text(encoding="utf-8").replace("sqlite:///tocsin.db", f'"{server.fresh()}"')
    world.config.write_text(text, encoding="utf-8")
    old = world.start("run", "--config", str(world.config), "--worker", "old")
    world.baseline()
    newer = world.folder / "newer"
    shutil.copytree(world.folder / "rules", newer / "rules")
    rule = newer / "rules" / "metals.yaml"
    rule.write_text(rule.read_text(encoding="utf-8").replace("severity: high", "severity: critical"), encoding="utf-8")
    (newer / "config.yaml").write_text(text, encoding="utf-8")
    new = world.start("run", "--config", str(newer / "config.yaml"), "--worker", "new")
    old.wait_for("another configuration is active")
    listed = {one["name"]: one["stands_by"] for one in world.listing("workers", "list")}
    assert listed == {"old": True, "new": False}
    world.web.publish("wire0", "China bans exports of gallium")
    _sent(world, 2)
    assert [one["severity"] for one in world.listing("alerts", "list")] == ["critical"]
    (world.folder / "rules" / "metals.yaml").write_text(rule.read_text(encoding="utf-8"), encoding="utf-8")
    old.wait_for("reloaded")
    assert new.stop() == 0
    world.web.publish("wire0", "Congo halts exports of cobalt")
    _sent(world, 4)
    assert old.stop() == 0
