"""The device flow of OAuth (RFC 8628): a person enters a code in any browser, and the program asks until it is let in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tocsin.model.deliveries import ErrorClass
from tocsin.receivers.logins import LoginError, OAuth
from tocsin.receivers.oauth import RefusedError, ask, number, text
from tocsin.render.words import cut, one_line, web_link

#: Seconds between two questions, and for which a code lasts at most.
_INTERVAL, _LONGEST_INTERVAL, _LONGEST_FLOW = 5, 60, 1800
_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device flow (RFC 8628): a person opens *address* and enters *user_code*. *lasts* and *interval* are seconds."""

    code: str
    user_code: str
    address: str
    lasts: float
    interval: float


def begin(login: OAuth) -> Device:
    """Ask for a code that a person enters in a browser.

    Raises:
        LoginError: the server gives none.
    """
    found = ask(login, {}, at=login.device_url)
    address = web_link(text(found, "verification_uri") or text(found, "verification_url"))
    code, user_code = text(found, "device_code"), cut(one_line(text(found, "user_code")), 40)
    if not (address and code and user_code):
        raise LoginError("the authorization server answers without a code: check device_url")
    interval = number(found, "interval", _INTERVAL)
    return Device(
        code=code,
        user_code=user_code,
        address=address,
        lasts=min(number(found, "expires_in", _LONGEST_FLOW), _LONGEST_FLOW),
        interval=max(1, min(interval, _LONGEST_INTERVAL)),
    )


def wait(login: OAuth, device: Device, sleep: Callable[[float], object], now: Callable[[], float]) -> str:
    """Return the refresh token when the person has entered the code.

    Raises:
        LoginError: they refused, or let the code end.
    """
    ends, interval = now() + device.lasts, device.interval
    while now() < ends:
        sleep(interval)
        try:
            found = ask(login, {"grant_type": _GRANT, "device_code": device.code})
        except RefusedError as error:
            if error.code == "slow_down":
                interval = min(interval + _INTERVAL, _LONGEST_INTERVAL)
            elif error.code != "authorization_pending":
                raise
            continue
        except LoginError as error:
            if error.kind is not ErrorClass.TRANSIENT:
                raise
            continue  # a lost answer is asked for again (RFC 8628, 3.5)
        if token := text(found, "refresh_token"):
            return token
        raise LoginError("the server gives no refresh token: its scope often has to name offline_access")
    raise LoginError("the code has ended before anybody entered it: begin again")
