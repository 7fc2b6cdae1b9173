"""A field as it is read while an entry is judged: its tokens in one row, and what was found among them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import NamedTuple

from tocsin.model.rules import Hit
from tocsin.rules.news.hits import GAP, SentenceHit
from tocsin.rules.news.terms import PREFIX, Word
from tocsin.text.clauses import clauses
from tocsin.text.fold import unmarked
from tocsin.text.tokens import Row, Sentence


class Folded(NamedTuple):
    """The folded *text* of a sentence, and where each of its tokens starts and ends in it."""

    text: str
    starts: list[int]
    ends: list[int]


class Reading:
    """A field under judgement: the *row* of its tokens; a token is its number in that row.

    *positions* are in half words; between two sentences lies a `GAP`. *places* are the tokens of each word, and of each word
    with marks also without them. *hits* are what was found, by the identity of a list, an expression or a node, which the rules
    keep alive: all places that name a list or an expression share its hits. *shown* are hits as characters, by their identity.
    """

    def __init__(self, row: Row, text: str) -> None:
        self.field = row.field
        self.row = row
        self.text = text
        self.hits: dict[int, list[SentenceHit]] = {}
        self.shown: dict[int, tuple[SentenceHit, Hit]] = {}
        self.positions = row.positions(GAP)
        self.places: dict[str, list[int]] = {}
        for number, word in enumerate(row.words):
            if word in self.places:
                self.places[word].append(number)
            else:
                self.places[word] = [number]
        if not text.isascii():
            for word in [word for word in self.places if not word.isascii()]:
                if (bare := unmarked(word)) != word:
                    self.places[bare] = sorted({*self.places.get(bare, ()), *self.places[word]})

    @cached_property
    def beginnings(self) -> set[str]:
        """What terms that stand here may begin with: the words, and their first letters."""
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

    def tokens_of(self, forms: Iterable[str]) -> list[int]:
        """Return the tokens that are one of *forms*, ascending."""
        places = self.places
        found = [places[form] for form in forms if form in places]
        return found[0] if len(found) == 1 else sorted(chain(*found))

    def has(self, field: str, token: int) -> bool:
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
