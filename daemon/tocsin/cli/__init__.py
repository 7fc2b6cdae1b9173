"""The command line: one file per command group, which is imported when one of its commands is called."""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from tocsin import __version__
from tocsin.cli.commands import COMMANDS, help_of, load, sketch
from tocsin.errors import TocsinError


class _Commands(TyperGroup):
    """All commands, behind the border where errors become exit codes."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name in COMMANDS:
            self.add_command(TyperCommand(name))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the name and help of a command, which is all that help and completion show."""
        command = super().get_command(ctx, cmd_name)
        if command:
            command.help = help_of(cmd_name)
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that is called, imported unless a shell only completes it."""
        name, command, rest = super().resolve_command(ctx, args)
        found = sketch if ctx.resilient_parsing else load
        loaded = found(name) if name and command else None
        if not gc.isenabled():  # switched off in `main`
            gc.freeze()
            gc.enable()
        return name, loaded, rest

    def invoke(self, ctx: Any) -> Any:
        try:
            with _explained():
                result = super().invoke(ctx)
                sys.stdout.flush()  # of a full disk this hears at the latest
                return result
        except TocsinError as error:
            # Help and wrong usage do without the import, which takes longer than both.
            from tocsin.cli.common import exit_code  # noqa: PLC0415

            raise typer.Exit(exit_code(error)) from error


@contextmanager
def _explained() -> Iterator[None]:
    """Explain a path that this user may not even look at, and a full disk, wherever they are met.

    Raises:
        TocsinError: there was one.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, PermissionError) and error.filename:
            words = f"{error.filename}: {error.strerror}; name another path, or run this as its owner"
        elif error.errno in (errno.ENOSPC, errno.EDQUOT):
            words = f"{error.filename or 'the output'} cannot be written: {error.strerror}; free some space"
        else:
            raise
        raise TocsinError(words) from error


app = typer.Typer(
    cls=_Commands,
    name="tocsin",
    help="Watch news and prices, recognise what your rules describe, and notify people once, with the proof.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"tocsin {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Handle the options of the program itself."""


def main() -> None:
    """Run the program."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the shell: `>&-`
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 (lasts as long as we do)
    # Modules and rules are made by the hundred thousand and stay: to look through them for garbage is a tenth of the start.
    gc.set_threshold(10_000, 10, 10)
    # Until the modules of the command are imported there is no garbage, and later they need not be looked at again.
    gc.disable()
    app()
