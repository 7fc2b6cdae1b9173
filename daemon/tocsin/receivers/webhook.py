"""Webhooks of other programs: JSON, signed by Standard Webhooks (standardwebhooks.com, specification 1.0)."""

from __future__ import annotations

import binascii
import hmac
import re
import time
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import requests
from apprise.plugins.base import NotifyBase

from tocsin.model.deliveries import Delivery, Message, MessageKind
from tocsin.receivers.apprise import AppriseReceiver, Endpoint, asset, http_address

_MARK = "whsec_"


class Hook(NotifyBase):
    """Sender of *octets* to *address* with *headers*. The adapter of `tocsin.receivers.exchange` records the answer."""

    service_name: Any = "webhook"
    secure_protocol: Any = "hooks"
    setup_url: Any = "the part Delivery of the README"
    address = ""
    octets = b""
    headers: Mapping[str, str] = {}

    def url(self, *_: Any, **__: Any) -> str:
        """Return the address without anything that could be a secret."""
        return "hooks://"

    def send(self, *_: Any, **__: Any) -> bool:
        """Send once and return whether the server accepted it."""
        try:
            answer = requests.post(
                self.address,
                data=self.octets,
                headers=dict(self.headers),
                auth=lambda request: request,  # else requests looks into ~/.netrc
                allow_redirects=False,
                timeout=(10, 20),
            )
        except requests.RequestException:
            return False  # the adapter has recorded why
        return 200 <= answer.status_code < 300


def key_of(secret: str) -> bytes:
    """Return the key in *secret*: decoded if it is `whsec_` and base64, or else *secret* itself.

    Raises:
        ValueError: it begins with `whsec_`, but the rest is not base64.
    """
    if not secret.startswith(_MARK):
        return secret.encode()
    try:
        return b64decode(secret.removeprefix(_MARK), validate=True)
    except binascii.Error:
        raise ValueError("a secret that begins with whsec_ must continue in base64") from None


def signed(octets: bytes, keys: Sequence[bytes], *, delivery_id: str, at: float | None = None) -> dict[str, str]:
    """Return the headers for *octets*, sent *at* a Unix time (default: now), with a signature for each of *keys*."""
    stamp = str(int(time.time() if at is None else at))
    headers = {"Content-Type": "application/json; charset=utf-8", "webhook-id": delivery_id}
    if keys:
        text = b".".join((delivery_id.encode(), stamp.encode(), octets))
        marks = (b64encode(hmac.new(key, text, sha256).digest()).decode() for key in keys)
        headers |= {"webhook-timestamp": stamp, "webhook-signature": " ".join(f"v1,{mark}" for mark in marks)}
    return headers


def build(endpoint: Endpoint) -> AppriseReceiver:
    """Return the receiver for another program's webhook.

    Raises:
        ValueError: the address or a secret is wrong.
    """
    if "@" in urlsplit(endpoint.url).netloc:
        raise ValueError(
            "an address with hook(s):// holds no user and password: write them as credentials of the receiver"
        )
    address = http_address(re.sub("^hook", "http", endpoint.url, flags=re.IGNORECASE), "hook")
    keys = [key_of(secret) for secret in endpoint.secrets]

    def plugin(delivery: Delivery, message: Message) -> NotifyBase:
        hook = Hook(asset=asset())
        hook.address, hook.octets = address, message.payload.encode()
        marks = signed(hook.octets, keys, delivery_id=delivery.id)
        hook.headers = {"User-Agent": "tocsin", **endpoint.headers, **marks}
        return hook

    return AppriseReceiver(endpoint=endpoint, kind=MessageKind.HOOK, plugin=plugin, place=urlsplit(address).netloc)
