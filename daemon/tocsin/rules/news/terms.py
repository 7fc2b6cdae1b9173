"""Terms and lists, compiled to find spans of a sentence."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple, Protocol

import re2

from tocsin.rules.news.capitals import is_name
from tocsin.rules.news.forms import head_forms, noun_forms, verb_forms
from tocsin.text.fold import unmarked
from tocsin.text.sentences import split
from tocsin.text.tokens import Sentence, Token

#: Shortest stem of a `w*` term: shorter ones match half the dictionary.
_PREFIX = 4
#: In a regular expression: a class, an escaped character, a group's flags or name, a count.
_NO_LITERAL = re.compile(r"\[\]?(?:[^\]\\]|\\.)*\]|\\[pP]\{\w*\}|\\.|\(\?[^:)>]*[:)>]|\{[\d,]*\}")
_POSSESSIVE = "'s"
_OPTIONAL = re.compile(r"\w[?*]|\d")
#: A term of this form is a name that may stand behind a dollar sign, as a ticker; but $US is money.
_TICKER = re.compile(r"(?!(?:US|AU?|CA?|HK|NT|NZ?|SG?|R)\Z)[A-Z]{1,6}")
#: `*lium`, `gal?ium`, `gallium|indium`: signs of other languages, which would be taken for blanks.
_WILDCARD = re.compile(r"\w*[*?|]\w+")
_COORDINATORS = frozenset(["and", "or", "和", "与", "及", "或"])


class TermError(ValueError):
    """A term that cannot be compiled, in words."""


class Found(NamedTuple):
    """Tokens [first, last] of a sentence that a list found; *group* is shared by coordinated spans of the list.

    *member* is the term that was found; empty where it is no words.
    """

    first: int
    last: int
    label: str
    group: int = 0
    member: str = ""


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


#: Returns the first and last tokens of each span in a sentence, given the text of its field.
Finder = Callable[[Sentence, str], Iterable[tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class Word:
    """One token of a term: any of *forms*, or anything that begins with *prefix*."""

    forms: tuple[str, ...]  # few, and kept for every rule: a set would take ten times as much memory
    prefix: str = ""

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

    def at(self, tokens: Sequence[Token], first: int, *, all_caps: bool) -> int:
        """Return the last token when the term stands at token *first*, else -1."""
        last = first + len(self.words) - 1
        if last >= len(tokens):
            return -1
        if self.cased and all_caps and len(self.words) == 1 and not is_name(tokens, first):
            return -1
        for offset, word in enumerate(self.words):
            token = tokens[first + offset]
            if not (word.fits(token.word) if all_caps or not self.cased else self._reads(offset, token.cased)):
                return -1
        if self.katakana_start and first and tokens[first - 1].katakana and tokens[first].glued:
            return -1
        if self.katakana_end and last + 1 < len(tokens) and tokens[last + 1].katakana and tokens[last + 1].glued:
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
    if text.startswith("re:"):
        return _regex(text)
    if text.startswith("@"):
        raise TermError(f"{text!r}: a term cannot begin with @, which names an expression: @name")
    if wild := _WILDCARD.search(text):
        raise TermError(
            f"{text!r}: {wild[0]} means nothing; w* is a prefix, anything else a regular expression, re:/.../"
        )
    exact = text.startswith("=")
    written = text[1:] if exact else text
    marked: dict[int, str] = {}
    plain = ""
    for piece in written.split():
        word = piece[:-1] if piece.endswith(("~", "*")) else piece
        plain += f" {word}" if plain else word
        if word != piece:
            marked[len(plain)] = piece[-1]
    tokens = _tokens(plain, japanese=False)
    if not tokens:
        raise TermError(f"the term {text!r} has no word")
    if marked and exact:
        raise TermError(f"{text!r}: = makes a term exact, ~ and * widen it; use one or the other")
    if marked.keys() - {token.end for token in tokens}:
        raise TermError(f"{text!r}: ~ and * stand right behind a word")
    case = exact and any(c.isupper() for c in written)
    words = tuple(
        _word(token, kept.word, marked.get(token.end, ""), exact, follower.word if follower else "")
        for token, kept, follower in zip(
            tokens, tokens if plain.isascii() else _tokens(plain, japanese=True), [*tokens[1:], None], strict=True
        )
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
        tokens[0].katakana,
        tokens[-1].katakana,
    )


def _tokens(plain: str, *, japanese: bool) -> list[Token]:
    return [token for part in split("title", plain, japanese=japanese) for token in part.tokens]


def _word(token: Token, kept: str, mark: str, exact: bool, follower: str) -> Word:
    """Return one word; *kept* is its form in Japanese text, in which no Han character is folded.

    *follower* is the word behind it, empty behind the last.
    """
    if mark == "*":
        if len(token.word) < _PREFIX:
            raise TermError(f"{token.word}* is too short: a prefix needs {_PREFIX} letters or more")
        return Word((token.word,), token.word)
    if exact or token.wide:
        return Word((token.word,) if kept == token.word else (token.word, kept))
    forms = frozenset([token.word])
    if mark == "~":
        forms |= verb_forms(token.word)
    forms |= head_forms(token.word, follower) if follower else noun_forms(token.word)
    return Word(tuple(sorted(forms)))


def _regex(text: str) -> Term:
    body = text[3:]
    if len(body) < 3 or body[0] != "/" or body[-1] != "/":
        raise TermError(f"{text!r}: write a regular expression as re:/.../")
    options = re2.Options()
    options.log_errors = False
    try:
        return Term(text, pattern=re2.compile(body[1:-1], options=options), loose=not _has_word(body[1:-1]))
    except re2.error as error:
        words = b" ".join(part for part in error.args if isinstance(part, bytes)).decode("utf-8", "replace")
        raise TermError(
            f"{text!r}: {words or error}; the syntax is RE2's: no look-around, no back-references"
        ) from error


def _has_word(pattern: str) -> bool:
    """Return whether *pattern* holds a literal word: three letters, or one character of CJK, that are not optional."""
    literal = _OPTIONAL.sub(" ", _NO_LITERAL.sub(" ", pattern))
    return any(token.wide or len(token.word) >= 3 for token in _tokens(literal, japanese=False))


def heads(sentence: Sentence) -> frozenset[str]:
    """Return what terms that stand in *sentence* may begin with: its words, with marks and without, and their first letters."""
    words = {token.word for token in sentence.tokens}
    words.update([unmarked(word) for word in words if not word.isascii()])
    return frozenset((*words, *(word[:_PREFIX] for word in words)))


@dataclass(frozen=True, slots=True)
class _Lookup:
    """The members of a list by what they begin with."""

    words: dict[str, list[tuple[Term, str]]] = field(default_factory=dict)
    prefixes: dict[str, list[tuple[Term, str]]] = field(default_factory=dict)
    regexes: list[tuple[Pattern, str]] = field(default_factory=list)

    def add(self, term: Term, label: str) -> None:
        if term.pattern is not None:
            self.regexes.append((term.pattern, label))
        elif term.words[0].prefix:
            self.prefixes.setdefault(term.words[0].prefix[:_PREFIX], []).append((term, label))
        else:
            for form in term.words[0].forms:
                self.words.setdefault(form, []).append((term, label))

    def beginning(self, word: str) -> Sequence[tuple[Term, str]]:
        """Return the members that may begin with *word*."""
        found = self.words.get(word, ())
        return [*found, *self.prefixes.get(word[:_PREFIX], ())] if self.prefixes else found


@dataclass(slots=True)
class TermList:
    """Terms and what label each gives; found in a sentence in one pass over its tokens."""

    name: str
    members: tuple[tuple[Term, str], ...]
    excluded: tuple[Term, ...] = ()
    labelled: bool = False
    #: What finds them instead of the words of the members: capitals, for one.
    finder: Finder | None = None
    # Both are made when they are first needed: most rules never meet a text with their words.
    _lookup: _Lookup | None = None
    _minus: TermList | None = None

    @property
    def label(self) -> str:
        """The name of its label: the list's own, without its pack."""
        return self.name.rpartition("/")[2]

    @property
    def labels(self) -> frozenset[str]:
        """The values of its label."""
        return frozenset(label for _, label in self.members if label)

    @property
    def loose(self) -> bool:
        """Return whether it can be met by a text that has none of its words, as a regular expression may be."""
        return any(term.loose for term, _ in self.members)

    def misses(self, beginnings: frozenset[str]) -> bool:
        """Return whether no term stands in a sentence with these *beginnings* (`heads`), as is soon known of most lists."""
        if self.finder:
            return False
        lookup = self._by_beginning()
        known = (lookup.words.keys(), lookup.prefixes.keys())
        return not lookup.regexes and all(keys.isdisjoint(beginnings) for keys in known)

    def find(self, sentence: Sentence, text: str) -> list[Found]:
        """Return the spans in *sentence* in their order, *text* being its field; excluded ones are gone."""
        found = sorted(set(self._spans(sentence, text)))
        if self.excluded and found:
            if self._minus is None:
                self._minus = TermList(self.name, tuple((term, "") for term in self.excluded))
            found = _without(found, self._minus.find(sentence, text))
        return _grouped(found, sentence.tokens)

    def _spans(self, sentence: Sentence, text: str) -> list[Found]:
        if self.finder:
            return [Found(first, last, "") for first, last in self.finder(sentence, text)]
        spans: list[Found] = []
        tokens = sentence.tokens
        lookup = self._by_beginning()
        for first, token in enumerate(tokens):
            candidates = lookup.beginning(token.word)
            if not token.word.isascii() and (bare := unmarked(token.word)) != token.word:
                candidates = [*candidates, *lookup.beginning(bare)]
            for term, label in candidates:
                last = term.at(tokens, first, all_caps=sentence.all_caps)
                if last >= 0:
                    spans.append(Found(first, last, label, 0, term.text))
        if lookup.regexes:
            spans += _regex_spans(lookup.regexes, sentence, text)
        return spans

    def _by_beginning(self) -> _Lookup:
        lookup = self._lookup
        if lookup is None:
            lookup = _Lookup()
            for term, label in self.members:
                lookup.add(term, label)
            self._lookup = lookup  # only when it is whole: another thread may be looking
        return lookup


