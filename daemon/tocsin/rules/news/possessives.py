"""Possessives: words that say whose something is, and so are nobody who does something."""

from __future__ import annotations

import re

from tocsin.text.fold import APOSTROPHES
from tocsin.text.tokens import Sentence

#: Behind U.S. the ending is a token of its own.
_ENDING = re.compile(rf"[{APOSTROPHES}][sS](?!\w)")
#: The mark behind states', or the end of a quotation.
_MARK = re.compile(rf"[{APOSTROPHES}](?!\w)")
_QUOTATION = re.compile(rf"(?<!\w)(?P<begins>[{APOSTROPHES}])(?=\w)|(?<=\w)[{APOSTROPHES}](?!\w)")
#: Characters before a word in which a quotation is looked for that the mark behind it would end.
_LOOKED_AT = 80
#: 日本的, 日本の: particles that make the word before them a possessive.
_PARTICLES = frozenset("的の")


def is_possessive(sentence: Sentence, at: int, text: str) -> bool:
    """Return whether the token *at* of *sentence* is a possessive; *text* is the field that it stands in."""
    token = sentence.tokens[at]
    if token.wide:
        follower = sentence.tokens[at + 1] if at + 1 < len(sentence.tokens) else token
        return follower.glued and follower.word in _PARTICLES
    if token.word.endswith("'s") or _ENDING.match(text, token.end):
        return True
    return token.word.endswith("s") and _MARK.match(text, token.end) is not None and not _quoted(text, token.start)


def _quoted(text: str, start: int) -> bool:
    """Return whether a quotation in single marks is open at *start*."""
    marks = list(_QUOTATION.finditer(text, max(0, start - _LOOKED_AT), start))
    return bool(marks) and marks[-1]["begins"] is not None
