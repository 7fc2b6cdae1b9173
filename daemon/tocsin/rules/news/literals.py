"""The letters that every text with a regular expression has, where they are obvious."""

from __future__ import annotations

import re
from functools import lru_cache

#: In a regular expression, what makes it unclear which letters are required.
_UNCLEAR = re.compile(r"\\[pPxQ0-9]|\[\^?\]|\[:")
_REGEX_PIECE = re.compile(
    r"(?P<run>[a-z]+|[\u4e00-\u9fff]+)|(?P<set>\[(?:[^\]\\]|\\.)*\])|(?P<open>\()|(?P<close>\))|(?P<or>\|)|(?:\\.|.)",
    re.DOTALL,
)
#: One of several plain words, which is not optional.
_CHOICE = re.compile(r"\((?:\?:)?([a-z |]+)\)(?![?*{])")
_OPTIONAL = ("?", "*", "{")


@lru_cache(maxsize=4096)
def literals(pattern: str) -> tuple[tuple[str, ...], ...]:
    """Return groups of runs of letters, of each of which every text with *pattern* has one; none where that is not obvious."""
    found: list[tuple[str, ...]] = []
    if _UNCLEAR.search(pattern):
        return ()
    depth = 0
    for piece in _REGEX_PIECE.finditer(pattern):
        kind = piece.lastgroup
        if kind == "open" and not depth and (choice := _CHOICE.match(pattern, piece.start())):
            runs = [max(words.split(), key=len, default="") for words in choice[1].split("|")]
            if all(len(run) >= 3 for run in runs):
                found.append(tuple(runs))
        depth += (kind == "open") - (kind == "close")
        if kind == "or" and not depth:
            return ()
        if kind == "run" and not depth:
            run = piece.group()
            if pattern.startswith(_OPTIONAL, piece.end()):
                run = run[:-1]
            if len(run) >= 3 or (run and run > "z"):
                found.append((run,))
    return tuple(found)
