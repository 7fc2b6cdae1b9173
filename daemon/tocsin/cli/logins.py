"""Logins by OAuth on the command line, of receivers and of folders of mail."""

from __future__ import annotations

import re
import sys
from datetime import timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.cli.output import say
from tocsin.errors import FileError, UsageError
from tocsin.files import read_regular
from tocsin.units import duration

if TYPE_CHECKING:
    from tocsin.receivers.logins import OAuth

#: Characters of a refresh token.
_LONGEST_TOKEN = 16_384
TokenOption = Annotated[
    Path | None,
    typer.Option(
        "--token", metavar="FILE", help="Keep the refresh token in FILE (- is standard input), and ask for none."
    ),
]


def log_in_at(login: OAuth, token: Path | None, trial: str) -> None:
    """Get and keep a refresh token: that in the file *token*, or what a person allows in a browser. *trial* is a command.

    Raises:
        LoginError: the server gives none, or it cannot be kept.
        UsageError: the file holds none, or there is no address that gives codes.
    """
    # Lists do without requests.
    from tocsin.receivers import device_flow, logins, oauth  # noqa: PLC0415

    if token:
        given = _token_in(token)
        with logins.alone(login):
            logins.write(login, oauth.refreshed(login, given).refresh)
    else:
        if not login.device_url:
            raise UsageError(f"oauth of {login.name} has no device_url; a token that you have is taken by --token FILE")
        device = device_flow.begin(login)
        print(f"Open   {device.address}\nEnter  {device.user_code}", flush=True)
        say(f"Waiting for you, at most {duration(timedelta(seconds=device.lasts))} ...")
        found = device_flow.wait(login, device, sleep, monotonic)
        with logins.alone(login):
            logins.write(login, found)
    say(f"Logged in. The login is kept in {login.kept}. To try it: {trial}")


def _token_in(file: Path) -> str:
    """Return the refresh token in *file*, or on standard input for `-`.

    Raises:
        UsageError: there is none.
    """
    try:
        text = sys.stdin.read(_LONGEST_TOKEN) if str(file) == "-" else read_regular(file, _LONGEST_TOKEN).decode()
    except (FileError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: {error}") from error
    if not re.fullmatch(r"[\x21-\x7e]+", text.strip()):
        raise UsageError(f"{file} holds no refresh token: it is one word of ASCII")
    return text.strip()
