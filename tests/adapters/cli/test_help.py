"""Help, completion and errors of the command line, which import no command."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tocsin.cli import app
from tocsin.cli.commands import COMMANDS, help_of, load, sketch

HEAVY = {
    "sqlalchemy",
    "alembic",
    "aiohttp",
    "apprise",
    "pydantic",
    "rich",
    "tocsin.cli.common",
    "tocsin.config",
    "tocsin.store",
}
#: The parser itself converts what was typed with one of them, and draws its boxes with the other.
PARSER = {"pydantic", "rich"}


#: Runs lines of arguments one after another, and prints what each shows and the modules that are imported by then.
PROGRAM = """
import contextlib, io, json, os, sys
from tocsin.cli import app

for arguments, env in json.loads(sys.argv[1]):
    os.environ.update(env)
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown), contextlib.suppress(SystemExit):
        app(arguments, prog_name="tocsin")
    print(json.dumps([shown.getvalue(), sorted(sys.modules)]))
"""


def imports_of(*lines: tuple[Sequence[str], Mapping[str, str]]) -> list[tuple[str, set[str]]]:
    """Run the program with each line of arguments and what it finds in the environment, all in one process.

    Return what each shows, and the modules that it or one before it imported.
    """
    code = [sys.executable, "-c", PROGRAM, json.dumps(lines)]
    printed = subprocess.run(code, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    return [(shown, set(imported)) for shown, imported in map(json.loads, printed)]


#: By what is typed: what is shown, and what may be imported for that, of this line and those before it.
HELP: dict[tuple[str, ...], tuple[str, set[str]]] = {
    ("--version",): ("tocsin ", set()),
    (): ("Watch news and prices", {"rich"}),
    ("--help",): ("Watch news and prices", {"rich"}),
    ("chekc",): ("Did you mean 'check'?", PARSER),
}


def test_help_imports_no_command() -> None:
    """Who asks for help waits for the parser only: databases, servers and schemas take ten times as long to import."""
    found = imports_of(*((line, {}) for line in HELP))
    for line, (shown, imported) in zip(HELP, found, strict=True):
        words, allowed = HELP[line]
        assert words in shown, line
        assert not (HEAVY - allowed) & imported, line


ABOUT_FILES = {
    ("check", "--rules", "trade"): "rules are good",
    ("packs", "list"): "critical-minerals",
}


def test_a_command_about_files_imports_no_database_and_no_client() -> None:
    """Who writes a rule checks it again and again."""
    found = imports_of(*((line, {}) for line in ABOUT_FILES))
    for line, (shown, imported) in zip(ABOUT_FILES, found, strict=True):
        assert ABOUT_FILES[line] in shown, line
        assert not {"sqlalchemy", "alembic", "aiohttp", "jinja2", "tocsin.web"} & imported, line


RULES_AND_CLIENTS = {
    "alembic",
    "sqlalchemy.dialects.postgresql",
    "aiohttp",
    "jinja2",
    "tocsin.web.pages",
    "tocsin.rules.ruleset",
    "tocsin.deliver",
}
CONFIG = """
database: sqlite:///t.db
rules: [./rules]
sources: {wire: {feed: "http://127.0.0.1:9/", allow_private: true}}
receivers: {here: {console: true}}
web: {listen: off}
"""
PACK = "tocsin: 1\npack: {id: mine, version: 1.0.0}\nrules: [{id: ban, news: {match: ban}}]\n"


@pytest.fixture
def config(tmp_path: Path, empty: Path) -> Path:
    """A configuration of one source, one rule and the console, with an empty database."""
    shutil.copy(empty, tmp_path / "t.db")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "pack.yaml").write_text(PACK, encoding="utf-8")
    (tmp_path / "config.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path / "config.yaml"


ABOUT_THE_DATABASE = {
    ("status",): "tocsin does not run",
    ("alerts", "list"): "No alerts",
    ("deliveries", "list"): "No deliveries yet",
    ("silences", "list"): "There are no silences",
    ("sources", "list"): "Nothing was polled yet",
    ("receivers", "list"): "here",
}


def test_a_command_about_the_database_imports_no_rules_and_no_client(config: Path) -> None:
    """A look at the daemon is a matter of a moment, and scripts take it every minute."""
    found = imports_of(*(((*line, "--config", str(config)), {}) for line in ABOUT_THE_DATABASE))
    for line, (shown, imported) in zip(ABOUT_THE_DATABASE, found, strict=True):
        assert ABOUT_THE_DATABASE[line] in shown, line
        assert not RULES_AND_CLIENTS & imported, line


#: Prints the modules that are imported when the daemon says that it has started, and stops it.
AT_START = """
import json, logging, os, signal, sys

