"""Addresses without the secrets in them: one rule for configuration, pages, commands, logs and exports."""

from __future__ import annotations

import re
from collections.abc import Callable

#: Text that is shown instead of a secret.
HIDDEN = "***"
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,15}://[^\s\"'<>\\]+")
#: A password with a character that has to be escaped in an address, as people paste it; figures alone are a port.
_PASTED = re.compile(r"""(?<=://)([^\s/?#@:"'<>,\\\[]{0,80}:)(?!\d*(?:[/?#\s"'<>,]|$))([^\s@]{1,80})(?=@)""")
_USER = re.compile(r"(?<=://)([^/?#]+)@")
_PARAMETER = re.compile(r"(?<=[?&;#])(?P<name>[^=&;#]{1,80})=(?P<value>[^&;#]+)")
#: The ends of names of parameters whose values let somebody in, without punctuation and in lower case.
_NAMES = (
    "key",
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "auth",
    "signature",
    "sig",
    "credential",
    "credentials",
    "session",
    "sessionid",
    "sid",
    "jwt",
    "appid",
)
#: A value that nobody wrote by hand, such as the hexadecimal token of a private feed.
_RANDOM = re.compile(r"(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{32,}")


def masked(text: str) -> str:
    """Return *text* with *** in the place of each secret of an address in it.

    Secrets are a password, a user without one, the value of a parameter with a name such as `token`, `key` or
    `signature`, and a long random value. A reference such as ${NAME} is none.
    """
    return _covered(text, lambda _: HIDDEN)


def blotted(text: str) -> str:
    """Return *text* as `masked` does, but with as many stars as the secret has characters, so that columns stay."""
    return _covered(text, lambda secret: "*" * len(secret))


def _covered(text: str, cover: Callable[[str], str]) -> str:
    if "://" not in text:
        return text

    def user(found: re.Match[str]) -> str:
        name, colon, password = found[1].partition(":")
        return f"{name}:{cover(password)}@" if password else f"{cover(name)}{colon}@"

    def parameter(found: re.Match[str]) -> str:
        name = re.sub(r"[^a-z0-9]", "", found["name"].lower())
        secret = (name.endswith(_NAMES) or _RANDOM.fullmatch(found["value"])) and "${" not in found["value"]
        return f"{found['name']}={cover(found['value'])}" if secret else found[0]

    text = _PASTED.sub(lambda found: f"{found[1]}{cover(found[2])}", text)
    return _ADDRESS.sub(lambda found: _PARAMETER.sub(parameter, _USER.sub(user, found[0])), text)
