"""The gist of a text: its folded words, cheap to make, by which the index finds the rules that may match.

A gist may have words that the text does not have, but it never lacks one that the text has. Folding character by
character is exact for nearly all news. Where it is not (combining marks, ligatures, full-width letters, a Catalan point),
`gist` returns None: the text must then be cut into tokens, and `gist_of` takes the words from these.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from tocsin.text.fold import ALIKE, BASES, SIMPLIFIED, unmarked
from tocsin.text.sentences import INNER_POINT, MARKS, TAG, WIDE, camel_words, ranges
from tocsin.text.tokens import GLUED, IS_WIDE, Sentence


class FoldedWords(NamedTuple):
    """The words of a text as UTF-8, folded.

    *narrow*: words of letters and figures, each between blanks. *wide*: the CJK, Hangul and Thai characters in order,
    with nothing between them, and always simplified.
    """

    narrow: bytes
    wide: bytes


#: Marks that never join two words. With blanks in their place most English text is plain ASCII.
_TYPOGRAPHIC = "\u2019\u2018\u201c\u201d\u2013\u2014\u2026\u00a0"
_SOFT_CHARACTERS = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
#: Translation byte by byte: ASCII letters become lower case, figures and `$` stay, all other ASCII becomes a blank.
_ASCII = bytes(
    ord(chr(point).lower()) if point > 127 or chr(point).isalnum() or chr(point) == "$" else 32 for point in range(256)
)
#: A figure before an invisible character or a letter that is not ASCII: the tokens end it there, the gist would not.
_FIGURE_END = re.compile(rf"\d[.,%\w]{{0,4}}[{_SOFT_CHARACTERS}]|\d[A-Za-z]{{0,4}}(?![{WIDE}])[^\W\x00-\x7f]")
_TICKER = re.compile(r"\$[A-Za-z]*")
#: The last dot and letter of initials, which are one token without their dots.
_INITIALS = re.compile(r"\.[A-Za-z](?![A-Za-z0-9])")
_MOST_INITIALS = 12
_TAG = re.compile(TAG)
#: Letters that fold to another letter, and marked letters, which a term without marks finds too.
_ALIKE = re.compile(f"[{''.join(map(chr, ALIKE))}]")
_MARKED = re.compile(f"[{''.join(map(chr, BASES))}]")
_WIDE = re.compile(f"[{WIDE}]")
_NOT_WIDE = re.compile(f"[^{WIDE}]+")
_TRADITIONAL = re.compile(f"[{''.join(map(chr, SIMPLIFIED))}]")


# Both patterns are made of a walk through the basic plane, which a program that judges no text need not wait for.


@cache
def _gap() -> re.Pattern[str]:
    return re.compile(f"[{ranges(_gaps())}\U0001f300-\U0001faff\U00020000-\U0003ffff]+")


@cache
def _odd() -> re.Pattern[str]:
    # Beyond the basic plane only pictographs and the plain Han extensions are known to be harmless.
    beyond = "\U00010000-\U0001f2ff\U0001fb00-\U0001ffff\U0002f800-\U0002fa1f\U00040000-\U0010ffff"
    return re.compile(f"[{MARKS}{ranges(_unstable())}\u1100-\u11ff{beyond}]")


def _gaps() -> Iterator[int]:
    """Yield the non-ASCII characters of the basic plane that are part of no narrow word. U+02BC is one: an apostrophe."""
    mark = re.compile(f"[{MARKS}]")
    for point in range(0x80, 0x10000):
        character = chr(point)
        if point == 0x2BC or not (character.isalnum() or mark.match(character)) or _WIDE.match(character):
            yield point


def _unstable() -> Iterator[int]:
    """Yield the letters of the basic plane that folding changes more than `casefold` and `_ALIKE` do."""
    for point in range(0x80, 0x10000):
        if 0x3400 <= point < 0xA000 or 0xAC00 <= point < 0xD7A4:  # Han and Hangul: none is unstable
            continue
        character = chr(point)
        if point == 0x2BC or not (character.isalnum() or _WIDE.match(character)):
            continue
        folded = character.casefold()
        stable = unicodedata.is_normalized("NFKC", character) and unicodedata.is_normalized("NFKC", folded)
        if not stable or any(unicodedata.category(c)[0] == "M" for c in folded):
            yield point


def gist(text: str) -> FoldedWords | None:
    """Return the gist of *text*, with newlines between its fields; None if only its tokens show its words."""
    if not text.isascii():
        if INNER_POINT.search(text):
            return None
        text = text.replace("＄", "$").replace("＃", "#")
        for character in _TYPOGRAPHIC:
            text = text.replace(character, " ")
    if "#" in text:
        tags = (camel_words(tag[1:]) for tag in _TAG.findall(text))
        text = " ".join([text, *(word for words in tags if len(words) > 1 for _, word in words)])
    initials = _initials(text)
    if initials is None:
        return None
    if text.isascii():
        return FoldedWords(_narrow(f" {text} {initials} "), b"")
    if "$" in text:  # before soft hyphens are removed: they end a ticker
        text = _TICKER.sub(r" \g<0> ", text)
    if _FIGURE_END.search(text):
        return None
    for character in _SOFT_CHARACTERS:
        text = text.replace(character, "")
    text = text.replace("İ", "i")
    if _odd().search(text):
        return None
    folded = _ALIKE.sub(_alike, text.casefold())
    bare = _MARKED.sub(_base, folded) if _MARKED.search(folded) else ""
    return FoldedWords(_narrow(f" {folded} {bare} {initials} "), _wide(folded))


def _alike(letter: re.Match[str]) -> str:
    return ALIKE[ord(letter[0])] or ""


def _base(letter: re.Match[str]) -> str:
    return BASES[ord(letter[0])] or ""


def gist_of(sentences: Iterable[Sentence]) -> FoldedWords:
    """Return the gist of a text that is already cut into sentences."""
    tokens = [token for part in sentences for token in zip(part.words, part.marks, strict=True)]
    words = [word for word, marks in tokens if not marks & IS_WIDE]
    wide = "".join(word for word, marks in tokens if marks & IS_WIDE)
    # A regular expression sees two tokens with nothing between them as one word.
    glued = "".join(word if marks & GLUED else f" {word}" for word, marks in tokens)
    narrow = " ".join([*words, *(unmarked(word) for word in words if not word.isascii()), glued])
    return FoldedWords(_narrow(f" {narrow} "), simplified(wide).encode())


def pieces(word: str) -> Sequence[bytes]:
    """Return the pieces, each between blanks, of the folded narrow *word* in a gist: `china's` is `china` and `s`."""
    return _narrow(word).split()


def longest_piece(word: str) -> bytes:
    """Return the first of the longest `pieces` of *word*; empty if it has none."""
    head, _, tail = word.partition("'")
    if word.isascii() and head.isalnum() and len(head) >= len(tail):  # as of nearly all
        return head.encode()
    return max(pieces(word), key=len, default=b"")


def simplified(wide: str) -> str:
    """Return *wide* with simplified characters, as in a gist: here even if the text is Japanese."""
    return wide.translate(SIMPLIFIED) if _TRADITIONAL.search(wide) else wide


def _narrow(text: str) -> bytes:
    if "$" in text:
        text = _TICKER.sub(r" \g<0> ", text)
    if not text.isascii():
        text = _gap().sub(" ", text)
    return text.encode("utf-8", "replace").translate(_ASCII)


def _wide(text: str) -> bytes:
    if not _WIDE.search(text):
        return b""
    return simplified(_NOT_WIDE.sub("", text)).encode()


def _initials(text: str) -> str | None:
    """Return the initials in *text* without their dots, and each shorter run of letters that ends them.

    Return None if they have over 12 letters, or if a non-ASCII character of a word follows them. Where initials begin
    depends on the characters before them ("don't.a.b"), so every possible beginning is returned.
    """
    found: list[str] = []
    for last in _INITIALS.finditer(text):
        start, end = last.start() - 1, last.end()
        if start < 0 or not _is_letter(text[start]):
            continue
        if end < len(text) and text[end] > "\x7f" and not _gap().match(text, end):
            return None
        while start >= 2 and text[start - 1] == "." and _is_letter(text[start - 2]):
            start -= 2
            if end - start > 2 * _MOST_INITIALS:
                return None
        letters = text[start:end:2]
        found += (letters[i:] for i in range(len(letters) - 1))
    return " ".join(found)


def _is_letter(character: str) -> bool:
    return character.isascii() and character.isalpha()
