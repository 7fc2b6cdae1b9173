"""Answers as servers really write them, in a form that can be read: their header lines, and their content encoding.

Mistakes in header lines that browsers accept are repaired before aiohttp's strict parser reads them. The bytes of a body
decide how it is compressed, because servers name encodings that they did not apply.
"""

from __future__ import annotations

import asyncio
import functools
import re
import zlib
from collections.abc import Iterable
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler

from tocsin.errors import Fault, SourceError

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


#: Most layers of compression.
MOST_LAYERS = 3
#: Most members of a gzip body. Tools that split a body make members of 64 KiB.
MOST_MEMBERS = 1000
#: Bytes that are decompressed at a time, because the rest after a member is copied.
_STEP = 65536
_GZIP_MAGIC = b"\x1f\x8b\x08"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
#: `wbits` of zlib: gzip, zlib (RFC 1950) and raw deflate (RFC 1951).
_GZIP, _ZLIB, _RAW = 31, 15, -15
_DEFLATED = frozenset({"gzip", "x-gzip", "deflate", "x-deflate"})
_UNREADABLE = frozenset({"br", "zstd", "compress", "x-compress", "dcb", "dcz"})
#: Control characters that do not occur in text.
_CONTROLS = bytes({*range(0x20)} - set(b"\t\n\v\f\r\x1a\x1b"))
#: Beginnings of documents in UTF-16 and UTF-32.
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff", b"<\0", b"\0<", b"{\0", b"\0{")
#: Bytes that distinguish text from compressed data, of which about every tenth byte is a control character.
_LOOKED_AT = 512


def decode(body: bytes, names: Iterable[str], most: int) -> bytes:
    """Return the document in *body*, cut to at most *most* + 1 bytes.

    *names* are the content encodings that the server names, in lower case. A body that begins like gzip is always
    decompressed, and text is always taken as text. Anything else named gzip or deflate may be zlib or raw deflate. Data
    after the compressed part is dropped.

    Raises:
        SourceError: NOT_A_FEED for an unsupported encoding, NETWORK for compressed data that is damaged or cut short.
    """
    named = set(names)
    for _ in range(MOST_LAYERS):
        if not body.startswith(_GZIP_MAGIC):
            if _is_text(body):
                break
            if named & _UNREADABLE or body.startswith(_ZSTD_MAGIC):
                name = min(named & _UNREADABLE, default="zstd")
                raise SourceError(f"answered in an encoding that was not asked for ({name})", fault=Fault.NOT_A_FEED)
            if not named & _DEFLATED:
                break
        body = _inflate(body, _packing(body), most)
        named -= _DEFLATED
        if len(body) > most:
            break
    return body


def _packing(body: bytes) -> int:
    if body.startswith(_GZIP_MAGIC):
        return _GZIP
    # RFC 1950, 2.2: the method is 8, and both octets as a number are a multiple of 31.
    is_zlib = len(body) > 1 and body[0] & 0xF == 8 and int.from_bytes(body[:2]) % 31 == 0
    return _ZLIB if is_zlib else _RAW


def _is_text(body: bytes) -> bool:
    head = body[:_LOOKED_AT]
    return head.startswith(_WIDE) or len(head.translate(None, _CONTROLS)) == len(head)


def _inflate(body: bytes, wbits: int, most: int) -> bytes:
    """Decompress *body* (all members of a gzip body), up to *most* + 1 bytes."""
    found = bytearray()
    place = 0
    for _ in range(MOST_MEMBERS):
        packed = zlib.decompressobj(wbits)
        while not packed.eof:
            piece = body[place : place + _STEP]
            if not piece:
                raise SourceError("broke off in the middle of compressed data", fault=Fault.NETWORK)
            try:
                found += packed.decompress(piece, most + 1 - len(found))
            except zlib.error as error:
                raise SourceError("answered with compressed data that is damaged", fault=Fault.NETWORK) from error
            if len(found) > most:
                return bytes(found)
            place += len(piece) - len(packed.unused_data)
        if wbits != _GZIP or not body.startswith(_GZIP_MAGIC, place):
            return bytes(found)
    raise SourceError(f"answered with more than {MOST_MEMBERS} compressed parts", fault=Fault.NOT_A_FEED)
