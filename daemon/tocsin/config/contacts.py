"""Receivers from their configuration. Commands that look at addresses need nothing else of the service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tocsin.config.config import Config
from tocsin.config.logins import make_login
from tocsin.config.receivers import ReceiverConfig
from tocsin.errors import ConfigError, Problem
from tocsin.model.deliveries import MessageKind
from tocsin.receivers import Receiver
from tocsin.receivers.console import ConsoleReceiver


def make_receiver(config: ReceiverConfig) -> Receiver:
    """Return the receiver that *config* describes.

    Raises:
        ConfigError: no service understands its address, or it names several people and belongs to one.
    """
    receiver = _made(config)
    if config.info.person and len(receiver.recipients) > 1:
        words = (
            f"receiver {config.name}: a person has one address, and this one names {len(receiver.recipients)}: "
            "make a receiver of each"
        )
        raise ConfigError([Problem(message=words, position=config.position)])
    return receiver


def _made(config: ReceiverConfig) -> Receiver:
    if config.url is None:
        return ConsoleReceiver(config.name)
    try:
        secrets = [secret.reveal() for secret in config.secrets]
        oauth = make_login(config.name, "receivers", config.oauth) if config.oauth else None
        headers = {name: value.reveal() for name, value in config.headers.items()}
        return _build(config.name, config.url.reveal(), secrets=secrets, headers=headers, oauth=oauth)
    except ValueError as error:
        problem = Problem(message=f"receiver {config.name}: {error}", position=config.position)
        raise ConfigError([problem]) from None  # the cause may hold the address


def view_receiver(config: ReceiverConfig) -> Receiver:
    """Return the receiver that *config* describes, for commands that send nothing: its secrets may be missing.

    If nothing can be said of it without them, it has plain text and one recipient without a name.

    Raises:
        ConfigError: as `make_receiver`.
    """
    if config.url is None or not config.missing:
        return make_receiver(config)
    try:
        return _build(config.name, config.url.known)
    except ValueError:
        return ConsoleReceiver(config.name, kind=MessageKind.TEXT)


def make_receivers(config: Config, make: Callable[[ReceiverConfig], Receiver] = make_receiver) -> dict[str, Receiver]:
    """Return the receivers of *config* by name.

    Raises:
        ConfigError: as `make_receiver`.
    """
    return {receiver.name: make(receiver) for receiver in config.receivers}


def _build(name: str, url: str, **given: Any) -> Receiver:
    # Importing apprise is a quarter of a start: only a receiver with an address needs it.
    from tocsin.receivers import kinds  # noqa: PLC0415

    return kinds.build(name, url, **given)
