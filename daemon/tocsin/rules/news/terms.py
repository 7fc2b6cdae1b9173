"""Terms: as they are written, compiled to be looked for in the tokens of a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Protocol

from tocsin.rules.news.capitals import is_name
from tocsin.rules.news.forms import head_forms, noun_forms, verb_forms
from tocsin.rules.news.literals import literals
from tocsin.rules.news.rarity import weight
from tocsin.text.fold import fold, unmarked
from tocsin.text.patterns import compiled
from tocsin.text.sentences import split
from tocsin.text.tokens import GLUED, IS_KATAKANA, Sentence, Token

#: The shortest stem of a `w*` term: shorter ones match half the dictionary.
PREFIX = 4
#: In a regular expression: a class, an escaped character, a group's flags or name, a count.
_NO_LITERAL = re.compile(r"\[\]?(?:[^\]\\]|\\.)*\]|\\[pP]\{\w*\}|\\.|\(\?[^:)>]*[:)>]|\{[\d,]*\}")
_POSSESSIVE = "'s"
_OPTIONAL = re.compile(r"\w[?*]|\d")
#: A term of this form is a name that may stand behind a dollar sign, as a ticker; but $US is money.
_TICKER = re.compile(r"(?!(?:US|AU?|CA?|HK|NT|NZ?|SG?|R)\Z)[A-Z]{1,6}")
#: `*lium`, `gal?ium`, `gallium|indium`: signs of other languages, which would be taken for blanks.
_WILDCARD = re.compile(r"\w*[*?|]\w+")
#: Plain words, as most terms are: each is one token, and nothing has to be scanned for marks.
_PLAIN = re.compile("[A-Za-z]{2,}~?(?: [A-Za-z]{2,}~?)*")


class TermError(ValueError):
    """A term that cannot be compiled, in words."""


class Place(Protocol):
    """The place at which a regular expression was found."""

    def start(self) -> int:
        """Its first character."""
        ...

    def end(self) -> int:
        """Return the character behind its last."""
        ...


class Pattern(Protocol):
    """A compiled regular expression, as far as it is used here; RE2 ships no types."""

    def finditer(self, text: str) -> Iterator[Place]:
        """Return where it is found in *text*, from left to right."""
        ...


@lru_cache(maxsize=32768)
def _weight(words: tuple[str, ...]) -> float:
    return sum([weight(word.encode()) for word in words])


@dataclass(frozen=True, slots=True)
class Word:
    """One token of a term: any of *forms*, or anything that begins with *prefix*."""

    forms: tuple[str, ...]  # few, and kept for every rule: a set would take ten times as much memory
    prefix: str = ""

    @property
    def needed(self) -> tuple[str, ...]:
        """Return the keys of which a sentence with this word has one, among its words and their beginnings."""
        return (self.prefix[:PREFIX],) if self.prefix else self.forms

    @property
    def weight(self) -> float:
        """How often sentences have it."""
        return _weight(self.needed)

    def fits(self, text: str) -> bool:
        """Return whether a token's text is this word, with its marks or without them."""
        if text in self.forms or (self.prefix and text.startswith(self.prefix)):
            return True
        return not text.isascii() and (bare := unmarked(text)) != text and self.fits(bare)


@dataclass(frozen=True, slots=True)
class Term:
    """One member of a list: adjacent tokens, or a regular expression over one sentence."""

    text: str
    words: tuple[Word, ...] = ()
    cased: tuple[str, ...] = ()  # not empty: the tokens as written, case and all
    wide: tuple[bool, ...] = ()  # which words are one CJK, Hangul or Thai character
    katakana_start: bool = False
    katakana_end: bool = False
    pattern: Pattern | None = None
    loose: bool = False  # a regular expression without a word of its own

    @property
    def literals(self) -> tuple[tuple[str, ...], ...]:
        """Runs of letters, of each group of which a sentence has one in which its regular expression is found."""
        return literals(self.text[4:-1]) if self.text.startswith("re:") else ()

    @property
    def single(self) -> bool:
        """Whether every token that is its one word is the term, whatever stands beside it."""
        return len(self.words) == 1 and not (self.cased or self.katakana_start or self.katakana_end)

    @property
    def rarest(self) -> Word:
        """The word of which texts have a form least often; of a name as it is written, the first."""
        if self.cased or len(self.words) == 1:  # the others may stand there in forms of which only `at` knows
            return self.words[0]
        return min(self.words, key=lambda word: word.weight)

    def at(self, sentence: Sentence, first: int) -> int:
        """Return the last token when the term stands at token *first*, else -1."""
        last = first + len(self.words) - 1
        words, marks = sentence.words, sentence.marks
        if last >= len(words):
            return -1
        folded = sentence.all_caps or not self.cased
        if self.cased and folded and len(self.words) == 1 and not is_name(sentence.tokens, first):
            return -1
        for offset, word in enumerate(self.words):
            at = first + offset
            if not (word.fits(words[at]) if folded else self._reads(offset, sentence.written[at])):
                return -1
        if self.katakana_start and first and marks[first - 1] & IS_KATAKANA and marks[first] & GLUED:
            return -1
        if self.katakana_end and last + 1 < len(words) and marks[last + 1] & IS_KATAKANA and marks[last + 1] & GLUED:
            return -1
        return last

    def _reads(self, offset: int, written: str) -> bool:
        """Return whether a token is *written* as the word at *offset* is: with its capitals, as a possessive or a ticker."""
        name, last = self.cased[offset], offset + 1 == len(self.words)
        if written == name or (last and written == name + _POSSESSIVE) or (not offset and written == f"${name}"):
            return True
        return not written.isascii() and (bare := unmarked(written)) != written and self._reads(offset, bare)


