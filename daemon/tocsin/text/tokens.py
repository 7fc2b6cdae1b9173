"""Tokens and sentences."""

from __future__ import annotations

import re
from typing import NamedTuple

from tocsin.text.fold import APOSTROPHES

_CAPITALS = re.compile("(?:[A-Z\u00c0-\u024f]'?){2,}")
#: The ending of a possessive, for initials: behind U.S. it is a token of its own.
_POSSESSIVE = re.compile(rf"[{APOSTROPHES}][sS](?!\w)")
#: The apostrophe after states', or the end of a quotation.
_MARK = re.compile(rf"[{APOSTROPHES}](?!\w)")
_QUOTATION = re.compile(rf"(?<!\w)(?P<begins>[{APOSTROPHES}])(?=\w)|(?<=\w)[{APOSTROPHES}](?!\w)")
#: Characters before a word that are searched for the beginning of a quotation, which the mark after the word would end.
_LOOKED_AT = 80
#: 日本的, 日本の: particles that make the word before them a possessive.
_PARTICLES = frozenset("的の")


# A tuple, not a dataclass: a body has hundreds of tokens, and a tuple is made several times as fast.
class Token(NamedTuple):
    """A word in the form in which it is compared, and its place in the original text of its field.

    *clause*: a comma, colon, bracket or spaced dash stands before it. *joint*: only blanks and marks such as `,` `、` `/`
    stand between it and the token before, so the two may be coordinated. *border*: at least one of the marks before it is
    not a bracket. *depth*: the number of brackets around it.
    """

    word: str  # folded
    cased: str  # normalised, case kept
    start: int
    end: int
    wide: bool = False  # one CJK, Hangul or Thai character
    katakana: bool = False
    clause: bool = False
    joint: bool = False
    glued: bool = False  # not even a blank stands between it and the token before
    border: bool = False
    depth: int = 0


class Sentence(NamedTuple):
    """The tokens of one sentence of one field.

    *positions* are in half words: from token i to token j the distance is (positions[j] - positions[i]) / 2.
    """

    field: str
    tokens: tuple[Token, ...]
    positions: tuple[int, ...]
    all_caps: bool

    @property
    def start(self) -> int:
        """Offset of its first character."""
        return self.tokens[0].start


def sentence(field: str, tokens: tuple[Token, ...]) -> Sentence:
    """Return a sentence of *tokens*, with their positions. *tokens* must not be empty."""
    positions = [0]
    for token in tokens[1:]:
        positions.append(positions[-1] + (1 if token.wide else 2) + (2 if token.clause else 0))
    return Sentence(field, tokens, tuple(positions), _is_all_caps(tokens))


def _is_all_caps(tokens: tuple[Token, ...]) -> bool:
    """Return True if there are four Latin words of two letters or more, and no lower-case letter anywhere."""
    # In most sentences the first or second word decides.
    if any(token.cased != token.cased.upper() for token in tokens):
        return False
    return sum(_CAPITALS.fullmatch(token.cased) is not None for token in tokens) >= 4


def is_possessive(sentence: Sentence, at: int, text: str) -> bool:
    """Return True if the token *at* of *sentence* is a possessive; *text* is the text of its field."""
    token = sentence.tokens[at]
    if token.wide:
        follower = sentence.tokens[at + 1] if at + 1 < len(sentence.tokens) else token
        return follower.glued and follower.word in _PARTICLES
    if token.word.endswith("'s") or _POSSESSIVE.match(text, token.end):
        return True
    return token.word.endswith("s") and _MARK.match(text, token.end) is not None and not _quoted(text, token.start)


def _quoted(text: str, start: int) -> bool:
    """Return True if a quotation in single quotation marks is open at *start*."""
    marks = list(_QUOTATION.finditer(text, max(0, start - _LOOKED_AT), start))
    return bool(marks) and marks[-1]["begins"] is not None
