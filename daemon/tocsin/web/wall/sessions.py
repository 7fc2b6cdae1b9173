"""Logins: the signed cookie of a session, and the one-time code that begins one."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tocsin.web.wall.keys import seal, unseal

#: How long a session lasts, and how long a link to begin one works.
LASTS = timedelta(days=30)
LINK_LASTS = timedelta(minutes=5)
_LONGEST_USER = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session of *user*, of the given *epoch*: the number that an end of all sessions raises."""

    user: str
    expires: datetime
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginCode:
    """A code that begins one session of *user*; *nonce* identifies it."""

    user: str
    expires: datetime
    nonce: str


def write_cookie(session: Session, key: bytes, name: str) -> str:
    """Return the value of the cookie *name*. Its name is signed, so that a service with the same key refuses it."""
    return seal(key, (_seconds(session.expires), str(session.epoch), session.user), about=name)


def read_cookie(value: str, key: bytes, name: str, *, epoch: int, now: datetime) -> Session | None:
    """Return the session of a cookie; None if it was forged, has expired, or all sessions of its time were ended."""
    match unseal(key, value, about=name):
        case (expires, number, user) if now < _time(expires) and int(number) == epoch:
            return Session(user=user, expires=_time(expires), epoch=epoch)
    return None


def new_code(user: str, key: bytes, *, epoch: int, now: datetime) -> str:
    """Return a code by which *user* can begin one session of *epoch*, within five minutes of *now*."""
    return seal(key, (_seconds(now + LINK_LASTS), str(epoch), secrets.token_hex(16), user[:_LONGEST_USER]))


def read_code(text: str, key: bytes, *, epoch: int, now: datetime) -> LoginCode | None:
    """Return the code in *text*; None if it was forged, has expired, or all sessions of its time were ended.

    It may have been used.
    """
    match unseal(key, text):
        case (expires, number, nonce, user) if now < _time(expires) and int(number) == epoch:
            return LoginCode(user=user, expires=_time(expires), nonce=nonce)
    return None


def _seconds(time: datetime) -> str:
    return str(int(time.timestamp()))


def _time(seconds: str) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
