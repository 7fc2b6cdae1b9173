"""Parts that all commands share: options, the configuration, and the conversion of errors to exit codes."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.output import BAD_CONFIG, FAILED, LOST, USAGE, say, shown
from tocsin.config.config import Config, load_config
from tocsin.errors import (
    ConfigError,
    ConflictError,
    CredentialsError,
    LostError,
    Problem,
    TocsinError,
    UsageError,
    warned_once,
)
from tocsin.units import counted, parse_label

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The configuration file.", envvar="TOCSIN_CONFIG")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")]
SinceOption = Annotated[
    str | None, typer.Option("--since", help="Only those since a date (2026-03-01) or within a span (24h).")
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Work on a copy of the database and send to the console only.")
]
LimitOption = Annotated[int, typer.Option("--limit", "-n", min=1, help="The most to list, newest first.")]
ForOption = Annotated[str, typer.Option("--for", help="For how long: 30m, 4h, 2d.")]
WhyOption = Annotated[str, typer.Option("--why", help="The reason, in a few words.")]
ByOption = Annotated[
    str, typer.Option("--by", help="Your name; default: the user.", envvar=["SUDO_USER", "USER"], show_envvar=False)
]
DEFAULT_CONFIG = Path("config.yaml")
_CODES: dict[type[TocsinError], int] = {
    ConfigError: BAD_CONFIG,
    UsageError: USAGE,
    ConflictError: USAGE,  # of what a person asks for
    LostError: LOST,
}


def exit_code(error: TocsinError) -> int:
    """Print *error* for people, and return the exit code of the program.

    It is 78 for a bad configuration, 2 for wrong usage, 74 for a database that was taken away, 1 for any other error of ours.
    """
    if not isinstance(error, ConfigError):
        say(str(error))
    else:
        say_problems(error.problems)
        count = sum(not problem.warning for problem in error.problems)
        say(f"{counted(count, 'problem')}; nothing was started.")
    if isinstance(error, CredentialsError):
        say(with_credentials(error.names))
    return next((code for kind, code in _CODES.items() if isinstance(error, kind)), FAILED)


def say_problems(problems: Iterable[Problem]) -> None:
    """Print *problems* on stderr, warnings in the same words once."""
    for problem, others in warned_once(problems):
        say(str(problem))
        if others:
            say(f"    and at {counted(others, 'other place')}")


def with_credentials(names: Sequence[str]) -> str:
    """Return how to run this command as the service, with the credentials of these *names*."""
    folder = "/etc/tocsin/credentials"
    properties = ("User=tocsin", "StateDirectory=tocsin", "StateDirectoryMode=0700", "UMask=0077")
    given = (*properties, *(f"LoadCredential={name}:{folder}/{name}" for name in names))
    # The command runs in another folder.
    words = [str(Path(word).resolve()) if Path(word).is_file() else word for word in sys.argv]
    if not {"-c", "--config"} & set(words) and "TOCSIN_CONFIG" not in os.environ and DEFAULT_CONFIG.is_file():
        words += ["--config", str(DEFAULT_CONFIG.resolve())]
    line = ["systemd-run", "--pipe", "--wait", "--collect", "--quiet", *(f"--property={one}" for one in given), *words]
    return f"With the credentials of the service, as root:\n    {shlex.join(line)}"


def read_config(path: Path) -> Config:
    """Return the configuration at *path*, with values from the environment filled in. Print its warnings on stderr."""
    config = load_config(path, os.environ)
    say_problems(config.problems)
    return config


def read_label(text: str) -> tuple[str, str]:
    """Return name and value of a label as people type it, `mineral=gallium`.

    Raises:
        UsageError: it is none.
    """
    try:
        return parse_label(text)
    except ValueError as error:
        raise UsageError(f"--label {shown(text)[:80]}: {error}") from None
