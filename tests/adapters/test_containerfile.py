"""The Containerfile, read as a builder reads it: no builder is needed to see what an image would be."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from tocsin.cli.commands import COMMANDS

FILE = Path(__file__).resolve().parents[2] / "Containerfile"
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
