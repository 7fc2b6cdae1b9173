"""`web:` in the configuration: where the page listens, and who may use it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema

from tocsin.config.secrets import Secret
from tocsin.config.values import Hidden, unless_empty
from tocsin.config.yaml.nodes import Node, Scalar, children, entries, member, problem
from tocsin.config.yaml.shape import Duration, Shape, context
from tocsin.errors import Problem

#: Shorter secrets can be guessed.
_SHORTEST_SECRET = 24
_UNIX = "unix:"
_OFF = "off"
_HOST_AND_PORT = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):(?P<port>[0-9]{1,5})")
_BASE = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")
_NAME = r"^[a-z][a-z0-9-]{0,31}$"


class Right(StrEnum):
    """A right of a token: to see everything, to see and act, or only to hand in items."""

    READ = "read"
    ACT = "act"
    INGEST = "ingest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address to listen on: *host* and *port*, or the unix socket at *path*. Port 0 is chosen by the system."""

    host: str = ""
    port: int = 0
    path: Path | None = None

    @classmethod
    def of(cls, text: str) -> Address | None:
        """Return the address that *text* says; None for `off`.

        Raises:
            ValueError: it says none.
        """
        if text == _OFF:
            return None
        if text.startswith(_UNIX) and len(text) > len(_UNIX):
            return cls(path=Path(text.removeprefix(_UNIX)))
        found = _HOST_AND_PORT.fullmatch(text)
        if not found or int(found["port"]) > 65535:
            raise ValueError("must be host:port such as 127.0.0.1:8787, unix:/path/of/a/socket, or off")
        return cls(host=found["host"].strip("[]"), port=int(found["port"]))

    def __str__(self) -> str:
        """Return the address as the file has it."""
        if self.path:
            return f"{_UNIX}{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _listen(text: str, info: ValidationInfo) -> str:
    """Return *text* with the path of a socket made absolute: it lies below the folder of the configuration."""
    found = Address.of(text)
    if found and not found.path and not found.port:
        raise ValueError("must have a port from 1 to 65535")
    return f"{_UNIX}{context(info).folder / found.path.expanduser()}" if found and found.path else text


def _metrics(text: str) -> None:
    found = Address.of(text)
    if found is None or found.path:
        raise ValueError("must be host:port such as 127.0.0.1:9787")


def _url(text: str) -> str:
    """Return *text* without a slash at its end."""
    try:
        parts = urlsplit(text)
        good = parts.port != 0
    except ValueError:
        raise ValueError("is not an address") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not good or re.search(r"\s", text):
        raise ValueError("must be an address such as https://ops.example.org/alarm")
    if parts.query or parts.fragment or "?" in text or "#" in text or parts.username is not None:
        raise ValueError("must be an address alone, without a user, ? or #")
    if not _BASE.fullmatch(parts.path.rstrip("/")):
        raise ValueError("must have a path of plain letters, digits, dashes, dots and underscores, such as /alarm")
    return text.rstrip("/")


def _lifetime(value: Any) -> Any:
    return timedelta(0) if value == _OFF else value


class Proxy(Shape):
    """A reverse proxy that is trusted to name the client and the user of a request."""

    secret: Hidden = Secret("")
    """A secret that the proxy sends with each request, in the header X-Tocsin-Proxy."""
    socket: bool = False
    """True to trust each request over the unix socket, which only the proxy may open."""


class Token(Shape):
    """A token for programs, sent as `Authorization: Bearer SECRET`."""

    secret: Hidden
    """The token itself."""
    may: Right = Right.READ
    """read to see everything, act to answer, silence, resend, poll and reload too, ingest only to hand in items."""


