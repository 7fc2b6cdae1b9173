"""Help, completion and errors of the command line, which import no command."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from typer.testing import CliRunner

from tocsin.cli import app
from tocsin.cli.commands import COMMANDS, help_of, load

HEAVY = {
    "sqlalchemy",
    "alembic",
    "aiohttp",
    "apprise",
    "pydantic",
    "tocsin.cli.common",
    "tocsin.config",
    "tocsin.store",
}
#: The parser itself converts what was typed with it.
PARSER = {"pydantic"}


def imports_of(*arguments: str) -> tuple[str, list[str]]:
    """Run the program; return what it shows, and the modules that it imported."""
    code = (
        "import json, sys\n"
        "from tocsin.cli import app\n"
        "try:\n"
        "    app()\n"
        "finally:\n"
        "    print(json.dumps(sorted(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr, json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    ("arguments", "words", "allowed"),
    [
        pytest.param(["--help"], "Watch news and prices", set(), id="help"),
        pytest.param([], "Watch news and prices", set(), id="nothing"),
        pytest.param(["--version"], "tocsin ", set(), id="version"),
        pytest.param(["chekc"], "Did you mean 'check'?", PARSER, id="typo"),
    ],
)
def test_help_imports_no_command(arguments: list[str], words: str, allowed: set[str]) -> None:
    """Who asks for help waits for the parser only: databases, servers and schemas take ten times as long to import."""
    shown, imported = imports_of(*arguments)
    assert words in shown
    assert (HEAVY - allowed).isdisjoint(imported)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["check", "--rules", "trade"], "rules are good", id="check"),
        pytest.param(["packs", "list"], "critical-minerals", id="packs"),
    ],
)
def test_a_command_about_files_imports_no_database_and_no_client(arguments: list[str], words: str) -> None:
    """Who writes a rule checks it again and again."""
    shown, imported = imports_of(*arguments)
    assert words in shown
    assert {"sqlalchemy", "alembic", "aiohttp"}.isdisjoint(imported)


def test_a_daemon_imports_what_sends_only_for_a_receiver_with_an_address() -> None:
    """It is killed and begun again: until it is ready, news waits. Migrations are imported when one is due."""
    code = "import json, sys, tocsin.cli.run; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"apprise", "requests", "alembic", "tocsin.demo"}.isdisjoint(json.loads(done.stdout))


@pytest.mark.parametrize("name", COMMANDS)
def test_help_that_is_read_is_the_help_of_the_command(name: str) -> None:
    """The list of commands reads the source and the command itself the function: both must show the same."""
    assert help_of(name) == load(name).help != ""


def test_every_command_can_be_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shells complete commands, and commands of a group, as before they were imported late."""

    def complete(line: str) -> Any:
        env = {"_TOCSIN_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
        return CliRunner().invoke(app, [], env=env, prog_name="tocsin").stdout.split()

    assert complete("tocsin ") == list(COMMANDS)
    assert complete("tocsin wh") == ["why", "why-not"]
    assert complete("tocsin packs ") == ["list", "show", "copy"]
