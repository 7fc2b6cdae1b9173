"""Folding: the one form in which words are compared.

NFKC, casefold, all apostrophes to the straight one, soft hyphens and zero-width characters out, traditional Han to
simplified (unless the text has kana or says that it is Japanese). Letters that one language writes in two ways are one:
Turkish i with and without its dot, Russian ё and е, Greek with and without accents (its capitals have none), Arabic with and
without vowels. Marks of other Latin letters stay; `unmarked` takes them off.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from tocsin.text.han import SIMPLIFIED

#: What is typed for an apostrophe: curly and reversed quotes, a prime, an acute and a grave accent.
APOSTROPHES = "'\u2019\u2018\u201b\u02bc\u2032\u00b4\uff07`"
_QUOTES = {ord(c): "'" for c in f"{APOSTROPHES}\u201a"} | {ord(c): '"' for c in "\u201c\u201d\u201e\u201f\u2033"}
_GONE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"), None)
_REPAIR = {**_QUOTES, **_GONE}


def _alike() -> Iterator[tuple[int, str | None]]:
    """The letters, casefolded, that are another letter written differently; None for a mark that is left out."""
    yield from ((ord("\u0131"), "i"), (ord("\u0451"), "\u0435"))
    for point in (*range(0x370, 0x400), *range(0x1F00, 0x2000)):
        base = unicodedata.normalize("NFD", chr(point))[0]
        if chr(point).islower() and base != chr(point):
            yield point, base
    yield from ((point, None) for point in (0x640, *range(0x64B, 0x653), 0x670))


def _bases() -> Iterator[tuple[int, str | None]]:
    """Latin letters with a mark by the letter without it; None for a combining mark."""
    yield from (
        (ord(c), base)
        for c, base in zip("\u00f8\u00d8\u0142\u0141\u0111\u0110\u0127\u0126\u0167\u0166", "oOlLdDhHtT", strict=True)
    )
    yield from ((0xE6, "ae"), (0xC6, "AE"), (0x153, "oe"), (0x152, "OE"), (0xF0, "d"), (0xD0, "D"))
    yield from ((point, None) for point in range(0x300, 0x370))
    for point in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)):
        base = unicodedata.normalize("NFD", chr(point))[0]
        if base.isascii():
            yield point, base


#: For `str.translate`, of casefolded text.
ALIKE = dict(_alike())
#: For `str.translate`: Latin letters without their marks.
BASES = dict(_bases())
_ALIKE_CHINESE = {**ALIKE, **SIMPLIFIED}
_DOTTED = "i\u0307"  # what casefolding makes of the Turkish capital
_KANA = re.compile("[\u3040-\u30ff\uff66-\uff9f]")


def repair(text: str) -> str:
    """NFKC with straight quotes and without soft hyphens and zero-width characters; case is kept."""
    if text.isascii():
        return text.replace("`", "'")
    return unicodedata.normalize("NFKC", text.translate(_REPAIR)).translate(_REPAIR)


def fold(text: str, *, japanese: bool = False) -> str:
    """*text* as words are compared.

    NFKC and casefolding do not commute, so the text is normalised on both sides (Unicode, section 3.13, D146).
    """
    if text.isascii():
        return text.lower().replace("`", "'")
    folded = unicodedata.normalize("NFKC", repair(text).casefold()).replace(_DOTTED, "i")
    return folded.translate(ALIKE if japanese else _ALIKE_CHINESE)


@lru_cache(maxsize=16384)
def unmarked(word: str) -> str:
    """*word* with its Latin letters without marks: São is Sao, Ørsted Orsted, Mærsk Maersk."""
    return word if word.isascii() else word.translate(BASES)


def is_japanese(text: str, language: str = "") -> bool:
    """Whether Han in *text* is Japanese: it has kana, or *language* (BCP 47) says so."""
    return language[:2] == "ja" or _KANA.search(text) is not None
