"""Words of a server without what must not be known: some answer with the very token they refuse."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Collection
from urllib.parse import quote, unquote

_MASK = "***"
#: A secret shorter than this would mask half the words.
_SHORTEST = 4


def redactor(url: str, *, open_words: Collection[str] = ()) -> Callable[[str], str]:
    """A function that masks every part of *url* that may be secret, as it is or encoded.

    That is all but the scheme and *open_words* (recipients): apprise puts tokens where others have hosts and paths.
    """
    secrets = {form for part in _parts(url) for form in _forms(part) if len(form) >= _SHORTEST}
    secrets -= {word for shown in open_words for word in (shown, shown.lstrip("#@+"))}
    longest_first = sorted(secrets, key=lambda secret: (-len(secret), secret))
    pattern = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)
    return lambda words: pattern.sub(_MASK, words)


def _parts(url: str) -> list[str]:
    """Whatever stands between the marks of an address: tokens may stand anywhere, so no part is told from another."""
    rest = url.partition("://")[2] or url
    pieces = re.split(r"[/?#&@]", rest)
    values = [value for piece in pieces for value in (piece, piece.partition("=")[2], *piece.split(":"))]
    login = unquote(re.split(r"[/?#]", rest)[0].rpartition("@")[0])
    # As it is sent by HTTP's Basic and by SMTP's PLAIN.
    return [url, rest, *values, login, "\0" + login.replace(":", "\0", 1)]


def _forms(part: str) -> set[str]:
    raw = unquote(part)
    return {part, raw, quote(raw, safe=""), quote(raw), base64.b64encode(raw.encode()).decode()}
