"""Content encodings. The bytes decide how a body is compressed, because servers name encodings that they did not apply."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from tocsin.errors import Fault, SourceError

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
