"""Places of words in a text, and distances between two of them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cached_property
from itertools import chain
from typing import NamedTuple

from tocsin.rules.news.terms import PREFIX, Word
from tocsin.text.fold import unmarked
from tocsin.text.tokens import Row

#: Half words between the beginnings of two sentences, so that no operator reaches over them: far more than twice the longest has.
GAP = 10**9
_NOWHERE: Sequence[int] = ()


def reach(within: int | None) -> int:
    """Return *within* words in half words; None is as far as a sentence goes."""
    return GAP // 2 if within is None else 2 * within


class Distance(NamedTuple):
    """Words of two sides, each in its forms, that are at most *reach* half words apart; *ordered*: the left one stands first."""

    left: tuple[tuple[str, ...], ...]
    right: tuple[tuple[str, ...], ...]
    reach: int
    ordered: bool


class Places:
    """The words of some rows, one row behind the other; a token is its number among all of them.

    *positions* are in half words; between two sentences lies a `GAP`. *places* are the tokens of each word, and of each word
    with marks also without them.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self.positions: list[int] = []
        self.places: dict[str, list[int]] = {}
        places, sentences, token = self.places, 0, 0
        for row in rows:
            self.positions += row.positions(GAP, sentences)
            sentences += len(row.firsts)
            for word in row.words:
                if word in places:
                    places[word].append(token)
                else:
                    places[word] = [token]
                token += 1
        for word in [word for word in places if not word.isascii()]:
            if (bare := unmarked(word)) != word:
                places[bare] = sorted({*places.get(bare, ()), *places[word]})
        self._tokens: dict[int, Sequence[int]] = {}

    @cached_property
    def beginnings(self) -> set[str]:
        """Return the words and their first letters, with one of which every term that stands here begins."""
        return {*self.places, *[word[:PREFIX] for word in self.places]}

    @cached_property
    def _stems(self) -> dict[str, list[str]]:
        stems: dict[str, list[str]] = {}
        for word in self.places:
            stems.setdefault(word[:PREFIX], []).append(word)
        return stems

    def forms(self, word: Word) -> list[str]:
        """Return the words of the text that are *word*."""
        if word.prefix:
            return [text for text in self._stems.get(word.prefix[:PREFIX], ()) if text.startswith(word.prefix)]
        return [form for form in word.forms if form in self.places]

    def tokens_of(self, forms: tuple[str, ...]) -> Sequence[int]:
        """Return the tokens that are one of *forms*, ascending."""
        # Rules share the forms of a word, which they keep alive.
        tokens = self._tokens.get(key := id(forms))
        if tokens is None:
            places = self.places
            tokens = self._tokens[key] = _merged([places[form] for form in forms if form in places])
        return tokens

    def has(self, distance: Distance) -> bool:
        """Return whether words of both sides of *distance* stand that near to each other.

        Of hits that are these words a pair then joins at least two, those that are nearest to each other.
        """
        left, right, reach, ordered = distance
        one = _merged([tokens for forms in left if (tokens := self.tokens_of(forms))])
        other = _merged([tokens for forms in right if (tokens := self.tokens_of(forms))]) if one else one
        positions = self.positions
        for token in one if other else _NOWHERE:
            here = positions[token]
            at = (bisect_right if ordered else bisect_left)(other, token)
            if at < len(other) and positions[other[at]] - here <= reach:
                return True
            if at and not ordered and here - positions[other[at - 1]] <= reach:
                return True
        return False


def _merged(found: Sequence[Sequence[int]]) -> Sequence[int]:
    if not found:
        return _NOWHERE
    return found[0] if len(found) == 1 else sorted(chain(*found))
