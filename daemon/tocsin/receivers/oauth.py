"""Logins by OAuth 2.0 (RFC 6749): a refresh token that is kept in a file, and the access tokens that it gives.

A server may give another refresh token each time, so the file is written by the daemon, too: it lies with the database, where
the daemon may write, and not with the configuration, where it often may not.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tocsin.errors import FileError, TocsinError
from tocsin.files import hand_over, read_regular
from tocsin.model.deliveries import ErrorClass
from tocsin.receivers.exchange import Exchange, install
from tocsin.receivers.redact import redactor
from tocsin.render.words import cut, one_line

#: Octets of the file, of which tokens are the most.
_LARGEST = 65_536
#: Seconds before its end at which an access token counts as ended, and for which one without an end lasts.
_MARGIN, _USUAL = 60, 3600
#: Seconds for one question to the server.
_LIMIT = 30.0
#: Fields of a form that no words may show.
_SECRET = ("client_secret", "refresh_token", "device_code")


class LoginError(TocsinError):
    """There is no access token; *kind* is what that means for a message."""

    def __init__(self, words: str, kind: ErrorClass = ErrorClass.AUTH) -> None:
        super().__init__(words)
        self.kind = kind


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OAuth:
    """The client as which the receiver *name* logs in at an authorization server; the refresh token is *kept* in that file."""

    name: str
    token_url: str
    device_url: str = ""
    client_id: str
    client_secret: str = ""
    scope: str = ""
    kept: Path

    @property
    def remedy(self) -> str:
        """The command that logs in again."""
        return f"run: tocsin receivers login {self.name}"


class AccessTokens:
    """Access tokens of one receiver. The last one is used until it ends or is forgotten."""

    def __init__(self, login: OAuth, now: Callable[[], float] = time.monotonic) -> None:
        self._login = login
        self._now = now
        self._token, self._ends = "", 0.0
        #: A refresh token that could not be written, and the one in the file that it follows.
        self._unwritten: tuple[str, str] = ("", "")
        self._seen: dict[str, None] = {}

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no words may show: the tokens of this process, and the secret of the client."""
        return (*filter(None, (self._login.client_secret,)), *self._seen)

    def forget(self) -> None:
        """Ask for a new access token next time: a server refused this one."""
        self._token = ""

    def get(self) -> str:
        """Return an access token, a new one if the last has ended.

        Raises:
            LoginError: nobody has logged in, or the server gives none.
        """
        if self._token and self._now() < self._ends:
            return self._token
        known = read(self._login)
        refresh = self._unwritten[1] if self._unwritten[0] == known else known
        self._seen = dict.fromkeys([refresh])
        found = refreshed(self._login, refresh)
        self._token, self._ends = found.access, self._now() + found.lasts
        self._seen = dict.fromkeys([refresh, found.refresh, found.access])
        if found.refresh != known:
            self._unwritten = (known, found.refresh)
            with suppress(LoginError):  # a message must not wait for a disk; the file's own token often still works
                write(self._login, found.refresh)
                self._unwritten = ("", "")
        return self._token


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Granted:
    """An *access* token for so many seconds, and the *refresh* token for the next one."""

    access: str
    lasts: float
    refresh: str


def refreshed(login: OAuth, refresh_token: str) -> Granted:
    """Return what *refresh_token* gives now.

    Raises:
        LoginError: nothing.
    """
    found = ask(login, {"grant_type": "refresh_token", "refresh_token": refresh_token})
    access = text(found, "access_token")
    if not re.fullmatch(r"[\x21-\x7e]+", access):
        raise LoginError("the authorization server answers without an access token", ErrorClass.TRANSIENT)
    lasts = max(0.0, number(found, "expires_in", _USUAL) - _MARGIN)
    return Granted(access=access, lasts=lasts, refresh=text(found, "refresh_token") or refresh_token)


