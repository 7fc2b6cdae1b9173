"""What adapters share: a database with its tables (a copy is ten times as quick as the migrations), a guard, and a port."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.portable import compiled_once, guarded
from adapters.postgres import Server, served
from tocsin.store import Store


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an empty store."""
    path = tmp_path_factory.mktemp("empty") / "tocsin.db"
    Store.open(f"sqlite:///{path}", real_now=lambda: None, new_id=str).close()
    return path


@pytest.fixture(autouse=True, scope="session")
def _portable() -> Iterator[None]:
    """Every statement that a test sends to SQLite is one that PostgreSQL understands as well."""
    with guarded(), compiled_once():
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A server of PostgreSQL; a test that needs one is skipped where there is none."""
    with served() as server:
        if server is None:
            pytest.skip("no server of PostgreSQL: install one, or name it in $TOCSIN_TEST_POSTGRES")
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres: Server) -> str:
    """The name of a database with its tables and nothing in them."""
    url = postgres.fresh()
    Store.open(url, real_now=lambda: None, new_id=str).close()
    return url.partition("?")[0].rpartition("/")[2]


@pytest.fixture
def unused_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests that are marked `everywhere` on both databases, and all of them where $TOCSIN_TEST_DATABASE says so."""
    named = (mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "address" not in metafunc.fixturenames or "address" in named:
        return
    if os.environ.get("TOCSIN_TEST_DATABASE") == "postgresql":
        metafunc.parametrize("address", ["postgresql"], indirect=True)
    elif metafunc.definition.get_closest_marker("everywhere"):
        metafunc.parametrize("address", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database with its tables and nothing in them; empty for the usual one in a file."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield ""
        return
    if request.node.get_closest_marker("sqlite"):
        pytest.skip("it is about files of SQLite")
    server, template = request.getfixturevalue("postgres"), request.getfixturevalue("postgres_template")
    url = server.fresh(template)
    yield url
    server.drop(url)
