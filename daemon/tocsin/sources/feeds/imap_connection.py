"""Connections to mail servers: to an address that was checked, with bounds on octets and time."""

from __future__ import annotations

import imaplib
import os
import re
import socket
import ssl
import threading
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from tocsin.errors import Fault, SourceError
from tocsin.lookup import addresses
from tocsin.sources.http.address import check

#: Octets that one poll reads at most.
MOST_OCTETS = 32_000_000
_PORTS = {"imaps": 993, "imap": 143}


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A *folder* of a mailbox on a server; *tls* is False only in a network of our own."""

    host: str
    port: int
    folder: str
    tls: bool


def folder_of(url: str) -> Folder:
    """Return the folder that `imaps://host/Folder` names, INBOX if it names none.

    Raises:
        ValueError: it is not such an address.
    """
    parts = urlsplit(url)
    folder = unquote(parts.path.lstrip("/")) or "INBOX"
    if parts.scheme not in _PORTS or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an address such as imaps://imap.example.org/Newsletters")
    if parts.username or parts.password:
        raise ValueError("must not hold a name or password: write credentials: name:password")
    if not folder.isprintable() or re.search(r"[\s\x00-\x1f]", parts.netloc):
        raise ValueError("must not hold blanks or control characters")
    return Folder(
        host=parts.hostname, port=parts.port or _PORTS[parts.scheme], folder=folder, tls=parts.scheme == "imaps"
    )


class ImapConnection(imaplib.IMAP4):
    """A connection to an address that was checked, by TLS with *trust*; what it may read is bounded.

    It is cut after *total* seconds, because an octet now and then would keep it open for ever.
    """

    def __init__(
        self, folder: Folder, trust: ssl.SSLContext | None, *, allow_private: bool, answer: float, total: float
    ) -> None:
        self._wanted = folder
        self._trust = trust
        self._allow_private = allow_private
        self._total = total
        self._left = MOST_OCTETS
        self._clock = threading.Timer(total, lambda: None)
        super().__init__(folder.host, folder.port, answer)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        """Return a socket to the first address of the host that answers; each is checked before a byte is sent."""
        last: OSError | None = None
        for address in addresses(self._wanted.host, self._wanted.port, timeout or self._total):
            if reason := check(address, allow_private=self._allow_private):
                words = f"{self._wanted.host} has a {reason} address"
                raise SourceError(words, fault=Fault.BLOCKED_ADDRESS)
            try:
                found = socket.create_connection((address, self._wanted.port), timeout)
            except OSError as error:
                last = error
                continue
            return self._secured(found)
        raise last or OSError("no address")

    def _secured(self, found: socket.socket) -> socket.socket:
        """Return the connected socket *found* with TLS, and begin to count its time."""
        raw = socket.socket(fileno=os.dup(found.fileno()))  # wrapping detaches the first

        def cut() -> None:
            with suppress(OSError):
                raw.shutdown(socket.SHUT_RDWR)
            raw.close()

        self._clock = threading.Timer(self._total, cut)
        self._clock.daemon = True
        self._clock.start()
        self._raw = raw
        try:
            return self._trust.wrap_socket(found, server_hostname=self._wanted.host) if self._trust else found
        except OSError:
            self._stop_clock()
            raise

    def read(self, size: int) -> bytes:
        """Return *size* octets, unless that is more than a poll may read."""
        self._count(size)
        return super().read(size)

    def readline(self) -> bytes:
        """Return a line."""
        line = super().readline()
        self._count(len(line))
        return line

    def shutdown(self) -> None:
        """Close the connection."""
        self._stop_clock()
        super().shutdown()

    def _stop_clock(self) -> None:
        self._clock.cancel()
        self._raw.close()

    def _count(self, octets: int) -> None:
        self._left -= octets
        if self._left < 0:
            raise self.abort("more than a poll may read")


def quoted(text: str) -> str:
    """Return *text* as a quoted string of a command (RFC 3501, 4.3)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def utf7(name: str) -> str:
    """Return the name of a folder in modified UTF-7 (RFC 3501, 5.1.3)."""

    def coded(found: re.Match[str]) -> str:
        octets = b64encode(found[0].encode("utf-16-be")).decode().rstrip("=").replace("/", ",")
        return f"&{octets}-"

    return re.sub(r"[^\x20-\x7e]+", coded, name.replace("&", "&-"))
