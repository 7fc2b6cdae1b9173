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


_OPENING = """
    after ahead although amid amidst as because before but despite following if since though unless until when while whilst
"""
#: Words that begin a clause, or a phrase of circumstance: what stands behind them is another matter.
#: `and` is none of them, since it joins subjects as often as clauses.
_OPENERS = frozenset(_OPENING.split())


def clauses(sentence: Sentence) -> tuple[int, ...]:
    """Return the number of the clause of each token, counted from 0.

    A comma, colon or spaced dash begins one, and so do conjunctions and the prepositions of circumstance: "stocks rise | as
    oil falls | amid talks". The first token begins none. What stands in brackets is a clause of its own, and the one around
    it goes on behind it: "Albemarle (NYSE: ALB) rises" is said of Albemarle.
    """
    open_, last = [0], 0
    numbers = []
    for index, token in enumerate(sentence.tokens):
        begins = bool(index) and (token.border or token.word in _OPENERS)
        del open_[token.depth + 1 :]
        while len(open_) <= token.depth:
            last += 1
            open_.append(last)
            begins = False
        if begins:
            last += 1
            open_[-1] = last
        numbers.append(open_[-1])
    return tuple(numbers)
