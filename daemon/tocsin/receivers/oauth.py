"""Logins by OAuth 2.0 (RFC 6749): the access tokens that a refresh token gives, and what the server answers."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import requests

from tocsin.log import line
from tocsin.model.deliveries import ErrorClass
from tocsin.receivers.exchange import Exchange, install
from tocsin.receivers.logins import LoginError, OAuth, alone, read, write
from tocsin.receivers.redact import redactor
from tocsin.render.words import cut, one_line

log = logging.getLogger(__name__)

#: Seconds before its end at which an access token counts as ended, and for which one without an end lasts.
_MARGIN, _USUAL = 60, 3600
#: Seconds for one question to the server.
_LIMIT = 30.0
#: Fields of a form that no words may show.
_SECRET = ("client_secret", "refresh_token", "device_code")


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
        with alone(self._login):
            self._renew()
        return self._token

    def _renew(self) -> None:
        known = read(self._login)
        refresh = self._unwritten[1] if self._unwritten[0] == known else known
        self._seen = dict.fromkeys([refresh])
        found = refreshed(self._login, refresh)
        self._token, self._ends = found.access, self._now() + found.lasts
        self._seen = dict.fromkeys([refresh, found.refresh, found.access])
        if found.refresh == known:
            return
        try:
            write(self._login, found.refresh)
        except LoginError as error:  # a message must not wait for a disk, and this process knows the token
            self._unwritten = (known, found.refresh)
            log.warning(
                line("login not kept", login=self._login.name, reason=error, consequence="a restart may end it")
            )
        else:
            self._unwritten = ("", "")


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
