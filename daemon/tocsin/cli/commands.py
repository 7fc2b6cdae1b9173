"""The table of the commands: each is found, and its help shown, before anything of it is imported."""

from __future__ import annotations

import ast
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import typer
from typer.main import get_command, get_group

from tocsin.cli import completion

#: Module and name of each command's function, or of the `app` of each group, in the order in which help lists them.
COMMANDS = {
    "run": "run:run",
    "once": "run:once",
    "demo": "run:demo",
    "init": "setup.init:init",
    "check": "configuration:check",
    "status": "setup.status:status",
    "doctor": "setup.doctor:doctor",
    "match": "rules:match",
    "why": "why:why",
    "why-not": "why:why",
    "backtest": "backtest:backtest",
    "test": "rules:run_tests",
    "notify-test": "notify:notify_test",
    "schema": "configuration:print_schema",
    "workers": "workers:app",
    "sources": "sources:app",
    "instruments": "instruments:app",
    "alerts": "alerts:app",
    "dates": "dates:app",
    "rules": "rules:app",
    "packs": "packs:app",
    "deliveries": "deliveries:app",
    "receivers": "receivers:app",
    "digest": "receivers:digest_app",
    "silences": "silences:app",
    "service": "setup.service:app",
    "web": "web:app",
    "config": "configuration:app",
    "db": "database:app",
}
#: The help of a second name.
_HELP = {"why-not": "Show why RULE does not match an entry: the same as why, which shows both."}


def load(name: str) -> Any:
    """Import the command *name* and return it as the parser calls it."""
    module, attribute = COMMANDS[name].split(":")
    found = getattr(import_module(f"tocsin.cli.{module}"), attribute)
    if isinstance(found, typer.Typer):
        return get_group(found)
    alone = typer.Typer(add_completion=False)
    alone.command(name, help=_HELP.get(name))(found)
    return get_command(alone)


def sketch(name: str) -> Any:
    """Return the command *name* as a shell completes it, without importing it."""
    module, attribute = COMMANDS[name].split(":")
    return completion.sketch(name, module, attribute, _source)


def help_of(name: str) -> str:
    """Return the help of the command *name*: the docstring of its function, or the `help` of its group.

    It is read from the source, because importing the command takes a hundred times as long.
    """
    if name in _HELP:
        return _HELP[name]
    module, attribute = COMMANDS[name].split(":")
    for node in _source(module).body:
        if isinstance(node, ast.FunctionDef) and node.name == attribute:
            return ast.get_docstring(node) or ""
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == attribute:
            return _keyword(node.value, "help")
    raise LookupError(f"tocsin.cli.{module} has no {attribute}")


@cache
def _source(module: str) -> ast.Module:
    path = Path(__file__).parent / f"{module.replace('.', '/')}.py"
    return ast.parse(path.read_bytes())


def _keyword(call: ast.expr, name: str) -> str:
    """Return the text that a *call* passes as the keyword argument *name*."""
    assert isinstance(call, ast.Call)
    return next(str(ast.literal_eval(given.value)) for given in call.keywords if given.arg == name)
