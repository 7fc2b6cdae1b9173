"""Completions for a shell, read from the source of a command: importing it takes ten times as long as a person waits."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from inspect import Parameter, Signature
from typing import Annotated, Any

import typer
from typer.main import get_command, get_group


@dataclass(frozen=True, slots=True)
class _Found:
    """A definition: its syntax tree, and the *module* in which it stands."""

    module: str
    node: Any


Read = Callable[[str], ast.Module]


def sketch(name: str, module: str, attribute: str, read: Read) -> Any:
    """Return the command *name*, or the group of that name, with its options and arguments and without its function.

    *attribute* of the *module* below `tocsin.cli` is its function or the `app` of its group; *read* parses a module.
    """
    found = _definition(module, attribute, read)
    app = typer.Typer(add_completion=False)
    if isinstance(found.node, ast.FunctionDef):
        app.command(name)(_stub(found, read))
        return get_command(app)
    for command, function in _commands(module, attribute, read):
        app.command(command)(_stub(function, read))
    app.callback()(lambda: None)
    return get_group(app)


def _definition(module: str, name: str, read: Read) -> _Found:
    """Return the definition of *name* as *module* sees it; imports within `tocsin.cli` are followed.

    Raises:
        LookupError: there is none.
    """
    for node in read(module).body:
        match node:
            case ast.FunctionDef() if node.name == name:
                return _Found(module, node)
            case ast.Assign(targets=[ast.Name(id=target)]) if target == name:
                return _Found(module, node.value)
            case ast.ImportFrom(module=str(source)) if any((a.asname or a.name) == name for a in node.names):
                if source.startswith("tocsin.cli."):
                    return _definition(source.removeprefix("tocsin.cli."), name, read)
                return _Found(source, ast.Name(name))
    raise LookupError(f"tocsin.cli.{module} has no {name}")


def _commands(module: str, app: str, read: Read) -> Iterator[tuple[str, _Found]]:
    """Yield the commands of a group: functions under `@app.command("x")`, and those of `app.command("x")(function)`."""
    for node in read(module).body:
        match node:
            case ast.FunctionDef():
                for call in node.decorator_list:
                    if name := _command_name(call, app):
                        yield name, _Found(module, node)
            case ast.Expr(value=ast.Call(func=call, args=[ast.Name(id=function)])):
                if name := _command_name(call, app):
                    yield name, _definition(module, function, read)
            case ast.Expr(value=ast.Call(func=call, args=[ast.Attribute(value=ast.Name(id=room), attr=function)])):
                if name := _command_name(call, app):
                    yield name, _definition(room, function, read)


def _command_name(call: ast.expr, app: str) -> str:
    match call:
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id=owner), attr="command"), args=[ast.Constant(value=str(name))]
        ):
            return name if owner == app else ""
    return ""


def _stub(function: _Found, read: Read) -> Callable[..., None]:
    """Return a function with the options and arguments of *function*, which does nothing."""

    def stub(**_: object) -> None:
        return

    given = function.node.args
    hints = {one.arg: _hint(one.annotation, function.module, read) for one in (*given.args, *given.kwonlyargs)}
    parameters = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=hint) for name, hint in hints.items() if hint
    ]
    stub.__annotations__ = {one.name: one.annotation for one in parameters}
    stub.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    stub.__doc__ = ast.get_docstring(function.node)
    return stub


def _hint(annotation: ast.expr, module: str, read: Read) -> Any:
    """Return the type of a parameter as far as a shell must know it: a flag or a text, and the names that it may have."""
    if isinstance(annotation, ast.Name) and annotation.id in {"str", "int"}:
        return Annotated[str | None, typer.Argument()]
    found = _Found(module, annotation)
    if isinstance(annotation, ast.Name):
        found = _definition(module, annotation.id, read)
    match found.node:
        case ast.Subscript(slice=ast.Tuple(elts=[kind, ast.Call(func=ast.Attribute(attr=name)) as call])):
            names = [str(one.value) for one in call.args if isinstance(one, ast.Constant)]
            text = bool if "bool" in ast.unparse(kind) else list[str] if "list" in ast.unparse(kind) else str
            if name == "Option":
                return Annotated[text | None, typer.Option(*names)]
            return Annotated[text | None, typer.Argument(autocompletion=_values(call, found.module, read))]
    return None


def _values(call: ast.Call, module: str, read: Read) -> Callable[[], list[str]] | None:
    """Return the function that a *call* passes as `autocompletion`."""
    for keyword in call.keywords:
        if keyword.arg == "autocompletion" and isinstance(keyword.value, ast.Name):
            found = _definition(module, keyword.value.id, read)
            values: Callable[[], list[str]] = getattr(import_module(found.module), found.node.id)
            return values
    return None
