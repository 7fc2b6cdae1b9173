"""The Containerfile and the example of its use, read as their programs read them: none is needed to see what they would do."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from tocsin.cli.commands import COMMANDS
from tocsin.config.config import load_config

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "Containerfile"
EXAMPLE = ROOT / "docs" / "compose.yaml"
KNOWN = frozenset(
    ["FROM", "RUN", "COPY", "USER", "WORKDIR", "ENV", "VOLUME", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD"]
)


@pytest.fixture(scope="module")
def steps() -> list[tuple[str, str]]:
    """Its instructions in order: name and the rest, continued lines joined."""
    text = re.sub(r"\\\n", " ", FILE.read_text(encoding="utf-8"))
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines)]


def one(steps: list[tuple[str, str]], name: str) -> str:
    """The rest of the only instruction *name*."""
    (rest,) = [rest for found, rest in steps if found == name]
    return rest


def test_it_is_one_image_of_a_plain_name(steps: list[tuple[str, str]]) -> None:
    """A builder gets the base where its operator says, and nothing else from anywhere but the wheel's libraries."""
    assert steps[0][0] == "FROM"
    assert re.fullmatch(r"python:3\.\d+-slim", one(steps, "FROM"))
    assert {name for name, _ in steps} == KNOWN
    assert "://" not in FILE.read_text(encoding="utf-8")


def test_it_runs_as_a_user_without_rights(steps: list[tuple[str, str]]) -> None:
    """Nothing after USER is done as root, and that user has a fixed number."""
    after = [name for name, _ in steps][[name for name, _ in steps].index("USER") :]
    assert one(steps, "USER") == "tocsin"
    assert {"RUN", "COPY"}.isdisjoint(after)
    made = next(rest for name, rest in steps if name == "RUN" and "useradd" in rest)
    assert "--uid 10001" in made
    assert "-o tocsin -g tocsin -m 700 /var/lib/tocsin" in made


def test_what_it_keeps_is_a_volume(steps: list[tuple[str, str]]) -> None:
    """A new image must find the database of the old one, and so its state is where the program looks for it."""
    env = dict(word.split("=", 1) for word in shlex.split(one(steps, "ENV")))
    assert json.loads(one(steps, "VOLUME")) == [env["STATE_DIRECTORY"]]
    assert env["TOCSIN_CONFIG"] == "/etc/tocsin/config.yaml"


def test_its_commands_are_those_of_the_program(steps: list[tuple[str, str]]) -> None:
    """It starts the daemon, ends it with a drain, and is healthy when `status` says so."""
    assert json.loads(one(steps, "ENTRYPOINT")) == ["tocsin"]
    (started,) = json.loads(one(steps, "CMD"))
    program, asked = json.loads(one(steps, "HEALTHCHECK").partition("CMD ")[2])
    assert program == "tocsin"
    assert {started, asked} <= set(COMMANDS)
    assert one(steps, "STOPSIGNAL") == "SIGTERM"


def test_it_can_use_a_server(steps: list[tuple[str, str]]) -> None:
    """The library for PostgreSQL is optional, and nobody can add it to an image that has been built."""
    (installed,) = [rest for name, rest in steps if name == "RUN" and "pip install" in rest]
    assert '"$(echo /tmp/wheel/*.whl)[postgres]"' in installed


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    """The services of the example."""
    read = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    assert read["volumes"].keys() == {"data"}
    found: dict[str, dict[str, Any]] = read["services"]
    return found


def test_the_example_runs_two_workers_of_this_image(
    services: dict[str, dict[str, Any]], steps: list[tuple[str, str]]
) -> None:
    """They read one folder of configuration where the image looks for it, and come back after a crash or a restart of the machine."""
    env = dict(word.split("=", 1) for word in shlex.split(one(steps, "ENV")))
    workers = [service for service in services.values() if service["image"] == "tocsin"]
    assert len(workers) == 2
    for worker in workers:
        assert (EXAMPLE.parent / worker["build"]["context"] / worker["build"]["dockerfile"]).resolve() == FILE
        (mount,) = worker["volumes"]
        assert mount.split(":")[1:] == [str(Path(env["TOCSIN_CONFIG"]).parent), "ro"]
        assert worker["restart"] == "unless-stopped"
        assert not worker.keys() & {"command", "entrypoint", "user"}


def test_the_example_starts_in_an_order_that_works(services: dict[str, dict[str, Any]]) -> None:
    """A worker waits for the server, and one of them for the other, so that only one makes the tables."""
    waits = {name: [*service.get("depends_on", {})] for name, service in services.items()}
    assert waits == {"db": [], "one": ["db"], "two": ["one"]}
    for name in ("db", "one"):
        assert services[name]["healthcheck"]["start_interval"]
    assert services["one"]["healthcheck"]["test"][:2] == ["CMD", "tocsin"]
    assert services["one"]["healthcheck"]["test"][2] in COMMANDS


def test_the_page_names_the_database_of_the_example(services: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    """The configuration that stands beside it there is one for its server, its user, its database and its password."""
    page = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(database: [^\n]*TOCSIN_DB_PASSWORD.*?)```", page, re.DOTALL)
    (tmp_path / "config.yaml").write_text(block, encoding="utf-8")
    settings = services["db"]["environment"]
    assert settings["POSTGRES_PASSWORD"] == services["one"]["environment"]["TOCSIN_DB_PASSWORD"]
    found = load_config(tmp_path / "config.yaml", {"TOCSIN_DB_PASSWORD": "secret"}).database
    assert found == f"postgresql://{settings['POSTGRES_USER']}:secret@db/{settings['POSTGRES_DB']}"