def read(login: OAuth) -> str:
    """Return the refresh token that is kept for *login*.

    Raises:
        LoginError: there is none, or it is of another client or server, which must not see it.
    """
    try:
        found = json.loads(read_regular(login.kept, _LARGEST))
    except FileError as error:
        if not login.kept.exists():
            raise LoginError(f"nobody has logged in yet; {login.remedy}") from error
        raise LoginError(f"the login in {login.kept} {error}") from error
    except (ValueError, RecursionError) as error:
        raise LoginError(f"the login in {login.kept} is damaged; {login.remedy}") from error
    kept = {name: str(found.get(name, "")) for name in ("token_url", "client_id")} if isinstance(found, dict) else {}
    if kept != {"token_url": login.token_url, "client_id": login.client_id}:
        raise LoginError(f"the login that is kept is of another server or client; {login.remedy}")
    return str(found.get("refresh_token", ""))


def write(login: OAuth, refresh_token: str) -> None:
    """Keep *refresh_token* for *login*, in a file that only the owner of its folder may read.

    Raises:
        LoginError: the file cannot be written.
    """
    fields = {"token_url": login.token_url, "client_id": login.client_id, "refresh_token": refresh_token}
    part = login.kept.with_name(f"{login.kept.name}.part")
    try:
        login.kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            hand_over(handle, login.kept.parent)
            json.dump(fields, file)
            file.flush()
            os.fsync(handle)
        part.replace(login.kept)
    except OSError as error:
        raise LoginError(f"the login cannot be kept in {login.kept}: {error.strerror}") from error


class RefusedError(LoginError):
    """The server answered with an error, whose *code* RFC 6749 or 8628 names."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


def ask(login: OAuth, fields: Mapping[str, str], at: str = "") -> dict[str, Any]:
    """Return the answer of the server to a form.

    Raises:
        LoginError: it refuses, or does not answer.
    """
    form = {"client_id": login.client_id, "client_secret": login.client_secret, "scope": login.scope, **fields}
    install()
    with Exchange(_LIMIT) as exchange:
        try:
            answer = requests.post(
                at or login.token_url,
                data={name: value for name, value in form.items() if value},
                headers={"Accept": "application/json", "User-Agent": "tocsin"},
                auth=lambda request: request,  # else requests looks into ~/.netrc
                allow_redirects=False,
                timeout=(10, 20),
            )
        except requests.RequestException as error:
            words = exchange.outcome.words if exchange.outcome else type(error).__name__
            raise LoginError(f"the authorization server: {words}", ErrorClass.TRANSIENT) from error
    try:
        found = answer.json()
    except (ValueError, RecursionError):
        found = None
    found = found if isinstance(found, dict) else {}
    if answer.status_code == requests.codes.ok and not found.get("error"):
        return found
    code = text(found, "error")
    if not re.fullmatch(r"[a-z_]{1,60}", code):
        kind = ErrorClass.TRANSIENT if answer.status_code >= requests.codes.server_error else ErrorClass.AUTH
        raise LoginError(f"the authorization server answers {answer.status_code}: check the addresses in oauth", kind)
    hide = redactor("", headers=[form[name] for name in _SECRET if form.get(name)])
    about = cut(hide(one_line(text(found, "error_description"))), 200)
    said = f"the authorization server refuses: {code} {about}".rstrip()
    if code in ("temporarily_unavailable", "server_error"):
        raise LoginError(said, ErrorClass.TRANSIENT)
    ended = f"the login has ended; {login.remedy} ({said})"
    raise RefusedError(code, ended if code == "invalid_grant" else said)


def text(found: Mapping[str, Any], name: str) -> str:
    """Return a field of an answer; empty if it is no text."""
    value = found.get(name, "")
    return value if isinstance(value, str) else ""


def number(found: Mapping[str, Any], name: str, default: float) -> float:
    """Return a number of seconds; some servers write it as text."""
    with suppress(TypeError, ValueError, OverflowError):
        value = float(found.get(name, default))
        return value if 0 <= value < 10**9 else default
    return default