class WebConfig(Shape):
    """The page: a listener inside the daemon, behind a login."""

    listen: Annotated[str, AfterValidator(_listen)] = "127.0.0.1:8787"
    """The address of the listener: host:port, unix:/path/of/a/socket, or off."""
    group: str = ""
    """The group that may open the unix socket. Default: that of the service."""
    url: Annotated[str, AfterValidator(lambda text: _url(text) if text else text)] = ""
    """The address under which people reach the page, such as https://ops.example.org/alarm."""
    secret: Hidden = Secret("")
    """A secret from which the keys of logins and links are made. Default: one is made beside the database."""
    metrics: Annotated[str, unless_empty(_metrics)] = ""
    """A host:port of its own for /metrics, without a login. Default: none."""
    proxy: Proxy = Proxy()
    """The reverse proxy in front of the page."""
    tokens: dict[Annotated[str, Field(pattern=_NAME)], Token] = Field(default_factory=dict)
    """Tokens for programs, by name."""
    answer_links: Annotated[
        Duration, BeforeValidator(_lifetime), WithJsonSchema({"type": "string", "examples": ["7d", _OFF]})
    ] = timedelta(days=7)
    """Time for which the links to answer in a message work, or off. They need a url."""

    websub: bool = False
    """True to subscribe to the hubs of feeds, which call the page at its url when there is news. It must be reached from the
    internet by https."""

    @property
    def address(self) -> Address | None:
        """The address to listen on; None if the page is off."""
        return Address.of(self.listen)

    @property
    def gives_links(self) -> bool:
        """Return True if messages have links to answer."""
        return bool(self.address and self.url and self.answer_links)

    @property
    def base(self) -> str:
        """The path below which the page lies, such as `/alarm`; empty for the root."""
        return urlsplit(self.url).path


def check_web(root: Node) -> Iterator[Problem]:
    """Yield faults of `web:` that its shape cannot express."""
    web = member(root, "web")
    proxy, listen, group = member(web, "proxy"), member(web, "listen"), member(web, "group")
    is_socket = isinstance(listen, Scalar) and listen.text.startswith(_UNIX)
    yield from _too_short(member(web, "secret"))
    yield from _too_short(member(proxy, "secret"))
    yield from _check_tokens(member(web, "tokens"))
    socket = member(proxy, "socket")
    if isinstance(socket, Scalar) and socket.value is True and not is_socket:
        yield problem(socket, "needs a unix socket: listen: unix:/run/tocsin/web.sock")
    if group is not None and not is_socket:
        yield problem(group, "is for a unix socket only: remove it, or listen on unix:/run/tocsin/web.sock")
    links = member(web, "answer_links")
    if isinstance(links, Scalar) and links.text != _OFF and member(web, "url") is None:
        yield problem(links, "has no effect without a url, which the links need", warning=True)
    websub, url = member(web, "websub"), member(web, "url")
    if isinstance(websub, Scalar) and websub.value is True:
        if not (isinstance(url, Scalar) and (url.broken or url.text.startswith("https:"))):
            yield problem(websub, "needs a url that begins with https://, at which hubs reach the page")
        if isinstance(listen, Scalar) and listen.text == _OFF:
            yield problem(websub, "needs the page: remove listen: off")
    if proxy is not None and not children(proxy):
        yield problem(proxy, "needs a secret, or socket: true")


def _check_tokens(tokens: Node | None) -> Iterator[Problem]:
    """Yield faults of the secrets of *tokens*; of two with one secret the second would never be recognised."""
    owners: dict[str, str] = {}
    for name, token in entries(tokens):
        secret = member(token, "secret")
        yield from _too_short(secret)
        if isinstance(secret, Scalar) and not secret.broken:
            owner = owners.setdefault(str(secret.value), name.text)
            if owner != name.text:
                yield problem(secret, f"is that of {owner}, too: give each program a secret of its own")


def _too_short(node: Node | None) -> Iterator[Problem]:
    if isinstance(node, Scalar) and not node.broken and len(str(node.value)) < _SHORTEST_SECRET:
        yield problem(node, f"is too short: a secret has {_SHORTEST_SECRET} characters or more")