@lru_cache(maxsize=32768)
def compile_term(text: str) -> Term:
    """Return a term as written, without the leading `-` of an exclusion.

    Raises:
        TermError: it is empty, its stem is too short, or its regular expression is not RE2.
    """
    if _PLAIN.fullmatch(text):
        return _plain(text)
    if text.startswith("re:"):
        return _regex(text)
    if text.startswith("@"):
        raise TermError(f"{text!r}: a term cannot begin with @, which names an expression: @name")
    if wild := _WILDCARD.search(text):
        raise TermError(f"{text!r}: {wild[0]} is no pattern; write w* for a prefix, and re:/.../ for anything else")
    exact = text.startswith("=")
    written = text[1:] if exact else text
    marked: dict[int, str] = {}
    plain = ""
    for piece in written.split():
        word = piece[:-1] if piece.endswith(("~", "*")) else piece
        plain += f" {word}" if plain else word
        if word != piece:
            marked[len(plain)] = piece[-1]
    tokens = _tokens_of(plain, japanese=False)
    if not tokens:
        raise TermError(f"the term {text!r} has no word: write letters, figures or a regular expression")
    if marked and exact:
        raise TermError(f"{text!r}: = makes a term exact, ~ and * widen it; use one or the other")
    if marked and marked.keys() - {token.end for token in tokens}:
        raise TermError(f"{text!r}: ~ and * stand right behind a word")
    case = exact and any(c.isupper() for c in written)
    # In Japanese text no Han character is folded.
    alike = plain.isascii() or fold(plain) == fold(plain, japanese=True)
    kept = tokens if alike else _tokens_of(plain, japanese=True)
    followers = [token.word for token in tokens[1:]]
    words = tuple(
        _exact(token.word, other.word)
        if (exact or token.wide) and token.end not in marked
        else _word(token.word, marked.get(token.end, ""), follower)
        for token, other, follower in zip(tokens, kept, [*followers, ""], strict=True)
    )
    if case and plain.isascii():
        # Apple's is a form of Apple as written: the name of somebody who has something.
        forms: tuple[str, ...] = (tokens[-1].word, tokens[-1].word + _POSSESSIVE)
        if len(words) == 1 and _TICKER.fullmatch(plain):
            forms = (*forms, f"${tokens[-1].word}")
        words = (*words[:-1], Word(forms))
    return Term(
        text,
        words,
        tuple(token.cased for token in tokens) if case else (),
        tuple(token.wide for token in tokens),
        bool(tokens[0].marks & IS_KATAKANA),
        bool(tokens[-1].marks & IS_KATAKANA),
    )


def _plain(text: str) -> Term:
    written = text.lower().split(" ")
    words = [word.removesuffix("~") for word in written]
    marks = ["~" if word.endswith("~") else "" for word in written]
    return Term(text, tuple(map(_word, words, marks, [*words[1:], ""])), (), _narrow(len(words)))


@cache
def _narrow(count: int) -> tuple[bool, ...]:
    return (False,) * count


def _tokens_of(plain: str, *, japanese: bool) -> list[Token]:
    """Return the tokens of the words of a term, as `split` cuts them."""
    return [token for part in split("title", plain, japanese=japanese) for token in part.tokens]


# Most words stand in several terms, which share them.


@lru_cache(maxsize=32768)
def _exact(word: str, kept: str) -> Word:
    """Return a word in its own form alone; *kept* is that in Japanese text."""
    return Word((word,) if kept == word else (word, kept))


@lru_cache(maxsize=32768)
def _word(word: str, mark: str, follower: str) -> Word:
    """Return a word in the forms that its *mark* asks for; *follower* is the word behind it, empty behind the last."""
    if mark == "*":
        if len(word) < PREFIX:
            raise TermError(f"{word}* is too short: a prefix needs {PREFIX} letters or more")
        return Word((word,), word)
    forms = frozenset([word])
    if mark == "~":
        forms |= verb_forms(word)
    forms |= head_forms(word, follower) if follower else noun_forms(word)
    return Word(tuple(sorted(forms)))


def _regex(text: str) -> Term:
    body = text[3:]
    if len(body) < 3 or body[0] != "/" or body[-1] != "/":
        raise TermError(f"{text!r}: write a regular expression as re:/.../")
    try:
        return Term(text, pattern=compiled(body[1:-1]), loose=not _has_word(body[1:-1]))
    except ValueError as error:
        raise TermError(f"{text!r}: {error}") from error


def _has_word(pattern: str) -> bool:
    """Return whether *pattern* has a literal word: three letters, or one character of CJK, that are not optional."""
    literal = _OPTIONAL.sub(" ", _NO_LITERAL.sub(" ", pattern))
    return any(token.wide or len(token.word) >= 3 for token in _tokens_of(literal, japanese=False))