class AtStart(logging.Handler):
    def emit(self, record):
        if record.getMessage().startswith("started"):
            print(json.dumps(sorted(sys.modules)))
            os.kill(os.getpid(), signal.SIGTERM)

logging.getLogger("tocsin.service.service").addHandler(AtStart())
from tocsin.cli import main
main()
"""


def test_a_daemon_has_started_before_it_imports_what_no_alert_needs(config: Path, unused_port: int) -> None:
    """It is killed and begun again: until it is ready, news waits.

    The page, for which half of all libraries are there, comes after that. What sends is imported for a receiver with an
    address, and migrations when one is due.
    """
    text = config.read_text(encoding="utf-8").replace("listen: off", f"listen: 127.0.0.1:{unused_port}")
    config.write_text(text, encoding="utf-8")
    code = [sys.executable, "-c", AT_START, "run", "--config", str(config)]
    done = subprocess.run(code, capture_output=True, text=True, check=True)
    imported = set(json.loads(done.stdout.splitlines()[-1]))
    page = {"aiohttp.web", "prometheus_client", "tocsin.web.pages", "tocsin.replay", "tocsin.config.testfile"}
    assert not (page | {"apprise", "requests", "alembic", "tocsin.demo", "rich.progress"}).intersection(imported)
    assert f"page served listen=127.0.0.1:{unused_port}" in done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_help_that_is_read_is_the_help_of_the_command(name: str) -> None:
    """The list of commands reads the source and the command itself the function: both must show the same."""
    assert help_of(name) == load(name).help != ""


def options_of(command: Any) -> Any:
    """The options and arguments of a command, or those of each command of a group."""
    if hasattr(command, "commands"):
        return {name: options_of(one) for name, one in command.commands.items()}
    return [
        (sorted([*one.opts, *one.secondary_opts]), one.is_flag if one.opts[0][0] == "-" else None)
        for one in command.params
    ]


@pytest.mark.parametrize("name", COMMANDS)
def test_what_is_completed_is_what_the_command_takes(name: str) -> None:
    """Completion reads the source, and must not offer what is refused nor hide what is there."""
    assert options_of(sketch(name)) == options_of(load(name))


def complete(shell: str, line: str) -> list[str]:
    """The words that a shell offers at the end of *line*, as the script of `--show-completion` asks for them."""
    env = {"_TOCSIN_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_ARGS": line}
    env |= {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" ")), "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    shown = CliRunner().invoke(app, [], env=env, prog_name="tocsin").stdout
    if shell == "zsh":
        return re.findall(r'(?:\(\(|\n)"([^"]+)"', shown)
    return [line.split("\t")[0] for line in shown.splitlines()]


def test_every_command_can_be_completed() -> None:
    """Shells complete commands, and commands of a group, as before they were imported late."""
    assert complete("bash", "tocsin ") == list(COMMANDS)
    assert complete("bash", "tocsin packs ") == ["list", "show", "copy"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("line", "words"),
    [
        pytest.param("tocsin wh", {"why", "why-not"}, id="command"),
        pytest.param("tocsin run --dry", {"--dry-run"}, id="option"),
        pytest.param("tocsin packs show cri", {"critical-minerals"}, id="pack"),
        pytest.param("tocsin rules list --pa", {"--pack"}, id="option of a function elsewhere"),
    ],
)
def test_a_word_is_completed_in_each_shell(shell: str, line: str, words: set[str]) -> None:
    """The name of a command, of an option and of a shipped pack."""
    assert set(complete(shell, line)) == words


COMPLETED = {
    "tocsin run --d": "--dry-run",
    "tocsin alerts list --": "--json",
    "tocsin packs show ": "critical-minerals",
}


def test_completion_imports_no_command() -> None:
    """It must answer between two keys: the libraries of a command take seconds."""
    asked = {"_TOCSIN_COMPLETE": "complete_bash"}
    found = imports_of(*(((), {**asked, "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}) for line in COMPLETED))
    for line, (shown, imported) in zip(COMPLETED, found, strict=True):
        assert COMPLETED[line] in shown.splitlines(), line
        assert not (HEAVY - PARSER - {"tocsin.config"}) & imported, line


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_is_shown(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`tocsin --show-completion` is what packagers and careful people put into place themselves."""
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    done = CliRunner().invoke(app, ["--show-completion", shell], prog_name="tocsin")
    assert done.exit_code == 0
    assert f"_TOCSIN_COMPLETE=complete_{shell}" in done.stdout