def _regex_spans(regexes: Sequence[tuple[Pattern, str]], sentence: Sentence, text: str) -> list[Found]:
    """Hits on the folded sentence, widened to whole tokens."""
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    length, behind = 0, sentence.start
    for token in sentence.tokens:
        gap = text[behind : token.start].lower()
        starts.append(length + len(gap))
        pieces += (gap, token.word)
        length += len(gap) + len(token.word)
        ends.append(length)
        behind = token.end
    folded = "".join(pieces).encode("utf-8", "replace").decode()
    spans = []
    for pattern, label in regexes:
        for hit in pattern.finditer(folded):
            first = bisect_right(ends, hit.start())
            last = bisect_left(starts, hit.end()) - 1
            if first <= last:
                spans.append(Found(first, last, label))
    return spans


def _without(found: list[Found], minus: list[Found]) -> list[Found]:
    """Return *found* less what overlaps a span of *minus*; both are sorted by their first token."""
    firsts = [m.first for m in minus]
    reach = list(accumulate((m.last for m in minus), max))
    kept = []
    for span in found:
        before = bisect_right(firsts, span.last)
        if not before or reach[before - 1] < span.first:
            kept.append(span)
    return kept


def _grouped(found: list[Found], tokens: Sequence[Token]) -> list[Found]:
    """Return *found* with coordinated neighbours in one group: nothing between them but `,` `、` `/` and or & and the like."""
    groups: list[Found] = []
    group, reach = 0, -1
    for span in found:
        if groups and not _coordinated(tokens, reach, span.first):
            group += 1
        groups.append(span._replace(group=group))
        reach = max(reach, span.last)
    return groups


def _coordinated(tokens: Sequence[Token], last: int, first: int) -> bool:
    if first <= last:
        return True
    if first - last > 3:  # `, and` is the longest there is between two
        return False
    between = tokens[last + 1 : first]
    return all(t.word in _COORDINATORS for t in between) and all(t.joint for t in tokens[last + 1 : first + 1])
