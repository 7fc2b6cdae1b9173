"""Header lines of answers: mistakes that browsers accept are repaired before aiohttp's strict parser reads them."""

from __future__ import annotations

import asyncio
import functools
import re
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler

#: Most bytes of status line and header lines, as in Chrome.
LONGEST_HEAD = 256 * 1024
#: Most header lines of one answer.
MOST_LINES = 1000
_BLANK_LINE = re.compile(rb"\n\r?\n")
_INTERIM = re.compile(rb"HTTP/1\.[01] 1[0-9][0-9]\b")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CHUNKED = re.compile(rb"^transfer-encoding[ \t]*:[^\n]*chunked", re.IGNORECASE | re.MULTILINE)
#: Later versions such as HTTP/2, which some gateways write on an HTTP/1.1 connection.
_LATER_VERSION = re.compile(rb"HTTP/[2-9](?:\.[0-9])?(?= [0-9]{3}\b)")
#: Names of transfer codings that mean none.
_NO_CODING = frozenset({b"identity", b"none"})


class TolerantConnector(aiohttp.TCPConnector):
    """A connector that reads answers although some of their header lines are invalid."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # The connector creates the protocol of each connection with this. There is no public way to replace it.
        self._factory: Any = functools.partial(_TolerantHandler, loop=asyncio.get_running_loop())


class _TolerantHandler(ResponseHandler):
    """Protocol that collects the head of each answer, repairs it and passes it on with the rest."""

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
        """Return the data to pass on: nothing yet, or the heads of answers up to the final one and the rest."""
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
        # The parser will report what is wrong with it.
        self._head = None
        return found + bytes(head)


def mend(head: bytes) -> bytes:
    """Return *head*, from status line to blank line, in a form that a strict parser accepts.

    It drops invalid lines with their continuations, the length of a chunked body (RFC 9112, 6.3), repeated equal lengths,
    and transfer codings that mean none. It removes spaces before a colon. A repaired head closes its connection, because
    its framing is doubtful. A head that is not HTTP or contains a NUL stays as it is, and is refused.
    """
    if b"\0" in head or not head.startswith(b"HTTP/"):
        return head
    lines = [line.rstrip(b"\r") for line in head.rstrip(b"\r\n").split(b"\n")]
    kept = [_LATER_VERSION.sub(b"HTTP/1.1", lines[0])]
    lengths = {b"chunked"} if _CHUNKED.search(head) else set()
    dropped = False
    for line in lines[1:]:
        # A line that begins with white space continues the line before.
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
    """Return the corrected header *line*, or empty to drop it. *lengths* are the body lengths seen so far."""
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
