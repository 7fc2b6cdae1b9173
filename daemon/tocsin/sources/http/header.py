"""Header lines of answers: what browsers overlook is mended before aiohttp's parser, which refuses it, reads them."""

from __future__ import annotations

import asyncio
import functools
import re
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler

#: Octets of status line and header lines; Chrome reads as much.
LONGEST_HEAD = 256 * 1024
#: Header lines of one answer.
MOST_LINES = 1000
_BLANK_LINE = re.compile(rb"\n\r?\n")
_INTERIM = re.compile(rb"HTTP/1\.[01] 1[0-9][0-9]\b")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CHUNKED = re.compile(rb"^transfer-encoding[ \t]*:[^\n]*chunked", re.IGNORECASE | re.MULTILINE)
#: HTTP/2 and so on, as some gateways write over a connection that speaks 1.1.
_LATER_VERSION = re.compile(rb"HTTP/[2-9](?:\.[0-9])?(?= [0-9]{3}\b)")
#: Transfer codings that a server names without applying any.
_NO_CODING = frozenset({b"identity", b"none"})


class TolerantConnector(aiohttp.TCPConnector):
    """A connector that reads answers although some of their header lines are none."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # The connector makes the protocol of each connection with this; there is no public way to give it another.
        self._factory: Any = functools.partial(_TolerantHandler, loop=asyncio.get_running_loop())


class _TolerantHandler(ResponseHandler):
    """Collects the head of each answer, mends it and hands it on with what follows."""

    _head: bytearray | None = None

    def set_response_params(self, **options: Any) -> None:
        self._head = bytearray()
        super().set_response_params(**options)

    def data_received(self, data: bytes) -> None:
        if self._head is not None and data:
            data = self._collect(self._head, data)
            if not data:
                return
        super().data_received(data)

    def _collect(self, head: bytearray, data: bytes) -> bytes:
        """Return what can be handed on: nothing yet, or heads of answers up to the final one and what follows it."""
        found = b""
        seen = len(head)
        head += data
        while blank := _BLANK_LINE.search(head, max(0, seen - 3)):
            one = bytes(head[: blank.end()])
            found += mend(one)
            del head[: blank.end()]
            seen = 0
            if not _INTERIM.match(one):
                self._head = None
                return found + bytes(head)
        if len(head) <= LONGEST_HEAD:
            return found
        # The parser says what is wrong with it.
        self._head = None
        return found + bytes(head)


def mend(head: bytes) -> bytes:
    """Return *head*, status line to blank line, as a strict parser reads it.

    Dropped are lines that are no field with what continues them, the length of a body that comes in chunks (RFC 9112,
    6.3), equal lengths after the first, and transfer codings that mean none; blanks before a colon are taken out. A
    head that was mended closes its connection, since its framing is doubtful. One that is no HTTP or has a NUL stays
    as it is, and is refused.
    """
    if b"\0" in head or not head.startswith(b"HTTP/"):
        return head
    lines = [line.rstrip(b"\r") for line in head.rstrip(b"\r\n").split(b"\n")]
    kept = [_LATER_VERSION.sub(b"HTTP/1.1", lines[0])]
    lengths = {b"chunked"} if _CHUNKED.search(head) else set()
    dropped = False
    for line in lines[1:]:
        # A line that begins with a blank continues the one before it.
        continues = line.startswith((b" ", b"\t"))
        field = line if continues else _field(line, lengths)
        dropped = dropped if continues else not field
        if not dropped:
            kept.append(field)
    if kept == lines:
        return head
    closing = [] if _INTERIM.match(head) else [b"Connection: close"]
    return b"\r\n".join([*kept, *closing, b"", b""])


def _field(line: bytes, lengths: set[bytes]) -> bytes:
    """Return the header *line* as it should be, or nothing for one to drop; *lengths* are those of the body so far."""
    written, colon, value = line.partition(b":")
    name, value = written.rstrip(b" \t"), value.strip(b" \t")
    if not colon or not _NAME.fullmatch(name):
        return b""
    match name.lower():
        case b"content-length":
            named = {part.strip(b" \t") for part in value.split(b",")}
            if b"chunked" in lengths or named == lengths:
                return b""
            lengths |= named
            if len(named) == 1 and value not in named:
                return b"Content-Length: " + named.pop()
        case b"transfer-encoding" if value.lower() in _NO_CODING:
            return b""
    return line if name == written else name + b": " + value
