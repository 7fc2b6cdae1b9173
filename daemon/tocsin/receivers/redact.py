"""Words of a server without what must not be known: some answer with the very token they refuse."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Collection
from urllib.parse import parse_qsl, quote, unquote, urlsplit

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
    if not longest_first:
        return str
    pattern = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)
    return lambda words: pattern.sub(_MASK, words)


def _parts(url: str) -> list[str]:
    rest = url.partition("://")[2]
    try:
        address = urlsplit(f"any://{rest}")
        port = f":{address.port}" if address.port else ""
    except ValueError:
        return [url, rest]
    place = address.netloc.rpartition("@")[2].removesuffix(port)
    login = address.netloc.rpartition("@")[0]
    values = [value for _, value in parse_qsl(address.query, keep_blank_values=True)]
    user, _, password = login.partition(":")
    path = address.path.strip("/")
    pair = f"{unquote(user)}:{unquote(password)}" if password else ""
    return [url, rest, place, login, user, password, pair, f"\0{unquote(user)}\0{unquote(password)}", path,
            *path.split("/"), *values, address.query]  # fmt: skip


def _forms(part: str) -> set[str]:
    raw = unquote(part)
    return {part, raw, quote(raw, safe=""), quote(raw), base64.b64encode(raw.encode()).decode()}
