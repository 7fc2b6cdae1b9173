"""Tokens and sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from operator import add
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


#: What a token has beside its words and its place, as bits of one number. Above them stands the number of brackets around it.
#: CLAUSE: a comma, colon, bracket or spaced dash stands before it. JOINT: only blanks and marks such as `,` `、` `/` stand
#: between it and the token before, so the two may be coordinated. GLUED: not even a blank stands there. BORDER: at least one
#: of the marks before it is not a bracket. IS_WIDE: it is one CJK, Hangul or Thai character.
IS_WIDE, IS_KATAKANA, CLAUSE, JOINT, GLUED, BORDER, _BRACKET = (1 << bit for bit in range(7))
DEPTH = _BRACKET.bit_length() - 1
_RUN = -1
#: Half words from the token before to one with these of its marks.
_STEPS = {0: 2, IS_WIDE: 1, CLAUSE: 4, IS_WIDE | CLAUSE: 3}
_APART = IS_WIDE | CLAUSE


class Token(NamedTuple):
    """A word in the form in which it is compared, its place in the original text of its field, and its marks."""

    word: str  # folded
    cased: str  # normalised, case kept
    start: int
    end: int
    marks: int = 0

    @property
    def wide(self) -> bool:
        """Return whether it is one CJK, Hangul or Thai character."""
        return bool(self.marks & IS_WIDE)

    @property
    def clause(self) -> bool:
        """Return whether a mark that can end a clause stands before it."""
        return bool(self.marks & CLAUSE)

    @property
    def joint(self) -> bool:
        """Return whether it may be coordinated with the token before."""
        return bool(self.marks & JOINT)

    @property
    def glued(self) -> bool:
        """Return whether nothing stands between it and the token before."""
        return bool(self.marks & GLUED)

    @property
    def border(self) -> bool:
        """Return whether one of the marks before it is not a bracket."""
        return bool(self.marks & BORDER)

    @property
    def depth(self) -> int:
        """Return the number of brackets around it."""
        return self.marks >> DEPTH


class Sentence:
    """The tokens of one sentence of one *field*, a column for each of their attributes: *words* are folded, *written* are not."""

    __slots__ = ("_all_caps", "_bounds", "_row", "_tokens", "field", "marks", "words")

    def __init__(self, row: Row, first: int, end: int) -> None:
        """Take the tokens of *row* from *first* to before *end*; there must be one."""
        self.field = row.field
        self.words = row.words[first:end]
        self.marks = row.marks[first:end]
        self._row = row
        self._bounds = slice(first, end)
        self._all_caps: bool | None = None
        self._tokens: tuple[Token, ...] = ()

    @property
    def written(self) -> Sequence[str]:
        """Return the words, normalised and with their case."""
        return self._row.written[self._bounds]

    @property
    def starts(self) -> Sequence[int]:
        """Return the offset of the first character of each token."""
        return self._row.starts[self._bounds]

    @property
    def ends(self) -> Sequence[int]:
        """Return the offset behind the last character of each token."""
        return self._row.ends[self._bounds]

    @property
    def start(self) -> int:
        """Return the offset of its first character."""
        return self._row.starts[self._bounds.start]

    @property
    def all_caps(self) -> bool:
        """Return whether it is written in capitals alone."""
        if self._all_caps is None:
            self._all_caps = _is_all_caps(self.written)
        return self._all_caps

    @property
    def tokens(self) -> tuple[Token, ...]:
        """Return its tokens one by one, which most readers do not need."""
        if not self._tokens:
            self._tokens = tuple(map(Token, self.words, self.written, self.starts, self.ends, self.marks))
        return self._tokens


class Row:
    """The tokens of a *field* in one row, a column for each of their attributes; *firsts* are the first of each sentence.

    It is filled once, by `tocsin.text.sentences`; a token is its number in the row. How the words are *written* and where they
    stand is worked out when it is first asked for, since most texts are of no interest to any rule.
    """

    __slots__ = ("_pieces", "_places", "_sentences", "field", "firsts", "marks", "words")

    def __init__(self, field: str) -> None:
        """Begin a row without tokens."""
        self.field = field
        self.words: list[str] = []
        self.marks: list[int] = []
        self.firsts: list[int] = []
        # Of each word, or run of plain words with one blank between them: how it is written, its start, and its end or a run's -1.
        self._pieces: list[tuple[str, int, int]] = []
        self._places: tuple[list[str], list[int], list[int]] | None = None
        self._sentences: tuple[Sentence, ...] = ()

    def add(self, word: str, written: str, start: int, end: int, marks: int) -> None:
        """Add one token."""
        self.words.append(word)
        self.marks.append(marks)
        self._pieces.append((written, start, end))

    def add_plain(self, run: str, start: int, marks: int) -> None:
        """Add plain words with one blank between them, from the character at *start*; *marks* are those of the first."""
        words = run.lower().split()
        self.words += words
        self.marks.append(marks)
        if len(words) > 1:
            self.marks += [JOINT | marks >> DEPTH << DEPTH] * (len(words) - 1)
        self._pieces.append((run, start, _RUN))

    @property
    def written(self) -> list[str]:
        """Return the words, normalised and with their case."""
        return self._placed()[0]

    @property
    def starts(self) -> list[int]:
        """Return the offset of the first character of each token."""
        return self._placed()[1]

    @property
    def ends(self) -> list[int]:
        """Return the offset behind the last character of each token."""
        return self._placed()[2]

    def _placed(self) -> tuple[list[str], list[int], list[int]]:
        if self._places is None:
            written: list[str] = []
            starts: list[int] = []
            ends: list[int] = []
            for piece, start, end in self._pieces:
                words = [piece] if end != _RUN else piece.split()
                lengths = [len(word) for word in words]
                firsts = list(map(add, accumulate(lengths, initial=start), range(len(words))))
                written += words
                starts += firsts
                ends += [end] if end != _RUN else map(add, firsts, lengths)
            self._places = written, starts, ends
        return self._places

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """Return its sentences, cut when they are first asked for."""
        if not self._sentences:
            self._sentences = tuple(Sentence(self, *bounds) for bounds in self.bounds)
        return self._sentences

    @property
    def bounds(self) -> Iterator[tuple[int, int]]:
        """Return the first token of each sentence, and the one behind its last."""
        return pairwise([*self.firsts, len(self.words)])

    def head(self, count: int) -> Row:
        """Return the row of its first *count* tokens: itself, if it has no more."""
        if count >= len(self.words):
            return self
        found = Row(self.field)
        found.words, found.marks = self.words[:count], self.marks[:count]
        found._places = self.written[:count], self.starts[:count], self.ends[:count]
        found.firsts = [first for first in self.firsts if first < count]
        return found

    def positions(self, gap: int, before: int = 0) -> list[int]:
        """Return the places of the tokens in half words; *gap* lies between the beginnings of two sentences.

        So many sentences are *before* the row. From token i to token j of a sentence the distance is (positions[j] - positions[i]) / 2 words.
        """
        steps = [_STEPS[mark & _APART] for mark in self.marks]
        found: list[int] = []
        for number, (first, end) in enumerate(self.bounds, start=before):
            found += accumulate(steps[first + 1 : end], initial=gap * number)
        return found


def _is_all_caps(written: Sequence[str]) -> bool:
    """Return True if there are four Latin words of two letters or more, and no lower-case letter anywhere."""
    # In most sentences the first or second word decides.
    if any(word != word.upper() for word in written):
        return False
    return sum(_CAPITALS.fullmatch(word) is not None for word in written) >= 4


def is_possessive(sentence: Sentence, at: int, text: str) -> bool:
    """Return True if the token *at* of *sentence* is a possessive; *text* is the text of its field."""
    word, end = sentence.words[at], sentence.ends[at]
    if sentence.marks[at] & IS_WIDE:
        behind = min(at + 1, len(sentence.words) - 1)
        return bool(sentence.marks[behind] & GLUED) and sentence.words[behind] in _PARTICLES
    if word.endswith("'s") or _POSSESSIVE.match(text, end):
        return True
    return word.endswith("s") and _MARK.match(text, end) is not None and not _quoted(text, sentence.starts[at])


def _quoted(text: str, start: int) -> bool:
    """Return True if a quotation in single quotation marks is open at *start*."""
    marks = list(_QUOTATION.finditer(text, max(0, start - _LOOKED_AT), start))
    return bool(marks) and marks[-1]["begins"] is not None
