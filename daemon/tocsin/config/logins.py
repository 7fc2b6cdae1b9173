"""Logins by OAuth in the configuration: of receivers that are mail servers, and of folders of mail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tocsin.config.secrets import Secret
from tocsin.config.values import Address, Hidden
from tocsin.config.yaml.nodes import Node, Scalar, member, problem
from tocsin.config.yaml.shape import Shape
from tocsin.errors import Problem

if TYPE_CHECKING:
    from tocsin.receivers.logins import OAuth


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthConfig:
    """A login by OAuth. The refresh token is *kept* in that file."""

    token_url: Secret
    device_url: Secret | None
    client_id: str
    client_secret: Secret
    scope: str
    kept: Path


class OAuthShape(Shape):
    """A login by OAuth in the file."""

    token_url: Address
    """The address at which the server gives tokens."""
    device_url: Address | None = None
    """The address at which the command `login` asks for a code to enter in a browser."""
    client_id: str
    """The id of the client (app) that is registered at the server."""
    client_secret: Hidden = Secret("")
    """The secret of the client, if it has one. May be ${NAME}."""
    scope: str = ""
    """Purpose of the token, as the provider of the mail server writes it."""


def check_oauth(node: Node | None) -> Iterator[Problem]:
    """Yield faults of a login that its shape cannot express."""
    for url in (member(node, "token_url"), member(node, "device_url")):
        if isinstance(url, Scalar) and not url.broken:
            parts = urlsplit(str(url.value))
            if parts.scheme.lower() == "http" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
                yield problem(url, "must begin with https://, because tokens go there")


def make_oauth(shape: OAuthShape | None, kept: Path) -> OAuthConfig | None:
    """Return the login that *shape* describes, whose refresh token is *kept* in that file; None without one."""
    return shape.build(OAuthConfig, kept=kept) if shape else None


def make_login(name: str, whose: str, config: OAuthConfig) -> OAuth:
    """Return the login that *config* describes, of one of *whose* (receivers or sources), *name*."""
    from tocsin.receivers.logins import OAuth  # noqa: PLC0415  # only what logs in needs it

    return OAuth(
        name=name,
        whose=whose,
        token_url=config.token_url.reveal(),
        device_url=config.device_url.reveal() if config.device_url else "",
        client_id=config.client_id,
        client_secret=config.client_secret.reveal(),
        scope=config.scope,
        kept=config.kept,
    )
