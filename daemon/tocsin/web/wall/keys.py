"""Keys of the page: derived from one secret, a purpose each, and the texts that they sign."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from tocsin.config.database import place_of
from tocsin.config.web import WebConfig
from tocsin.errors import FileError, StoreError
from tocsin.files import hand_over, read_regular

#: Octets of a signature: 128 bits.
_MAC = 16
_KEY = 32
#: Longest signed text that is looked at.
_LONGEST = 2048


def derive(secret: str, purpose: str) -> bytes:
    """Return the key for *purpose*, of 32 octets: HKDF-SHA256 without a salt (RFC 5869), whose one block is enough."""
    root = hmac.digest(bytes(_KEY), secret.encode(), hashlib.sha256)
    return hmac.digest(root, f"tocsin/{purpose}".encode() + b"\x01", hashlib.sha256)


def seal(key: bytes, fields: Sequence[str], *, about: str = "") -> str:
    """Return *fields* as one signed text without quotes, braces or blanks. *about* is signed too, but not in the text."""
    body = ".".join(map(_packed, fields))
    return f"{body}.{_mac(key, body, about)}"


def unseal(key: bytes, text: str, *, about: str = "") -> tuple[str, ...] | None:
    """Return the fields of a text that `seal` made with the same *key* and *about*; None for any other text."""
    body, _, mac = text.rpartition(".")
    if len(text) > _LONGEST or not hmac.compare_digest(mac.encode("utf-8", "replace"), _mac(key, body, about).encode()):
        return None
    return tuple(map(_unpacked, body.split(".")))


def sign(key: bytes, text: str) -> str:
    """Return the signature of *text*: 26 small letters and digits, which no chat client takes for markup."""
    made = hmac.digest(key, text.encode("utf-8", "replace"), hashlib.sha256)
    return base64.b32encode(made[:_MAC]).decode("ascii").rstrip("=").lower()


def same(given: str, wanted: str) -> bool:
    """Return True if two secrets are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(_digest(given), _digest(wanted))


def secret_of(config: WebConfig, database: str) -> str:
    """Return the secret of the page: that of *config*, or its own beside the *database*, which is made if there is none.

    Raises:
        StoreError: it cannot be read or made.
    """
    return config.secret.reveal() or own_secret(secret_beside(place_of(database, os.environ)))


def secret_beside(database: Path) -> Path:
    """Return the file of the page's own secret, beside the *database*."""
    return Path(f"{database}-web-secret")


def own_secret(path: Path) -> str:
    """Return the secret in the file at *path*, which only its owner may read. Without a file, one is made.

    Raises:
        StoreError: it cannot be read or made.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # a database on a server has made none
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        return _read_secret(path)
    except OSError as error:
        raise StoreError(f"the secret of the page cannot be made at {path}: {error.strerror}") from error
    with os.fdopen(handle, "w", encoding="ascii") as file:
        hand_over(handle, path.parent)
        made = secrets.token_urlsafe(_KEY)
        file.write(made)
    return made


def _read_secret(path: Path) -> str:
    try:
        found = read_regular(path, _LONGEST).decode("ascii").strip()
    except (FileError, UnicodeDecodeError) as error:
        raise StoreError(f"the secret of the page {path} {error}: run this as the user of the service") from error
    if len(found) < _KEY:
        raise StoreError(f"the secret of the page {path} is cut off: remove the file, and everybody logs in again")
    return found


def _mac(key: bytes, body: str, about: str) -> str:
    made = hmac.digest(key, f"{about}\n{body}".encode("utf-8", "replace"), hashlib.sha256)
    return _text(made[:_MAC])


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


def _packed(field: str) -> str:
    return _text(field.encode("utf-8", "replace"))


def _unpacked(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("utf-8", "replace")
    except (binascii.Error, ValueError):  # nothing that was signed is like that
        return ""


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode("ascii").rstrip("=")
