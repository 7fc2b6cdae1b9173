"""Tokens, and the sentences and clauses they stand in."""

from __future__ import annotations

import re
from typing import NamedTuple

_CAPITALS = re.compile("(?:[A-Z\u00c0-\u024f]'?){2,}")


# A tuple, not a dataclass: a body has hundreds of tokens, and a tuple is made several times as fast.
class Token(NamedTuple):
    """A word as it is compared, and where it stands in the original text of its field.

    *clause*: a comma, colon, bracket or spaced dash stands before it. *joint*: nothing but blanks and `,` `、` `/` and the
    like stands between it and the token before, so that the two may be coordinated. *border*: of the marks before it one is
    no bracket. *depth*: how many brackets it stands in.
    """

    word: str  # folded
    cased: str  # normalised, case kept
    start: int
    end: int
    wide: bool = False  # one CJK, Hangul or Thai character
    katakana: bool = False
    clause: bool = False
    joint: bool = False
    glued: bool = False  # nothing at all stands between it and the token before
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
    """Return a sentence of *tokens*, which must not be empty, with their distances measured."""
    positions = [0]
    for token in tokens[1:]:
        positions.append(positions[-1] + (1 if token.wide else 2) + (2 if token.clause else 0))
    return Sentence(field, tokens, tuple(positions), _is_all_caps(tokens))


def _is_all_caps(tokens: tuple[Token, ...]) -> bool:
    """At least four Latin words of two letters or more, and no lower-case letter anywhere."""
    # Most sentences are told by their first or second word.
    if any(token.cased != token.cased.upper() for token in tokens):
        return False
    return sum(_CAPITALS.fullmatch(token.cased) is not None for token in tokens) >= 4
