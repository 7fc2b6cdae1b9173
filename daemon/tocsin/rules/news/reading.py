"""A field as it is read while an entry is judged: its tokens in one row, and what was found among them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from tocsin.model.rules import Hit
from tocsin.rules.news.hits import SentenceHit
from tocsin.rules.news.places import Places
from tocsin.text.clauses import clauses
from tocsin.text.tokens import Row, Sentence


class Folded(NamedTuple):
    """The folded *text* of a sentence, and where each of its tokens starts and ends in it."""

    text: str
    starts: list[int]
    ends: list[int]


class Reading(Places):
    """A field under judgement: the *row* of its tokens; a token is its number in that row.

    *hits* are what was found, by the identity of a list, an expression or a node, which the rules keep alive: all places that name
    a list or an expression share its hits. *shown* are hits as characters, by their identity.
    """

    def __init__(self, row: Row, text: str) -> None:
        super().__init__([row])
        self.field = row.field
        self.row = row
        self.text = text
        self.hits: dict[int, list[SentenceHit]] = {}
        self.shown: dict[int, tuple[SentenceHit, Hit]] = {}

    def covers(self, field: str, token: int) -> bool:
        """Return whether *token* of *field* stands here: a lede has the first tokens of a field only."""
        return field == self.field and token < len(self.row.words)

    def sentence(self, token: int) -> int:
        """Return the number of the sentence that *token* stands in."""
        return bisect_right(self.row.firsts, token) - 1

    def within(self, token: int) -> tuple[Sentence, int]:
        """Return the sentence that *token* stands in, and its number in it."""
        number = self.sentence(token)
        return self.row.sentences[number], token - self.row.firsts[number]

    def clause(self, token: int) -> tuple[int, int]:
        """Return what all tokens of the same clause of the same sentence have in common."""
        number = self.sentence(token)
        if number not in self._clauses:
            self._clauses[number] = clauses(self.row.sentences[number])
        return number, self._clauses[number][token - self.row.firsts[number]]

    @cached_property
    def _clauses(self) -> dict[int, Sequence[int]]:
        return {}

    @property
    def placed(self) -> Iterator[tuple[int, Sentence]]:
        """The sentences, each with its first token."""
        return zip(self.row.firsts, self.row.sentences, strict=True)

    @cached_property
    def folded(self) -> list[tuple[int, Folded]]:
        """The sentences as regular expressions see them, each with its first token."""
        return [(first, _folded(sentence, self.text)) for first, sentence in self.placed]


def _folded(sentence: Sentence, text: str) -> Folded:
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    length, behind = 0, sentence.start
    for word, start, end in zip(sentence.words, sentence.starts, sentence.ends, strict=True):
        gap = text[behind:start].lower()
        starts.append(length + len(gap))
        pieces += (gap, word)
        length += len(gap) + len(word)
        ends.append(length)
        behind = end
    return Folded("".join(pieces).encode("utf-8", "replace").decode(), starts, ends)
