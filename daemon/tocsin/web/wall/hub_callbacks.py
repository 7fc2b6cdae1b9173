"""Addresses at which hubs call: nobody but the hub that was asked knows one.

websub/<source>/<signature of the source>/<signature of the source and its topic>
"""

from __future__ import annotations

import hashlib
import hmac

from tocsin.web.wall.keys import same, sign

#: Path of the addresses, below the page.
FOLDER = "websub"
_METHODS = frozenset({"sha1", "sha256", "sha384", "sha512"})


def callback(key: bytes, source: str, topic: str) -> str:
    """Return the path of the address for the hub of *source*, below the page."""
    return f"{FOLDER}/{source}/{_of_source(key, source)}/{_of_topic(key, source, topic)}"


def shared_secret(key: bytes, source: str) -> str:
    """Return the secret with which the hub of *source* signs what it sends."""
    return sign(key, f"secret\n{source}") + sign(key, f"more\n{source}")


def is_ours(key: bytes, source: str, token: str) -> bool:
    """Return True if the hub of *source* was given an address with this *token*."""
    return same(token, _of_source(key, source))


def is_about(key: bytes, source: str, signed: str, topic: str) -> bool:
    """Return True if the hub of *source* was asked for *topic* with an address that ends with *signed*."""
    return same(signed, _of_topic(key, source, topic))


def is_signed(header: str, body: bytes, secret: str) -> bool:
    """Return True if *header* (X-Hub-Signature) is that of *body* with the *secret* (WebSub, 7.1)."""
    method, _, signature = header.partition("=")
    if method not in _METHODS:
        return False
    return same(signature.lower(), hmac.new(secret.encode(), body, getattr(hashlib, method)).hexdigest())


def _of_source(key: bytes, source: str) -> str:
    return sign(key, f"source\n{source}")


def _of_topic(key: bytes, source: str, topic: str) -> str:
    return sign(key, f"topic\n{source}\n{topic}")
