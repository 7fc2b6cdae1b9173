"""The site: under which names, below which path and with which keys the page is served."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tocsin.config.web import Right, WebConfig
from tocsin.web.wall.keys import derive

#: The purposes of the keys.
COOKIE_KEY, LOGIN_KEY, ANSWER_KEY, FEED_KEY, HUB_KEY = "cookie", "login", "answer", "feed", "hub"
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The site of one listener.

    *base* is the path below which it lies, *origin* that of its configured address, *hosts* the values of Host that it
    answers to, *cookie* the name of its cookie. *tokens* are names, secrets and rights.
    """

    base: str
    origin: str
    hosts: frozenset[str]
    cookie: str
    cookie_key: bytes = field(repr=False)
    login_key: bytes = field(repr=False)
    feed_key: bytes = field(repr=False)
    answer_key: bytes = field(repr=False)
    hub_key: bytes = field(repr=False)
    tokens: tuple[tuple[str, str, Right], ...] = field(default=(), repr=False)
    proxy_secret: str = field(default="", repr=False)
    trusts_socket: bool = False

    def is_secure(self, host: str) -> bool:
        """Return True if a request for *host* reaches the page by TLS, as its configured address says."""
        return self.origin == f"https://{without_port(host.lower(), 'https')}"


def site_of(config: WebConfig, secret: str, port: int | None) -> Site:
    """Return the site of *config*, whose listener has the *port*; None for a unix socket."""
    parts = urlsplit(config.url)
    host = parts.netloc.lower()
    origin = f"{parts.scheme}://{without_port(host, parts.scheme)}" if config.url else ""
    hosts = {f"{name}:{port}" for name in _LOOPBACK} if port else set(_LOOPBACK)
    if port == _DEFAULT_PORTS["http"]:
        hosts |= set(_LOOPBACK)
    if host:
        hosts |= {host, without_port(host, parts.scheme)}
        hosts |= {f"{host}:{_DEFAULT_PORTS[parts.scheme]}"} if parts.port is None else set()
    slug = re.sub(r"[^a-z0-9]+", "-", config.base.lower()).strip("-")
    return Site(
        base=config.base,
        origin=origin,
        hosts=frozenset(hosts),
        # A browser sends the cookies of a host to each of its ports.
        cookie=f"tocsin-{slug or port or 'socket'}",
        cookie_key=derive(secret, COOKIE_KEY),
        login_key=derive(secret, LOGIN_KEY),
        feed_key=derive(secret, FEED_KEY),
        answer_key=derive(secret, ANSWER_KEY),
        hub_key=derive(secret, HUB_KEY),
        tokens=tuple((name, token.secret.reveal(), token.may) for name, token in config.tokens.items()),
        proxy_secret=config.proxy.secret.reveal(),
        trusts_socket=config.proxy.socket,
    )


def without_port(host: str, scheme: str) -> str:
    """Return *host* without the port that *scheme* means anyway."""
    return host.removesuffix(f":{_DEFAULT_PORTS.get(scheme, 0)}")
