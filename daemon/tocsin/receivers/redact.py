"""Removal of secrets from a server's words. Some servers repeat the very token that they refuse."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from urllib.parse import quote, unquote

_MASK = "***"
#: Shorter secrets are not masked, because they would mask parts of ordinary words.
_SHORTEST = 4
#: This many consecutive characters of a secret are masked, wherever they begin and whatever is between them.
_RUN = 8
#: Settings in an address, which are not secret.
_SETTINGS = """
    mode format overflow verify cto rto redirect retry wait store emojis interpret tz region lang method
"""


def redactor(url: str, *, headers: Iterable[str] = (), open_words: Collection[str] = ()) -> Callable[[str], str]:
    """Return a function that masks every part of *url* that may be secret: plain, encoded, cut or spaced out.

    The values of *headers* are masked too, and the name and password in one of HTTP Basic.

    Everything may be secret except the scheme, settings such as `mode=` and *open_words* (recipients), because apprise
    puts tokens where other addresses have hosts and paths.
    """
    parts = [*_parts(url), *(part for value in headers for part in _words(value))]
    secrets = {form for part in parts for form in _forms(part) if len(form) >= _SHORTEST}
    shown = {word for one in open_words for word in (one, one.lstrip("#@+")) if word}
    secrets -= shown
    runs = {run for secret in secrets for stream in _streams(secret) for run, _ in _runs(stream)}
    short = _any_of(secret for secret in secrets if len(secret) < _RUN)
    public = _any_of(shown)

    def redact(words: str) -> str:
        masked = bytearray(len(words))
        for stream in _streams(words):
            for run, places in _runs(stream):
                if run in runs:
                    masked[places[0] : places[-1] + 1] = b"\1" * (places[-1] + 1 - places[0])
        for mark, pattern in ((b"\1", short), (b"\0", public)):
            for found in pattern.finditer(words):
                masked[found.start() : found.end()] = mark * (found.end() - found.start())
        return _masked(words, masked)

    return redact


def _parts(url: str) -> list[str]:
    """Return all parts between the delimiters of an address. Tokens may be anywhere, so all parts are treated alike."""
    rest = url.partition("://")[2] or url
    pieces = [piece for piece in re.split(r"[/?#&@]", rest) if piece.partition("=")[0].lower() not in _SETTINGS.split()]
    values = [value for piece in pieces for value in (*piece.partition("=")[::2], *piece.split(":"))]
    login = unquote(re.split(r"[/?#]", rest)[0].rpartition("@")[0])
    # As sent by HTTP Basic and by SMTP PLAIN.
    return [*pieces, *values, login, "\0" + login.replace(":", "\0", 1)]


def _words(header: str) -> list[str]:
    """Return the parts of the value of a header that may be secret, without the name of a scheme before it."""
    scheme, _, rest = header.partition(" ")
    if scheme == "Basic":
        with suppress(ValueError):
            login = base64.b64decode(rest, validate=True).decode()
            return [rest, login, *login.split(":")]
    return [rest if scheme == "Bearer" else header]


def _forms(part: str) -> Iterator[str]:
    raw = unquote(part)
    yield from (part, raw, quote(raw, safe=""), quote(raw), json.dumps(raw)[1:-1], html.escape(raw))
    octets = raw.encode()
    yield octets.hex()
    yield "".join(f"%{octet:02x}" for octet in octets)
    for before in range(3):
        # Within a longer text base64 has three forms, whose ends depend on the neighbouring bytes.
        coded = base64.b64encode(bytes(before) + octets).decode().rstrip("=")
        yield coded[4 if before else 0 : len(coded) - (1 if (before + len(octets)) % 3 else 0)]
    yield base64.b64encode(octets).decode()


#: Characters in lower case, each with its place.
_Stream = list[tuple[str, int]]


def _streams(text: str) -> tuple[_Stream, _Stream]:
    """Return *text* as it is, and its letters and digits alone, which stay the same if a word is broken or spaced out."""
    whole = [(character.lower(), place) for place, character in enumerate(text)]
    return whole, [(character, place) for character, place in whole if character.isalnum()]


def _runs(stream: _Stream) -> Iterator[tuple[str, list[int]]]:
    text = [character for character, _ in stream]
    places = [place for _, place in stream]
    for start in range(len(stream) - _RUN + 1):
        yield "".join(text[start : start + _RUN]), places[start : start + _RUN]


def _any_of(words: Collection[str] | Iterator[str]) -> re.Pattern[str]:
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)", re.IGNORECASE)


def _masked(words: str, masked: bytearray) -> str:
    """Return *words* with one mask for each run of *masked* characters. Spaces at the ends of a run stay."""
    shown, end = "", 0
    for found in re.finditer(b"\1+", masked):
        stretch = words[found.start() : found.end()]
        inside = stretch.strip()
        shown += words[end : found.start()] + (stretch.replace(inside, _MASK) if inside else stretch)
        end = found.end()
    return shown + words[end:]
